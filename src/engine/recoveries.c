/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recoveries.h"

#include "engine/engine_clock.h"
#include "engine/engine_events.h"
#include "engine/engine_metrics.h"
#include "engine/flow_tasks.h"
#include "engine/host_run.h"
#include "engine/process_run.h"
#include "engine/recovery_jobs.h"
#include "engine/recovery_log.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define FLOW          "instance_recovery_engine" /* upstream's names */
#define BOOK          "instance:recovery"
#define FAST_POLL_US  20000
#define SETTLE_US     3000000
#define RETRY_US      INT64_C(500000) /* after the database failed */
#define LEASE_POLL_US INT64_C(100000)
#define STALE_US      INT64_C(5000000) /* no order goes out on an older look */
#define BUSY_FIRST_MS 50 /* doubles up to BUSY_LAST_MS while another recovery has the instance */
#define BUSY_LAST_MS  1600

typedef enum { STAGE_PREPARING, STAGE_WORKING, STAGE_HOST, STAGE_PROCESS, STAGE_ENDING } Stage;

typedef struct {
    MskRecoveries *owner;
    uint64_t number;
    Stage stage;
    char *engine_uuid;
    MskClaim *claim;
    int64_t claimed_mono_us;
    unsigned timer;
    unsigned busy_ms;
    MskHostRun *host_run;       /* (nullable) of STAGE_HOST */
    MskProcessRun *process_run; /* (nullable) of STAGE_PROCESS */

    char *host;
    char *instance_uuid;
    MskInstanceOrder order;
    MskInstanceRecovery state;
    MskFlowProgress *flow;
    GHashTable *earlier; /* (nullable) */
    MskFlowTasks *tasks; /* (nullable) the programs of its flow */
    char *failure;       /* (nullable) of the last call that failed, since one succeeded */

    bool saving;        /* a save is on its way */
    bool flow_changed;  /* since the last save set out */
    char *stored_state; /* what is in the database */
    MskActionKind call; /* of call_waits */
    int64_t looked_us;  /* when the look at the VM was answered that led to the call */
    bool call_waits;    /* for the state to be stored */
    bool ordered;       /* something, once */
    unsigned save_timer;

    MskNotificationStatus end_status;
    char *end_message; /* (nullable) */
    bool tells;        /* whether there are events of it */
    bool recovers;     /* whether it calls for a recovery */
    const char *end_reason;
} Recovery;

struct MskRecoveries {
    MskRecoveriesContext context;
    GHashTable *all; /* number to Recovery */
    uint64_t last_number;
};

static void react(Recovery *self, const MskEvent *event);
static void try_call(Recovery *self);

static Recovery *
find(MskRecoveries *self, uint64_t number)
{
    return g_hash_table_lookup(self->all, &number);
}

static void
stop_timers(Recovery *self)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_handle_id(&self->save_timer, g_source_remove);
}

static void
recovery_free(void *data)
{
    Recovery *self = data;

    stop_timers(self);
    msk_host_run_free(self->host_run);
    msk_process_run_free(self->process_run);
    msk_flow_tasks_free(self->tasks);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    g_free(self->engine_uuid);
    msk_claim_free(self->claim);
    g_free(self->host);
    g_free(self->instance_uuid);
    msk_flow_progress_free(self->flow);
    g_free(self->failure);
    g_free(self->stored_state);
    g_free(self->end_message);
    g_free(self);
}

static const char *
uuid_of(const Recovery *self)
{
    return self->claim->notification->uuid;
}

/* The recovery is over for this engine. Frees it. */
static void
leave(Recovery *self)
{
    MskRecoveries *owner = self->owner;

    g_hash_table_remove(owner->all, &self->number);
    owner->context.ended(owner->context.data);
}

static void
lose(Recovery *self)
{
    msk_recovery_log_lost(uuid_of(self));
    leave(self);
}

static MskRecoveryJob *
new_job(Recovery *self, MskRecoveryJobFunc done)
{
    return msk_recovery_job_new(self->claim, self->engine_uuid, done, self->owner, self->number);
}

