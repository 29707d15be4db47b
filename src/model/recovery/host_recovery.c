/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_recovery.h"

#include "model/recovery/host_gates.h"
#include "model/recovery/host_moves.h"
#include "model/recovery/host_plan.h"

#define FIRST_RETRY_US INT64_C(500000)
#define MAX_RETRY_US   (INT64_C(30) * G_USEC_PER_SEC)
/* The instances wait until the reserved host has joined its aggregates, so not for long. */
#define JOIN_PATIENCE     3u
#define JOIN_LONGEST_WAIT (INT64_C(5) * G_USEC_PER_SEC)
#define CALL_PATIENCE     20u /* failed calls of one phase, half a minute apart at the end */

static void begin_way(MskHostWork *work);
static void conclude(MskHostWork *work);

/* ---- the plan ---------------------------------------------------------------------------- */

/* Nothing is left to move because an attempt before this one has moved it; the programs behind that
 * are still to be run, or to be told of. */
static bool
only_programs_are_left(const MskHostWork *work, int n_before)
{
    return n_before > 0 && !work->order->dry_run &&
           msk_recovery_flow_due(work->order->flow, work->state->n_slots, MSK_N_HOST_TASKS);
}

/* Nova leaves out what a part of it (a cell) does not answer for. A host without any VM is believed
 * when that part has told of the host's service in between. */
static void
on_listed(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    MskHostPlan plan = {.order = work->order, .notes = work->step.notes};
    int n_before = (int) state->moves->len;

    if (work->event->n_vms == 0 && !state->doubted && !work->order->dry_run) {
        state->doubted = true;
        msk_host_gates_on_disabled(work);
        return;
    }
    state->round++;
    msk_host_plan_make(&plan, work->event->vms, work->event->n_vms, state->round, state->moves);
    msk_host_moves_see(work);
    if (plan.n_moves == 0 && (state->second || only_programs_are_left(work, n_before))) {
        conclude(work);
    } else if (plan.n_moves == 0) {
        msk_host_work_finish(work, MSK_OUTCOME_FINISHED, true,
                             "skipped: no instance has to be evacuated");
    } else if (work->order->dry_run) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 1.0,
                           "Dry run: nothing was changed and nothing evacuated");
        g_ptr_array_set_size(state->moves, n_before);
        msk_host_work_finish(work, MSK_OUTCOME_FINISHED, true, "a dry run: nothing was evacuated");
    } else if (!msk_host_work_flow_has(work, MSK_HOST_TASK_EVACUATE)) {
        g_ptr_array_set_size(state->moves, n_before);
        msk_host_work_complete(work, "the flow evacuates nothing");
    } else {
        msk_host_work_enter(work, MSK_HOST_PHASE_PLANNING);
        msk_host_work_act(work, MSK_HOST_ACT_STORE_PLAN);
    }
}

/* ---- reserved hosts ---------------------------------------------------------------------- */

static bool
way_is_reserved(const MskHostWork *work)
{
    switch (work->order->method) {
    case MSK_METHOD_AUTO:
        return false;
    case MSK_METHOD_RESERVED_HOST:
        return true;
    case MSK_METHOD_AUTO_PRIORITY:
        return work->state->second;
    case MSK_METHOD_RH_PRIORITY:
        return !work->state->second;
    }
    g_assert_not_reached();
}

/* Ends the round when nothing is left to be moved. */
static void
fill(MskHostWork *work)
{
    if (!msk_host_moves_fill(work)) {
        conclude(work);
    }
}

static void
begin_moving(MskHostWork *work)
{
    msk_host_work_enter(work, MSK_HOST_PHASE_MOVING);
    fill(work);
}

