/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_recovery.h"

#include <string.h>

#include "model/recovery/host_plan.h"
#include "model/recovery/safety_gates.h"

#define GATE_POLL_US   (INT64_C(1) * G_USEC_PER_SEC)
#define FENCE_POLL_US  (INT64_C(10) * G_USEC_PER_SEC)
#define FIRST_RETRY_US INT64_C(500000)
#define MAX_RETRY_US   (INT64_C(30) * G_USEC_PER_SEC)
#define FRESH_US       INT64_C(2000000) /* the age of a sight that a move may begin with */
#define LOOKS          INT64_C(5)       /* in the time that two evacuations take */
#define CALL_PATIENCE  20u /* failed calls of one phase, half a minute apart at the end */

/* One step being put together. */
typedef struct {
    MskHostRecovery *state;
    const MskHostOrder *order;
    const MskHostEvent *event;
    MskHostStep step;
} Work;

static void G_GNUC_PRINTF(4, 5)
    note(Work *work, MskHostTask task, double progress, const char *format, ...)
{
    va_list arguments;
    MskHostNote line = {.task = task, .progress = progress};

    va_start(arguments, format);
    line.message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_array_append_val(work->step.notes, line);
}

static void
add_act(Work *work, MskHostAct act)
{
    g_array_append_val(work->step.acts, act);
}

static void
act(Work *work, MskHostActKind kind)
{
    add_act(work, (MskHostAct){.kind = kind});
}

static void
wait(Work *work, int64_t delay_us)
{
    add_act(work, (MskHostAct){.kind = MSK_HOST_ACT_WAIT, .delay_us = MAX(delay_us, 1)});
}

static void
enter(Work *work, MskHostPhase phase)
{
    work->state->phase = phase;
    work->state->n_tries = 0;
}

static void
finish(Work *work, MskOutcome outcome, bool reverted, const char *reason)
{
    work->state->phase = MSK_HOST_PHASE_OVER;
    add_act(work, (MskHostAct){.kind = MSK_HOST_ACT_FINISH,
                               .outcome = outcome,
                               .reverted = reverted,
                               .reason = reason});
}

/* What was planned and will not be tried is over, too. */
static void
give_up_moves(MskHostRecovery *state)
{
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->move.phase != MSK_MOVE_OVER) {
            planned->move.phase = MSK_MOVE_OVER;
            planned->move.outcome = MSK_MOVE_FAILURE;
            g_free(planned->move.message);
            planned->move.message = g_strdup(state->message);
        }
    }
}

static void
fail(Work *work, MskHostTask task, char *message, const char *reason)
{
    note(work, task, 1.0, "%s", message);
    g_free(work->state->message);
    work->state->message = message;
    give_up_moves(work->state);
    finish(work, MSK_OUTCOME_ERROR, true, reason);
}

/* ---- gates ------------------------------------------------------------------------------- */

static void
ask_gates(Work *work)
{
    enter(work, MSK_HOST_PHASE_GATES);
    act(work, MSK_HOST_ACT_ASK_GATES);
}

/* Users read of a hold when it begins, not every second. */
static void
hold(Work *work, const MskGateVerdict *verdict)
{
    if (g_strcmp0(work->state->held, verdict->gate) != 0) {
        g_free(work->state->held);
        work->state->held = g_strdup(verdict->gate);
        note(work, MSK_HOST_TASK_DISABLE, 0.0, "Recovery of host '%s' is held: %s",
             work->order->host, verdict->record);
    }
    wait(work, work->state->phase == MSK_HOST_PHASE_FENCING ? FENCE_POLL_US : GATE_POLL_US);
}

static bool
wants_fencing(const Work *work)
{
    const MskHostRecovery *state = work->state;

    return work->order->fencing && !work->order->fenced && !work->order->dry_run && !state->safe &&
           !state->fenced && !state->fence_failed;
}

static void
go_to_service(Work *work)
{
    enter(work, MSK_HOST_PHASE_SERVICE);
    act(work, MSK_HOST_ACT_GET_SERVICE);
}

