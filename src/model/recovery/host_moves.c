/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_moves.h"

#include "model/recovery/host_plan.h"
#include "model/recovery/look_pace.h"

#define FRESH_US INT64_C(2000000) /* the age of a sight that a move may begin with */

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

/* Keeps how the VMs are that are not begun. One that a complete look does not tell of is as it was
 * when it was seen last. */
static void
see_waiting(MskHostWork *work, GHashTable *vms)
{
    const MskHostEvent *event = work->event;

    for (unsigned i = 0; i < work->state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(work->state->moves, i);
        const MskListedVm *vm = planned->begun ? NULL : g_hash_table_lookup(vms, planned->uuid);

        if (vm != NULL) {
            msk_planned_move_see(planned, &vm->sight, event->asked_us, event->now_us);
        } else if (!planned->begun && event->complete_us > 0 &&
                   planned->asked_us >= event->complete_us) {
            planned->seen_us = event->now_us;
            planned->asked_us = event->asked_us;
        }
    }
}

void
msk_host_moves_see(MskHostWork *work)
{
    g_autoptr(GHashTable) vms = index_vms(work->event);

    see_waiting(work, vms);
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
    feed(work, index, &begin);
}

/* What there is to look at. */
typedef struct {
    unsigned n_under_way;
    bool more;            /* some wait for a place */
    int64_t ordered_us;   /* the first order of those under way; INT64_MAX: none by this engine */
    int64_t new_due_us;   /* a look at moves that nothing was done for yet; INT64_MAX: none */
    int64_t sent_due_us;  /* at those that Nova evacuates */
    int64_t other_due_us; /* and at the others */
    int64_t seen_us;      /* when those that wait for a place were seen; INT64_MAX: never */
} Survey;

static void
add_to_survey(Survey *survey, const MskPlannedMove *planned)
{
    MskMovePhase phase = planned->move.phase;
    int64_t *due_us = !planned->move.stored          ? &survey->new_due_us
                      : phase == MSK_MOVE_CONFIRMING ? &survey->sent_due_us
                                                     : &survey->other_due_us;

    if (planned->looking) {
        *due_us = MIN(*due_us, planned->look_at_us);
    }
    if (!planned->begun && phase != MSK_MOVE_OVER) {
        survey->more = true;
        survey->seen_us =
            planned->asked_us > 0 ? MIN(survey->seen_us, planned->asked_us) : survey->seen_us;
    } else if (phase >= MSK_MOVE_CONFIRMING && phase < MSK_MOVE_UNLOCKING) {
        survey->n_under_way++;
        survey->ordered_us = planned->ordered_us > 0 ? MIN(survey->ordered_us, planned->ordered_us)
                                                     : survey->ordered_us;
    }
}

static Survey
survey_moves(const MskHostRecovery *state)
{
    Survey survey = {.ordered_us = INT64_MAX,
                     .new_due_us = INT64_MAX,
                     .sent_due_us = INT64_MAX,
                     .other_due_us = INT64_MAX,
                     .seen_us = INT64_MAX};

    for (unsigned i = 0; i < state->moves->len; i++) {
        add_to_survey(&survey, g_ptr_array_index(state->moves, i));
    }
    return survey;
}

/* Returns: when the next look is worth to be made. */
static int64_t
paced(const MskHostWork *work, const Survey *survey)
{
    const MskHostRecovery *state = work->state;
    int64_t now_us = work->event->now_us;
    MskLookPace facts = {
        .n_under_way = survey->n_under_way,
        .more = survey->more,
        .typical_us = state->typical_us,
        .oldest_us = survey->ordered_us == INT64_MAX ? 0 : now_us - survey->ordered_us,
        .look_us = state->look_us,
        .since_us = now_us - state->looked_us,
        .min_us = work->order->poll_us,
        .last_us = work->order->max_poll_us,
    };

    return now_us + msk_look_pace(&facts);
}

/* Returns: when a look is due; INT64_MAX: none is. */
static int64_t
look_due(const MskHostWork *work, const Survey *survey)
{
    const MskHostRecovery *state = work->state;

    int64_t due_us = survey->new_due_us;

    if (survey->other_due_us != INT64_MAX) {
        int64_t again_us = state->looked_us > 0 ? state->looked_us + work->order->poll_us : 0;

        due_us = MIN(due_us, MAX(survey->other_due_us, again_us));
    }
    if (survey->sent_due_us != INT64_MAX) {
        due_us = MIN(due_us, MAX(survey->sent_due_us, paced(work, survey)));
    }
    return due_us == INT64_MAX ? due_us : MAX(due_us, state->next_look_us);
}

/* Whether it waits for Nova alone, and not for an order that may still take effect. */
static bool
is_paced(const MskPlannedMove *planned)
{
    return planned->move.phase == MSK_MOVE_CONFIRMING && !planned->asks_migrations;
}

/* @due_us: when this look would have been made, if nobody had offered it. */
static void
begin_look(MskHostWork *work, const Survey *survey, int64_t due_us)
{
    MskHostRecovery *state = work->state;
    MskHostAct look = {.kind = MSK_HOST_ACT_LOOK};
    bool serves = false;

    state->look_new = survey->new_due_us <= work->event->now_us;
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);
        int64_t last_us = is_paced(planned) ? due_us : work->event->now_us;

        planned->served = planned->looking && planned->move.stored != state->look_new &&
                          planned->look_at_us <= last_us;
        look.migrations = look.migrations || (planned->served && planned->asks_migrations);
        serves = serves || planned->served;
    }
    if (!serves) {
        return; /* an offer of no use */
    }
    if (!state->look_new && survey->seen_us != INT64_MAX) {
        look.since_us = survey->seen_us;
    }
    state->waiting = false;
    state->looking = true;
    state->look_migrations = look.migrations;
    state->began_us = work->event->now_us;
    msk_host_work_add(work, look);
}

