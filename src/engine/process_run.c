/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process_run.h"

#include "base/error.h"
#include "engine/engine_clock.h"
#include "engine/engine_metrics.h"
#include "engine/flow_tasks.h"
#include "engine/host_run_jobs.h"
#include "engine/recovery_log.h"
#include "model/recovery/process_recovery.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define BOOK     "process:recovery" /* upstream's names */
#define FLOW     "process_recovery_engine"
#define BINARY   "nova-compute"
#define RETRY_MS 500u /* after the database failed */
#define LEASE_MS 100u

/* What outlives the run for those who still answer to it. */
typedef struct {
    MskProcessRun *run; /* (nullable) only used on the main thread */
} Cell;

struct MskProcessRun {
    MskRunContext context;
    Cell *cell; /* counted */
    char *host;
    char *process;    /* (nullable) */
    char *request_id; /* of all its calls */
    MskProcessOrder order;
    MskProcessRecovery state;
    MskFlowProgress *flow;
    GHashTable *earlier; /* (nullable) */
    MskFlowTasks *tasks; /* (nullable) the programs of its flow */
    bool saving;
    bool flow_changed;
    bool ending;
    bool counted; /* its first order */
    unsigned timer;
    int64_t begun_mono_us;
    MskNotificationStatus end_status;
    const char *end_reason;
};

static void react(MskProcessRun *self, MskProcessEvent *event);

static const char *
uuid_of(const MskProcessRun *self)
{
    return self->context.claim->notification->uuid;
}

static void
release_cell(void *cell)
{
    g_atomic_rc_box_release(cell);
}

static void
end_run(MskProcessRun *self)
{
    self->cell->run = NULL; /* nobody answers to it any more */
    self->context.ended(self->context.data);
}

static void
set_timer(MskProcessRun *self, unsigned delay_ms, GSourceFunc func)
{
    g_assert(self->timer == 0);
    self->timer = g_timeout_add(delay_ms, func, self);
}

static void
stop_timer(MskProcessRun *self)
{
    if (self->timer != 0) {
        g_source_remove(self->timer);
        self->timer = 0;
    }
}

/* ---- the database ------------------------------------------------------------------------ */

static void on_job_done(MskStoreResult result, MskHostJob *job);

static void
push_job(MskProcessRun *self, MskHostJobKind kind)
{
    MskHostJob *job = g_new0(MskHostJob, 1);

    job->kind = kind;
    job->book = BOOK;
    job->done = on_job_done;
    job->owner = g_atomic_rc_box_acquire(self->cell);
    job->free_owner = release_cell;
    job->notification_uuid = g_strdup(uuid_of(self));
    job->engine_uuid = g_strdup(self->context.engine_uuid);
    job->epoch = self->context.claim->epoch;
    job->flow = msk_flow_progress_copy(self->flow);
    job->status = self->end_status;
    job->message = g_strdup(self->state.message);
    msk_host_job_push(self->context.queue, job);
}

/* One save is under way at a time; the next takes what has changed by then. */
static void
save_flow(MskProcessRun *self)
{
    if (!self->saving && self->flow_changed && !self->ending) {
        self->saving = true;
        self->flow_changed = false;
        push_job(self, MSK_HOST_JOB_FLOW);
    }
}

static gboolean
on_finish_timer(void *data)
{
    MskProcessRun *self = data;

    self->timer = 0;
    push_job(self, MSK_HOST_JOB_FINISH);
    return G_SOURCE_REMOVE;
}

static void
on_job_failed(MskProcessRun *self, MskHostJobKind kind)
{
    if (kind == MSK_HOST_JOB_FLOW) {
        self->saving = false;
        self->flow_changed = true; /* the next line takes it along */
    } else if (kind == MSK_HOST_JOB_FINISH) {
        set_timer(self, RETRY_MS, on_finish_timer);
    } else {
        log_warning("Notification %s could not be handed back; an engine takes it over once this "
                    "one is gone",
                    uuid_of(self));
        end_run(self);
    }
}

static void
on_end_stored(MskProcessRun *self)
{
    double seconds = (double) (g_get_monotonic_time() - self->begun_mono_us) / G_USEC_PER_SEC;
    const char *why = self->state.message != NULL ? self->state.message : self->end_reason;
    bool bad =
        self->end_status == MSK_NOTIFICATION_ERROR || self->end_status == MSK_NOTIFICATION_FAILED;

    MSK_LOG_AT(bad ? MSK_LOG_ERROR : MSK_LOG_INFO,
               "Notification %s exits with status: %s, %.3f s after it was begun: %s",
               uuid_of(self), msk_notification_status_name(self->end_status), seconds, why);
    self->context.finished(self->end_status, why, self->context.data);
    end_run(self);
}