static void
on_fenced(Work *work)
{
    MskHostRecovery *state = work->state;
    MskGateVerdict verdict = {.kind = MSK_GATE_HOLDS, .gate = "fencing"};

    if (work->event->fenced || work->order->fence_fallback) {
        state->fenced = work->event->fenced;
        state->fence_failed = !work->event->fenced;
        note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s%s", work->event->message,
             state->fenced ? "" : "; its heartbeat decides");
        go_to_service(work);
        return;
    }
    if (work->event->now_us >= state->deadline_us) {
        fail(work, MSK_HOST_TASK_DISABLE,
             g_strdup_printf("Host '%s' was not recovered: %s", work->order->host,
                             work->event->message),
             "the host could not be fenced");
        return;
    }
    verdict.record = g_strdup_printf("gate 'fencing': %s", work->event->message);
    hold(work, &verdict);
    msk_gate_verdict_clear(&verdict);
}

static void
on_gates(Work *work)
{
    g_auto(MskGateVerdict) verdict = msk_gate_storm(work->order, &work->event->storm);

    if (verdict.kind == MSK_GATE_HOLDS) {
        work->state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
        hold(work, &verdict);
        return;
    }
    if (work->state->held == NULL) {
        note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s", verdict.record);
    }
    if (!wants_fencing(work)) {
        go_to_service(work);
        return;
    }
    if (work->state->held == NULL) {
        note(work, MSK_HOST_TASK_DISABLE, 0.0, "Fencing host '%s'", work->order->host);
    }
    enter(work, MSK_HOST_PHASE_FENCING);
    act(work, MSK_HOST_ACT_FENCE);
}

static void
force_down(Work *work)
{
    work->state->safe = true;
    enter(work, MSK_HOST_PHASE_DISABLING);
    note(work, MSK_HOST_TASK_DISABLE, 0.0, "Disabling compute service on host: '%s'",
         work->order->host);
    if (work->order->dry_run) {
        enter(work, MSK_HOST_PHASE_LISTING);
        act(work, MSK_HOST_ACT_LIST);
    } else {
        act(work, MSK_HOST_ACT_FORCE_DOWN);
    }
}

static void
on_heartbeat(Work *work)
{
    MskHostOrder order = *work->order;

    order.fenced = order.fenced || work->state->fenced;
    g_auto(MskGateVerdict) verdict =
        msk_gate_heartbeat(&order, &work->event->service, work->state->safe);

    if (verdict.kind == MSK_GATE_OPEN) {
        note(work, MSK_HOST_TASK_DISABLE, 0.0, "%s", verdict.record);
        force_down(work);
    } else if (work->event->now_us >= work->state->deadline_us) {
        fail(work, MSK_HOST_TASK_DISABLE,
             g_strdup_printf("Host '%s' was not recovered: %s", work->order->host, verdict.record),
             "the host is not known to be dead");
    } else {
        hold(work, &verdict);
    }
}

static void
on_service(Work *work)
{
    if (work->state->phase == MSK_HOST_PHASE_SERVICE) {
        on_heartbeat(work);
    } else if (work->event->service.up && work->event->now_us < work->state->deadline_us) {
        wait(work, GATE_POLL_US / 4);
    } else {
        note(work, MSK_HOST_TASK_DISABLE, 1.0, "Disabled compute service on host: '%s'",
             work->order->host);
        enter(work, MSK_HOST_PHASE_LISTING);
        act(work, MSK_HOST_ACT_LIST);
    }
}

/* ---- the plan ---------------------------------------------------------------------------- */

static void begin_way(Work *work);
static void conclude(Work *work);

static GHashTable *
index_vms(const MskHostEvent *event)
{
    GHashTable *vms = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < event->n_vms; i++) {
        g_hash_table_insert(vms, event->vms[i].uuid, &event->vms[i]);
    }
    return vms;
}

/* Keeps how the VMs are that are not begun. */
static void
see_waiting(Work *work, GHashTable *vms)
{
    for (unsigned i = 0; i < work->state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(work->state->moves, i);
        const MskListedVm *vm = planned->begun ? NULL : g_hash_table_lookup(vms, planned->uuid);

        if (vm != NULL) {
            msk_planned_move_see(planned, &vm->sight, work->event->now_us);
        }
    }
}

