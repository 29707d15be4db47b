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

/* Its timer may go off in the next phase, where it would be taken for that of another wait. */
static void
test_a_wait_is_over_when_a_look_begins(void)
{
    Fixture self;

    set_up_waiting(&self);
    self.state.looking = false;
    self.state.phase = MSK_HOST_PHASE_LISTING;
    feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER, .now_us = 33 * S});
    g_assert_cmpuint(self.step.acts->len, ==, 0);
    tear_down(&self);
}

static void
test_an_offer_is_for_who_has_waited(void)
{
    static const struct {
        int64_t now_us;
        MskHostPhase phase;
        bool looking;
        bool taken;
    } rows[] = {
        {32 * S + S / 4, MSK_HOST_PHASE_MOVING, false, false}, /* just ordered */
        {34 * S + S * 4 / 10, MSK_HOST_PHASE_MOVING, false, false},
        {34 * S + S / 2, MSK_HOST_PHASE_MOVING, false, true}, /* half of five seconds */
        {34 * S + S / 2, MSK_HOST_PHASE_MOVING, true, false},
        {34 * S + S / 2, MSK_HOST_PHASE_LISTING, false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MskHostEvent done = {.kind = MSK_HOST_EVENT_MOVE,
                             .now_us = 32 * S,
                             .move = 1,
                             .move_event = {.kind = MSK_MOVE_DONE}};
        Fixture self;

        set_up_waiting(&self);
        see_arrival(&self, S * 9 / 10);
        feed(&self, done);
        feed(&self, done);
        g_assert_cmpint(move_at(&self, 1)->move.phase, ==, MSK_MOVE_CONFIRMING);
        g_assert_cmpuint(count(&self, MSK_HOST_ACT_WAIT), ==, 1);
        self.state.looking = rows[i].looking;
        self.state.phase = rows[i].phase;
        feed(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_OFFERED, .now_us = rows[i].now_us});
        g_assert_cmpuint(count(&self, MSK_HOST_ACT_LOOK), ==, rows[i].taken ? 1 : 0);
        g_assert_cmpint(self.state.waiting, ==, !rows[i].taken);
        tear_down(&self);
    }
}

/* ---- several hosts at the same time, in virtual time -------------------------------------- */

#define N_HOSTS  5u
#define N_VMS    10u
#define LIST_US  (S / 10)
#define TAKES_US (3 * S)

typedef struct {
    MskHostRecovery state;
    int64_t ordered_us; /* when its evacuations were */
    int64_t wait_us;    /* INT64_MAX: it does not wait */
    int64_t answer_us;  /* of its look; INT64_MAX: it does not look */
    bool over;
} Host;

typedef struct {
    Host hosts[N_HOSTS];
    bool share;
    bool offering;
    int64_t now_us;
    unsigned n_lists;
    unsigned n_looks;
} Cloud;

static void tell(Cloud *self, Host *host, MskHostEvent event);

static void
look(Cloud *self, Host *host)
{
    self->n_looks++;
    host->answer_us = self->now_us + LIST_US;
    if (self->offering) {
        return;
    }
    self->n_lists++;
    self->offering = self->share;
    for (unsigned i = 0; self->offering && i < N_HOSTS; i++) {
        if (!self->hosts[i].over) {
            tell(self, &self->hosts[i], (MskHostEvent){.kind = MSK_HOST_EVENT_OFFERED});
        }
    }
    self->offering = false;
}

static void
tell(Cloud *self, Host *host, MskHostEvent event)
{
    MskHostOrder own = order;

    own.poll_us = S * 4 / 10;
    own.max_moves = N_VMS;
    event.now_us = self->now_us;
    g_auto(MskHostStep) step = msk_host_recovery_step(&host->state, &own, &event);

    for (unsigned i = 0; i < step.acts->len; i++) {
        const MskHostAct *act = &g_array_index(step.acts, MskHostAct, i);

        if (act->kind == MSK_HOST_ACT_WAIT) {
            host->wait_us = self->now_us + act->delay_us;
        } else if (act->kind == MSK_HOST_ACT_LOOK) {
            look(self, host);
        } else if (act->kind == MSK_HOST_ACT_STORE) {
            tell(self, host, (MskHostEvent){.kind = MSK_HOST_EVENT_STORED, .move = act->move});
        } else {
            g_assert_cmpint(act->kind, ==, MSK_HOST_ACT_FINISH);
            host->over = true;
        }
    }
}

