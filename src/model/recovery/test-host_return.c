/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_return.h"

#include <string.h>

#define S INT64_C(1000000)

static const MskReturnOrder order = {.host = "h1",
                                     .after_us = 60 * S,
                                     .window_us = 86400 * S,
                                     .max_failures = 3,
                                     .beat_age_us = 30 * S};

/* A host as the recovery of its failure left it, and beats again. */
static const MskReturnFacts back = {
    .on_maintenance = true, .n_failures = 1, .ours = true, .forced_down = true};

/* ---- one look at a time ------------------------------------------------------------------ */

static MskReturnActKind
look(MskHostReturn *self, MskReturnFacts facts, int64_t now_us, char **ret_note)
{
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_LOOKED, .now_us = now_us, .facts = facts};

    event.facts.beat_us = now_us / (10 * S) * 10 * S + S;
    event.facts.age_us = now_us - event.facts.beat_us + S;
    g_auto(MskReturnStep) step = msk_host_return_step(self, &order, &event);

    if (ret_note != NULL) {
        *ret_note = g_steal_pointer(&step.note);
    }
    return step.act;
}

/* Returns: the first action that is no wait, when the host beats all the time; its moment. */
static MskReturnActKind
watch(MskHostReturn *self, MskReturnFacts facts, int64_t *now_us)
{
    for (unsigned i = 0; i < 1000; i++) {
        MskReturnActKind act = look(self, facts, *now_us, NULL);

        if (act != MSK_RETURN_ACT_WAIT) {
            return act;
        }
        *now_us += 5 * S;
    }
    return MSK_RETURN_ACT_WAIT;
}

static void
test_each_thing_is_done_in_its_turn(void)
{
    static const struct {
        bool taken;
        bool forced_down;
        bool up;
        bool on_maintenance;
        bool enabled;
        MskReturnActKind act;
    } table[] = {
        {false, true, false, true, false, MSK_RETURN_ACT_TAKE},
        {true, true, false, true, false, MSK_RETURN_ACT_LIFT},
        {true, false, false, true, false, MSK_RETURN_ACT_WAIT}, /* Nova does not see it yet */
        {true, false, true, true, false, MSK_RETURN_ACT_CLEAR},
        {true, false, true, false, false, MSK_RETURN_ACT_ENABLE},
        {true, false, true, false, true, MSK_RETURN_ACT_END},
        {true, false, true, true, true, MSK_RETURN_ACT_CLEAR}, /* a person was quicker */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_auto(MskHostReturn) self = {0};
        MskReturnFacts facts = back;
        int64_t now_us = 100 * S;

        g_test_message("row %zu", i);
        facts.taken = table[i].taken;
        facts.forced_down = table[i].forced_down;
        facts.up = table[i].up;
        facts.on_maintenance = table[i].on_maintenance;
        facts.enabled = table[i].enabled;
        g_assert_cmpint(watch(&self, facts, &now_us), ==, table[i].act);
        g_assert_cmpint(now_us, >=, 160 * S);
    }
}

static void
test_the_more_failures_the_longer_it_is_watched(void)
{
    static const int64_t lived_s[] = {60, 60, 120, 240};

    for (unsigned n = 1; n < G_N_ELEMENTS(lived_s); n++) {
        g_auto(MskHostReturn) self = {0};
        MskReturnFacts facts = back;
        int64_t now_us = 100 * S;

        facts.n_failures = n;
        g_assert_cmpint(watch(&self, facts, &now_us), ==, MSK_RETURN_ACT_TAKE);
        /* The first new heartbeat is seen at 110 s. */
        g_assert_cmpint(now_us, ==, (110 + lived_s[n]) * S);
    }
    g_assert_cmpint(msk_return_delay_us(&order, 0), ==, 60 * S);
    g_assert_cmpint(msk_return_delay_us(&order, 1000000), ==, 1024 * order.after_us);
}