/* Returns: (nullable) the recovery a job belongs to; NULL when it is gone or no longer in
 * @stage. */
static Recovery *
recovery_of(const MskRecoveryJob *job, Stage stage)
{
    Recovery *self = find(job->owner, job->number);

    return self != NULL && self->stage == stage ? self : NULL;
}

static void
set_timer(Recovery *self, int64_t delay_us, GSourceFunc func)
{
    g_assert(self->timer == 0);
    self->timer = g_timeout_add((unsigned) ((delay_us + 999) / 1000), func, self);
}

static void
stop_work(Recovery *self)
{
    stop_timers(self);
    g_clear_pointer(&self->tasks, msk_flow_tasks_free);
    self->stage = STAGE_ENDING;
}

/* ---- the end ----------------------------------------------------------------------------- */

static void push_finish(Recovery *self);

static gboolean
on_finish_timer(void *data)
{
    Recovery *self = data;

    self->timer = 0;
    push_finish(self);
    return G_SOURCE_REMOVE;
}

static void
tell_end(const Recovery *self)
{
    if (self->tells) {
        msk_engine_tell_end(self->owner->context.events, self->claim->notification, self->recovers,
                            self->end_status,
                            self->end_message != NULL ? self->end_message : self->end_reason);
    }
}

static void
on_finished(MskStoreResult result, const GError *error, MskRecoveryJob *job)
{
    Recovery *self = recovery_of(job, STAGE_ENDING);

    (void) error; /* was logged by the queue */
    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_FAILED) {
        set_timer(self, RETRY_US, on_finish_timer);
    } else if (result != MSK_STORE_DONE) {
        lose(self);
    } else {
        msk_recovery_log_end(uuid_of(self), self->end_status, self->claimed_mono_us,
                             self->end_reason, self->failure);
        msk_engine_count_end(self->claim->notification->type, self->end_status,
                             self->claimed_mono_us);
        tell_end(self);
        leave(self);
    }
}

static void
push_finish(Recovery *self)
{
    MskRecoveryJob *job = new_job(self, on_finished);

    job->status = self->end_status;
    job->message = g_strdup(self->end_message);
    job->flow = self->flow != NULL ? msk_flow_progress_copy(self->flow) : NULL;
    msk_recovery_job_finish(self->owner->context.queue, job);
}

static void
end(Recovery *self, MskNotificationStatus outcome, char *message, const char *reason)
{
    stop_work(self);
    self->end_status = msk_notification_end_status(outcome, self->claim->attempt);
    self->end_message = message;
    self->end_reason = reason;
    push_finish(self);
}

/* What users read in the notification's message; the Python service says nothing of a success. */
static char *
message_of_failure(const Recovery *self, const char *reason)
{
    return g_strdup_printf("Recovery of instance '%s' failed: %s%s%s", self->instance_uuid, reason,
                           self->failure != NULL ? ": " : ".",
                           self->failure != NULL ? self->failure : "");
}

static void
end_recovery(Recovery *self, const MskInstanceStep *step)
{
    bool failed = step->outcome == MSK_OUTCOME_ERROR;

    msk_flow_progress_end(self->flow, step->reverted);
    if (!failed) {
        g_clear_pointer(&self->failure, g_free);
    }
    end(self, msk_outcome_status(step->outcome),
        failed ? message_of_failure(self, step->reason) : NULL, step->reason);
}

/* ---- progress ---------------------------------------------------------------------------- */

static void save_soon(Recovery *self);

static gboolean
on_save_timer(void *data)
{
    Recovery *self = data;

    self->save_timer = 0;
    save_soon(self);
    return G_SOURCE_REMOVE;
}

static bool
state_is_stored(const Recovery *self)
{
    g_autofree char *state = msk_instance_recovery_save(&self->state);

    return g_strcmp0(state, self->stored_state) == 0;
}

