/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_run.h"

#include "engine/engine_clock.h"
#include "engine/engine_metrics.h"
#include "engine/fence_run.h"
#include "engine/flow_tasks.h"
#include "engine/host_calls.h"
#include "engine/host_order.h"
#include "engine/host_run_jobs.h"
#include "engine/recovery_log.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define BOOK     "instance:evacuate" /* upstream's names */
#define FLOW     "instance_evacuate_engine"
#define RETRY_MS 500u /* after the database failed */
#define LEASE_MS 100u
#define STALE_US INT64_C(5000000) /* no order goes out on an older look */

/* What outlives the run for those who still answer to it. */
typedef struct {
    MskHostRun *run; /* (nullable) only used on the main thread */
} Cell;

struct MskHostRun {
    MskRunContext context;
    Cell *cell; /* counted */
    char *host;
    char *segment_uuid;
    char *request_id;         /* of all its calls */
    MskFencePlan *fence_plan; /* (nullable) */
    char *fence_error;        /* (nullable) why there is none */
    MskFenceRun *fence_run;   /* (nullable) while agents turn the host off */
    MskHostOrder order;
    MskHostRecovery state;
    MskFlowProgress *flow;
    GHashTable *earlier; /* (nullable) */
    MskFlowTasks *tasks; /* (nullable) the programs of its flow */
    bool saving;
    bool flow_changed;
    bool ending;
    bool ordered;       /* something, once */
    char *counted_gate; /* (nullable) as metrics have it */
    unsigned wait_timer;
    int64_t begun_mono_us;
    MskNotificationStatus end_status;
    const char *end_reason;
};

/* An action that has to be tried again. */
typedef struct {
    Cell *cell;
    MskHostAct act;
    int64_t decided_us;
} Again;

static void react(MskHostRun *self, MskHostEvent *event);
static void perform(MskHostRun *self, const MskHostAct *act, int64_t decided_us);
static void order_call(MskHostRun *self, const MskHostAct *act, int64_t decided_us);

static const char *
uuid_of(const MskHostRun *self)
{
    return self->context.claim->notification->uuid;
}

static void
release_cell(void *cell)
{
    g_atomic_rc_box_release(cell);
}

static void
end_run(MskHostRun *self)
{
    self->cell->run = NULL; /* nobody answers to it any more */
    self->context.ended(self->context.data);
}

static void
lose(MskHostRun *self)
{
    msk_recovery_log_lost(uuid_of(self));
    end_run(self);
}

/* ---- the database ------------------------------------------------------------------------ */

static gboolean
on_again(void *data)
{
    Again *again = data;
    MskHostRun *self = again->cell->run;

    if (self != NULL) {
        perform(self, &again->act, again->decided_us);
    }
    return G_SOURCE_REMOVE;
}

static void
free_again(void *data)
{
    Again *again = data;

    release_cell(again->cell);
    g_free(again);
}

static void
try_again(MskHostRun *self, const MskHostAct *act, int64_t decided_us, unsigned delay_ms,
          GSourceFunc func)
{
    Again *again = g_new0(Again, 1);

    *again =
        (Again){.cell = g_atomic_rc_box_acquire(self->cell), .act = *act, .decided_us = decided_us};
    (void) g_timeout_add_full(G_PRIORITY_DEFAULT, delay_ms, func, again, free_again);
}

static void on_job_done(MskStoreResult result, MskHostJob *job);

static MskHostJob *
new_job(MskHostRun *self, MskHostJobKind kind, const MskHostAct *act)
{
    MskHostJob *job = g_new0(MskHostJob, 1);

    job->kind = kind;
    job->book = BOOK;
    job->done = on_job_done;
    job->owner = g_atomic_rc_box_acquire(self->cell);
    job->free_owner = release_cell;
    job->act = *act;
    job->decided_us = msk_engine_now_us();
    job->notification_uuid = g_strdup(uuid_of(self));
    job->engine_uuid = g_strdup(self->context.engine_uuid);
    job->epoch = self->context.claim->epoch;
    job->segment_uuid = g_strdup(self->segment_uuid);
    job->host = g_strdup(self->host);
    job->window_us = self->context.settings->storm_window_us;
    return job;
}