static void
test_some_are_left_to_people(void)
{
    static const struct {
        bool taken;
        unsigned n_failures;
        bool ours;
        bool enabled;
        bool forced_down;
        const char *word;
    } table[] = {
        {false, 4, true, false, true, "4 times"},
        {false, 1, false, false, true, "reason"},
        {true, 1, false, false, false, "reason"},
        {false, 1, true, true, false, "in use"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_auto(MskHostReturn) self = {0};
        MskReturnFacts facts = back;
        int64_t now_us = 100 * S;
        g_autofree char *note = NULL;
        g_autofree char *second = NULL;

        g_test_message("row %zu", i);
        facts.taken = table[i].taken;
        facts.n_failures = table[i].n_failures;
        facts.ours = table[i].ours;
        facts.enabled = table[i].enabled;
        facts.forced_down = table[i].forced_down;
        facts.up = !facts.forced_down;
        g_assert_cmpint(look(&self, facts, now_us, &note), ==, MSK_RETURN_ACT_WAIT);
        g_assert_nonnull(note);
        g_assert_nonnull(strstr(note, table[i].word));
        g_assert_cmpint(look(&self, facts, now_us + S, &second), ==, MSK_RETURN_ACT_WAIT);
        g_assert_null(second); /* told once */
        g_assert_cmpint(watch(&self, facts, &now_us), ==, MSK_RETURN_ACT_WAIT);
    }
}

/* The row of a dead host's service is written by whoever forces it down. */
static void
test_one_write_is_no_life(void)
{
    g_auto(MskHostReturn) self = {0};
    MskReturnOrder at_once = order;

    at_once.after_us = 0;
    for (int64_t now_us = 100 * S; now_us < 300 * S; now_us += 5 * S) {
        MskReturnEvent event = {.kind = MSK_RETURN_EVENT_LOOKED, .now_us = now_us, .facts = back};

        event.facts.beat_us = now_us < 110 * S ? 80 * S : 110 * S;
        event.facts.age_us = now_us - event.facts.beat_us;
        g_auto(MskReturnStep) step = msk_host_return_step(&self, &at_once, &event);

        g_assert_cmpint(step.act, ==, MSK_RETURN_ACT_WAIT);
    }
}

static void
test_a_break_begins_anew(void)
{
    g_auto(MskHostReturn) self = {0};
    int64_t now_us = 100 * S;
    MskReturnEvent silent = {.kind = MSK_RETURN_EVENT_LOOKED, .facts = back};

    for (; now_us < 155 * S; now_us += 5 * S) {
        g_assert_cmpint(look(&self, back, now_us, NULL), ==, MSK_RETURN_ACT_WAIT);
    }
    silent.now_us = now_us;
    silent.facts.beat_us = now_us - 31 * S;
    silent.facts.age_us = 31 * S;
    g_auto(MskReturnStep) step = msk_host_return_step(&self, &order, &silent);

    g_assert_cmpint(step.act, ==, MSK_RETURN_ACT_WAIT);
    int64_t again_us = now_us += 5 * S;

    g_assert_cmpint(watch(&self, back, &now_us), ==, MSK_RETURN_ACT_TAKE);
    g_assert_cmpint(now_us, >=, again_us + 60 * S);
    now_us += 60 * S; /* nobody looked: who knows what happened */
    again_us = now_us;
    g_assert_cmpint(watch(&self, back, &now_us), ==, MSK_RETURN_ACT_TAKE);
    g_assert_cmpint(now_us, >=, again_us + 60 * S);
}

static void
test_a_failure_is_told_and_looked_after(void)
{
    g_auto(MskHostReturn) self = {0};
    MskReturnEvent failed = {.kind = MSK_RETURN_EVENT_FAILED, .message = "restart nova-compute"};

    for (int i = 0; i < 2; i++) {
        g_auto(MskReturnStep) step = msk_host_return_step(&self, &order, &failed);

        g_assert_cmpint(step.act, ==, MSK_RETURN_ACT_WAIT);
        g_assert_true((step.note != NULL) == (i == 0));
    }
    g_auto(MskReturnStep) step =
        msk_host_return_step(&self, &order, &(MskReturnEvent){.kind = MSK_RETURN_EVENT_DONE});

    g_assert_cmpint(step.act, ==, MSK_RETURN_ACT_WAIT);
}

/* ---- a model of Nova and of engines that die --------------------------------------------- */

/* A host that dies and lives as it likes; engines forget what they saw when they die; calls fail,
 * also after they went through. */
typedef struct {
    GRand *dice;
    int64_t now_us;
    MskReturnFacts facts;
    bool alive;
    bool cleaned_up; /* nova-compute was started since the evacuations */
    int64_t born_us; /* since when it is alive */
    bool ended;
    unsigned n_orders;
} World;

static bool
chance(World *world, int percent)
{
    return g_rand_int_range(world->dice, 0, 100) < percent;
}

static void
pass(World *world, int64_t delay_us)
{
    for (int64_t until_us = world->now_us + delay_us; world->now_us < until_us;
         world->now_us += S) {
        bool calm = world->now_us > 20000 * S; /* in the end all is well */

        if (world->alive && !calm && chance(world, 1)) {
            world->alive = false;
        } else if (!world->alive && (calm || chance(world, 2))) {
            world->alive = true;
            world->cleaned_up = true;
            world->born_us = world->now_us;
        }
        if (world->alive && world->now_us / S % 10 == 0) {
            world->facts.beat_us = world->now_us + S;
        }
        world->facts.age_us = world->now_us + S - world->facts.beat_us;
        world->facts.up = !world->facts.forced_down && world->facts.age_us < 60 * S;
    }
}

/* What must never be. Returns: whether Nova takes the order. */
static bool
order_given(World *world, MskReturnActKind act)
{
    g_assert_true(world->facts.taken);
    world->n_orders++;
    if (act == MSK_RETURN_ACT_LIFT) {
        /* Seen alive for long; it may have died since its last heartbeat. */
        g_assert_true(world->alive || world->facts.age_us <= order.beat_age_us + S);
        return world->cleaned_up;
    }
    g_assert_false(world->facts.forced_down);
    g_assert_true(act != MSK_RETURN_ACT_ENABLE || !world->facts.on_maintenance);
    return true;
}

static void
carry_out(World *world, MskReturnActKind act)
{
    switch (act) {
    case MSK_RETURN_ACT_TAKE:
        world->facts.taken = true;
        return;
    case MSK_RETURN_ACT_LIFT:
        world->facts.forced_down = false;
        return;
    case MSK_RETURN_ACT_CLEAR:
        world->facts.on_maintenance = false;
        return;
    case MSK_RETURN_ACT_ENABLE:
        world->facts.enabled = true;
        return;
    case MSK_RETURN_ACT_END:
        g_assert_true(world->facts.enabled && !world->facts.on_maintenance);
        world->ended = true;
        return;
    case MSK_RETURN_ACT_WAIT:
        break;
    }
    g_assert_not_reached();
}

static bool
is_order(MskReturnActKind act)
{
    return act != MSK_RETURN_ACT_TAKE && act != MSK_RETURN_ACT_END;
}

static MskReturnEvent
perform(World *world, MskReturnActKind act)
{
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_FAILED, .message = "no"};
    bool heard = !chance(world, 10);

    if (is_order(act) && !order_given(world, act)) {
        return event;
    }
    if (!chance(world, 10)) {
        carry_out(world, act);
        event.kind = heard ? MSK_RETURN_EVENT_DONE : MSK_RETURN_EVENT_FAILED;
    }
    return event;
}