static void
set_up_host(Host *host, int64_t ordered_us)
{
    *host = (Host){.ordered_us = ordered_us, .wait_us = ordered_us, .answer_us = INT64_MAX};
    msk_host_recovery_init(&host->state, 1);
    host->state.phase = MSK_HOST_PHASE_MOVING;
    host->state.waiting = true;
    for (unsigned i = 0; i < N_VMS; i++) {
        g_autofree char *uuid = g_strdup_printf("vm-%u", i);

        msk_host_recovery_add(&host->state, uuid, uuid, "row", "ongoing", NULL);
        MskPlannedMove *planned = g_ptr_array_index(host->state.moves, i);

        msk_vm_move_clear(&planned->move);
        planned->move = (MskVmMove){.phase = MSK_MOVE_CONFIRMING,
                                    .pending = MSK_MOVE_ACT_LOOK,
                                    .stored = true,
                                    .deadline_us = 90 * S};
        planned->begun = true;
        planned->looking = true;
        planned->knows_migrations = true;
        planned->ordered_us = ordered_us;
        planned->look_at_us = ordered_us + S / 2;
    }
}

/* They arrive one after the other. */
static void
answer(Cloud *self, Host *host)
{
    MskListedVm vms[N_VMS];
    int64_t asked_us = self->now_us - LIST_US;

    host->answer_us = INT64_MAX;
    for (unsigned i = 0; i < N_VMS; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(host->state.moves, i);
        bool arrived = asked_us >= host->ordered_us + TAKES_US + i * S * 3 / 10;

        vms[i] = (MskListedVm){.uuid = planned->uuid,
                               .sight = {.elsewhere = arrived, .busy = !arrived, .heard = true}};
    }
    tell(self, host, (MskHostEvent){.kind = MSK_HOST_EVENT_LOOKED, .vms = vms, .n_vms = N_VMS});
}

/* Returns: (nullable) NULL: all are over. */
static Host *
next_host(Cloud *self)
{
    Host *next = NULL;
    int64_t at_us = INT64_MAX;

    for (unsigned i = 0; i < N_HOSTS; i++) {
        Host *host = &self->hosts[i];
        int64_t own_us = MIN(host->answer_us, host->wait_us);

        if (!host->over && own_us < at_us) {
            at_us = own_us;
            next = host;
        }
    }
    self->now_us = next != NULL ? at_us : self->now_us;
    return next;
}

/* Returns: the lists that it took until all VMs of all hosts had arrived, each host reported a
 * little later than the one before. */
static unsigned
count_lists(bool share, int64_t apart_us, unsigned *ret_looks)
{
    Cloud self = {.share = share};
    Host *host = NULL;

    for (unsigned i = 0; i < N_HOSTS; i++) {
        set_up_host(&self.hosts[i], i * apart_us);
    }
    while ((host = next_host(&self)) != NULL) {
        if (host->answer_us <= self.now_us) {
            answer(&self, host);
        } else {
            host->wait_us = INT64_MAX;
            tell(&self, host, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER});
        }
    }
    for (unsigned i = 0; i < N_HOSTS; i++) {
        for (unsigned j = 0; j < N_VMS; j++) {
            const MskPlannedMove *planned = g_ptr_array_index(self.hosts[i].state.moves, j);

            g_assert_cmpint(planned->move.outcome, ==, MSK_MOVE_SUCCEEDED);
        }
        msk_host_recovery_clear(&self.hosts[i].state);
    }
    *ret_looks = self.n_looks;
    return self.n_lists;
}

static void
test_hosts_share_their_looks(void)
{
    static const int64_t apart_us[] = {0, S / 10, S * 37 / 100};

    for (size_t i = 0; i < G_N_ELEMENTS(apart_us); i++) {
        unsigned n_alone = 0;
        unsigned n_looks = 0;
        unsigned n_lists = count_lists(true, apart_us[i], &n_looks);

        g_assert_cmpuint(count_lists(false, apart_us[i], &n_alone), ==, n_alone);
        g_test_message("%.2f s apart: %u lists for %u looks; alone: %u", (double) apart_us[i] / S,
                       n_lists, n_looks, n_alone);
        g_assert_cmpuint(n_lists, <=, n_alone / 3); /* of five hosts; in step, a fifth */
        g_assert_cmpuint(n_looks, <=, n_alone + n_alone / 4);
    }
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
    g_test_add_func("/host_moves/wait_over", test_a_wait_is_over_when_a_look_begins);
    g_test_add_func("/host_moves/offer", test_an_offer_is_for_who_has_waited);
    g_test_add_func("/host_moves/hosts_share_looks", test_hosts_share_their_looks);
    return g_test_run();
}