static void
free_move(void *data)
{
    msk_stored_move_free(data);
}

static void
add_move(MskHostRun *self, MskHostJob *job, unsigned index)
{
    MskPlannedMove *planned = g_ptr_array_index(self->state.moves, index);
    MskStoredMove *move = g_new0(MskStoredMove, 1);
    MskVmove *vmove = g_new0(MskVmove, 1);
    bool over = planned->move.phase == MSK_MOVE_OVER;

    if (planned->row == NULL) {
        planned->row = g_uuid_string_random();
    }
    if (planned->start_time_us == 0 && planned->move.stored) {
        planned->start_time_us = g_get_real_time();
    }
    if (over && planned->end_time_us == 0) {
        planned->end_time_us = g_get_real_time();
        msk_engine_count_move(
            msk_vm_move_status(&planned->move),
            planned->start_time_us == 0 ? 0 : planned->end_time_us - planned->start_time_us);
    }
    vmove->uuid = g_strdup(planned->row);
    vmove->instance_uuid = g_strdup(planned->uuid);
    vmove->instance_name = g_strdup(planned->name != NULL ? planned->name : "");
    vmove->source_host = g_strdup(self->host);
    vmove->dest_host = g_strdup(planned->move.dest_host);
    vmove->start_time_us = planned->start_time_us;
    vmove->end_time_us = planned->end_time_us;
    vmove->status = g_strdup(msk_vm_move_status(&planned->move));
    vmove->message = over ? g_strdup(planned->move.message) : NULL;
    move->vmove = vmove;
    move->state = msk_planned_move_save(planned);
    if (job->moves == NULL) {
        job->moves = g_ptr_array_new_with_free_func(free_move);
    }
    g_ptr_array_add(job->moves, move);
}

static void
add_unstored(MskHostRun *self, MskHostJob *job, bool only_new)
{
    for (unsigned i = 0; i < self->state.moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        if (only_new ? planned->row == NULL : !planned->stored) {
            add_move(self, job, i);
        }
    }
}

/* ---- progress ---------------------------------------------------------------------------- */

static void
save_flow(MskHostRun *self)
{
    static const MskHostAct none = {.kind = MSK_HOST_ACT_WAIT};

    if (self->saving || !self->flow_changed || self->ending) {
        return;
    }
    MskHostJob *job = new_job(self, MSK_HOST_JOB_FLOW, &none);

    job->flow = msk_flow_progress_copy(self->flow);
    self->saving = true;
    self->flow_changed = false;
    msk_host_job_push(self->context.queue, job);
}

static void
publish(MskHostRun *self, const MskHostNote *note)
{
    MskTaskProgress *task = msk_flow_progress_task(self->flow, msk_host_task_name(note->task));

    log_info("Notification %s: %s", uuid_of(self), note->message);
    msk_task_progress_add(task, g_get_real_time(), note->progress, note->message);
    task->state = note->progress < 1.0 ? MSK_PROGRESS_RUNNING : MSK_PROGRESS_SUCCESS;
    self->flow_changed = true;
}

/* ---- programs ---------------------------------------------------------------------------- */

static void
describe(json_t *input, void *data)
{
    const MskHostRun *self = data;

    (void) json_object_set_new(input, "instances", msk_host_order_describe(&self->state));
}

static void
on_flow_changed(void *data)
{
    MskHostRun *self = data;

    self->flow_changed = true;
    save_flow(self);
}

static void
on_tasks_done(MskFlowTasksResult result, const char *message, void *data)
{
    MskHostRun *self = data;
    MskHostEvent event = {.kind = result == MSK_FLOW_TASKS_DONE ? MSK_HOST_EVENT_TASKS
                                                                : MSK_HOST_EVENT_TASKS_FAILED,
                          .message = message};

    if (result == MSK_FLOW_TASKS_LOST) {
        lose(self);
    } else {
        react(self, &event);
    }
}

