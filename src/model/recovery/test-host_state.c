/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_recovery.h"

static void
test_what_a_successor_loads(void)
{
    MskHostRecovery one;
    MskHostRecovery other;

    msk_host_recovery_init(&one, 2);
    one.phase = MSK_HOST_PHASE_MOVING;
    one.round = 3;
    one.first_round = 2;
    one.safe = true;
    one.second = true;
    g_autofree char *text = msk_host_recovery_save(&one);

    msk_host_recovery_init(&other, 2);
    msk_host_recovery_load(&other, text);
    g_assert_cmpint(other.phase, ==, MSK_HOST_PHASE_MOVING);
    g_assert_cmpuint(other.round, ==, 3);
    g_assert_cmpuint(other.first_round, ==, 2);
    g_assert_true(other.safe);
    g_assert_true(other.second);
    msk_host_recovery_clear(&other);

    /* Another attempt begins anew, and counts on. */
    msk_host_recovery_init(&other, 3);
    msk_host_recovery_load(&other, text);
    g_assert_cmpint(other.phase, ==, MSK_HOST_PHASE_GATES);
    g_assert_cmpuint(other.first_round, ==, 4);
    g_assert_false(other.safe);
    msk_host_recovery_clear(&other);
    msk_host_recovery_clear(&one);
}

static void
test_nonsense_is_a_recovery_that_has_not_begun(void)
{
    static const char *const texts[] = {NULL, "", "asking", "host", "host x 1 1", "host 1 1"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        MskHostRecovery self;

        msk_host_recovery_init(&self, 1);
        msk_host_recovery_load(&self, texts[i]);
        g_assert_cmpint(self.phase, ==, MSK_HOST_PHASE_GATES);
        msk_host_recovery_clear(&self);
    }
}

static void
test_moves_that_were_stored(void)
{
    MskHostRecovery self;

    msk_host_recovery_init(&self, 1);
    msk_host_recovery_add(&self, "a", "A", "r1", "ongoing", "1 ongoing paused lock-ours");
    msk_host_recovery_add(&self, "b", "B", "r2", "pending", "1 pending unknown");
    msk_host_recovery_add(&self, "c", "C", "r3", "succeeded", "1 over active");
    msk_host_recovery_add(&self, "d", "D", "r4", "ongoing", NULL);
    const MskPlannedMove *a = g_ptr_array_index(self.moves, 0);
    const MskPlannedMove *b = g_ptr_array_index(self.moves, 1);
    const MskPlannedMove *c = g_ptr_array_index(self.moves, 2);
    const MskPlannedMove *d = g_ptr_array_index(self.moves, 3);

    g_assert_true(a->move.lock_ours);
    g_assert_true(a->move.unsure);
    g_assert_cmpint(a->move.found_state, ==, MSK_VM_PAUSED);
    g_assert_cmpint(b->move.phase, ==, MSK_MOVE_PENDING);
    g_assert_cmpint(c->move.phase, ==, MSK_MOVE_OVER);
    g_assert_true(c->stored);
    g_assert_true(d->move.unsure);
    msk_host_recovery_clear(&self);
}

static void
test_methods(void)
{
    MskRecoveryMethod method = MSK_METHOD_AUTO;

    g_assert_true(msk_recovery_method_parse("rh_priority", &method));
    g_assert_cmpint(method, ==, MSK_METHOD_RH_PRIORITY);
    g_assert_false(msk_recovery_method_parse("none", &method));
    g_assert_cmpstr(msk_host_task_name(MSK_HOST_TASK_EVACUATE), ==, "EvacuateInstancesTask");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_state/loads", test_what_a_successor_loads);
    g_test_add_func("/host_state/nonsense", test_nonsense_is_a_recovery_that_has_not_begun);
    g_test_add_func("/host_state/moves", test_moves_that_were_stored);
    g_test_add_func("/host_state/methods", test_methods);
    return g_test_run();
}