static void
on_saved(MskStoreResult result, const GError *error, MskRecoveryJob *job)
{
    Recovery *self = recovery_of(job, STAGE_WORKING);

    (void) error; /* was logged by the queue */
    if (self == NULL) {
        return;
    }
    self->saving = false;
    if (result == MSK_STORE_FAILED) {
        self->flow_changed = self->flow_changed || job->flow != NULL;
        self->save_timer = g_timeout_add(RETRY_US / 1000, on_save_timer, self);
        return;
    }
    if (result != MSK_STORE_DONE) {
        lose(self);
        return;
    }
    if (job->state != NULL) {
        g_free(self->stored_state);
        self->stored_state = g_steal_pointer(&job->state);
    }
    save_soon(self);
    if (self->call_waits && state_is_stored(self)) {
        self->call_waits = false;
        try_call(self);
    }
}

/* Saves what is not saved yet: the state first and alone, because a call may wait for it. One save
 * is under way at a time; the next one takes all that has changed by then, so that a slow database
 * is not flooded. */
static void
save_soon(Recovery *self)
{
    g_autofree char *state = msk_instance_recovery_save(&self->state);
    bool state_changed = g_strcmp0(state, self->stored_state) != 0;

    if (self->saving || self->save_timer != 0 || (!self->flow_changed && !state_changed)) {
        return;
    }
    MskRecoveryJob *job = new_job(self, on_saved);

    if (state_changed) {
        job->state = g_steal_pointer(&state);
    } else {
        job->flow = msk_flow_progress_copy(self->flow);
        self->flow_changed = false;
    }
    self->saving = true;
    msk_recovery_job_save(self->owner->context.queue, job);
}

static void
publish(Recovery *self, const MskNote *note)
{
    g_autofree char *message = msk_note_message(note, self->instance_uuid);
    MskTaskProgress *task = msk_flow_progress_task(self->flow, msk_task_name(note->task));

    log_info("Notification %s: %s", uuid_of(self), message);
    msk_task_progress_add(task, g_get_real_time(), note->progress, message);
    task->state = note->progress < 1.0 ? MSK_PROGRESS_RUNNING : MSK_PROGRESS_SUCCESS;
    self->flow_changed = true;
}

/* ---- calls ------------------------------------------------------------------------------- */

typedef struct {
    MskRecoveries *owner;
    uint64_t number;
} Address;

static void
on_answer(const MskEvent *event, const GError *error, void *data)
{
    const Address *address = data;
    Recovery *self = find(address->owner, address->number);

    if (self == NULL || self->stage != STAGE_WORKING) {
        return;
    }
    if (error == NULL) {
        g_clear_pointer(&self->failure, g_free);
    } else if (g_strcmp0(self->failure, error->message) != 0) {
        log_warning("Notification %s: %s", uuid_of(self), error->message);
        g_free(self->failure);
        self->failure = g_strdup(error->message);
    }
    react(self, event);
}

static void
push_call(Recovery *self, MskActionKind action, int64_t until_us)
{
    const MskRecoveriesContext *context = &self->owner->context;
    MskServerRef ref = {.uuid = self->instance_uuid, .host = self->host};
    g_autofree char *request_id = g_strconcat("req-", uuid_of(self), NULL);
    Address *address = g_new0(Address, 1);

    *address = (Address){.owner = self->owner, .number = self->number};
    msk_call_pool_push(context->pool, action, until_us, &ref, context->settings->ha_enabled_key,
                       request_id, on_answer, address, g_free);
}

static gboolean
on_lease_timer(void *data)
{
    Recovery *self = data;

    self->timer = 0;
    try_call(self);
    return G_SOURCE_REMOVE;
}

/* What was stored for the call stays as it is: when the new look leads to the same call, it goes
 * out at once, however slow the disk. */
static void
look_again(Recovery *self)
{
    MskEvent stale = {.kind = MSK_EVENT_STALE, .now_us = g_get_monotonic_time()};

    log_info("Notification %s: nothing could be ordered for a while, looking at instance %s again",
             uuid_of(self), self->instance_uuid);
    react(self, &stale);
}

