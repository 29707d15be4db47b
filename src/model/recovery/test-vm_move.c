/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/vm_move.h"

#include <string.h>

/* Single decisions; whole moves, with every fault at every action, are in tests/simulator. */

static const MskMoveOrder order = {.evacuate_timeout_us = 90,
                                   .stop_timeout_us = 180,
                                   .unlock_timeout_us = 900,
                                   .settle_us = 10,
                                   .retry_us = 1};

static MskMoveAct
step(MskVmMove *move, MskMoveEventKind kind, int64_t now_us, const MskSight *sight)
{
    MskMoveEvent event = {.kind = kind, .now_us = now_us, .sight = sight};

    return msk_vm_move_step(move, &order, &event);
}

static void
test_an_active_vm(void)
{
    g_auto(MskVmMove) move = {.phase = MSK_MOVE_PENDING};
    MskSight there = {.vm_state = MSK_VM_ACTIVE};
    MskSight arrived = {.vm_state = MSK_VM_ACTIVE, .elsewhere = true, .host = "h2"};

    g_assert_cmpstr(msk_vm_move_status(&move), ==, "pending");
    g_assert_cmpint(step(&move, MSK_MOVE_BEGIN, 1, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    MskMoveAct act = step(&move, MSK_MOVE_SIGHT, 2, &there);

    g_assert_cmpint(act.kind, ==, MSK_MOVE_ACT_LOCK);
    g_assert_true(act.durable);
    g_assert_cmpstr(msk_vm_move_status(&move), ==, "ongoing");
    act = step(&move, MSK_MOVE_DONE, 3, NULL);
    g_assert_cmpint(act.kind, ==, MSK_MOVE_ACT_EVACUATE);
    g_assert_false(act.durable);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 4, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 5, &arrived).kind, ==, MSK_MOVE_ACT_UNLOCK);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 6, NULL).kind, ==, MSK_MOVE_ACT_FINISH);
    g_assert_cmpstr(msk_vm_move_status(&move), ==, "succeeded");
    g_assert_cmpstr(move.dest_host, ==, "h2");
}

static void
test_a_successor_asks_for_migrations_before_it_evacuates(void)
{
    g_auto(MskVmMove) move = msk_vm_move_load("ongoing active lock-ours");
    MskSight there = {.vm_state = MSK_VM_ACTIVE, .locked = true};
    MskMoveAct act = step(&move, MSK_MOVE_BEGIN, 1, NULL);

    g_assert_cmpint(act.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(act.migrations);
    g_assert_cmpint(act.delay_us, ==, order.settle_us);
    act = step(&move, MSK_MOVE_SIGHT, 11, &there);
    g_assert_cmpint(act.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(act.migrations);
    there.migrations_asked = true;
    there.heard = true;
    there.evacuating = true;
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 12, &there).kind, ==, MSK_MOVE_ACT_LOOK);
    there.evacuating = false;
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 13, &there).kind, ==, MSK_MOVE_ACT_EVACUATE);
}

static void
test_somebody_elses_evacuation_is_waited_for(void)
{
    g_auto(MskVmMove) move = {.phase = MSK_MOVE_PENDING};
    MskSight busy = {.vm_state = MSK_VM_ACTIVE, .busy = true};
    MskMoveAct act = step(&move, MSK_MOVE_BEGIN, 1, &busy);

    g_assert_cmpint(act.kind, ==, MSK_MOVE_ACT_LOOK); /* BEGIN passes the sight on */
    g_assert_true(act.migrations);
    busy.migrations_asked = true;
    busy.evacuating = true;
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 2, &busy).kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_cmpint(move.phase, ==, MSK_MOVE_CONFIRMING);
}

static void
test_what_ends_in_failure(void)
{
    g_auto(MskVmMove) move = {.phase = MSK_MOVE_PENDING};
    MskSight there = {.vm_state = MSK_VM_ACTIVE, .locked = true};
    MskSight failed = {.vm_state = MSK_VM_ERROR, .locked = true, .fault = "No valid host"};

    g_assert_cmpint(step(&move, MSK_MOVE_BEGIN, 1, &there).kind, ==, MSK_MOVE_ACT_EVACUATE);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 2, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 3, &failed).kind, ==, MSK_MOVE_ACT_FINISH);
    g_assert_cmpstr(msk_vm_move_status(&move), ==, "failed");
    g_assert_cmpstr(move.message, ==, "Failed to evacuate the instance: No valid host");
}

