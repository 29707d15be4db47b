/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_gates.h"

#define S INT64_C(1000000)

static const MskHostOrder usual = {.host = "h1",
                                   .all_instances = true,
                                   .max_moves = 3,
                                   .heartbeat_age_us = 15 * S,
                                   .hold_timeout_us = 600 * S,
                                   .down_timeout_us = 180 * S,
                                   .storm_percent = 50};
static const MskHostEvent begin = {.kind = MSK_HOST_EVENT_BEGIN};
static const MskHostEvent timer = {.kind = MSK_HOST_EVENT_TIMER};
static const MskHostEvent done = {.kind = MSK_HOST_EVENT_DONE};

static MskHostEvent
counted(unsigned failed, int64_t now_us)
{
    return (MskHostEvent){
        .kind = MSK_HOST_EVENT_GATES,
        .now_us = now_us,
        .storm = {
            .failed_in_segment = failed, .hosts_in_segment = 4, .failed = failed, .hosts = 4}};
}

static MskHostEvent
service(bool up, int64_t age_us, int64_t now_us)
{
    return (MskHostEvent){
        .kind = MSK_HOST_EVENT_SERVICE, .now_us = now_us, .service = {.up = up, .age_us = age_us}};
}

/* Returns: the kind of the only action. @ret_told: how many lines of progress there were. */
static MskHostActKind
only_act(MskHostRecovery *self, const MskHostOrder *order, MskHostEvent event, unsigned *ret_told)
{
    g_auto(MskHostStep) step = msk_host_recovery_step(self, order, &event);

    g_assert_cmpuint(step.acts->len, ==, 1);
    if (ret_told != NULL) {
        *ret_told = step.notes->len;
    }
    return g_array_index(step.acts, MskHostAct, 0).kind;
}

/* It has begun, and asks the gates. */
static void
start(MskHostRecovery *self, const MskHostOrder *order)
{
    msk_host_recovery_init(self, 1);
    g_assert_cmpint(only_act(self, order, begin, NULL), ==, MSK_HOST_ACT_ASK_GATES);
}

/* The gates are open, and the service is asked for. */
static void
start_at_service(MskHostRecovery *self)
{
    msk_host_recovery_init(self, 1);
    self->phase = MSK_HOST_PHASE_SERVICE;
}

static void
test_a_living_host_is_left_alone(void)
{
    g_auto(MskHostRecovery) self;

    start(&self, &usual);
    g_assert_cmpint(only_act(&self, &usual, counted(1, 0), NULL), ==, MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(&self, &usual, service(true, 0, 0), NULL), ==, MSK_HOST_ACT_WAIT);
    g_assert_cmpint(only_act(&self, &usual, timer, NULL), ==, MSK_HOST_ACT_ASK_GATES);
    g_assert_cmpint(only_act(&self, &usual, counted(1, 0), NULL), ==, MSK_HOST_ACT_GET_SERVICE);
    g_assert_false(self.safe);
    g_assert_cmpint(only_act(&self, &usual, service(true, 0, usual.hold_timeout_us), NULL), ==,
                    MSK_HOST_ACT_FINISH);
    g_assert_false(self.safe);
    g_assert_nonnull(self.message);
}

/* A storm may take longer than any host's heartbeat, and is told once. */
static void
test_a_storm_holds_without_end(void)
{
    g_auto(MskHostRecovery) self;
    unsigned n_told = 0;

    start(&self, &usual);
    for (unsigned i = 0; i < 3; i++) {
        MskHostEvent storm = counted(3, (int64_t) i * 2 * usual.hold_timeout_us);

        g_assert_cmpint(only_act(&self, &usual, storm, &n_told), ==, MSK_HOST_ACT_WAIT);
        g_assert_cmpuint(n_told, ==, i == 0 ? 1 : 0);
        g_assert_cmpstr(self.held, ==, "storm");
        g_assert_cmpint(only_act(&self, &usual, timer, NULL), ==, MSK_HOST_ACT_ASK_GATES);
    }
    int64_t after_us = 4 * usual.hold_timeout_us + S;

    g_assert_cmpint(only_act(&self, &usual, counted(1, after_us), NULL), ==,
                    MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(&self, &usual, service(true, 0, after_us), NULL), ==,
                    MSK_HOST_ACT_WAIT);
}

/* That the cloud sees it down is waited for, but no longer than wait_period_after_service_update.
 */
static void
test_the_cloud_is_given_time_to_see_it_down(void)
{
    static const struct {
        bool up;
        int64_t now_us;
        MskHostActKind act;
    } table[] = {
        {true, 0, MSK_HOST_ACT_WAIT},
        {true, 179 * S, MSK_HOST_ACT_WAIT},
        {true, 180 * S, MSK_HOST_ACT_LIST},
        {false, 0, MSK_HOST_ACT_LIST},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_auto(MskHostRecovery) self;

        start_at_service(&self);
        g_assert_cmpint(only_act(&self, &usual, service(true, 16 * S, 0), NULL), ==,
                        MSK_HOST_ACT_FORCE_DOWN);
        g_assert_true(self.safe);
        g_assert_cmpint(only_act(&self, &usual, done, NULL), ==, MSK_HOST_ACT_GET_SERVICE);
        g_assert_cmpint(
            only_act(&self, &usual, service(table[i].up, 16 * S, table[i].now_us), NULL), ==,
            table[i].act);
    }
}