/* A call that changes something waits until nobody else can be at it, too. */
static void
try_call(Recovery *self)
{
    const MskRecoveriesContext *context = &self->owner->context;

    int64_t until_us = 0;

    if (!context->may_act(context->data, &until_us)) {
        set_timer(self, LEASE_POLL_US, on_lease_timer);
    } else if (msk_engine_now_us() - self->looked_us > STALE_US) {
        look_again(self);
    } else {
        if (!self->ordered) {
            self->ordered = true;
            msk_engine_count_order(self->claim->notification->type, self->claimed_mono_us);
        }
        push_call(self, self->call, MIN(until_us, self->looked_us + STALE_US));
    }
}

/* ---- what runs of other kinds and programs are told ------------------------------------- */

static void
on_run_finished(MskNotificationStatus status, const char *why, void *data)
{
    Recovery *self = data;

    msk_engine_count_end(self->claim->notification->type, status, self->claimed_mono_us);
    if (self->tells) {
        msk_engine_tell_end(self->owner->context.events, self->claim->notification, self->recovers,
                            status, why);
    }
}

static void
on_run_ended(void *data)
{
    leave(data);
}

static MskRunContext
run_context(Recovery *self)
{
    const MskRecoveriesContext *context = &self->owner->context;

    return (MskRunContext){
        .queue = context->queue,
        .pool = context->pool,
        .settings = context->settings,
        .may_act = context->may_act,
        .act_data = context->data,
        .finished = on_run_finished,
        .ended = on_run_ended,
        .data = self,
        .claim = self->claim,
        .engine_uuid = self->engine_uuid,
    };
}

/* ---- programs ---------------------------------------------------------------------------- */

static void
on_flow_changed(void *data)
{
    Recovery *self = data;

    self->flow_changed = true;
    save_soon(self);
}

static void
on_tasks_done(MskFlowTasksResult result, const char *message, void *data)
{
    Recovery *self = data;
    MskEvent event = {.kind =
                          result == MSK_FLOW_TASKS_DONE ? MSK_EVENT_TASKS : MSK_EVENT_TASKS_FAILED,
                      .now_us = g_get_monotonic_time()};

    if (result == MSK_FLOW_TASKS_LOST) {
        lose(self);
        return;
    }
    g_free(self->failure);
    self->failure = g_strdup(message);
    react(self, &event);
}

static MskFlowTasks *
new_tasks(Recovery *self)
{
    MskFlowTasksContext tasks = {
        .run = run_context(self),
        .book = BOOK,
        .flow = self->flow,
        .earlier = self->earlier,
        .subject = json_pack("{s:{s:s}, s:{s:s}}", "host", "name", self->host, "instance", "uuid",
                             self->instance_uuid),
        .changed = on_flow_changed,
        .done = on_tasks_done,
        .data = self,
    };

    return msk_flow_tasks_new(&tasks, MSK_FLOW_INSTANCE);
}

/* ---- steps ------------------------------------------------------------------------------- */

static gboolean
on_step_timer(void *data)
{
    Recovery *self = data;
    MskEvent event = {.kind = MSK_EVENT_TIMER, .now_us = g_get_monotonic_time()};

    self->timer = 0;
    react(self, &event);
    return G_SOURCE_REMOVE;
}

static void
act(Recovery *self, const MskInstanceStep *step)
{
    switch (step->action) {
    case MSK_ACTION_GET_SERVER:
        push_call(self, step->action, 0);
        return;
    case MSK_ACTION_STOP_SERVER:
    case MSK_ACTION_START_SERVER:
        self->call = step->action;
        self->looked_us = msk_engine_now_us();
        self->call_waits = step->durable && !state_is_stored(self);
        if (!self->call_waits) {
            try_call(self);
        }
        return;
    case MSK_ACTION_WAIT:
        set_timer(self, step->delay_us, on_step_timer);
        return;
    case MSK_ACTION_RUN_TASKS:
        msk_flow_tasks_run(self->tasks, step->slot);
        return;
    case MSK_ACTION_FINISH:
        end_recovery(self, step);
        return;
    }
    g_assert_not_reached();
}