static void
on_listed(Work *work)
{
    MskHostRecovery *state = work->state;
    MskHostPlan plan = {.order = work->order, .notes = work->step.notes};

    g_autoptr(GHashTable) vms = index_vms(work->event);
    int n_before = (int) state->moves->len;

    state->round++;
    msk_host_plan_make(&plan, work->event->vms, work->event->n_vms, state->round, state->moves);
    see_waiting(work, vms);
    if (plan.n_moves == 0 && state->second) {
        conclude(work);
    } else if (plan.n_moves == 0) {
        finish(work, MSK_OUTCOME_FINISHED, true, "skipped: no instance has to be evacuated");
    } else if (work->order->dry_run) {
        note(work, MSK_HOST_TASK_EVACUATE, 1.0,
             "Dry run: nothing was changed and nothing evacuated");
        g_ptr_array_set_size(state->moves, n_before);
        finish(work, MSK_OUTCOME_FINISHED, true, "a dry run: nothing was evacuated");
    } else {
        enter(work, MSK_HOST_PHASE_PLANNING);
        act(work, MSK_HOST_ACT_STORE_PLAN);
    }
}

/* ---- reserved hosts ---------------------------------------------------------------------- */

static bool
way_is_reserved(const Work *work)
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

static void pump(Work *work);

static void
begin_moving(Work *work)
{
    enter(work, MSK_HOST_PHASE_MOVING);
    work->state->poll_us = work->order->poll_us;
    pump(work);
}

static void
begin_way(Work *work)
{
    g_autofree char *uuids = msk_host_plan_unfinished(work->state->moves);

    note(work, MSK_HOST_TASK_EVACUATE, 0.0,
         "Start evacuation of instances from failed host '%s', instance uuids are: '%s'",
         work->order->host, uuids);
    if (way_is_reserved(work)) {
        enter(work, MSK_HOST_PHASE_RESERVING);
        act(work, MSK_HOST_ACT_TAKE_RESERVED);
    } else {
        begin_moving(work);
    }
}

static void
without_reserved(Work *work)
{
    if (work->order->method == MSK_METHOD_RH_PRIORITY) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.1,
             "No reserved host is available, the compute service chooses the hosts");
        work->state->second = true;
        begin_moving(work);
    } else {
        fail(work, MSK_HOST_TASK_EVACUATE, g_strdup("No reserved_hosts available for evacuation."),
             "no reserved host is available");
    }
}

static void
enable_reserved(Work *work)
{
    enter(work, MSK_HOST_PHASE_ENABLING);
    act(work, MSK_HOST_ACT_ENABLE);
}

static void
on_reserved(Work *work)
{
    if (work->event->name == NULL) {
        without_reserved(work);
        return;
    }
    g_free(work->state->reserved);
    work->state->reserved = g_strdup(work->event->name);
    note(work, MSK_HOST_TASK_EVACUATE, 0.1, "Enabling reserved host: '%s'", work->state->reserved);
    if (work->order->join_aggregates) {
        enter(work, MSK_HOST_PHASE_JOINING);
        act(work, MSK_HOST_ACT_JOIN);
    } else {
        enable_reserved(work);
    }
}

static void
on_joined(Work *work)
{
    for (size_t i = 0; work->event->names != NULL && work->event->names[i] != NULL; i++) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.3, "Added host %s to aggregate %s",
             work->state->reserved, work->event->names[i]);
    }
    enable_reserved(work);
}

/* ---- moves ------------------------------------------------------------------------------- */

static void feed(Work *work, unsigned index, const MskMoveEvent *event);

/* Nova's own pace says how often it is worth to look. */
static int64_t
first_poll(const Work *work)
{
    int64_t wanted_us = work->state->typical_us * 2 / LOOKS;

    return CLAMP(wanted_us, work->order->poll_us,
                 MAX(work->order->poll_us, work->order->max_poll_us));
}

