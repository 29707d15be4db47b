/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/process_recovery.h"

#include <string.h>

#define SERVICE        "nova-compute"
#define FIRST_RETRY_US INT64_C(500000)
#define MAX_RETRY_US   INT64_C(30000000)
#define MIN_POLL_US    INT64_C(100000)

/* One step being put together. */
typedef struct {
    MskProcessRecovery *state;
    const MskProcessOrder *order;
    const MskProcessEvent *event;
    MskProcessStep step;
} Work;

const char *
msk_process_task_name(MskProcessTask task)
{
    static const char *const names[MSK_N_PROCESS_TASKS] = {
        [MSK_PROCESS_TASK_DISABLE] = "DisableComputeNodeTask",
        [MSK_PROCESS_TASK_CONFIRM] = "ConfirmComputeNodeDisabledTask",
    };

    g_assert((unsigned) task < G_N_ELEMENTS(names));
    return names[task];
}

static void
note(Work *work, MskProcessTask task, double progress, char *message)
{
    g_assert(work->step.n_notes < MSK_PROCESS_MAX_NOTES);
    work->step.notes[work->step.n_notes++] = (MskProcessNote){
        .task = (MskProcessTask) msk_recovery_flow_row(work->order->flow, (unsigned) task),
        .progress = progress,
        .message = message};
}

static void
note_host(Work *work, MskProcessTask task, double progress, const char *words)
{
    note(work, task, progress, g_strdup_printf("%s on host: '%s'", words, work->order->host));
}

static void
enter(Work *work, MskProcessPhase phase)
{
    work->state->phase = phase;
    work->state->deadline_us = work->event->now_us + work->order->timeout_us;
}

static bool
late(const Work *work)
{
    return work->event->now_us >= work->state->deadline_us;
}

static void
wait(Work *work, int64_t delay_us)
{
    work->step.act = MSK_PROCESS_ACT_WAIT;
    work->step.delay_us = delay_us;
}

static void
finish(Work *work, MskOutcome outcome, bool reverted, const char *reason)
{
    work->state->phase = MSK_PROCESS_PHASE_OVER;
    work->step.act = MSK_PROCESS_ACT_FINISH;
    work->step.outcome = outcome;
    work->step.reverted = reverted;
    work->step.reason = reason;
}

static void
fail(Work *work, const char *why, const char *reason)
{
    MskProcessTask task = work->state->phase == MSK_PROCESS_PHASE_CONFIRMING
                              ? MSK_PROCESS_TASK_CONFIRM
                              : MSK_PROCESS_TASK_DISABLE;

    note(work, task, 1.0, g_strdup("Failed to disable service " SERVICE));
    g_free(work->state->message);
    work->state->message = g_strdup_printf("Failed to disable service " SERVICE " on host '%s': %s",
                                           work->order->host, why);
    finish(work, MSK_OUTCOME_ERROR, true, reason);
}

/* Returns: whether there are programs to run before what comes after @slot. */
static bool
tasks_first(Work *work, unsigned slot)
{
    if (!msk_recovery_flow_due(work->order->flow, work->state->n_slots, slot)) {
        return false;
    }
    work->step.act = MSK_PROCESS_ACT_RUN_TASKS;
    work->step.slot = slot;
    work->state->slot = slot;
    return true;
}

static bool
flow_has(const Work *work, MskProcessTask task)
{
    return msk_recovery_flow_has(work->order->flow, (unsigned) task);
}

/* All built-in tasks of the flow are done. */
static void
complete(Work *work, const char *reason)
{
    work->state->complete = reason;
    if (!tasks_first(work, MSK_FLOW_MAX_TASKS)) {
        finish(work, MSK_OUTCOME_FINISHED, false, reason);
    }
}

/* Returns: whether there is anything to confirm now. */
static bool
begin_confirm(Work *work)
{
    if (tasks_first(work, MSK_PROCESS_TASK_CONFIRM)) {
        return false;
    }
    if (!flow_has(work, MSK_PROCESS_TASK_CONFIRM)) {
        complete(work, "all of the flow is done");
        return false;
    }
    note_host(work, MSK_PROCESS_TASK_CONFIRM, 0.0, "Confirming compute service is disabled");
    enter(work, MSK_PROCESS_PHASE_CONFIRMING);
    work->step.act = MSK_PROCESS_ACT_GET_SERVICE;
    return true;
}

static void
confirmed(Work *work)
{
    note_host(work, MSK_PROCESS_TASK_CONFIRM, 1.0, "Confirmed compute service is disabled");
    complete(work, "the compute service is disabled");
}

static void
look_asking(Work *work)
{
    if (tasks_first(work, MSK_PROCESS_TASK_DISABLE)) {
        return;
    }
    if (!flow_has(work, MSK_PROCESS_TASK_DISABLE)) {
        (void) begin_confirm(work); /* which waits for others to do it */
        return;
    }
    if (work->event->enabled) {
        work->state->phase = MSK_PROCESS_PHASE_DISABLING; /* within the same time */
        work->state->ordered = true;
        work->step.act = MSK_PROCESS_ACT_DISABLE;
        return;
    }
    if (work->state->ordered || work->order->taken_over) {
        note_host(work, MSK_PROCESS_TASK_DISABLE, 1.0, "Disabled compute service");
    } else {
        note(work, MSK_PROCESS_TASK_DISABLE, 1.0,
             g_strdup("Skipping recovery for process " SERVICE " as it is already disabled"));
    }
    if (begin_confirm(work)) {
        confirmed(work); /* this very look says so */
    }
}