static void
run_world(uint32_t seed)
{
    World world = {.dice = g_rand_new_with_seed(seed), .now_us = 100 * S, .facts = back};
    MskHostReturn state = {0};
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_LOOKED};

    world.facts.beat_us = 50 * S;
    pass(&world, S);
    while (!world.ended) {
        if (event.kind == MSK_RETURN_EVENT_LOOKED) {
            event.facts = world.facts;
        }
        event.now_us = world.now_us;
        g_auto(MskReturnStep) step = msk_host_return_step(&state, &order, &event);

        g_assert_cmpint(world.now_us, <, 30000 * S);
        if (chance(&world, 2)) { /* kill -9 */
            msk_host_return_clear(&state);
            state = (MskHostReturn){0};
            event.kind = MSK_RETURN_EVENT_LOOKED;
            pass(&world, 5 * S);
        } else if (step.act == MSK_RETURN_ACT_WAIT) {
            pass(&world, 5 * S);
            event.kind = MSK_RETURN_EVENT_LOOKED;
        } else {
            event = perform(&world, step.act);
        }
    }
    g_assert_cmpuint(world.n_orders, >=, 2);
    msk_host_return_clear(&state);
    g_rand_free(world.dice);
}

static void
test_whatever_dies_and_fails(void)
{
    for (uint32_t seed = 1; seed <= 500; seed++) {
        g_test_message("seed %u", seed);
        run_world(seed);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_return/each_thing_in_its_turn", test_each_thing_is_done_in_its_turn);
    g_test_add_func("/host_return/flapping", test_the_more_failures_the_longer_it_is_watched);
    g_test_add_func("/host_return/left_to_people", test_some_are_left_to_people);
    g_test_add_func("/host_return/one_write_is_no_life", test_one_write_is_no_life);
    g_test_add_func("/host_return/a_break_begins_anew", test_a_break_begins_anew);
    g_test_add_func("/host_return/a_failure_is_looked_after",
                    test_a_failure_is_told_and_looked_after);
    g_test_add_func("/host_return/whatever_dies_and_fails", test_whatever_dies_and_fails);
    return g_test_run();
}