static MskFlowTasks *
new_tasks(MskHostRun *self, const char *method)
{
    MskFlowTasksContext tasks = {
        .run = self->context,
        .book = BOOK,
        .flow = self->flow,
        .earlier = self->earlier,
        .subject = json_pack("{s:{s:s}, s:{s:s, s:s?}}", "host", "name", self->host, "segment",
                             "uuid", self->segment_uuid, "recovery_method", method),
        .describe = describe,
        .changed = on_flow_changed,
        .done = on_tasks_done,
        .data = self,
    };

    return msk_flow_tasks_new(&tasks, msk_host_order_flow(&self->order));
}

/* ---- the end ----------------------------------------------------------------------------- */

static void
finish(MskHostRun *self, const MskHostAct *act)
{
    MskHostJob *job = new_job(self, MSK_HOST_JOB_FINISH, act);

    self->ending = true;
    self->end_status =
        msk_notification_end_status(msk_outcome_status(act->outcome), self->context.claim->attempt);
    self->end_reason = act->reason;
    msk_flow_progress_end(self->flow, act->reverted);
    job->status = self->end_status;
    job->message = g_strdup(self->state.message);
    job->flow = msk_flow_progress_copy(self->flow);
    job->state = msk_host_recovery_save(&self->state);
    add_unstored(self, job, false);
    msk_host_job_push(self->context.queue, job);
}

static void
on_end_stored(MskHostRun *self, MskHostJobKind kind)
{
    if (kind == MSK_HOST_JOB_RELEASE) {
        msk_recovery_log_release(uuid_of(self), true);
    } else {
        msk_recovery_log_end(uuid_of(self), self->end_status, self->begun_mono_us, self->end_reason,
                             self->state.message);
        self->context.finished(self->end_status,
                               self->state.message != NULL ? self->state.message : self->end_reason,
                               self->context.data);
    }
    end_run(self);
}

/* ---- answers of the database ------------------------------------------------------------- */

static void
tell_failure(const MskHostRun *self, const MskPlannedMove *planned)
{
    if (planned->move.outcome == MSK_MOVE_FAILURE) {
        log_warning("Notification %s: instance %s was not recovered: %s", uuid_of(self),
                    planned->uuid, planned->move.message);
    }
}

static void
on_moves_saved(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskHostEvent event = {.kind = MSK_HOST_EVENT_DONE};

    if (act->kind == MSK_HOST_ACT_MOVE) {
        order_call(self, act, decided_us);
        return;
    }
    if (act->kind == MSK_HOST_ACT_STORE) {
        event.kind = MSK_HOST_EVENT_STORED;
        event.move = act->move;
        tell_failure(self, g_ptr_array_index(self->state.moves, act->move));
    }
    react(self, &event);
}

static void
on_counted(MskHostRun *self, const MskFailureCounts *counts)
{
    MskHostEvent event = {
        .kind = MSK_HOST_EVENT_GATES,
        .storm = {.failed_in_segment = counts->failed_in_segment,
                  .hosts_in_segment = counts->hosts_in_segment,
                  .failed = counts->failed,
                  .hosts = counts->hosts,
                  .begun = counts->begun,
                  .disarmed = msk_engine_settings_disarmed(self->context.settings,
                                                           self->segment_uuid, g_get_real_time())}};

    msk_host_order_take_gates(&self->order, self->context.settings);
    react(self, &event);
}

static void
on_job_answered(MskHostRun *self, MskHostJob *job)
{
    MskHostEvent reserved = {.kind = MSK_HOST_EVENT_RESERVED, .name = job->name};

    switch (job->kind) {
    case MSK_HOST_JOB_COUNT:
        on_counted(self, &job->counts);
        return;
    case MSK_HOST_JOB_MOVES:
        on_moves_saved(self, &job->act, job->decided_us);
        return;
    case MSK_HOST_JOB_RESERVE:
        react(self, &reserved);
        return;
    case MSK_HOST_JOB_FLOW:
        self->saving = false;
        save_flow(self);
        return;
    case MSK_HOST_JOB_FINISH:
    case MSK_HOST_JOB_RELEASE:
        on_end_stored(self, job->kind);
        return;
    }
    g_assert_not_reached();
}

