/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/instance_recovery.h"

#include <string.h>

#define N_FAST_POLLS 25u

/* One step being put together. */
typedef struct {
    MskInstanceRecovery *state;
    const MskInstanceOrder *order;
    const MskEvent *event;
    MskInstanceStep step;
} Work;

/* The task of each phase; asking belongs to the first one, as the Python service has it. */
static const MskTask phase_tasks[] = {
    [MSK_PHASE_ASKING] = MSK_TASK_STOP_INSTANCE,
    [MSK_PHASE_STOPPING] = MSK_TASK_STOP_INSTANCE,
    [MSK_PHASE_STARTING] = MSK_TASK_START_INSTANCE,
    [MSK_PHASE_CONFIRMING] = MSK_TASK_CONFIRM_INSTANCE_ACTIVE,
};

static const char *const phase_names[] = {
    [MSK_PHASE_ASKING] = "asking",
    [MSK_PHASE_STOPPING] = "stopping",
    [MSK_PHASE_STARTING] = "starting",
    [MSK_PHASE_CONFIRMING] = "confirming",
};

static void
note(Work *work, MskNoteText text, double progress)
{
    g_assert(work->step.n_notes < MSK_STEP_MAX_NOTES);
    work->step.notes[work->step.n_notes++] = (MskNote){
        .task = (MskTask) msk_recovery_flow_row(work->order->flow,
                                                (unsigned) phase_tasks[work->state->phase]),
        .text = text,
        .progress = progress,
        .vm_state = work->event->vm_state,
    };
}

static int64_t
timeout_of(const Work *work, MskPhase phase)
{
    return phase == MSK_PHASE_STARTING || phase == MSK_PHASE_CONFIRMING
               ? work->order->start_timeout_us
               : work->order->stop_timeout_us;
}

static bool
late(const Work *work)
{
    return work->event->now_us >= work->state->deadline_us;
}

static void
enter(Work *work, MskPhase phase)
{
    /* Confirming goes on within the time for starting, so that a VM that dies at once each time
     * is not started for ever. */
    if (phase != MSK_PHASE_CONFIRMING) {
        work->state->deadline_us = work->event->now_us + timeout_of(work, phase);
    }
    work->state->phase = phase;
    work->state->n_waits = 0;
}

static void
finish(Work *work, MskOutcome outcome, bool reverted, const char *reason)
{
    work->state->phase = MSK_PHASE_OVER;
    work->step.action = MSK_ACTION_FINISH;
    work->step.outcome = outcome;
    work->step.reverted = reverted;
    work->step.reason = reason;
}

/* Returns: whether there are programs to run before what comes after @slot. */
static bool
tasks_first(Work *work, unsigned slot)
{
    if (!msk_recovery_flow_due(work->order->flow, work->state->n_slots, slot)) {
        return false;
    }
    work->step.action = MSK_ACTION_RUN_TASKS;
    work->step.slot = slot;
    work->state->slot = slot;
    return true;
}

static bool
flow_has(const Work *work, MskTask task)
{
    return msk_recovery_flow_has(work->order->flow, (unsigned) task);
}

/* All built-in tasks of the flow are done. */
static void
complete(Work *work, const char *reason)
{
    work->state->complete = reason;
    if (!tasks_first(work, MSK_N_TASKS)) {
        finish(work, MSK_OUTCOME_FINISHED, false, reason);
    }
}

static void
call(Work *work, MskActionKind action)
{
    work->step.action = action;
    work->step.durable = action != MSK_ACTION_GET_SERVER;
}

/* Many looks at first, because most changes take a fraction of a second; then fewer and fewer. */
static void
wait(Work *work)
{
    int64_t delay_us = work->order->fast_poll_us;
    int64_t limit_us = MAX(work->order->poll_interval_us, delay_us);
    unsigned n = work->state->n_waits++;

    for (; n >= N_FAST_POLLS && delay_us < limit_us; n--) {
        delay_us *= 2;
    }
    work->step.action = MSK_ACTION_WAIT;
    work->step.delay_us = MIN(delay_us, limit_us);
}

/* A call that failed is not repeated in a hurry, nor before the cloud wishes it; but there is one
 * more look when the time is over. */
static void
back_off(Work *work)
{
    int64_t left_us = work->state->deadline_us - work->event->now_us;

    work->state->n_waits = MAX(work->state->n_waits, N_FAST_POLLS);
    wait(work);
    work->step.delay_us = MAX(work->step.delay_us, MIN(work->event->retry_after_us, left_us));
}

