/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/instance_run.h"

#include "engine/engine_clock.h"
#include "model/recovery/instance_recovery.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define FAST_POLL_US  20000
#define SETTLE_US     3000000
#define LEASE_POLL_US INT64_C(100000)
#define STALE_US      INT64_C(5000000) /* no order goes out on an older look */

struct MskInstanceRun {
    MskRunFrame *frame;
    char *host;
    char *instance_uuid;
    MskInstanceOrder order;
    MskInstanceRecovery state;
    char *stored_state; /* what is in the database */
    char *failure;      /* (nullable) of the last call that failed, since one succeeded */
    MskActionKind call; /* of call_waits */
    int64_t looked_us;  /* when the look at the VM was answered that led to the call */
    bool call_waits;    /* for the state to be stored */
    unsigned timer;
};

static void react(MskInstanceRun *self, const MskEvent *event);
static void try_call(MskInstanceRun *self);

static void
set_timer(MskInstanceRun *self, int64_t delay_us, GSourceFunc func)
{
    g_assert(self->timer == 0);
    self->timer = g_timeout_add((unsigned) ((delay_us + 999) / 1000), func, self);
}

/* ---- what is stored ---------------------------------------------------------------------- */

/* Returns: (transfer full) (nullable) NULL when it is stored. */
static char *
unsaved_state(const void *run)
{
    const MskInstanceRun *self = run;
    g_autofree char *state = msk_instance_recovery_save(&self->state);

    return g_strcmp0(state, self->stored_state) != 0 ? g_steal_pointer(&state) : NULL;
}

static bool
state_is_stored(const MskInstanceRun *self)
{
    g_autofree char *state = unsaved_state(self);

    return state == NULL;
}

static void
on_stored(void *run, MskRunJob *job)
{
    MskInstanceRun *self = run;

    if (job->state != NULL) {
        g_free(self->stored_state);
        self->stored_state = g_steal_pointer(&job->state);
    }
    if (self->call_waits && state_is_stored(self)) {
        self->call_waits = false;
        try_call(self);
    }
}

static void
fill(void *run, MskRunJob *job)
{
    const MskInstanceRun *self = run;

    if (job->kind == MSK_RUN_JOB_RELEASE) { /* of one that is over there is none */
        job->state = msk_instance_recovery_save(&self->state);
    }
}

/* ---- the end ----------------------------------------------------------------------------- */

static void
stop(void *run)
{
    MskInstanceRun *self = run;

    g_clear_handle_id(&self->timer, g_source_remove);
}

/* What users read in the notification's message; the Python service says nothing of a success. */
static char *
message_of_failure(const MskInstanceRun *self, const char *reason)
{
    return g_strdup_printf("Recovery of instance '%s' failed: %s%s%s", self->instance_uuid, reason,
                           self->failure != NULL ? ": " : ".",
                           self->failure != NULL ? self->failure : "");
}

static void
finish(MskInstanceRun *self, const MskInstanceStep *step)
{
    bool failed = step->outcome == MSK_OUTCOME_ERROR;
    g_autofree char *message = failed ? message_of_failure(self, step->reason) : NULL;
    MskRunEnd end = {.outcome = msk_outcome_status(step->outcome),
                     .reason = step->reason,
                     .message = message,
                     .failure = failed ? self->failure : NULL,
                     .reverted = step->reverted};

    msk_run_frame_end(self->frame, &end);
}

/* ---- calls ------------------------------------------------------------------------------- */

static void
on_answer(const MskEvent *event, const GError *error, void *data)
{
    MskInstanceRun *self = msk_run_cell_run(data);

    if (self == NULL) {
        return;
    }
    if (error == NULL) {
        g_clear_pointer(&self->failure, g_free);
    } else if (g_strcmp0(self->failure, error->message) != 0) {
        log_warning("Notification %s: %s", msk_run_frame_uuid(self->frame), error->message);
        g_free(self->failure);
        self->failure = g_strdup(error->message);
    }
    react(self, event);
}

static void
push_call(MskInstanceRun *self, MskActionKind action, int64_t until_us)
{
    const MskRunContext *context = &self->frame->context;
    MskServerRef ref = {.uuid = self->instance_uuid, .host = self->host};

    msk_call_pool_push(context->pool, action, until_us, &ref, context->settings->ha_enabled_key,
                       self->frame->request_id, on_answer, msk_run_frame_cell(self->frame),
                       msk_run_cell_release);
}

static gboolean
on_lease_timer(void *data)
{
    MskInstanceRun *self = data;

    self->timer = 0;
    try_call(self);
    return G_SOURCE_REMOVE;
}

/* What was stored for the call stays as it is: when the new look leads to the same call, it goes
 * out at once, however slow the disk. */
static void
look_again(MskInstanceRun *self)
{
    MskEvent stale = {.kind = MSK_EVENT_STALE, .now_us = g_get_monotonic_time()};

    log_info("Notification %s: nothing could be ordered for a while, looking at instance %s again",
             msk_run_frame_uuid(self->frame), self->instance_uuid);
    react(self, &stale);
}

