/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_moves.h"

#include "model/recovery/host_plan.h"

#define FRESH_US INT64_C(2000000) /* the age of a sight that a move may begin with */
#define LOOKS    INT64_C(5)       /* in the time that two evacuations take */

static void feed(MskHostWork *work, unsigned index, const MskMoveEvent *event);

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
see_waiting(MskHostWork *work, GHashTable *vms)
{
    for (unsigned i = 0; i < work->state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(work->state->moves, i);
        const MskListedVm *vm = planned->begun ? NULL : g_hash_table_lookup(vms, planned->uuid);

        if (vm != NULL) {
            msk_planned_move_see(planned, &vm->sight, work->event->now_us);
        }
    }
}

void
msk_host_moves_see(MskHostWork *work)
{
    g_autoptr(GHashTable) vms = index_vms(work->event);

    see_waiting(work, vms);
}

/* Nova's own pace says how often it is worth to look. */
static int64_t
first_poll(const MskHostWork *work)
{
    int64_t wanted_us = work->state->typical_us * 2 / LOOKS;

    return CLAMP(wanted_us, work->order->poll_us,
                 MAX(work->order->poll_us, work->order->max_poll_us));
}

static void
begin_move(MskHostWork *work, unsigned index)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, index);
    MskMoveEvent begin = {.kind = MSK_MOVE_BEGIN, .now_us = work->event->now_us};
    bool fresh = planned->seen_us > 0 && work->event->now_us - planned->seen_us <= FRESH_US;

    if (planned->move.phase == MSK_MOVE_PENDING) {
        msk_host_work_note(work, MSK_HOST_TASK_EVACUATE, 0.5,
                           "Evacuation of instance started: '%s'", planned->uuid);
    }
    planned->begun = true;
    /* One that somebody evacuates is shown at rest for a moment before it is elsewhere. Ordered
     * then, a second evacuation would start it twice. */
    fresh =
        planned->knows_migrations && (fresh || (planned->seen_us > 0 && planned->sight.evacuating));
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
void
msk_host_moves_schedule(MskHostWork *work)
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
        msk_host_work_wait(work, due_us - work->event->now_us);
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
    msk_host_work_add(
        work, (MskHostAct){.kind = MSK_HOST_ACT_LOOK, .migrations = state->look_migrations});
}

bool
msk_host_moves_fill(MskHostWork *work)
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
        return false;
    }
    msk_host_moves_schedule(work);
    return true;
}

static void
learn_pace(MskHostWork *work, MskPlannedMove *planned, MskMovePhase before)
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
feed(MskHostWork *work, unsigned index, const MskMoveEvent *event)
{
    MskPlannedMove *planned = g_ptr_array_index(work->state->moves, index);
    MskMovePhase before = planned->move.phase;
    MskMoveAct call = msk_vm_move_step(&planned->move, &work->order->move, event);

    learn_pace(work, planned, before);
    if (call.kind == MSK_MOVE_ACT_LOOK) {
        planned->looking = true;
        planned->asks_migrations = call.migrations || !planned->knows_migrations;
        planned->look_at_us = work->event->now_us + call.delay_us;
    } else if (call.kind == MSK_MOVE_ACT_FINISH) {
        msk_host_work_add(work, (MskHostAct){.kind = MSK_HOST_ACT_STORE, .move = index});
    } else {
        msk_host_work_add(work,
                          (MskHostAct){.kind = MSK_HOST_ACT_MOVE, .move = index, .call = call});
    }
}

void
msk_host_moves_on_move(MskHostWork *work)
{
    MskMoveEvent event = work->event->move_event;

    event.now_us = work->event->now_us;
    feed(work, work->event->move, &event);
    msk_host_moves_schedule(work);
}

void
msk_host_moves_on_looked(MskHostWork *work)
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
        planned->knows_migrations = planned->knows_migrations || state->look_migrations;
        event.sight = &sight;
        planned->looking = false;
        feed(work, i, &event);
    }
    msk_host_moves_schedule(work);
}

void
msk_host_moves_on_failed(MskHostWork *work, int64_t delay_us)
{
    MskHostRecovery *state = work->state;

    state->looking = false;
    state->next_look_us = work->event->now_us + delay_us;
    state->next_new_us = state->next_look_us;
    msk_host_moves_schedule(work);
}