static void
begin_way(MskHostWork *work)
{
    g_autofree char *uuids = msk_host_plan_unfinished(work->state->moves);

    if (msk_host_work_tasks_first(work, MSK_HOST_TASK_EVACUATE)) {
        return;
    }
    msk_host_work_note(
        work, MSK_HOST_TASK_EVACUATE, 0.0,
        "Start evacuation of instances from failed host '%s', instance uuids are: '%s'",
        work->order->host, uuids);
    if (way_is_reserved(work)) {
        msk_host_work_enter(work, MSK_HOST_PHASE_RESERVING);
        msk_host_work_act(work, MSK_HOST_ACT_TAKE_RESERVED);
    } else {
        begin_moving(work);
    }
}

static void
without_reserved(MskHostWork *work)
{
    if (work->order->method == MSK_METHOD_RH_PRIORITY) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.1,
                           "No reserved host is available, the compute service chooses the hosts");
        work->state->second = true;
        begin_moving(work);
    } else {
        msk_host_work_fail(work, MSK_HOST_TASK_EVACUATE,
                           g_strdup("No reserved_hosts available for evacuation."),
                           "no reserved host is available");
    }
}

static void
enable_reserved(MskHostWork *work)
{
    msk_host_work_enter(work, MSK_HOST_PHASE_ENABLING);
    msk_host_work_act(work, MSK_HOST_ACT_ENABLE);
}

static void
on_reserved(MskHostWork *work)
{
    if (work->event->name == NULL) {
        without_reserved(work);
        return;
    }
    g_free(work->state->reserved);
    work->state->reserved = g_strdup(work->event->name);
    msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.1, "Enabling reserved host: '%s'",
                       work->state->reserved);
    if (work->order->join_aggregates) {
        msk_host_work_enter(work, MSK_HOST_PHASE_JOINING);
        msk_host_work_act(work, MSK_HOST_ACT_JOIN);
    } else {
        enable_reserved(work);
    }
}

static void
on_joined(MskHostWork *work)
{
    for (size_t i = 0; work->event->names != NULL && work->event->names[i] != NULL; i++) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.3, "Added host %s to aggregate %s",
                           work->state->reserved, work->event->names[i]);
    }
    enable_reserved(work);
}

static void
on_stored(MskHostWork *work)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, work->event->move);

    planned->stored = true;
    fill(work);
}

/* ---- the end ----------------------------------------------------------------------------- */

/* The second way is gone when the first left something behind. */
static bool
has_second_way(const MskHostWork *work)
{
    return !work->state->second && (work->order->method == MSK_METHOD_AUTO_PRIORITY ||
                                    work->order->method == MSK_METHOD_RH_PRIORITY);
}

static void
go_second_way(MskHostWork *work)
{
    work->state->second = true;
    msk_host_work_note(
        work, MSK_HOST_TASK_EVACUATE, 0.7,
        work->order->method == MSK_METHOD_AUTO_PRIORITY
            ? "Trying the instances that are left again with a reserved host"
            : "Trying the instances that are left again on hosts of the compute service's choice");
    msk_host_work_enter(work, MSK_HOST_PHASE_LISTING);
    msk_host_work_act(work, MSK_HOST_ACT_LIST);
}

static void
conclude(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    g_autofree char *succeeded =
        msk_host_plan_with_outcome(state->moves, state->first_round, MSK_MOVE_SUCCEEDED);
    g_autofree char *failed =
        msk_host_plan_with_outcome(state->moves, state->first_round, MSK_MOVE_FAILURE);

    if (succeeded != NULL) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.7,
                           "Successfully evacuate instances '%s' from host '%s'", succeeded,
                           work->order->host);
    }
    if (failed == NULL) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 1.0, "Evacuation process completed!");
        msk_host_work_complete(work, "every instance was evacuated");
    } else if (has_second_way(work)) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.7,
                           "Failed to evacuate instances '%s' from host '%s'", failed,
                           work->order->host);
        go_second_way(work);
    } else {
        msk_host_work_fail(work, MSK_HOST_TASK_EVACUATE,
                           g_strdup_printf("Failed to evacuate instances '%s' from host '%s'",
                                           failed, work->order->host),
                           "not every instance was evacuated");
    }
}