static void
begin_move(Work *work, unsigned index)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, index);
    MskMoveEvent begin = {.kind = MSK_MOVE_BEGIN, .now_us = work->event->now_us};
    bool fresh = planned->seen_us > 0 && work->event->now_us - planned->seen_us <= FRESH_US;

    if (planned->move.phase == MSK_MOVE_PENDING) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.5, "Evacuation of instance started: '%s'",
             planned->uuid);
    }
    planned->begun = true;
    begin.sight = fresh && planned->move.phase == MSK_MOVE_PENDING ? &planned->sight : NULL;
    work->state->poll_us = first_poll(work);
    feed(work, index, &begin);
}

static unsigned
count_in_flight(const MskHostRecovery *state)
{
    unsigned n = 0;

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        n += planned->begun && !planned->stored ? 1 : 0;
    }
    return n;
}

/* Returns: when the next look is due at moves that nothing, or something, was done for yet;
 * INT64_MAX for none. */
static int64_t
look_due(const MskHostRecovery *state, bool new)
{
    int64_t due_us = INT64_MAX;

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->looking && planned->move.stored != new) {
            due_us = MIN(due_us, planned->look_at_us);
        }
    }
    return due_us == INT64_MAX ? due_us
                               : MAX(due_us, new ? state->next_new_us : state->next_look_us);
}

/* One look serves all whose time has come; not more often than every poll_us. Those that nothing
 * was done for yet are on the host and are looked for there, at once; the others may be anywhere.
 */
static void
schedule_look(Work *work)
{
    MskHostRecovery *state = work->state;

    if (state->looking || state->phase != MSK_HOST_PHASE_MOVING) {
        return;
    }
    int64_t new_due_us = look_due(state, true);
    int64_t due_us = MIN(new_due_us, look_due(state, false));

    if (due_us == INT64_MAX) {
        return;
    }
    if (due_us > work->event->now_us) {
        wait(work, due_us - work->event->now_us);
        return;
    }
    state->look_new = new_due_us <= work->event->now_us;
    state->look_migrations = false;
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        planned->served = planned->looking && planned->move.stored != state->look_new &&
                          planned->look_at_us <= work->event->now_us;
        state->look_migrations =
            state->look_migrations || (planned->served && planned->asks_migrations);
    }
    state->looking = true;
    add_act(work, (MskHostAct){.kind = MSK_HOST_ACT_LOOK, .migrations = state->look_migrations});
}

/* Fills the free places, and ends the round when nothing is left. */
static void
pump(Work *work)
{
    MskHostRecovery *state = work->state;
    unsigned in_flight = count_in_flight(state);

    for (unsigned i = 0; i < state->moves->len && in_flight < MAX(work->order->max_moves, 1); i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (!planned->begun && planned->move.phase != MSK_MOVE_OVER) {
            begin_move(work, i);
            in_flight++;
        }
    }
    if (in_flight == 0) {
        conclude(work);
    } else {
        schedule_look(work);
    }
}

static void
learn_pace(Work *work, MskPlannedMove *planned, MskMovePhase before)
{
    int64_t *typical_us = &work->state->typical_us;

    if (planned->move.phase == before) {
        return;
    }
    if (planned->move.phase == MSK_MOVE_CONFIRMING) {
        planned->ordered_us = work->event->now_us;
    } else if (before == MSK_MOVE_CONFIRMING && planned->ordered_us > 0) {
        int64_t took_us = work->event->now_us - planned->ordered_us;

        *typical_us = *typical_us == 0 ? took_us : (3 * *typical_us + took_us) / 4;
    }
}

static void
feed(Work *work, unsigned index, const MskMoveEvent *event)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, index);
    MskMovePhase before = planned->move.phase;
    MskMoveAct call = msk_vm_move_step(&planned->move, &work->order->move, event);

    learn_pace(work, planned, before);
    if (call.kind == MSK_MOVE_ACT_LOOK) {
        planned->looking = true;
        planned->asks_migrations = call.migrations;
        planned->look_at_us = work->event->now_us + call.delay_us;
    } else if (call.kind == MSK_MOVE_ACT_FINISH) {
        add_act(work, (MskHostAct){.kind = MSK_HOST_ACT_STORE, .move = index});
    } else {
        add_act(work, (MskHostAct){.kind = MSK_HOST_ACT_MOVE, .move = index, .call = call});
    }
}