static void
look_confirming(Work *work)
{
    if (!work->event->enabled) {
        confirmed(work);
    } else if (late(work)) {
        fail(work, "the compute service still has it enabled",
             "the compute service was not disabled in time");
    } else {
        wait(work, MAX(work->order->poll_us, MIN_POLL_US));
    }
}

static void
on_service(Work *work)
{
    if (work->state->phase == MSK_PROCESS_PHASE_CONFIRMING) {
        work->state->n_tries = 0;
        look_confirming(work);
    } else {
        look_asking(work);
    }
}

static void
on_begin(Work *work)
{
    if (work->order->process == NULL || strcmp(work->order->process, SERVICE) != 0) {
        finish(work, MSK_OUTCOME_FINISHED, true,
               "skipped: only " SERVICE " is a process that something is done about");
        return;
    }
    enter(work, MSK_PROCESS_PHASE_ASKING);
    if (!work->order->taken_over && flow_has(work, MSK_PROCESS_TASK_DISABLE)) {
        note_host(work, MSK_PROCESS_TASK_DISABLE, 0.0, "Disabling compute service");
    }
    work->step.act = MSK_PROCESS_ACT_GET_SERVICE;
}

static void
on_done(Work *work)
{
    g_assert(work->state->phase == MSK_PROCESS_PHASE_DISABLING);
    work->state->n_tries = 0;
    note_host(work, MSK_PROCESS_TASK_DISABLE, 1.0, "Disabled compute service");
    (void) begin_confirm(work); /* the look comes next, or the end */
}

static void
on_tasks(Work *work)
{
    MskProcessRecovery *state = work->state;

    state->n_slots = state->slot + 1;
    if (state->complete != NULL) {
        finish(work, MSK_OUTCOME_FINISHED, false, state->complete);
    } else if (state->slot >= MSK_PROCESS_TASK_CONFIRM) {
        (void) begin_confirm(work); /* as above */
    } else {
        enter(work, MSK_PROCESS_PHASE_ASKING);
        work->step.act = MSK_PROCESS_ACT_GET_SERVICE;
    }
}

static void
on_tasks_failed(Work *work)
{
    g_free(work->state->message);
    work->state->message = g_strdup_printf("Recovery of " SERVICE " on host '%s' failed: %s",
                                           work->order->host, work->event->message);
    finish(work, MSK_OUTCOME_ERROR, true, "a task of the flow failed");
}

/* After an order that failed it is asked again whether it is needed: it may have worked. */
static void
on_failed(Work *work)
{
    MskProcessRecovery *state = work->state;
    MskErrorCode code = work->event->code;
    bool final =
        code == MSK_ERROR_NOT_FOUND || code == MSK_ERROR_DENIED || code == MSK_ERROR_INVALID;
    int64_t delay_us = FIRST_RETRY_US << MIN(state->n_tries, 6);

    if (final || late(work)) {
        fail(work, work->event->message,
             final ? "the cloud refused" : "the cloud did not answer in time");
        return;
    }
    state->n_tries++;
    if (state->phase == MSK_PROCESS_PHASE_DISABLING) {
        state->phase = MSK_PROCESS_PHASE_ASKING;
    }
    wait(work, MAX(MIN(delay_us, MAX_RETRY_US), work->event->retry_after_us));
}

MskProcessStep
msk_process_recovery_step(MskProcessRecovery *self, const MskProcessOrder *order,
                          const MskProcessEvent *event)
{
    Work work = {.state = self, .order = order, .event = event};

    g_assert(self->phase != MSK_PROCESS_PHASE_OVER);
    switch (event->kind) {
    case MSK_PROCESS_EVENT_BEGIN:
        on_begin(&work);
        break;
    case MSK_PROCESS_EVENT_SERVICE:
        on_service(&work);
        break;
    case MSK_PROCESS_EVENT_DONE:
        on_done(&work);
        break;
    case MSK_PROCESS_EVENT_FAILED:
        on_failed(&work);
        break;
    case MSK_PROCESS_EVENT_TIMER:
        work.step.act = MSK_PROCESS_ACT_GET_SERVICE;
        break;
    case MSK_PROCESS_EVENT_TASKS:
        on_tasks(&work);
        break;
    case MSK_PROCESS_EVENT_TASKS_FAILED:
        on_tasks_failed(&work);
        break;
    }
    return work.step;
}

void
msk_process_step_clear(MskProcessStep *self)
{
    for (unsigned i = 0; i < self->n_notes; i++) {
        g_clear_pointer(&self->notes[i].message, g_free);
    }
    self->n_notes = 0;
}

void
msk_process_recovery_clear(MskProcessRecovery *self)
{
    g_clear_pointer(&self->message, g_free);
}
