/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_moves.h"

#define S INT64_C(1000000)

static const MskHostOrder order = {.host = "h1",
                                   .all_instances = true,
                                   .max_moves = 2,
                                   .poll_us = S / 5,
                                   .max_poll_us = 5 * S,
                                   .move = {.evacuate_timeout_us = 90 * S, .retry_us = S / 2}};

typedef struct {
    MskHostRecovery state;
    MskHostStep step;  /* of the last event */
    unsigned n_places; /* max_moves */
} Fixture;

static void
set_up(Fixture *self, unsigned n_moves)
{
    static const char *const uuids[] = {"vm-1", "vm-2", "vm-3"};

    *self = (Fixture){.n_places = 2};
    msk_host_recovery_init(&self->state, 1);
    g_assert_cmpuint(n_moves, <=, G_N_ELEMENTS(uuids));
    for (unsigned i = 0; i < n_moves; i++) {
        msk_host_recovery_add(&self->state, uuids[i], uuids[i], "row", "pending", NULL);
    }
    self->state.phase = MSK_HOST_PHASE_MOVING;
}

static void
tear_down(Fixture *self)
{
    msk_host_step_clear(&self->step);
    msk_host_recovery_clear(&self->state);
}

static void
feed(Fixture *self, MskHostEvent event)
{
    MskHostOrder own = order;

    own.max_moves = self->n_places;
    msk_host_step_clear(&self->step);
    self->step = msk_host_recovery_step(&self->state, &own, &event);
}

static unsigned
count(const Fixture *self, MskHostActKind kind)
{
    unsigned n = 0;

    for (unsigned i = 0; i < self->step.acts->len; i++) {
        n += g_array_index(self->step.acts, MskHostAct, i).kind == kind ? 1 : 0;
    }
    return n;
}

static const MskPlannedMove *
move_at(const Fixture *self, unsigned index)
{
    return g_ptr_array_index(self->state.moves, index);
}

static void
test_one_look_serves_all_that_wait(void)
{
    MskListedVm vms[] = {{.uuid = (char[]){"vm-1"}, .sight = {.heard = true}},
                         {.uuid = (char[]){"vm-2"}, .sight = {.heard = true}}};
    MskHostEvent looked = {
        .kind = MSK_HOST_EVENT_LOOKED, .now_us = S, .vms = vms, .n_vms = G_N_ELEMENTS(vms)};
    Fixture self;

    set_up(&self, 3);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, 1);
    g_assert_cmpuint(self.step.acts->len, ==, 1);
    g_assert_true(move_at(&self, 1)->begun);
    g_assert_false(move_at(&self, 2)->begun); /* there is room for two */
    feed(&self, looked);
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_MOVE), ==, 2);
    tear_down(&self);
}

/* Its row is still to be stored; and what is not stored is not the end. */
static void
test_what_is_settled_makes_room(void)
{
    MskListedVm vms[] = {{.uuid = (char[]){"vm-1"}, .sight = {.gone = true}},
                         {.uuid = (char[]){"vm-2"}}};
    MskHostEvent looked = {
        .kind = MSK_HOST_EVENT_LOOKED, .now_us = S, .vms = vms, .n_vms = G_N_ELEMENTS(vms)};
    Fixture self;

    set_up(&self, 3);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    feed(&self, looked);
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_STORE), ==, 1);
    g_assert_true(move_at(&self, 2)->begun);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_STORED, .now_us = S, .move = 0});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_FINISH), ==, 0);
    tear_down(&self);
}

/* One under way, two that wait: seen when they were listed, at 1 s, asked for at 0.9 s. */
static void
set_up_waiting(Fixture *self)
{
    MskListedVm vms[] = {{.uuid = (char[]){"vm-1"}, .sight = {.heard = true}},
                         {.uuid = (char[]){"vm-2"}, .sight = {.migrations_asked = true}},
                         {.uuid = (char[]){"vm-3"}, .sight = {.migrations_asked = true}}};
    MskHostEvent looked = {.kind = MSK_HOST_EVENT_LOOKED,
                           .now_us = S,
                           .asked_us = S * 9 / 10,
                           .vms = vms,
                           .n_vms = G_N_ELEMENTS(vms)};
    MskHostEvent done = {.kind = MSK_HOST_EVENT_MOVE, .move_event = {.kind = MSK_MOVE_DONE}};

    set_up(self, 3);
    self->n_places = 1;
    for (unsigned i = 0; i < self->state.moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        planned->move = (MskVmMove){.phase = MSK_MOVE_PENDING};
    }
    feed(self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    feed(self, looked);
    g_assert_cmpuint(count(self, MSK_HOST_ACT_MOVE), ==, 1); /* lock */
    done.now_us = S;
    feed(self, done);
    g_assert_cmpuint(count(self, MSK_HOST_ACT_MOVE), ==, 1); /* evacuate */
    feed(self, done);
    g_assert_cmpint(move_at(self, 0)->move.phase, ==, MSK_MOVE_CONFIRMING);
    feed(self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER, .now_us = 31 * S});
    g_assert_cmpuint(count(self, MSK_HOST_ACT_LOOK), ==, 1);
    g_assert_cmpint(g_array_index(self->step.acts, MskHostAct, 0).since_us, ==, S * 9 / 10);
}

/* vm-1 has arrived; of vm-2, which waits, the look says nothing. */
static void
see_arrival(Fixture *self, int64_t complete_us)
{
    MskListedVm vm = {.uuid = (char[]){"vm-1"}, .sight = {.elsewhere = true}};

    feed(self, (MskHostEvent){.kind = MSK_HOST_EVENT_LOOKED,
                              .now_us = 32 * S,
                              .asked_us = S * 315 / 10,
                              .complete_us = complete_us,
                              .vms = &vm,
                              .n_vms = 1});
    g_assert_true(move_at(self, 1)->begun);
}