/* A list without any migration may be one that a part of Nova has not answered for. */
static void
test_that_there_are_no_migrations_is_asked_twice(void)
{
    g_auto(MskVmMove) move = msk_vm_move_load("ongoing active lock-ours");
    MskSight silence = {.vm_state = MSK_VM_ACTIVE, .locked = true, .migrations_asked = true};
    g_auto(MskVmMove) other = {.phase = MSK_MOVE_PENDING};
    MskSight busy = {.vm_state = MSK_VM_ACTIVE, .busy = true, .migrations_asked = true};

    g_assert_cmpint(step(&move, MSK_MOVE_BEGIN, 1, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    MskMoveAct again = step(&move, MSK_MOVE_SIGHT, 11, &silence);

    g_assert_cmpint(again.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(again.migrations);
    g_assert_cmpint(again.delay_us, ==, 4 * order.retry_us);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 15, &silence).kind, ==, MSK_MOVE_ACT_EVACUATE);
    again = step(&other, MSK_MOVE_BEGIN, 1, &busy);
    g_assert_cmpint(again.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(again.migrations);
    busy.evacuating = busy.heard = true;
    g_assert_cmpint(step(&other, MSK_MOVE_SIGHT, 5, &busy).kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_cmpint(other.phase, ==, MSK_MOVE_CONFIRMING);
}

/* Nova may choose the host that it was resized from, and cannot rebuild it there. */
static void
test_why_a_resized_vm_was_not_evacuated(void)
{
    g_auto(MskVmMove) move = msk_vm_move_load("ongoing resized");
    MskSight failed = {.vm_state = MSK_VM_ERROR, .locked = true, .fault = "it is there"};

    move.phase = MSK_MOVE_CONFIRMING;
    move.unsure = false;
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 3, &failed).kind, ==, MSK_MOVE_ACT_FINISH);
    g_assert_nonnull(strstr(move.message, "whose resize nobody has confirmed"));
    g_assert_nonnull(strstr(move.message, "it is there"));
}

static void
test_why_it_failed_outlives_the_unlocking(void)
{
    g_auto(MskVmMove) move = {.phase = MSK_MOVE_PENDING};
    MskSight there = {.vm_state = MSK_VM_ACTIVE};
    MskSight failed = {.vm_state = MSK_VM_ERROR, .locked = true, .fault = "No valid host"};

    g_assert_cmpint(step(&move, MSK_MOVE_BEGIN, 1, &there).kind, ==, MSK_MOVE_ACT_LOCK);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 2, NULL).kind, ==, MSK_MOVE_ACT_EVACUATE);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 3, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 4, &failed).kind, ==, MSK_MOVE_ACT_UNLOCK);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 5, NULL).kind, ==, MSK_MOVE_ACT_FINISH);
    g_assert_cmpstr(move.message, ==, "Failed to evacuate the instance: No valid host");
}

/* Nova ends the rebuild, then says that the VM is elsewhere, then that the evacuation is over. */
static void
test_at_rest_on_the_old_host(void)
{
    MskSight there = {.vm_state = MSK_VM_ACTIVE, .locked = true};
    MskSight under_way = {
        .vm_state = MSK_VM_ACTIVE, .locked = true, .migrations_asked = true, .evacuating = true};
    MskSight silence = {.vm_state = MSK_VM_ACTIVE, .locked = true, .migrations_asked = true};
    MskSight over = {
        .vm_state = MSK_VM_ACTIVE, .locked = true, .migrations_asked = true, .heard = true};
    g_auto(MskVmMove) move = {.phase = MSK_MOVE_PENDING};

    g_assert_cmpint(step(&move, MSK_MOVE_BEGIN, 1, &there).kind, ==, MSK_MOVE_ACT_EVACUATE);
    g_assert_cmpint(step(&move, MSK_MOVE_DONE, 2, NULL).kind, ==, MSK_MOVE_ACT_LOOK);
    MskMoveAct again = step(&move, MSK_MOVE_SIGHT, 3, &there);

    g_assert_cmpint(again.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(again.migrations);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 4, &under_way).kind, ==, MSK_MOVE_ACT_LOOK);
    again = step(&move, MSK_MOVE_SIGHT, 5, &silence); /* its own must be there */
    g_assert_cmpint(again.kind, ==, MSK_MOVE_ACT_LOOK);
    g_assert_true(again.migrations);
    g_assert_cmpint(step(&move, MSK_MOVE_SIGHT, 6, &over).kind, ==, MSK_MOVE_ACT_FINISH);
    g_assert_cmpstr(msk_vm_move_status(&move), ==, "failed");
}

static void
test_save_and_load(void)
{
    static const char *const texts[] = {"pending unknown", "ongoing paused lock-ours",
                                        "ongoing stopped busy", "over resized off"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(MskVmMove) move = msk_vm_move_load(texts[i]);
        g_autofree char *text = msk_vm_move_save(&move);

        g_assert_cmpstr(text, ==, texts[i]);
    }
    g_auto(MskVmMove) nonsense = msk_vm_move_load("nonsense");

    g_assert_true(nonsense.unsure);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vm_move/active", test_an_active_vm);
    g_test_add_func("/vm_move/successor", test_a_successor_asks_for_migrations_before_it_evacuates);
    g_test_add_func("/vm_move/others", test_somebody_elses_evacuation_is_waited_for);
    g_test_add_func("/vm_move/failure", test_what_ends_in_failure);
    g_test_add_func("/vm_move/silence", test_that_there_are_no_migrations_is_asked_twice);
    g_test_add_func("/vm_move/resized", test_why_a_resized_vm_was_not_evacuated);
    g_test_add_func("/vm_move/why", test_why_it_failed_outlives_the_unlocking);
    g_test_add_func("/vm_move/at-rest", test_at_rest_on_the_old_host);
    g_test_add_func("/vm_move/save", test_save_and_load);
    return g_test_run();
}