static void
on_job_failed(MskHostRun *self, const MskHostJob *job)
{
    if (job->kind == MSK_HOST_JOB_FLOW) {
        self->saving = false;
        self->flow_changed = true; /* the next line takes it along */
    } else if (job->kind == MSK_HOST_JOB_RELEASE) {
        msk_recovery_log_release(uuid_of(self), false);
        end_run(self);
    } else {
        try_again(self, &job->act, job->decided_us, RETRY_MS, on_again);
    }
}

static void
on_job_done(MskStoreResult result, MskHostJob *job)
{
    MskHostRun *self = ((Cell *) job->owner)->run;

    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_FAILED) {
        on_job_failed(self, job);
    } else if (result != MSK_STORE_DONE) {
        lose(self);
    } else {
        on_job_answered(self, job);
    }
}

/* ---- the cloud --------------------------------------------------------------------------- */

static void
on_answer(const MskHostEvent *event, void *data)
{
    MskHostRun *self = ((Cell *) data)->run;
    MskHostEvent copy = *event;
    const char *message =
        event->kind == MSK_HOST_EVENT_FAILED ? event->message : event->move_event.message;

    if (self == NULL || self->ending) {
        return;
    }
    if (message != NULL) {
        log_warning("Notification %s: %s", uuid_of(self), message);
    }
    react(self, &copy);
}

static bool
way_is_reserved(const MskHostRun *self)
{
    MskRecoveryMethod method = self->order.method;

    return method == MSK_METHOD_RESERVED_HOST ||
           (method == MSK_METHOD_AUTO_PRIORITY && self->state.second) ||
           (method == MSK_METHOD_RH_PRIORITY && !self->state.second);
}

static GPtrArray *
list_served(const MskHostRun *self)
{
    GPtrArray *uuids = g_ptr_array_new();

    for (unsigned i = 0; i < self->state.moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        if (planned->served) {
            g_ptr_array_add(uuids, planned->uuid);
        }
    }
    g_ptr_array_add(uuids, NULL);
    return uuids;
}

/* Returns: since when the VMs that a look serves can have changed; 0 when that is not known. */
static int64_t
served_since(const MskHostRun *self)
{
    int64_t since_us = INT64_MAX;

    for (unsigned i = 0; i < self->state.moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        if (planned->served) {
            since_us = MIN(since_us, planned->start_time_us);
        }
    }
    return since_us == INT64_MAX ? 0 : since_us;
}

static void
push_call(MskHostRun *self, const MskHostAct *act, int64_t until_us)
{
    const MskEngineSettings *settings = self->context.settings;
    bool looking = act->kind == MSK_HOST_ACT_LOOK;
    bool moving = act->kind == MSK_HOST_ACT_MOVE;
    g_autoptr(GPtrArray) uuids = looking ? list_served(self) : NULL;
    MskHostQuestion question = {
        .kind = act->kind,
        .host = self->host,
        .request_id = self->request_id,
        .reserved = !moving || way_is_reserved(self) ? self->state.reserved : NULL,
        .reason = settings->host_disable_reason,
        .ha_key = settings->host_ha_key,
        .since_us = looking ? served_since(self) : 0,
        .migrations = act->migrations,
        .uuids = looking ? (char **) uuids->pdata : NULL,
        .move = act->move,
        .move_act = act->call.kind,
        .until_us = until_us,
    };

    if (moving) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, act->move);

        question.instance_uuid = planned->uuid;
        log_debug("Notification %s: %s %s", uuid_of(self), msk_move_act_name(act->call.kind),
                  planned->uuid);
    }
    msk_host_call_push(self->context.pool, &question, on_answer,
                       g_atomic_rc_box_acquire(self->cell), release_cell);
}

static void
count_order(MskHostRun *self)
{
    if (!self->ordered) {
        self->ordered = true;
        msk_engine_count_order(self->context.claim->notification->type, self->begun_mono_us);
    }
}

static gboolean
on_lease(void *data)
{
    Again *again = data;
    MskHostRun *self = again->cell->run;

    if (self != NULL && !self->ending) {
        order_call(self, &again->act, again->decided_us);
    }
    return G_SOURCE_REMOVE;
}