/* A call that changes something waits until nobody else can be at it, too. */
static void
try_call(MskInstanceRun *self)
{
    int64_t until_us = 0;

    if (!msk_run_frame_may_act(self->frame, &until_us)) {
        set_timer(self, LEASE_POLL_US, on_lease_timer);
    } else if (msk_engine_now_us() - self->looked_us > STALE_US) {
        look_again(self);
    } else {
        msk_run_frame_count_order(self->frame);
        push_call(self, self->call, MIN(until_us, self->looked_us + STALE_US));
    }
}

/* ---- steps ------------------------------------------------------------------------------- */

static gboolean
on_step_timer(void *data)
{
    MskInstanceRun *self = data;
    MskEvent event = {.kind = MSK_EVENT_TIMER, .now_us = g_get_monotonic_time()};

    self->timer = 0;
    react(self, &event);
    return G_SOURCE_REMOVE;
}

static void
on_tasks_done(void *run, bool failed, const char *failure)
{
    MskInstanceRun *self = run;
    MskEvent event = {.kind = failed ? MSK_EVENT_TASKS_FAILED : MSK_EVENT_TASKS,
                      .now_us = g_get_monotonic_time()};

    g_free(self->failure);
    self->failure = g_strdup(failure);
    react(self, &event);
}

static void
publish(MskInstanceRun *self, const MskNote *note)
{
    g_autofree char *message = msk_note_message(note, self->instance_uuid);

    msk_run_frame_publish(self->frame, msk_task_name(note->task), note->progress, message);
}

static void
act(MskInstanceRun *self, const MskInstanceStep *step)
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
        msk_flow_tasks_run(self->frame->tasks, step->slot);
        return;
    case MSK_ACTION_FINISH:
        finish(self, step);
        return;
    }
    g_assert_not_reached();
}

static void
react(MskInstanceRun *self, const MskEvent *event)
{
    MskInstanceStep step = msk_instance_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.n_notes; i++) {
        publish(self, &step.notes[i]);
    }
    if (step.action != MSK_ACTION_FINISH && event->kind != MSK_EVENT_STALE) {
        msk_run_frame_save(self->frame);
    }
    act(self, &step);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static const char *
task_name(unsigned task)
{
    return msk_task_name((MskTask) task);
}

static MskFlowKind
flow_kind(const void *run)
{
    (void) run;
    return MSK_FLOW_INSTANCE;
}

static json_t *
subject(const void *run)
{
    const MskInstanceRun *self = run;

    return json_pack("{s:{s:s}, s:{s:s}}", "host", "name", self->host, "instance", "uuid",
                     self->instance_uuid);
}

MskInstanceRun *
msk_instance_run_new(MskRunFrame *frame, MskPrepareJob *job)
{
    static const MskRunKind kind = {.book = "instance:recovery", /* upstream's names */
                                    .flow = "instance_recovery_engine",
                                    .n_tasks = MSK_N_TASKS,
                                    .task_name = task_name,
                                    .flow_kind = flow_kind,
                                    .subject = subject,
                                    .tasks_done = on_tasks_done,
                                    .unsaved_state = unsaved_state,
                                    .fill = fill,
                                    .stored = on_stored,
                                    .stop = stop};
    const MskEngineSettings *settings = frame->context.settings;
    MskEvent begin = {.kind = MSK_EVENT_BEGIN, .now_us = g_get_monotonic_time()};
    MskInstanceRun *self = g_new0(MskInstanceRun, 1);

    self->frame = frame;
    self->host = g_steal_pointer(&job->host);
    self->instance_uuid = g_steal_pointer(&job->triage.instance_uuid);
    self->order = (MskInstanceOrder){
        .incident = job->triage.incident,
        .superseded = job->superseded,
        .all_instances = settings->process_all_instances,
        .live_truth = msk_call_pool_live_truth(frame->context.pool),
        .poll_interval_us = settings->verify_interval_us,
        .fast_poll_us = FAST_POLL_US,
        .settle_us = SETTLE_US,
        .stop_timeout_us = settings->wait_period_after_power_off_us,
        .start_timeout_us = settings->wait_period_after_power_on_us,
        .flow = settings->flows->flows[MSK_FLOW_INSTANCE],
    };
    self->state = msk_instance_recovery_load(frame->context.claim->state);
    self->stored_state = msk_instance_recovery_save(&self->state);
    msk_run_frame_begin(frame, &kind, self, job);
    react(self, &begin);
    return self;
}

void
msk_instance_run_free(MskInstanceRun *self)
{
    if (self != NULL) {
        stop(self);
        g_free(self->host);
        g_free(self->instance_uuid);
        g_free(self->failure);
        g_free(self->stored_state);
        g_free(self);
    }
}