static void
react(Recovery *self, const MskEvent *event)
{
    MskInstanceStep step = msk_instance_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.n_notes; i++) {
        publish(self, &step.notes[i]);
    }
    if (step.action != MSK_ACTION_FINISH && event->kind != MSK_EVENT_STALE) {
        save_soon(self);
    }
    act(self, &step);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static void push_prepare(Recovery *self);

static gboolean
on_prepare_timer(void *data)
{
    Recovery *self = data;

    self->timer = 0;
    push_prepare(self);
    return G_SOURCE_REMOVE;
}

static void
begin_instance(Recovery *self, MskRecoveryJob *job)
{
    const MskEngineSettings *settings = self->owner->context.settings;
    MskEvent begin = {.kind = MSK_EVENT_BEGIN, .now_us = g_get_monotonic_time()};

    self->stage = STAGE_WORKING;
    self->host = g_steal_pointer(&job->host);
    self->instance_uuid = g_steal_pointer(&job->triage.instance_uuid);
    self->order = (MskInstanceOrder){
        .incident = job->triage.incident,
        .superseded = job->superseded,
        .all_instances = settings->process_all_instances,
        .live_truth = msk_call_pool_live_truth(self->owner->context.pool),
        .poll_interval_us = settings->verify_interval_us,
        .fast_poll_us = FAST_POLL_US,
        .settle_us = SETTLE_US,
        .stop_timeout_us = settings->wait_period_after_power_off_us,
        .start_timeout_us = settings->wait_period_after_power_on_us,
        .flow = settings->flows->flows[MSK_FLOW_INSTANCE],
    };
    self->state = msk_instance_recovery_load(self->claim->state);
    self->stored_state = msk_instance_recovery_save(&self->state);
    self->flow = job->flow != NULL ? g_steal_pointer(&job->flow) : msk_flow_progress_new(FLOW);
    self->earlier = g_steal_pointer(&job->earlier);
    for (unsigned i = 0; i < MSK_N_TASKS; i++) {
        if (msk_recovery_flow_has(self->order.flow, i)) {
            (void) msk_flow_progress_task(self->flow,
                                          msk_task_name((MskTask) i)); /* pending at first */
        }
    }
    self->tasks = new_tasks(self);
    react(self, &begin);
}

static void
tell_begin(Recovery *self, const MskTriage *triage)
{
    self->tells = msk_engine_tells(triage);
    self->recovers = triage->kind != MSK_TRIAGE_END;
    if (self->tells) {
        msk_engine_tell_begin(self->owner->context.events, self->claim);
    }
}

static void
begin_run(Recovery *self, MskRecoveryJob *job)
{
    MskRunContext run = run_context(self);

    if (job->triage.kind == MSK_TRIAGE_RECOVER_HOST) {
        self->stage = STAGE_HOST;
        self->host_run = msk_host_run_new(&run, job);
    } else {
        self->stage = STAGE_PROCESS;
        self->process_run = msk_process_run_new(&run, job);
    }
}

static void
on_prepared(MskStoreResult result, const GError *error, MskRecoveryJob *job)
{
    Recovery *self = recovery_of(job, STAGE_PREPARING);

    (void) error; /* was logged by the queue */
    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_DONE) {
        tell_begin(self, &job->triage);
    }
    if (result == MSK_STORE_BUSY) {
        if (self->busy_ms == 0) {
            log_info("Notification %s waits: %s %s is being recovered already", uuid_of(self),
                     job->triage.instance_uuid != NULL ? "instance" : "host",
                     job->triage.instance_uuid != NULL ? job->triage.instance_uuid : job->host);
        }
        self->busy_ms = CLAMP(self->busy_ms * 2, BUSY_FIRST_MS, BUSY_LAST_MS);
        set_timer(self, (int64_t) self->busy_ms * 1000, on_prepare_timer);
    } else if (result == MSK_STORE_FAILED) {
        set_timer(self, RETRY_US, on_prepare_timer);
    } else if (result != MSK_STORE_DONE) {
        lose(self);
    } else if (job->triage.kind == MSK_TRIAGE_END) {
        end(self, job->triage.status, g_strdup(job->triage.message), job->triage.reason);
    } else if (job->triage.kind == MSK_TRIAGE_RECOVER_INSTANCE) {
        begin_instance(self, job);
    } else {
        begin_run(self, job);
    }
}