/* One look serves all whose time has come. Those that nothing was done for yet are on the host and
 * are looked for there, at once; the others may be anywhere, and are looked for at Nova's pace. */
void
msk_host_moves_schedule(MskHostWork *work)
{
    MskHostRecovery *state = work->state;

    if (state->looking || state->phase != MSK_HOST_PHASE_MOVING) {
        return;
    }
    Survey survey = survey_moves(state);
    int64_t due_us = look_due(work, &survey);

    if (due_us == INT64_MAX) {
        return;
    }
    if (due_us > work->event->now_us) {
        msk_host_work_wait(work, due_us - work->event->now_us);
    } else {
        begin_look(work, &survey, work->event->now_us);
    }
}

/* Whether half of the time from the last look to the next is over. So hosts that are looked at
 * equally often soon share each list, and one that is looked at seldom is not looked at each time.
 */
static bool
is_about_due(const MskHostWork *work, const Survey *survey, int64_t due_us)
{
    const MskHostRecovery *state = work->state;
    int64_t now_us = work->event->now_us;
    int64_t since_us = survey->ordered_us == INT64_MAX ? state->began_us
                                                       : MAX(state->began_us, survey->ordered_us);

    return due_us != INT64_MAX && state->next_look_us <= now_us &&
           due_us - now_us <= now_us - since_us;
}

void
msk_host_moves_on_offered(MskHostWork *work)
{
    MskHostRecovery *state = work->state;

    if (state->looking || state->phase != MSK_HOST_PHASE_MOVING) {
        return;
    }
    Survey survey = survey_moves(state);
    int64_t due_us = look_due(work, &survey);

    if (is_about_due(work, &survey, due_us)) {
        begin_look(work, &survey, due_us);
    }
}

/* A VM whose fate is known needs its place no more, though it is still to be unlocked, and its row
 * to be stored. */
static bool
is_settled(const MskPlannedMove *planned)
{
    return planned->move.phase >= MSK_MOVE_UNLOCKING;
}

bool
msk_host_moves_fill(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    unsigned n_places = MAX(work->order->max_moves, 1);
    unsigned n_open = 0;

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        n_open += planned->begun && !planned->stored ? 1 : 0;
        n_places -= planned->begun && !is_settled(planned) ? 1 : 0;
    }
    for (unsigned i = 0; i < state->moves->len && n_places > 0; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (!planned->begun && planned->move.phase != MSK_MOVE_OVER) {
            begin_move(work, i);
            n_open++;
            n_places -= is_settled(planned) ? 0 : 1;
        }
    }
    if (n_open == 0) {
        return false;
    }
    msk_host_moves_schedule(work);
    return true;
}

static int64_t
smooth(int64_t of_late_us, int64_t us)
{
    return of_late_us == 0 ? us : (3 * of_late_us + us) / 4;
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
        *typical_us = smooth(*typical_us, work->event->now_us - planned->ordered_us);
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

/* @room: a place may have become free. What ends with it is stored first, so it is not the end. */
static void
go_on(MskHostWork *work, bool room)
{
    if (room) {
        (void) msk_host_moves_fill(work);
    } else {
        msk_host_moves_schedule(work);
    }
}

void
msk_host_moves_on_move(MskHostWork *work)
{
    MskMoveEvent event = work->event->move_event;
    const MskPlannedMove *planned = g_ptr_array_index(work->state->moves, work->event->move);
    bool settled = is_settled(planned);

    event.now_us = work->event->now_us;
    feed(work, work->event->move, &event);
    go_on(work, is_settled(planned) && !settled);
}

/* Serves a move that the look was for. @vm: (nullable) */
static void
serve(MskHostWork *work, unsigned index, const MskListedVm *vm)
{
    MskHostRecovery *state = work->state;
    MskPlannedMove *planned = g_ptr_array_index(state->moves, index);
    MskMoveEvent event = {.kind = MSK_MOVE_SIGHT, .now_us = work->event->now_us};

    planned->served = false;
    if (vm == NULL) {
        planned->look_at_us = work->event->now_us + work->order->move.retry_us;
        return;
    }
    MskSight sight = vm->sight;

    sight.migrations_asked = state->look_migrations;
    sight.evacuating = sight.evacuating && state->look_migrations;
    sight.heard = sight.heard && state->look_migrations;
    planned->knows_migrations = planned->knows_migrations || state->look_migrations;
    event.sight = &sight;
    planned->looking = false;
    feed(work, index, &event);
}

void
msk_host_moves_on_looked(MskHostWork *work)
{
    MskHostRecovery *state = work->state;
    g_autoptr(GHashTable) vms = index_vms(work->event);
    bool room = false;

    see_waiting(work, vms);
    state->looking = false;
    state->n_tries = 0;
    if (!state->look_new) {
        state->looked_us = work->event->now_us;
        state->look_us = smooth(state->look_us, work->event->now_us - state->began_us);
    }
    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->served) {
            serve(work, i, g_hash_table_lookup(vms, planned->uuid));
            room = room || is_settled(planned);
        }
    }
    go_on(work, room);
}

void
msk_host_moves_on_failed(MskHostWork *work, int64_t delay_us)
{
    MskHostRecovery *state = work->state;

    state->looking = false;
    state->next_look_us = work->event->now_us + delay_us;
    msk_host_moves_schedule(work);
}
