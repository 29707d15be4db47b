/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_plan.h"

static void
clear_note(void *data)
{
    g_free(((MskHostNote *) data)->message);
}

static char big[] = "big";
static char small[] = "small";
static char plain[] = "plain";
static char first[] = "first";

static void
test_order(void)
{
    MskListedVm vms[] = {
        {.uuid = plain},
        {.uuid = big, .ha_enabled = true, .size = 8},
        {.uuid = small, .ha_enabled = true, .size = 1},
        {.uuid = first, .ha_enabled = true, .size = 64, .priority = 9},
    };
    MskHostOrder order = {.host = "h1", .all_instances = true};
    MskHostRecovery recovery;

    msk_host_recovery_init(&recovery, 1);
    MskHostPlan plan = {.order = &order, .notes = g_array_new(FALSE, FALSE, sizeof(MskHostNote))};

    g_array_set_clear_func(plan.notes, clear_note);
    msk_host_plan_make(&plan, vms, G_N_ELEMENTS(vms), 1, recovery.moves);
    g_assert_cmpuint(plan.n_moves, ==, 4);
    g_autofree char *uuids = msk_host_plan_unfinished(recovery.moves);

    g_assert_cmpstr(uuids, ==, "first,small,big,plain");
    /* What is planned already is not planned again. */
    msk_host_plan_make(&plan, vms, G_N_ELEMENTS(vms), 2, recovery.moves);
    g_assert_cmpuint(plan.n_moves, ==, 4);
    g_assert_cmpuint(recovery.moves->len, ==, 4);
    g_array_unref(plan.notes);
    msk_host_recovery_clear(&recovery);
}

static void
test_outcomes(void)
{
    MskHostRecovery recovery;

    msk_host_recovery_init(&recovery, 1);
    msk_host_recovery_add(&recovery, "b", NULL, "1", "failed", "1 over active");
    msk_host_recovery_add(&recovery, "a", NULL, "2", "failed", "1 over active");
    msk_host_recovery_add(&recovery, "b", NULL, "3", "succeeded", "2 over active");
    g_autofree char *failed = msk_host_plan_with_outcome(recovery.moves, 1, MSK_MOVE_FAILURE);
    g_autofree char *succeeded = msk_host_plan_with_outcome(recovery.moves, 1, MSK_MOVE_SUCCEEDED);
    g_autofree char *later = msk_host_plan_with_outcome(recovery.moves, 2, MSK_MOVE_FAILURE);

    g_assert_cmpstr(failed, ==, "a");
    g_assert_cmpstr(succeeded, ==, "b");
    g_assert_null(later);
    msk_host_recovery_clear(&recovery);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_plan/order", test_order);
    g_test_add_func("/host_plan/outcomes", test_outcomes);
    return g_test_run();
}