static void
on_job_done(MskStoreResult result, MskHostJob *job)
{
    MskProcessRun *self = ((Cell *) job->owner)->run;

    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_FAILED) {
        on_job_failed(self, job->kind);
    } else if (result != MSK_STORE_DONE) {
        log_warning("Notification %s is not ours any more, leaving it alone: another engine took "
                    "it over, or it was ended by others",
                    uuid_of(self));
        end_run(self);
    } else if (job->kind == MSK_HOST_JOB_FLOW) {
        self->saving = false;
        save_flow(self);
    } else if (job->kind == MSK_HOST_JOB_FINISH) {
        on_end_stored(self);
    } else {
        log_info("Notification %s is handed back for another engine to go on with", uuid_of(self));
        end_run(self);
    }
}

/* ---- the cloud --------------------------------------------------------------------------- */

typedef struct {
    Cell *cell; /* counted */
    MskProcessActKind act;
    char *host;
    char *reason;
    char *request_id;
    int64_t until_us; /* 0, or when the order must be on its way, on msk_engine_now_us() */
    MskComputeCall call;
    MskProcessEvent event;
    GError *error;
} Call;

static void
free_call(void *data)
{
    Call *self = data;

    release_cell(self->cell);
    g_free(self->host);
    g_free(self->reason);
    g_free(self->request_id);
    g_clear_error(&self->error);
    g_free(self);
}

static bool
make_call(Call *self, MskCompute *compute)
{
    MskServiceChange change = {.enabled = MSK_CHANGE_TO_FALSE, .disabled_reason = self->reason};
    g_autoptr(MskComputeService) service =
        msk_compute_get_service(compute, &self->call, self->host, BINARY, &self->error);

    if (service == NULL) {
        return false;
    }
    self->event.kind = MSK_PROCESS_EVENT_SERVICE;
    self->event.enabled = service->enabled;
    if (self->act == MSK_PROCESS_ACT_GET_SERVICE) {
        return true;
    }
    self->event.kind = MSK_PROCESS_EVENT_DONE;
    return msk_compute_set_service(compute, &self->call, service, &change, &self->error);
}

static void
run_call(MskCompute *compute, void *data)
{
    Call *self = data;

    self->call.request_id = self->request_id;
    if (self->until_us > 0 && msk_engine_now_us() >= self->until_us) {
        g_set_error(&self->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "the order waited for a thread for too long and was not given; it is decided "
                    "anew"); /* the lease may be another's by now */
    } else {
        (void) make_call(self, compute);
    }
    if (self->error != NULL) {
        self->event = (MskProcessEvent){.kind = MSK_PROCESS_EVENT_FAILED,
                                        .code = (MskErrorCode) self->error->code,
                                        .message = self->error->message,
                                        .retry_after_us =
                                            (int64_t) self->call.retry_after_s * G_USEC_PER_SEC};
    }
}

static void
end_call(void *data)
{
    Call *call = data;
    MskProcessRun *self = call->cell->run;

    if (self == NULL || self->ending) {
        return;
    }
    if (call->error != NULL) {
        log_warning("Notification %s: %s", uuid_of(self), call->error->message);
    }
    react(self, &call->event);
}

static void
push_call(MskProcessRun *self, MskProcessActKind act, int64_t until_us)
{
    static const MskPoolJob job = {run_call, end_call, free_call};
    Call *call = g_new0(Call, 1);

    call->cell = g_atomic_rc_box_acquire(self->cell);
    call->act = act;
    call->until_us = until_us;
    call->host = g_strdup(self->host);
    call->reason = g_strdup(self->context.settings->process_disable_reason);
    call->request_id = g_strdup(self->request_id);
    msk_call_pool_run(self->context.pool, &job, call);
}

static void try_disable(MskProcessRun *self);

static gboolean
on_lease_timer(void *data)
{
    MskProcessRun *self = data;

    self->timer = 0;
    try_disable(self);
    return G_SOURCE_REMOVE;
}

static void
count_order(MskProcessRun *self)
{
    if (!self->counted) {
        self->counted = true;
        msk_engine_count_order(self->context.claim->notification->type, self->begun_mono_us);
    }
}

/* Waits until nobody else can be at it, too. */
static void
try_disable(MskProcessRun *self)
{
    int64_t until_us = 0;

    if (self->context.may_act(self->context.act_data, &until_us)) {
        count_order(self);
        push_call(self, MSK_PROCESS_ACT_DISABLE, until_us);
    } else {
        set_timer(self, LEASE_MS, on_lease_timer);
    }
}

/* ---- steps ------------------------------------------------------------------------------- */

static gboolean
on_wait_over(void *data)
{
    MskProcessRun *self = data;
    MskProcessEvent event = {.kind = MSK_PROCESS_EVENT_TIMER};

    self->timer = 0;
    react(self, &event);
    return G_SOURCE_REMOVE;
}

static void
publish(MskProcessRun *self, const MskProcessNote *note)
{
    MskTaskProgress *task = msk_flow_progress_task(self->flow, msk_process_task_name(note->task));

    log_info("Notification %s: %s", uuid_of(self), note->message);
    msk_task_progress_add(task, g_get_real_time(), note->progress, note->message);
    task->state = note->progress < 1.0 ? MSK_PROGRESS_RUNNING : MSK_PROGRESS_SUCCESS;
    self->flow_changed = true;
}