static void
skip(Work *work, MskNoteText text, const char *reason)
{
    note(work, text, 1.0);
    finish(work, MSK_OUTCOME_FINISHED, true, reason);
}

static void
give_up(Work *work)
{
    bool stopping = work->state->phase <= MSK_PHASE_STOPPING;

    note(work, stopping ? MSK_NOTE_STOP_FAILED : MSK_NOTE_START_FAILED, 1.0);
    finish(work, MSK_OUTCOME_ERROR, true,
           stopping ? "the instance did not stop in time"
                    : "the instance did not become active in time");
}

/* Whether a person, not we, wanted the VM to be off. */
static bool
stopped_on_purpose(const Work *work)
{
    return work->order->live_truth && work->event->vm_state == MSK_VM_STOPPED &&
           (work->event->stop_reason == MSK_STOP_DEPARTED ||
            (work->event->stop_reason == MSK_STOP_ORDERED && !work->state->stop_ordered));
}

static void
respect_the_stop(Work *work)
{
    if (work->event->stop_reason == MSK_STOP_DEPARTED) {
        skip(work, MSK_NOTE_DEPARTED, "skipped: the instance left this host in good order");
    } else {
        skip(work, MSK_NOTE_ORDERED, "skipped: the instance was stopped on purpose");
    }
}

static void
order_stop(Work *work)
{
    work->state->called = true;
    work->state->stopped_before = work->state->stop_ordered;
    work->state->stop_ordered = true;
    call(work, MSK_ACTION_STOP_SERVER);
}

static void
begin_stop(Work *work)
{
    if (tasks_first(work, MSK_TASK_STOP_INSTANCE)) {
        return;
    }
    enter(work, MSK_PHASE_STOPPING);
    if (flow_has(work, MSK_TASK_STOP_INSTANCE)) {
        note(work, MSK_NOTE_STOPPING, 0.0);
        order_stop(work);
    } else {
        wait(work); /* until somebody else has stopped it */
    }
}

static void
begin_start(Work *work)
{
    if (tasks_first(work, MSK_TASK_START_INSTANCE)) {
        return;
    }
    note(work, MSK_NOTE_STOPPED, 1.0);
    if (!flow_has(work, MSK_TASK_START_INSTANCE)) {
        complete(work, "the instance is off, and the flow does not start it");
        return;
    }
    enter(work, MSK_PHASE_STARTING);
    note(work, MSK_NOTE_STARTING, 0.0);
    call(work, MSK_ACTION_START_SERVER);
}

/* Returns: whether there is anything to confirm now. */
static bool
begin_confirm(Work *work)
{
    note(work, MSK_NOTE_STARTED, 1.0);
    if (!flow_has(work, MSK_TASK_CONFIRM_INSTANCE_ACTIVE)) {
        complete(work, "the instance was started");
        return false;
    }
    enter(work, MSK_PHASE_CONFIRMING);
    work->state->called = true;
    note(work, MSK_NOTE_CONFIRMING, 0.0);
    return !tasks_first(work, MSK_TASK_CONFIRM_INSTANCE_ACTIVE);
}

static void
confirmed(Work *work)
{
    note(work, MSK_NOTE_CONFIRMED, 1.0);
    complete(work, "the instance is active again");
}

/* Whether the report tells of a life of the VM that is over. */
static bool
report_is_old(const Work *work)
{
    bool running =
        work->event->vm_state == MSK_VM_ACTIVE || work->event->vm_state == MSK_VM_SUSPENDED;

    return running && (work->order->superseded ||
                       (work->order->live_truth && work->order->incident == MSK_INCIDENT_DOWN));
}

/* The cloud was given the time to notice what was reported; this is what holds now. */
static void
judge(Work *work)
{
    if (work->event->vm_state == MSK_VM_PAUSED || work->event->vm_state == MSK_VM_RESCUED) {
        note(work, MSK_NOTE_IGNORED_STATE, 1.0);
        finish(work, MSK_OUTCOME_IGNORED, true, "ignored: the instance is paused or rescued");
    } else if (report_is_old(work)) {
        skip(work, MSK_NOTE_RUNNING, "skipped: the instance is running");
    } else if (!work->order->live_truth || work->event->vm_state != MSK_VM_OTHER) {
        begin_stop(work);
    } else if (late(work)) {
        give_up(work);
    } else {
        wait(work);
    }
}

