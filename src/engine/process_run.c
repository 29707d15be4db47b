/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process_run.h"

#include "base/error.h"
#include "engine/engine_clock.h"
#include "model/recovery/process_recovery.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define BINARY   "nova-compute"
#define LEASE_MS 100u

struct MskProcessRun {
    MskRunFrame *frame;
    char *host;
    char *process; /* (nullable) */
    MskProcessOrder order;
    MskProcessRecovery state;
    unsigned timer;
};

static void react(MskProcessRun *self, MskProcessEvent *event);

static void
set_timer(MskProcessRun *self, unsigned delay_ms, GSourceFunc func)
{
    g_assert(self->timer == 0);
    self->timer = g_timeout_add(delay_ms, func, self);
}

static void
stop(void *run)
{
    MskProcessRun *self = run;

    g_clear_handle_id(&self->timer, g_source_remove);
}

/* ---- the cloud --------------------------------------------------------------------------- */

typedef struct {
    MskRunCell *cell; /* counted */
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

    msk_run_cell_release(self->cell);
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
    MskProcessRun *self = msk_run_cell_run(call->cell);

    if (self == NULL) {
        return;
    }
    if (call->error != NULL) {
        log_warning("Notification %s: %s", msk_run_frame_uuid(self->frame), call->error->message);
    }
    react(self, &call->event);
}

static void
push_call(MskProcessRun *self, MskProcessActKind act, int64_t until_us)
{
    static const MskPoolJob job = {run_call, end_call, free_call};
    Call *call = g_new0(Call, 1);

    call->cell = msk_run_frame_cell(self->frame);
    call->act = act;
    call->until_us = until_us;
    call->host = g_strdup(self->host);
    call->reason = g_strdup(self->frame->context.settings->process_disable_reason);
    call->request_id = g_strdup(self->frame->request_id);
    msk_call_pool_run(self->frame->context.pool, &job, call);
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

/* Waits until nobody else can be at it, too. */
static void
try_disable(MskProcessRun *self)
{
    int64_t until_us = 0;

    if (msk_run_frame_may_act(self->frame, &until_us)) {
        msk_run_frame_count_order(self->frame);
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
finish(MskProcessRun *self, const MskProcessStep *step)
{
    MskRunEnd end = {.outcome = msk_outcome_status(step->outcome),
                     .reason = step->reason,
                     .message = self->state.message,
                     .failure = self->state.message,
                     .reverted = step->reverted};

    msk_run_frame_end(self->frame, &end);
}

static void
react(MskProcessRun *self, MskProcessEvent *event)
{
    event->now_us = g_get_monotonic_time();

    g_auto(MskProcessStep) step = msk_process_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.n_notes; i++) {
        const MskProcessNote *note = &step.notes[i];

        msk_run_frame_publish(self->frame, msk_process_task_name(note->task), note->progress,
                              note->message);
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
        msk_flow_tasks_run(self->frame->tasks, step.slot);
        break;
    case MSK_PROCESS_ACT_FINISH:
        finish(self, &step);
        break;
    }
    msk_run_frame_save(self->frame);
}

static void
on_tasks_done(void *run, bool failed, const char *failure)
{
    MskProcessEvent event = {.kind =
                                 failed ? MSK_PROCESS_EVENT_TASKS_FAILED : MSK_PROCESS_EVENT_TASKS,
                             .message = failure};

    react(run, &event);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static const char *
task_name(unsigned task)
{
    return msk_process_task_name((MskProcessTask) task);
}

static MskFlowKind
flow_kind(const void *run)
{
    (void) run;
    return MSK_FLOW_PROCESS;
}

static json_t *
subject(const void *run)
{
    const MskProcessRun *self = run;

    return json_pack("{s:{s:s}, s:{s:s?}}", "host", "name", self->host, "process", "name",
                     self->process);
}

MskProcessRun *
msk_process_run_new(MskRunFrame *frame, MskPrepareJob *job)
{
    static const MskRunKind kind = {.book = "process:recovery", /* upstream's names */
                                    .flow = "process_recovery_engine",
                                    .n_tasks = MSK_N_PROCESS_TASKS,
                                    .task_name = task_name,
                                    .flow_kind = flow_kind,
                                    .subject = subject,
                                    .tasks_done = on_tasks_done,
                                    .stop = stop};
    const MskEngineSettings *settings = frame->context.settings;
    MskProcessEvent begin = {.kind = MSK_PROCESS_EVENT_BEGIN};
    MskProcessRun *self = g_new0(MskProcessRun, 1);

    self->frame = frame;
    self->host = g_steal_pointer(&job->host);
    self->process = g_steal_pointer(&job->triage.process_name);
    self->order = (MskProcessOrder){
        .host = self->host,
        .process = self->process,
        .taken_over = frame->context.claim->taken_over,
        .poll_us = settings->verify_interval_us,
        .timeout_us = settings->wait_period_after_service_update_us,
        .flow = settings->flows->flows[MSK_FLOW_PROCESS],
    };
    msk_run_frame_begin(frame, &kind, self, job);
    react(self, &begin);
    return self;
}

void
msk_process_run_free(MskProcessRun *self)
{
    if (self != NULL) {
        stop(self);
        g_free(self->host);
        g_free(self->process);
        msk_process_recovery_clear(&self->state);
        g_free(self);
    }
}