static void
finish(MskProcessRun *self, const MskProcessStep *step)
{
    self->ending = true;
    self->end_status = msk_notification_end_status(msk_outcome_status(step->outcome),
                                                   self->context.claim->attempt);
    self->end_reason = step->reason;
    msk_flow_progress_end(self->flow, step->reverted);
    push_job(self, MSK_HOST_JOB_FINISH);
}

static void
react(MskProcessRun *self, MskProcessEvent *event)
{
    event->now_us = g_get_monotonic_time();

    g_auto(MskProcessStep) step = msk_process_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.n_notes; i++) {
        publish(self, &step.notes[i]);
    }
    switch (step.act) {
    case MSK_PROCESS_ACT_GET_SERVICE:
        push_call(self, step.act, 0);
        break;
    case MSK_PROCESS_ACT_DISABLE:
        try_disable(self);
        break;
    case MSK_PROCESS_ACT_WAIT:
        set_timer(self, (unsigned) ((step.delay_us + 999) / 1000), on_wait_over);
        break;
    case MSK_PROCESS_ACT_RUN_TASKS:
        msk_flow_tasks_run(self->tasks, step.slot);
        break;
    case MSK_PROCESS_ACT_FINISH:
        finish(self, &step);
        break;
    }
    save_flow(self);
}

/* ---- programs ---------------------------------------------------------------------------- */

static void
on_flow_changed(void *data)
{
    MskProcessRun *self = data;

    self->flow_changed = true;
    save_flow(self);
}

static void
on_tasks_done(MskFlowTasksResult result, const char *message, void *data)
{
    MskProcessRun *self = data;
    MskProcessEvent event = {.kind = result == MSK_FLOW_TASKS_DONE ? MSK_PROCESS_EVENT_TASKS
                                                                   : MSK_PROCESS_EVENT_TASKS_FAILED,
                             .message = message};

    if (result == MSK_FLOW_TASKS_LOST) {
        msk_recovery_log_lost(uuid_of(self));
        end_run(self);
    } else {
        react(self, &event);
    }
}

static MskFlowTasks *
new_tasks(MskProcessRun *self)
{
    MskFlowTasksContext tasks = {
        .run = self->context,
        .book = BOOK,
        .flow = self->flow,
        .earlier = self->earlier,
        .subject = json_pack("{s:{s:s}, s:{s:s?}}", "host", "name", self->host, "process", "name",
                             self->process),
        .changed = on_flow_changed,
        .done = on_tasks_done,
        .data = self,
    };

    return msk_flow_tasks_new(&tasks, MSK_FLOW_PROCESS);
}

/* ---- the beginning and the end ----------------------------------------------------------- */

MskProcessRun *
msk_process_run_new(const MskRunContext *context, MskRecoveryJob *job)
{
    MskProcessRun *self = g_new0(MskProcessRun, 1);
    MskProcessEvent begin = {.kind = MSK_PROCESS_EVENT_BEGIN};

    self->context = *context;
    self->cell = g_atomic_rc_box_new0(Cell);
    self->cell->run = self;
    self->begun_mono_us = g_get_monotonic_time();
    self->host = g_steal_pointer(&job->host);
    self->process = g_steal_pointer(&job->triage.process_name);
    self->request_id = g_strconcat("req-", uuid_of(self), NULL);
    self->order = (MskProcessOrder){
        .host = self->host,
        .process = self->process,
        .taken_over = context->claim->taken_over,
        .poll_us = context->settings->verify_interval_us,
        .timeout_us = context->settings->wait_period_after_service_update_us,
        .flow = context->settings->flows->flows[MSK_FLOW_PROCESS],
    };
    self->flow = job->flow != NULL ? g_steal_pointer(&job->flow) : msk_flow_progress_new(FLOW);
    self->earlier = g_steal_pointer(&job->earlier);
    for (unsigned task = 0; task < MSK_N_PROCESS_TASKS; task++) {
        if (msk_recovery_flow_has(self->order.flow, task)) {
            (void) msk_flow_progress_task(self->flow, msk_process_task_name((MskProcessTask) task));
        }
    }
    self->tasks = new_tasks(self);
    react(self, &begin);
    return self;
}

void
msk_process_run_free(MskProcessRun *self)
{
    if (self == NULL) {
        return;
    }
    stop_timer(self);
    self->cell->run = NULL;
    release_cell(self->cell);
    g_free(self->host);
    g_free(self->process);
    g_free(self->request_id);
    msk_process_recovery_clear(&self->state);
    msk_flow_tasks_free(self->tasks);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    msk_flow_progress_free(self->flow);
    g_free(self);
}

void
msk_process_run_release(MskProcessRun *self)
{
    if (!self->ending) { /* otherwise its end is on its way to the database */
        stop_timer(self);
        g_clear_pointer(&self->tasks, msk_flow_tasks_free);
        self->ending = true;
        push_job(self, MSK_HOST_JOB_RELEASE);
    }
}