static void
on_move(Work *work)
{
    MskMoveEvent event = work->event->move_event;

    event.now_us = work->event->now_us;
    feed(work, work->event->move, &event);
    schedule_look(work);
}

static void
on_looked(Work *work)
{
    MskHostRecovery *state = work->state;
    g_autoptr(GHashTable) vms = index_vms(work->event);

    see_waiting(work, vms);
    state->looking = false;
    state->n_tries = 0;
    if (!state->look_new) {
        state->next_look_us = work->event->now_us + state->poll_us;
        state->poll_us =
            MIN(state->poll_us + state->poll_us / 4, MAX(work->order->max_poll_us, state->poll_us));
    }
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);
        const MskListedVm *vm = planned->served ? g_hash_table_lookup(vms, planned->uuid) : NULL;
        MskMoveEvent event = {.kind = MSK_MOVE_SIGHT, .now_us = work->event->now_us};

        if (!planned->served) {
            continue;
        }
        planned->served = false;
        if (vm == NULL) {
            planned->look_at_us = work->event->now_us + work->order->move.retry_us;
            continue;
        }
        MskSight sight = vm->sight;

        sight.migrations_asked = state->look_migrations;
        sight.evacuating = sight.evacuating && state->look_migrations;
        event.sight = &sight;
        planned->looking = false;
        feed(work, i, &event);
    }
    schedule_look(work);
}

static void
on_stored(Work *work)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, work->event->move);

    planned->stored = true;
    pump(work);
}

/* ---- the end ----------------------------------------------------------------------------- */

/* The second way is gone when the first left something behind. */
static bool
has_second_way(const Work *work)
{
    return !work->state->second && (work->order->method == MSK_METHOD_AUTO_PRIORITY ||
                                    work->order->method == MSK_METHOD_RH_PRIORITY);
}

static void
go_second_way(Work *work)
{
    work->state->second = true;
    note(work, MSK_HOST_TASK_EVACUATE, 0.7,
         work->order->method == MSK_METHOD_AUTO_PRIORITY
             ? "Trying the instances that are left again with a reserved host"
             : "Trying the instances that are left again on hosts of the compute service's choice");
    enter(work, MSK_HOST_PHASE_LISTING);
    act(work, MSK_HOST_ACT_LIST);
}

static void
conclude(Work *work)
{
    MskHostRecovery *state = work->state;
    g_autofree char *succeeded =
        msk_host_plan_with_outcome(state->moves, state->first_round, MSK_MOVE_SUCCEEDED);
    g_autofree char *failed =
        msk_host_plan_with_outcome(state->moves, state->first_round, MSK_MOVE_FAILURE);

    if (succeeded != NULL) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.7,
             "Successfully evacuate instances '%s' from host '%s'", succeeded, work->order->host);
    }
    if (failed == NULL) {
        note(work, MSK_HOST_TASK_EVACUATE, 1.0, "Evacuation process completed!");
        finish(work, MSK_OUTCOME_FINISHED, false, "every instance was evacuated");
    } else if (has_second_way(work)) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.7, "Failed to evacuate instances '%s' from host '%s'",
             failed, work->order->host);
        go_second_way(work);
    } else {
        fail(work, MSK_HOST_TASK_EVACUATE,
             g_strdup_printf("Failed to evacuate instances '%s' from host '%s'", failed,
                             work->order->host),
             "not every instance was evacuated");
    }
}

/* ---- events ------------------------------------------------------------------------------ */

/* What a phase asks for, to ask again. */
static const MskHostActKind phase_acts[] = {
    [MSK_HOST_PHASE_GATES] = MSK_HOST_ACT_ASK_GATES,
    [MSK_HOST_PHASE_FENCING] = MSK_HOST_ACT_FENCE,
    [MSK_HOST_PHASE_SERVICE] = MSK_HOST_ACT_GET_SERVICE,
    [MSK_HOST_PHASE_DISABLING] = MSK_HOST_ACT_FORCE_DOWN,
    [MSK_HOST_PHASE_WAITING] = MSK_HOST_ACT_GET_SERVICE,
    [MSK_HOST_PHASE_LISTING] = MSK_HOST_ACT_LIST,
    [MSK_HOST_PHASE_PLANNING] = MSK_HOST_ACT_STORE_PLAN,
    [MSK_HOST_PHASE_RESERVING] = MSK_HOST_ACT_TAKE_RESERVED,
    [MSK_HOST_PHASE_JOINING] = MSK_HOST_ACT_JOIN,
    [MSK_HOST_PHASE_ENABLING] = MSK_HOST_ACT_ENABLE,
};