/* ---- events ------------------------------------------------------------------------------ */

/* What a phase asks for, to ask again. */
static const MskHostActKind phase_acts[] = {
    [MSK_HOST_PHASE_GATES] = MSK_HOST_ACT_ASK_GATES,
    [MSK_HOST_PHASE_SERVICE] = MSK_HOST_ACT_GET_SERVICE,
    [MSK_HOST_PHASE_FENCING] = MSK_HOST_ACT_FENCE,
    [MSK_HOST_PHASE_DISABLING] = MSK_HOST_ACT_FORCE_DOWN,
    [MSK_HOST_PHASE_WAITING] = MSK_HOST_ACT_GET_SERVICE,
    [MSK_HOST_PHASE_LISTING] = MSK_HOST_ACT_LIST,
    [MSK_HOST_PHASE_PLANNING] = MSK_HOST_ACT_STORE_PLAN,
    [MSK_HOST_PHASE_RESERVING] = MSK_HOST_ACT_TAKE_RESERVED,
    [MSK_HOST_PHASE_JOINING] = MSK_HOST_ACT_JOIN,
    [MSK_HOST_PHASE_ENABLING] = MSK_HOST_ACT_ENABLE,
};

static int64_t
retry_delay(MskHostWork *work)
{
    int64_t delay_us = FIRST_RETRY_US << MIN(work->state->n_tries, 6);

    work->state->n_tries++;
    return MAX(MIN(delay_us, MAX_RETRY_US), work->event->retry_after_us);
}

static bool
may_join_again(const MskHostWork *work)
{
    return work->event->code == MSK_ERROR_UNAVAILABLE && work->state->n_tries < JOIN_PATIENCE &&
           work->event->retry_after_us <= JOIN_LONGEST_WAIT;
}

static void
on_failed(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    bool final = work->event->code == MSK_ERROR_NOT_FOUND ||
                 work->event->code == MSK_ERROR_DENIED || work->event->code == MSK_ERROR_INVALID;

    if (state->phase == MSK_HOST_PHASE_MOVING) {
        msk_host_moves_on_failed(work, retry_delay(work));
    } else if (state->phase == MSK_HOST_PHASE_JOINING && !may_join_again(work)) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.2,
                           "Host %s could not be added to every aggregate: %s", state->reserved,
                           work->event->message);
        enable_reserved(work);
    } else if (final || state->n_tries >= CALL_PATIENCE) {
        msk_host_work_fail(work,
                           state->phase < MSK_HOST_PHASE_LISTING     ? MSK_HOST_TASK_DISABLE
                           : state->phase < MSK_HOST_PHASE_RESERVING ? MSK_HOST_TASK_PREPARE
                                                                     : MSK_HOST_TASK_EVACUATE,
                           g_strdup_printf("Recovery of host '%s' failed: %s", work->order->host,
                                           work->event->message),
                           "the cloud refused");
    } else {
        msk_host_work_wait(work, retry_delay(work));
    }
}

static void
on_begin(MskHostWork *work)
{
    MskHostRecovery *state = work->state;

    state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
    if (state->phase == MSK_HOST_PHASE_MOVING) {
        begin_way(work);
    } else {
        msk_host_gates_ask(work);
    }
}

static void
on_done(MskHostWork *work)
{
    if (work->state->phase == MSK_HOST_PHASE_DISABLING) {
        msk_host_gates_on_disabled(work);
    } else if (work->state->phase == MSK_HOST_PHASE_PLANNING) {
        begin_way(work);
    } else {
        g_assert(work->state->phase == MSK_HOST_PHASE_ENABLING);
        begin_moving(work);
    }
}

