/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_gates.h"

#include "model/recovery/safety_gates.h"

#define GATE_POLL_US  (INT64_C(1) * G_USEC_PER_SEC)
#define FENCE_POLL_US (INT64_C(5) * G_USEC_PER_SEC)

void
msk_host_gates_ask(MskHostWork *work)
{
    msk_host_work_enter(work, MSK_HOST_PHASE_GATES);
    msk_host_work_act(work, MSK_HOST_ACT_ASK_GATES);
}

/* Users read of a hold when it begins, not every second. */
static void
hold(MskHostWork *work, const MskGateVerdict *verdict)
{
    if (g_strcmp0(work->state->held, verdict->gate) != 0) {
        g_free(work->state->held);
        work->state->held = g_strdup(verdict->gate);
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0, "Recovery of host '%s' is held: %s",
                           work->order->host, verdict->record);
    }
    msk_host_work_wait(work,
                       work->state->phase == MSK_HOST_PHASE_FENCING ? FENCE_POLL_US : GATE_POLL_US);
}

/* Users read why a recovery was given up as they would have read why it was held. */
static void
hold_or_give_up(MskHostWork *work, const MskGateVerdict *verdict, const char *reason)
{
    if (work->event->now_us < work->state->deadline_us) {
        hold(work, verdict);
        return;
    }
    msk_host_work_fail(
        work, MSK_HOST_TASK_DISABLE,
        g_strdup_printf("Host '%s' was not recovered: %s", work->order->host, verdict->record),
        reason);
}

static void
get_service(MskHostWork *work)
{
    msk_host_work_enter(work, MSK_HOST_PHASE_SERVICE);
    msk_host_work_act(work, MSK_HOST_ACT_GET_SERVICE);
}

/* Returns: the first that holds, or the last. */
static MskGateVerdict
ask_counting_gates(const MskHostWork *work)
{
    MskGateVerdict verdict = msk_gate_armed(&work->event->storm);

    if (verdict.kind == MSK_GATE_OPEN) {
        msk_gate_verdict_clear(&verdict);
        verdict = msk_gate_rate(work->order, &work->event->storm);
    }
    if (verdict.kind == MSK_GATE_OPEN) {
        msk_gate_verdict_clear(&verdict);
        verdict = msk_gate_storm(work->order, &work->event->storm);
    }
    return verdict;
}

void
msk_host_gates_on_counted(MskHostWork *work)
{
    g_auto(MskGateVerdict) verdict = ask_counting_gates(work);

    if (verdict.kind == MSK_GATE_HOLDS) {
        work->state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
        hold(work, &verdict);
        return;
    }
    if (work->state->held == NULL) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s", verdict.record);
    }
    get_service(work);
}

static void
list(MskHostWork *work)
{
    if (msk_host_work_flow_has(work, MSK_HOST_TASK_PREPARE)) {
        msk_host_work_enter(work, MSK_HOST_PHASE_LISTING);
        msk_host_work_act(work, MSK_HOST_ACT_LIST);
    } else {
        msk_host_work_complete(work, "the flow evacuates nothing");
    }
}

/* The host is dead, and the cloud may know. */
static void
on_seen(MskHostWork *work)
{
    bool disabled = msk_host_work_flow_has(work, MSK_HOST_TASK_DISABLE);

    if (work->event->service.up && !disabled) {
        msk_host_work_fail(work, MSK_HOST_TASK_DISABLE,
                           g_strdup_printf("Host '%s' was not recovered: its compute service is "
                                           "still up, and the flow does not disable it",
                                           work->order->host),
                           "the host is not seen to be down");
        return;
    }
    if (msk_host_work_tasks_first(work, MSK_HOST_TASK_PREPARE)) {
        return;
    }
    if (disabled && !work->state->doubted) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 1.0,
                           "Disabled compute service on host: '%s'", work->order->host);
    }
    list(work);
}

static void
force_down(MskHostWork *work)
{
    bool disables = msk_host_work_flow_has(work, MSK_HOST_TASK_DISABLE);

    if (msk_host_work_tasks_first(work, MSK_HOST_TASK_DISABLE)) {
        return;
    }
    work->state->safe = true;
    if (disables) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0,
                           "Disabling compute service on host: '%s'", work->order->host);
    }
    if (work->order->dry_run) {
        list(work);
    } else if (disables) {
        msk_host_work_enter(work, MSK_HOST_PHASE_DISABLING);
        msk_host_work_act(work, MSK_HOST_ACT_FORCE_DOWN);
    } else {
        msk_host_gates_on_disabled(work); /* the cloud has to notice by itself */
    }
}

static void
ask_heartbeat(MskHostWork *work)
{
    bool fenced = work->order->fenced || work->state->fenced;
    g_auto(MskGateVerdict) verdict =
        msk_gate_heartbeat(work->order, &work->event->service, fenced, work->state->safe);

    if (verdict.kind == MSK_GATE_OPEN) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s", verdict.record);
        force_down(work);
    } else {
        hold_or_give_up(work, &verdict, "the host is not known to be dead");
    }
}

static bool
wants_fencing(const MskHostWork *work)
{
    return work->order->fencing && !work->order->fenced && !work->state->fenced &&
           !work->state->fence_failed;
}

static void
fence(MskHostWork *work)
{
    if (work->order->dry_run) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0,
                           "Dry run: host '%s' would be fenced now", work->order->host);
        force_down(work);
        return;
    }
    if (g_strcmp0(work->state->held, "fencing") != 0) {
        msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0, "Fencing host '%s'",
                           work->order->host);
    }
    msk_host_work_enter(work, MSK_HOST_PHASE_FENCING);
    msk_host_work_act(work, MSK_HOST_ACT_FENCE);
}

void
msk_host_gates_on_fenced(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    g_auto(MskGateVerdict) verdict =
        msk_gate_fencing(work->order, work->event->fenced, work->event->message);

    if (verdict.kind == MSK_GATE_HOLDS) {
        hold_or_give_up(work, &verdict, "the host could not be fenced");
        return;
    }
    msk_host_work_note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s", verdict.record);
    state->fenced = work->event->fenced;
    state->fence_failed = !work->event->fenced;
    if (state->fenced) {
        ask_heartbeat(work);
    } else {
        state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
        get_service(work);
    }
}

void
msk_host_gates_on_service(MskHostWork *work)
{
    if (work->state->phase == MSK_HOST_PHASE_SERVICE && wants_fencing(work)) {
        fence(work);
    } else if (work->state->phase == MSK_HOST_PHASE_SERVICE) {
        ask_heartbeat(work);
    } else if (work->event->service.up && work->event->now_us < work->state->deadline_us) {
        msk_host_work_wait(work, GATE_POLL_US / 4);
    } else {
        on_seen(work);
    }
}

void
msk_host_gates_on_disabled(MskHostWork *work)
{
    msk_host_work_enter(work, MSK_HOST_PHASE_WAITING);
    work->state->deadline_us = work->event->now_us + work->order->down_timeout_us;
    msk_host_work_act(work, MSK_HOST_ACT_GET_SERVICE);
}
