/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_recovery.h"

/* Single decisions; whole recoveries, with every fault at every action, are in tests/simulator. */

static const MskHostOrder order = {.host = "h1",
                                   .all_instances = true,
                                   .max_moves = 3,
                                   .heartbeat_age_us = (int64_t) 15 * G_USEC_PER_SEC,
                                   .hold_timeout_us = 600 * INT64_C(1000000)};

/* Returns: the kind of the only action. */
static MskHostActKind
only_act(MskHostRecovery *self, MskHostEvent event)
{
    g_auto(MskHostStep) step = msk_host_recovery_step(self, &order, &event);

    g_assert_cmpuint(step.acts->len, ==, 1);
    return g_array_index(step.acts, MskHostAct, 0).kind;
}

static void
test_a_refused_call_is_the_end_and_others_are_repeated(void)
{
    g_auto(MskHostRecovery) self;
    MskHostEvent failed = {
        .kind = MSK_HOST_EVENT_FAILED, .code = MSK_ERROR_UNAVAILABLE, .message = "away"};

    msk_host_recovery_init(&self, 1);
    self.phase = MSK_HOST_PHASE_LISTING;
    g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_WAIT);
    g_assert_cmpint(only_act(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER}), ==,
                    MSK_HOST_ACT_LIST);
    failed.code = MSK_ERROR_DENIED;
    g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_FINISH);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_recovery/failures",
                    test_a_refused_call_is_the_end_and_others_are_repeated);
    return g_test_run();
}