static void
push_prepare(Recovery *self)
{
    const MskRecoveriesContext *context = &self->owner->context;
    MskRecoveryJob *job = new_job(self, on_prepared);

    job->fence_file = context->settings->fence_file;
    msk_recovery_job_prepare(context->queue, job, self->claim,
                             msk_call_pool_live_truth(context->pool),
                             msk_call_pool_is_cloud(context->pool));
}

/* ---- the set ----------------------------------------------------------------------------- */

MskRecoveries *
msk_recoveries_new(const MskRecoveriesContext *context)
{
    MskRecoveries *self = g_new0(MskRecoveries, 1);

    self->context = *context;
    self->all = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, recovery_free);
    return self;
}

void
msk_recoveries_free(MskRecoveries *self)
{
    if (self != NULL) {
        g_hash_table_unref(self->all);
        g_free(self);
    }
}

void
msk_recoveries_add(MskRecoveries *self, const char *engine_uuid, MskClaim *claim)
{
    Recovery *recovery = g_new0(Recovery, 1);
    const MskNotification *notification = claim->notification;

    recovery->owner = self;
    recovery->number = ++self->last_number;
    recovery->engine_uuid = g_strdup(engine_uuid);
    recovery->claim = claim;
    recovery->claimed_mono_us = g_get_monotonic_time();
    g_hash_table_insert(self->all, &recovery->number, recovery);
    log_info("Processing notification %s of type: %s%s%s, generated %.3f s ago", notification->uuid,
             notification->type, claim->taken_over ? ", taken over from another engine" : "",
             claim->attempt > 1 ? ", once more after an error" : "",
             (double) (g_get_real_time() - notification->generated_time_us) / G_USEC_PER_SEC);
    msk_engine_count_claim(claim);
    push_prepare(recovery);
}

unsigned
msk_recoveries_count(const MskRecoveries *self)
{
    return g_hash_table_size(self->all);
}

GStrv
msk_recoveries_list(const MskRecoveries *self)
{
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();
    GHashTableIter iter;
    void *recovery = NULL;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, NULL, &recovery)) {
        g_strv_builder_add(uuids, uuid_of(recovery));
    }
    return g_strv_builder_end(uuids);
}

void
msk_recoveries_drop_all(MskRecoveries *self)
{
    g_hash_table_remove_all(self->all);
}

static void
on_released(MskStoreResult result, const GError *error, MskRecoveryJob *job)
{
    Recovery *self = find(job->owner, job->number);

    (void) error; /* was logged by the queue */
    if (self == NULL) {
        return;
    }
    msk_recovery_log_release(uuid_of(self), result == MSK_STORE_DONE);
    leave(self);
}

static void
release(Recovery *self)
{
    if (self->stage == STAGE_HOST) {
        msk_host_run_release(self->host_run);
        return;
    }
    if (self->stage == STAGE_PROCESS) {
        msk_process_run_release(self->process_run);
        return;
    }
    MskRecoveryJob *job = new_job(self, on_released);

    if (self->stage == STAGE_WORKING) {
        job->state = msk_instance_recovery_save(&self->state);
        job->flow = msk_flow_progress_copy(self->flow);
    }
    stop_work(self);
    msk_recovery_job_release(self->owner->context.queue, job);
}

void
msk_recoveries_release_all(MskRecoveries *self)
{
    g_autoptr(GPtrArray) unfinished = g_ptr_array_new();
    GHashTableIter iter;
    void *recovery = NULL;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, NULL, &recovery)) {
        if (((Recovery *) recovery)->stage != STAGE_ENDING) {
            g_ptr_array_add(unfinished, recovery);
        }
    }
    for (unsigned i = 0; i < unfinished->len; i++) {
        release(g_ptr_array_index(unfinished, i));
    }
}