static void
look_asking(Work *work)
{
    const MskEvent *event = work->event;

    if (!event->ha_enabled && !work->order->all_instances) {
        skip(work, MSK_NOTE_NOT_HA_ENABLED, "skipped: the instance is not HA-enabled");
    } else if (stopped_on_purpose(work)) {
        respect_the_stop(work);
    } else if (event->vm_state == MSK_VM_STOPPED) {
        begin_start(work);
    } else if (work->order->live_truth && work->order->incident == MSK_INCIDENT_DOWN &&
               event->now_us < work->state->settled_at_us) {
        wait(work);
    } else {
        judge(work);
    }
}

static void
look_stopping(Work *work)
{
    if (stopped_on_purpose(work)) {
        respect_the_stop(work);
    } else if (work->event->vm_state == MSK_VM_STOPPED) {
        begin_start(work);
    } else if (late(work)) {
        give_up(work);
    } else if (!work->state->called && flow_has(work, MSK_TASK_STOP_INSTANCE)) {
        order_stop(work);
    } else {
        wait(work);
    }
}

/* Off, though it was asked to start, or nobody knows whether it was. */
static void
start_again(Work *work)
{
    if (stopped_on_purpose(work) ||
        (work->state->phase == MSK_PHASE_CONFIRMING && work->order->live_truth &&
         work->event->stop_reason == MSK_STOP_ORDERED && !work->state->stop_unsure)) {
        respect_the_stop(work);
    } else if (late(work)) {
        give_up(work);
    } else if (work->event->busy) {
        wait(work);
    } else if (work->state->called) {
        note(work, MSK_NOTE_STOPPED_AGAIN, 0.0);
        work->state->called = false;
        back_off(work);
    } else {
        work->state->called = work->state->phase == MSK_PHASE_CONFIRMING;
        call(work, MSK_ACTION_START_SERVER);
    }
}

static void
look_starting(Work *work)
{
    if (work->event->vm_state == MSK_VM_STOPPED) {
        start_again(work);
    } else if (work->event->vm_state == MSK_VM_ACTIVE) {
        if (work->state->phase == MSK_PHASE_CONFIRMING || begin_confirm(work)) {
            confirmed(work);
        }
    } else if (late(work)) {
        give_up(work);
    } else {
        wait(work);
    }
}

static void
on_server(Work *work)
{
    switch (work->state->phase) {
    case MSK_PHASE_ASKING:
        look_asking(work);
        return;
    case MSK_PHASE_STOPPING:
        look_stopping(work);
        return;
    case MSK_PHASE_STARTING:
    case MSK_PHASE_CONFIRMING:
        look_starting(work);
        return;
    case MSK_PHASE_OVER:
        break;
    }
    g_assert_not_reached();
}

static void
on_begin(Work *work)
{
    MskInstanceRecovery *state = work->state;
    int64_t now_us = work->event->now_us;

    /* A predecessor's deadline was on the clock of another process. */
    state->deadline_us = now_us + timeout_of(work, state->phase);
    state->settled_at_us = now_us + work->order->settle_us;
    if (state->phase == MSK_PHASE_STOPPING) {
        /* Its order to stop may still be under way: let it show before anything is decided. */
        state->stop_unsure = true;
        work->step.action = MSK_ACTION_WAIT;
        work->step.delay_us = MAX(work->order->settle_us, 1);
    } else {
        call(work, MSK_ACTION_GET_SERVER);
    }
}

static void
on_done(Work *work)
{
    if (work->state->phase != MSK_PHASE_STARTING || begin_confirm(work)) {
        call(work, MSK_ACTION_GET_SERVER);
    }
}

/* The time that programs took is not held against the phase. */
static void
on_tasks(Work *work)
{
    MskInstanceRecovery *state = work->state;

    state->n_slots = state->slot + 1;
    state->deadline_us = work->event->now_us + timeout_of(work, state->phase);
    if (state->complete != NULL) {
        finish(work, MSK_OUTCOME_FINISHED, false, state->complete);
    } else {
        call(work, MSK_ACTION_GET_SERVER);
    }
}

