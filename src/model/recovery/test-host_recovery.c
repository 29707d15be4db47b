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
test_a_living_host_is_left_alone(void)
{
    g_auto(MskHostRecovery) self;
    MskHostEvent gates = {.kind = MSK_HOST_EVENT_GATES, .storm = {1, 3, 1, 3}};
    MskHostEvent service = {.kind = MSK_HOST_EVENT_SERVICE, .service = {.up = true}};

    msk_host_recovery_init(&self, 1);
    g_assert_cmpint(only_act(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_BEGIN}), ==,
                    MSK_HOST_ACT_ASK_GATES);
    g_assert_cmpint(only_act(&self, gates), ==, MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(&self, service), ==, MSK_HOST_ACT_WAIT);
    g_assert_false(self.safe);
    service.now_us = order.hold_timeout_us;
    self.phase = MSK_HOST_PHASE_SERVICE;
    g_assert_cmpint(only_act(&self, service), ==, MSK_HOST_ACT_FINISH);
    g_assert_nonnull(self.message);
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

/* The heartbeat of a host that cannot be fenced is not asked, and its time is not without end. */
static void
test_a_host_that_cannot_be_fenced_is_held(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder fencing = order;
    MskHostEvent events[] = {
        {.kind = MSK_HOST_EVENT_BEGIN},
        {.kind = MSK_HOST_EVENT_GATES, .storm = {1, 3, 1, 3}},
        {.kind = MSK_HOST_EVENT_FENCED, .message = "no answer"},
        {.kind = MSK_HOST_EVENT_TIMER},
        {.kind = MSK_HOST_EVENT_GATES, .storm = {1, 3, 1, 3}},
        {.kind = MSK_HOST_EVENT_FENCED, .message = "no answer", .now_us = 600 * INT64_C(1000000)},
    };
    static const MskHostActKind acts[] = {MSK_HOST_ACT_ASK_GATES, MSK_HOST_ACT_FENCE,
                                          MSK_HOST_ACT_WAIT,      MSK_HOST_ACT_ASK_GATES,
                                          MSK_HOST_ACT_FENCE,     MSK_HOST_ACT_FINISH};

    fencing.fencing = true;
    msk_host_recovery_init(&self, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        g_auto(MskHostStep) step = msk_host_recovery_step(&self, &fencing, &events[i]);

        g_assert_cmpuint(step.acts->len, ==, 1);
        g_assert_cmpint(g_array_index(step.acts, MskHostAct, 0).kind, ==, acts[i]);
    }
    g_assert_false(self.safe);
    g_assert_cmpstr(self.held, ==, "fencing");
    g_assert_cmpstr(self.message, ==, "Host 'h1' was not recovered: no answer");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_recovery/living", test_a_living_host_is_left_alone);
    g_test_add_func("/host_recovery/failures",
                    test_a_refused_call_is_the_end_and_others_are_repeated);
    g_test_add_func("/host_recovery/fencing", test_a_host_that_cannot_be_fenced_is_held);
    return g_test_run();
}