/* A call that changes something waits until nobody else can be at it, too. */
static void
order_call(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskHostEvent stale = {
        .kind = MSK_HOST_EVENT_MOVE, .move = act->move, .move_event = {.kind = MSK_MOVE_STALE}};
    int64_t until_us = 0;

    if (!self->context.may_act(self->context.act_data, &until_us)) {
        try_again(self, act, decided_us, LEASE_MS, on_lease);
    } else if (act->kind == MSK_HOST_ACT_MOVE && msk_engine_now_us() - decided_us > STALE_US) {
        react(self, &stale);
    } else {
        bool moving = act->kind == MSK_HOST_ACT_MOVE;

        count_order(self);
        push_call(self, act, moving ? MIN(until_us, decided_us + STALE_US) : until_us);
    }
}

/* ---- steps ------------------------------------------------------------------------------- */

static gboolean
on_wait_over(void *data)
{
    MskHostRun *self = data;
    MskHostEvent event = {.kind = MSK_HOST_EVENT_TIMER};

    self->wait_timer = 0;
    react(self, &event);
    return G_SOURCE_REMOVE;
}

static void
on_fence_ended(bool confirmed, const char *note_text, void *data)
{
    MskHostRun *self = data;
    MskHostEvent event = {.kind = MSK_HOST_EVENT_FENCED, .fenced = confirmed, .message = note_text};

    g_clear_pointer(&self->fence_run, msk_fence_run_free);
    react(self, &event);
}

static void
fence(MskHostRun *self)
{
    MskFenceRunContext context = {
        .agents_dir = self->context.settings->fence_agents_dir,
        .host = self->host,
        .subject = uuid_of(self),
        .reason = self->fence_error,
        .may_act = self->context.may_act,
        .act_data = self->context.act_data,
        .done = on_fence_ended,
        .data = self,
    };

    count_order(self);
    self->fence_run = msk_fence_run_new(&context, self->fence_plan);
}

static void
stop_wait(MskHostRun *self)
{
    if (self->wait_timer != 0) {
        g_source_remove(self->wait_timer);
        self->wait_timer = 0;
    }
}

static void
save_moves(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskHostJob *job = new_job(self, MSK_HOST_JOB_MOVES, act);

    if (act->kind == MSK_HOST_ACT_STORE_PLAN) {
        job->state = msk_host_recovery_save(&self->state);
        job->moves = g_ptr_array_new_with_free_func(free_move);
        add_unstored(self, job, true);
    } else {
        add_move(self, job, act->move);
    }
    job->decided_us = decided_us;
    msk_host_job_push(self->context.queue, job);
}

static void
perform(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    switch (act->kind) {
    case MSK_HOST_ACT_ASK_GATES:
        msk_host_job_push(self->context.queue, new_job(self, MSK_HOST_JOB_COUNT, act));
        return;
    case MSK_HOST_ACT_TAKE_RESERVED:
        msk_host_job_push(self->context.queue, new_job(self, MSK_HOST_JOB_RESERVE, act));
        return;
    case MSK_HOST_ACT_STORE_PLAN:
    case MSK_HOST_ACT_STORE:
        save_moves(self, act, decided_us);
        return;
    case MSK_HOST_ACT_MOVE:
        if (act->call.durable) {
            save_moves(self, act, decided_us);
            return;
        }
        order_call(self, act, decided_us);
        return;
    case MSK_HOST_ACT_FORCE_DOWN:
    case MSK_HOST_ACT_JOIN:
    case MSK_HOST_ACT_ENABLE:
        order_call(self, act, decided_us);
        return;
    case MSK_HOST_ACT_FENCE:
        fence(self);
        return;
    case MSK_HOST_ACT_GET_SERVICE:
    case MSK_HOST_ACT_LIST:
    case MSK_HOST_ACT_LOOK:
        push_call(self, act, 0);
        return;
    case MSK_HOST_ACT_WAIT:
        stop_wait(self);
        self->wait_timer =
            g_timeout_add((unsigned) ((act->delay_us + 999) / 1000), on_wait_over, self);
        return;
    case MSK_HOST_ACT_RUN_TASKS:
        msk_flow_tasks_run(self->tasks, act->slot);
        return;
    case MSK_HOST_ACT_FINISH:
        finish(self, act);
        return;
    }
    g_assert_not_reached();
}