static int64_t
retry_delay(Work *work)
{
    int64_t delay_us = FIRST_RETRY_US << MIN(work->state->n_tries, 6);

    work->state->n_tries++;
    return MAX(MIN(delay_us, MAX_RETRY_US), work->event->retry_after_us);
}

static void
on_failed(Work *work)
{
    MskHostRecovery *state = work->state;
    bool final = work->event->code == MSK_ERROR_NOT_FOUND ||
                 work->event->code == MSK_ERROR_DENIED || work->event->code == MSK_ERROR_INVALID;

    if (state->phase == MSK_HOST_PHASE_MOVING) {
        state->looking = false;
        state->next_look_us = work->event->now_us + retry_delay(work);
        state->next_new_us = state->next_look_us;
        schedule_look(work);
    } else if (state->phase == MSK_HOST_PHASE_JOINING) {
        note(work, MSK_HOST_TASK_EVACUATE, 0.2, "Host %s could not be added to every aggregate: %s",
             state->reserved, work->event->message);
        enable_reserved(work);
    } else if (final || state->n_tries >= CALL_PATIENCE) {
        fail(work,
             state->phase < MSK_HOST_PHASE_LISTING     ? MSK_HOST_TASK_DISABLE
             : state->phase < MSK_HOST_PHASE_RESERVING ? MSK_HOST_TASK_PREPARE
                                                       : MSK_HOST_TASK_EVACUATE,
             g_strdup_printf("Recovery of host '%s' failed: %s", work->order->host,
                             work->event->message),
             "the cloud refused");
    } else {
        wait(work, retry_delay(work));
    }
}

static void
on_begin(Work *work)
{
    MskHostRecovery *state = work->state;

    state->deadline_us = work->event->now_us + work->order->hold_timeout_us;
    if (state->phase == MSK_HOST_PHASE_MOVING) {
        begin_way(work);
    } else {
        ask_gates(work);
    }
}

static void
on_done(Work *work)
{
    if (work->state->phase == MSK_HOST_PHASE_DISABLING) {
        enter(work, MSK_HOST_PHASE_WAITING);
        work->state->deadline_us = work->event->now_us + work->order->down_timeout_us;
        act(work, MSK_HOST_ACT_GET_SERVICE);
    } else if (work->state->phase == MSK_HOST_PHASE_PLANNING) {
        begin_way(work);
    } else {
        g_assert(work->state->phase == MSK_HOST_PHASE_ENABLING);
        begin_moving(work);
    }
}

static void
on_timer(Work *work)
{
    if (work->state->phase == MSK_HOST_PHASE_MOVING) {
        schedule_look(work);
    } else if (work->state->phase == MSK_HOST_PHASE_SERVICE ||
               work->state->phase == MSK_HOST_PHASE_FENCING) {
        ask_gates(work); /* a storm may have come up meanwhile */
    } else {
        act(work, phase_acts[work->state->phase]);
    }
}

static void
dispatch(Work *work)
{
    switch (work->event->kind) {
    case MSK_HOST_EVENT_BEGIN:
        on_begin(work);
        return;
    case MSK_HOST_EVENT_GATES:
        on_gates(work);
        return;
    case MSK_HOST_EVENT_FENCED:
        on_fenced(work);
        return;
    case MSK_HOST_EVENT_SERVICE:
        on_service(work);
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
        on_looked(work);
        return;
    case MSK_HOST_EVENT_FAILED:
        on_failed(work);
        return;
    case MSK_HOST_EVENT_TIMER:
        on_timer(work);
        return;
    case MSK_HOST_EVENT_MOVE:
        on_move(work);
        return;
    case MSK_HOST_EVENT_STORED:
        on_stored(work);
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
    Work work = {.state = self, .order = order, .event = event};

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