/* Programs take their time: whatever they stood in front of looks anew. */
static void
on_tasks(MskHostWork *work)
{
    MskHostRecovery *state = work->state;

    state->n_slots = state->slot + 1;
    if (state->complete != NULL) {
        msk_host_work_finish(work, MSK_OUTCOME_FINISHED, false, state->complete);
    } else if (state->phase < MSK_HOST_PHASE_WAITING) {
        state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
        msk_host_gates_ask(work);
    } else if (state->phase == MSK_HOST_PHASE_WAITING) {
        msk_host_gates_on_disabled(work);
    } else {
        begin_way(work);
    }
}

static void
on_tasks_failed(MskHostWork *work)
{
    MskHostPhase phase = work->state->phase;

    msk_host_work_fail(
        work, phase < MSK_HOST_PHASE_LISTING ? MSK_HOST_TASK_DISABLE : MSK_HOST_TASK_EVACUATE,
        g_strdup_printf("Recovery of host '%s' failed: %s", work->order->host,
                        work->event->message),
        "a task of the flow failed");
}

static void
on_timer(MskHostWork *work)
{
    if (!work->state->waiting) {
        return; /* a look came first */
    }
    work->state->waiting = false;
    if (work->state->phase == MSK_HOST_PHASE_MOVING) {
        msk_host_moves_schedule(work);
    } else if (work->state->phase == MSK_HOST_PHASE_SERVICE ||
               work->state->phase == MSK_HOST_PHASE_FENCING) {
        msk_host_gates_ask(work); /* a storm may have come up meanwhile */
    } else {
        msk_host_work_act(work, phase_acts[work->state->phase]);
    }
}

static void
dispatch(MskHostWork *work)
{
    switch (work->event->kind) {
    case MSK_HOST_EVENT_BEGIN:
        on_begin(work);
        return;
    case MSK_HOST_EVENT_GATES:
        msk_host_gates_on_counted(work);
        return;
    case MSK_HOST_EVENT_FENCED:
        msk_host_gates_on_fenced(work);
        return;
    case MSK_HOST_EVENT_SERVICE:
        msk_host_gates_on_service(work);
        return;
    case MSK_HOST_EVENT_DONE:
        on_done(work);
        return;
    case MSK_HOST_EVENT_LISTED:
        on_listed(work);
        return;
    case MSK_HOST_EVENT_RESERVED:
        on_reserved(work);
        return;
    case MSK_HOST_EVENT_JOINED:
        on_joined(work);
        return;
    case MSK_HOST_EVENT_LOOKED:
        msk_host_moves_on_looked(work);
        return;
    case MSK_HOST_EVENT_FAILED:
        on_failed(work);
        return;
    case MSK_HOST_EVENT_TIMER:
        on_timer(work);
        return;
    case MSK_HOST_EVENT_OFFERED:
        msk_host_moves_on_offered(work);
        return;
    case MSK_HOST_EVENT_MOVE:
        msk_host_moves_on_move(work);
        return;
    case MSK_HOST_EVENT_STORED:
        on_stored(work);
        return;
    case MSK_HOST_EVENT_TASKS:
        on_tasks(work);
        return;
    case MSK_HOST_EVENT_TASKS_FAILED:
        on_tasks_failed(work);
        return;
    }
    g_assert_not_reached();
}

static void
clear_note(void *data)
{
    g_free(((MskHostNote *) data)->message);
}

MskHostStep
msk_host_recovery_step(MskHostRecovery *self, const MskHostOrder *order, const MskHostEvent *event)
{
    MskHostWork work = {.state = self, .order = order, .event = event};

    g_assert(self->phase != MSK_HOST_PHASE_OVER);
    work.step.notes = g_array_new(FALSE, FALSE, sizeof(MskHostNote));
    g_array_set_clear_func(work.step.notes, clear_note);
    work.step.acts = g_array_new(FALSE, FALSE, sizeof(MskHostAct));
    dispatch(&work);
    return work.step;
}

void
msk_host_step_clear(MskHostStep *self)
{
    g_clear_pointer(&self->notes, g_array_unref);
    g_clear_pointer(&self->acts, g_array_unref);
}