static void
count_gate(MskHostRun *self, const char *gate)
{
    msk_engine_count_gate(self->counted_gate, gate);
    g_free(self->counted_gate);
    self->counted_gate = g_strdup(gate);
}

static void
react(MskHostRun *self, MskHostEvent *event)
{
    if (self->ending) {
        return;
    }
    int64_t decided_us = msk_engine_now_us();

    event->now_us = g_get_monotonic_time();

    g_auto(MskHostStep) step = msk_host_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.notes->len; i++) {
        publish(self, &g_array_index(step.notes, MskHostNote, i));
    }
    for (unsigned i = 0; i < step.acts->len; i++) {
        perform(self, &g_array_index(step.acts, MskHostAct, i), decided_us);
    }
    count_gate(self, self->state.phase < MSK_HOST_PHASE_DISABLING ? self->state.held : NULL);
    save_flow(self);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static void
load(MskHostRun *self, const MskRecoveryJob *job)
{
    msk_host_recovery_init(&self->state, self->context.claim->attempt);
    msk_host_recovery_load(&self->state, self->context.claim->state);
    for (unsigned i = 0; job->moves != NULL && i < job->moves->len; i++) {
        const MskStoredMove *move = g_ptr_array_index(job->moves, i);
        const MskVmove *vmove = move->vmove;

        msk_host_recovery_add(&self->state, vmove->instance_uuid, vmove->instance_name, vmove->uuid,
                              vmove->status, move->state);
        MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        planned->start_time_us = vmove->start_time_us;
    }
}

MskHostRun *
msk_host_run_new(const MskRunContext *context, MskRecoveryJob *job)
{
    MskHostRun *self = g_new0(MskHostRun, 1);
    MskHostEvent begin = {.kind = MSK_HOST_EVENT_BEGIN};

    self->context = *context;
    self->cell = g_atomic_rc_box_new0(Cell);
    self->cell->run = self;
    self->begun_mono_us = g_get_monotonic_time();
    self->host = g_steal_pointer(&job->host);
    self->segment_uuid = g_steal_pointer(&job->segment_uuid);
    self->request_id = g_strconcat("req-", uuid_of(self), NULL);
    self->order = msk_host_order_make(context->settings, self->host, job);
    self->earlier = g_steal_pointer(&job->earlier);
    self->fence_plan = g_steal_pointer(&job->fence_plan);
    self->fence_error = g_steal_pointer(&job->fence_error);
    self->flow = job->flow != NULL ? g_steal_pointer(&job->flow) : msk_flow_progress_new(FLOW);
    for (unsigned task = 0; task < MSK_N_HOST_TASKS; task++) {
        if (msk_recovery_flow_has(self->order.flow, task)) {
            (void) msk_flow_progress_task(self->flow, msk_host_task_name((MskHostTask) task));
        }
    }
    self->tasks = new_tasks(self, job->method);
    load(self, job);
    react(self, &begin);
    return self;
}

void
msk_host_run_free(MskHostRun *self)
{
    if (self == NULL) {
        return;
    }
    stop_wait(self);
    msk_fence_run_free(self->fence_run);
    msk_fence_plan_free(self->fence_plan);
    g_free(self->fence_error);
    count_gate(self, NULL);
    self->cell->run = NULL;
    release_cell(self->cell);
    g_free(self->host);
    g_free(self->segment_uuid);
    g_free(self->request_id);
    msk_flow_tasks_free(self->tasks);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    msk_host_recovery_clear(&self->state);
    msk_flow_progress_free(self->flow);
    g_free(self);
}

void
msk_host_run_release(MskHostRun *self)
{
    static const MskHostAct none = {.kind = MSK_HOST_ACT_WAIT};

    if (self->ending) {
        return; /* its end is on its way to the database */
    }
    MskHostJob *job = new_job(self, MSK_HOST_JOB_RELEASE, &none);

    stop_wait(self);
    g_clear_pointer(&self->tasks, msk_flow_tasks_free);
    g_clear_pointer(&self->fence_run, msk_fence_run_free);
    self->ending = true;
    job->state = msk_host_recovery_save(&self->state);
    job->flow = msk_flow_progress_copy(self->flow);
    msk_host_job_push(self->context.queue, job);
}