static MskHostEvent
fenced(bool confirmed, int64_t now_us)
{
    return (MskHostEvent){.kind = MSK_HOST_EVENT_FENCED,
                          .now_us = now_us,
                          .fenced = confirmed,
                          .message = confirmed ? "it is off" : "no answer"};
}

/* Asks until the fencing is to begin. */
static void
go_to_fencing(MskHostRecovery *self, const MskHostOrder *order, int64_t now_us)
{
    g_assert_cmpint(only_act(self, order, counted(1, now_us), NULL), ==, MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(self, order, service(true, 1000 * S, now_us), NULL), ==,
                    MSK_HOST_ACT_FENCE);
}

/* Its heartbeat is not asked, however old it is, and its time is not without end. */
static void
test_a_host_that_cannot_be_fenced_is_held(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder fencing = usual;

    fencing.fencing = true;
    start(&self, &fencing);
    go_to_fencing(&self, &fencing, 0);
    g_assert_cmpint(only_act(&self, &fencing, fenced(false, 0), NULL), ==, MSK_HOST_ACT_WAIT);
    g_assert_cmpstr(self.held, ==, "fencing");
    g_assert_cmpint(only_act(&self, &fencing, timer, NULL), ==, MSK_HOST_ACT_ASK_GATES);
    go_to_fencing(&self, &fencing, 0);
    g_assert_cmpint(only_act(&self, &fencing, fenced(false, 600 * S), NULL), ==,
                    MSK_HOST_ACT_FINISH);
    g_assert_false(self.safe);
    g_assert_cmpstr(self.message, ==, "Host 'h1' was not recovered: gate 'fencing': no answer");
}

/* Also when it still beats: that may be an old beat, and it is off now. */
static void
test_a_host_that_is_off_is_dead(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder fencing = usual;

    fencing.fencing = true;
    start(&self, &fencing);
    go_to_fencing(&self, &fencing, 0);
    g_assert_cmpint(only_act(&self, &fencing, fenced(true, 0), NULL), ==, MSK_HOST_ACT_FORCE_DOWN);
    g_assert_true(self.safe);
}

/* Nobody knows what became of the host while no engine looked. */
static void
test_a_successor_fences_again(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder fencing = usual;

    fencing.fencing = true;
    msk_host_recovery_init(&self, 1);
    msk_host_recovery_load(&self, "host 1 1 1 safe");
    g_assert_true(self.safe);
    g_assert_cmpint(only_act(&self, &fencing, begin, NULL), ==, MSK_HOST_ACT_ASK_GATES);
    go_to_fencing(&self, &fencing, 0);
}

/* From then on it is a host without devices, with all the time that such a host has. */
static void
test_the_heartbeat_may_decide_instead(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder fallback = usual;

    fallback.fencing = true;
    fallback.fence_fallback = true;
    start(&self, &fallback);
    go_to_fencing(&self, &fallback, 0);
    g_assert_cmpint(only_act(&self, &fallback, fenced(false, 700 * S), NULL), ==,
                    MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(&self, &fallback, service(true, 1, 700 * S), NULL), ==,
                    MSK_HOST_ACT_WAIT);
    g_assert_cmpint(only_act(&self, &fallback, timer, NULL), ==, MSK_HOST_ACT_ASK_GATES);
    g_assert_cmpint(only_act(&self, &fallback, counted(1, 701 * S), NULL), ==,
                    MSK_HOST_ACT_GET_SERVICE);
    g_assert_cmpint(only_act(&self, &fallback, service(true, 16 * S, 715 * S), NULL), ==,
                    MSK_HOST_ACT_FORCE_DOWN);
}

static void
test_what_was_fenced_before_or_in_a_dry_run_is_not_fenced(void)
{
    for (unsigned dry_run = 0; dry_run < 2; dry_run++) {
        g_auto(MskHostRecovery) self;
        MskHostOrder order = usual;

        order.fencing = true;
        order.fenced = dry_run == 0;
        order.dry_run = dry_run == 1;
        start_at_service(&self);
        g_assert_cmpint(only_act(&self, &order, service(true, 0, 0), NULL), ==,
                        dry_run == 1 ? MSK_HOST_ACT_LIST : MSK_HOST_ACT_FORCE_DOWN);
    }
}

static void
test_a_dry_run_disables_nothing(void)
{
    g_auto(MskHostRecovery) self;
    MskHostOrder dry = usual;

    dry.dry_run = true;
    start_at_service(&self);
    g_assert_cmpint(only_act(&self, &dry, service(true, 16 * S, 0), NULL), ==, MSK_HOST_ACT_LIST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_gates/living", test_a_living_host_is_left_alone);
    g_test_add_func("/host_gates/storm", test_a_storm_holds_without_end);
    g_test_add_func("/host_gates/down", test_the_cloud_is_given_time_to_see_it_down);
    g_test_add_func("/host_gates/fencing/fails", test_a_host_that_cannot_be_fenced_is_held);
    g_test_add_func("/host_gates/fencing/off", test_a_host_that_is_off_is_dead);
    g_test_add_func("/host_gates/fencing/again", test_a_successor_fences_again);
    g_test_add_func("/host_gates/fencing/fallback", test_the_heartbeat_may_decide_instead);
    g_test_add_func("/host_gates/fencing/not",
                    test_what_was_fenced_before_or_in_a_dry_run_is_not_fenced);
    g_test_add_func("/host_gates/dry_run", test_a_dry_run_disables_nothing);
    return g_test_run();
}