/* A refused call is not the end: a stop is refused when one is under way. The deadline is. */
static void
on_refused_call(Work *work)
{
    MskInstanceRecovery *state = work->state;
    bool unavailable = work->event->code == MSK_ERROR_UNAVAILABLE;

    if (state->pending == MSK_ACTION_STOP_SERVER && work->event->code == MSK_ERROR_CONFLICT) {
        note(work, MSK_NOTE_STOP_CONFLICT, 0.0);
        /* Whoever turned the VM off meanwhile, it was not this order. */
        state->stop_ordered = state->stop_unsure;
    }
    if (late(work)) {
        give_up(work);
        return;
    }
    if (state->pending != MSK_ACTION_GET_SERVER) {
        state->called = false;
    }
    back_off(work);
    if (state->pending == MSK_ACTION_STOP_SERVER && unavailable) {
        state->stop_unsure = true;
        work->step.delay_us = MAX(work->step.delay_us, work->order->settle_us);
    }
}

static void
on_failed(Work *work)
{
    bool asking = work->state->phase == MSK_PHASE_ASKING;

    if (work->event->code == MSK_ERROR_NOT_FOUND) {
        finish(work, MSK_OUTCOME_ERROR, true, "the cloud does not know the instance");
    } else if (work->event->code == MSK_ERROR_DENIED) {
        finish(work, MSK_OUTCOME_ERROR, true, "the cloud denied access to the instance");
    } else if (!asking) {
        on_refused_call(work);
    } else if (work->event->code != MSK_ERROR_UNAVAILABLE) {
        finish(work, MSK_OUTCOME_ERROR, true, "the cloud refused to describe the instance");
    } else if (late(work)) {
        finish(work, MSK_OUTCOME_ERROR, true, "the cloud did not answer in time");
    } else {
        /* What could not be asked can not have settled either. */
        work->state->settled_at_us = work->event->now_us + work->order->settle_us;
        back_off(work);
    }
}

/* Much may have happened to the VM since the look, so that not even the wish to stop it holds,
 * unless a stop was ordered before. The time that was lost is not held against the phase. */
static void
on_stale(Work *work)
{
    MskInstanceRecovery *state = work->state;
    MskPhase phase = state->phase;

    g_assert(state->pending == MSK_ACTION_STOP_SERVER || state->pending == MSK_ACTION_START_SERVER);
    state->called = false;
    if (state->pending == MSK_ACTION_STOP_SERVER) {
        state->stop_ordered = state->stopped_before;
        phase = state->stop_ordered ? MSK_PHASE_STOPPING : MSK_PHASE_ASKING;
    }
    state->phase = phase;
    state->deadline_us = work->event->now_us + timeout_of(work, phase);
    call(work, MSK_ACTION_GET_SERVER);
}

MskInstanceStep
msk_instance_recovery_step(MskInstanceRecovery *self, const MskInstanceOrder *order,
                           const MskEvent *event)
{
    Work work = {.state = self, .order = order, .event = event};

    g_assert(self->phase != MSK_PHASE_OVER);
    switch (event->kind) {
    case MSK_EVENT_BEGIN:
        on_begin(&work);
        break;
    case MSK_EVENT_SERVER:
        on_server(&work);
        break;
    case MSK_EVENT_DONE:
        on_done(&work);
        break;
    case MSK_EVENT_FAILED:
        on_failed(&work);
        break;
    case MSK_EVENT_TIMER:
        call(&work, MSK_ACTION_GET_SERVER);
        break;
    case MSK_EVENT_STALE:
        on_stale(&work);
        break;
    case MSK_EVENT_TASKS:
        on_tasks(&work);
        break;
    case MSK_EVENT_TASKS_FAILED:
        finish(&work, MSK_OUTCOME_ERROR, true, "a task of the flow failed");
        break;
    }
    self->pending = work.step.action;
    return work.step;
}

char *
msk_instance_recovery_save(const MskInstanceRecovery *self)
{
    g_assert(self->phase != MSK_PHASE_OVER);
    return g_strconcat(phase_names[self->phase], self->stop_ordered ? " stop-ordered" : "",
                       self->stop_unsure ? " stop-unsure" : "", NULL);
}

MskInstanceRecovery
msk_instance_recovery_load(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text == NULL ? "" : text, " ", 4);
    MskInstanceRecovery state = {0};

    for (size_t i = 0; words[0] != NULL && i < G_N_ELEMENTS(phase_names); i++) {
        if (strcmp(words[0], phase_names[i]) == 0) {
            state.phase = (MskPhase) i;
            state.stop_ordered = g_strv_contains((const char *const *) words, "stop-ordered");
            state.stop_unsure = g_strv_contains((const char *const *) words, "stop-unsure");
        }
    }
    return state;
}