static bool
is_ordered(const Fixture *self, MskMoveActKind kind)
{
    for (unsigned i = 0; i < self->step.acts->len; i++) {
        const MskHostAct *act = &g_array_index(self->step.acts, MskHostAct, i);

        if (act->kind == MSK_HOST_ACT_MOVE && act->move == 1 && act->call.kind == kind) {
            return true;
        }
    }
    return false;
}

static void
test_what_did_not_change_need_not_be_looked_at(void)
{
    Fixture self;

    set_up_waiting(&self);
    see_arrival(&self, S * 9 / 10);
    g_assert_true(is_ordered(&self, MSK_MOVE_ACT_LOCK));
    g_assert_cmpint(move_at(&self, 2)->asked_us, ==, S * 315 / 10);
    tear_down(&self);
}

/* A look that is not complete, or only since a time after the VM was seen, says nothing of it. */
static void
test_what_may_have_changed_is_looked_at(void)
{
    const int64_t complete_us[] = {0, S * 9 / 10 + 1, 20 * S};
    Fixture self;

    for (size_t i = 0; i < G_N_ELEMENTS(complete_us); i++) {
        set_up_waiting(&self);
        see_arrival(&self, complete_us[i]);
        g_assert_false(is_ordered(&self, MSK_MOVE_ACT_LOCK));
        g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, 1);
        tear_down(&self);
    }
}

/* A VM that the cloud did not tell of is looked at again; it is not taken for gone. */
static void
test_silence_about_a_vm_says_nothing(void)
{
    MskHostEvent looked = {.kind = MSK_HOST_EVENT_LOOKED, .now_us = S};
    Fixture self;

    set_up(&self, 1);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    feed(&self, looked);
    g_assert_cmpuint(self.step.acts->len, ==, 1);
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_WAIT), ==, 1);
    g_assert_cmpint(move_at(&self, 0)->move.phase, !=, MSK_MOVE_OVER);
    tear_down(&self);
}

static void
test_a_look_that_failed_is_repeated_later(void)
{
    MskHostEvent failed = {.kind = MSK_HOST_EVENT_FAILED,
                           .now_us = S,
                           .code = MSK_ERROR_UNAVAILABLE,
                           .retry_after_us = 7 * S};
    Fixture self;

    set_up(&self, 1);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    feed(&self, failed);
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_WAIT), ==, 1);
    g_assert_cmpint(g_array_index(self.step.acts, MskHostAct, 0).delay_us, ==, 7 * S);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER, .now_us = 8 * S});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, 1);
    tear_down(&self);
}

/* A VM that somebody evacuates is shown at rest on its old host before it is elsewhere: what was
 * seen of its evacuation when the plan was made counts, for however long it had to wait. */
static void
test_a_vm_that_somebody_evacuates_is_not_evacuated(void)
{
    MskListedVm listed = {.uuid = (char[]){"vm-1"},
                          .sight = {.migrations_asked = true, .evacuating = true, .busy = true}};
    MskListedVm at_rest = {.uuid = (char[]){"vm-1"}};
    MskListedVm elsewhere = {.uuid = (char[]){"vm-1"}, .sight = {.elsewhere = true}};
    Fixture self;

    set_up(&self, 0);
    self.state.phase = MSK_HOST_PHASE_LISTING;
    feed(&self,
         (MskHostEvent){.kind = MSK_HOST_EVENT_LISTED, .now_us = S, .vms = &listed, .n_vms = 1});
    self.state.phase = MSK_HOST_PHASE_MOVING;
    /* Another move's look, long after, asks for no migrations. */
    self.state.looking = true;
    feed(&self, (MskHostEvent){
                    .kind = MSK_HOST_EVENT_LOOKED, .now_us = 60 * S, .vms = &at_rest, .n_vms = 1});
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN, .now_us = 90 * S});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_MOVE), ==, 0);
    g_assert_cmpint(move_at(&self, 0)->move.phase, ==, MSK_MOVE_CONFIRMING);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER, .now_us = 92 * S});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, 1);
    feed(&self,
         (MskHostEvent){
             .kind = MSK_HOST_EVENT_LOOKED, .now_us = 93 * S, .vms = &elsewhere, .n_vms = 1});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_STORE), ==, 1);
    g_assert_cmpint(move_at(&self, 0)->move.outcome, ==, MSK_MOVE_SUCCEEDED);
    tear_down(&self);
}

/* A successor does not know of the migrations that its predecessor has seen. */
static void
test_a_successor_asks_for_migrations_first(void)
{
    Fixture self;

    set_up(&self, 1);
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN});
    g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, 1);
    g_assert_true(g_array_index(self.step.acts, MskHostAct, 0).migrations);
    tear_down(&self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_moves/one_look", test_one_look_serves_all_that_wait);
    g_test_add_func("/host_moves/room", test_what_is_settled_makes_room);
    g_test_add_func("/host_moves/unchanged", test_what_did_not_change_need_not_be_looked_at);
    g_test_add_func("/host_moves/may_have_changed", test_what_may_have_changed_is_looked_at);
    g_test_add_func("/host_moves/silence", test_silence_about_a_vm_says_nothing);
    g_test_add_func("/host_moves/somebody", test_a_vm_that_somebody_evacuates_is_not_evacuated);
    g_test_add_func("/host_moves/successor", test_a_successor_asks_for_migrations_first);
    g_test_add_func("/host_moves/failed", test_a_look_that_failed_is_repeated_later);
    return g_test_run();
}
