/* SPDX-License-Identifier: Apache-2.0 */
#include "host_simulation.h"

/*
 * Each scenario of the folder is run as it is and compared with its log; then, generated, with
 * every fault at every action, with two engines at once, with an engine that dies again and again,
 * with what lasts, and with
 * a second report of the host (of a run that waits for long: at every few actions).
 * "test-host_simulator
 * --print FILE" shows the log of a new one.
 */

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

#define LONG_RUN 100u
#define S        INT64_C(1000000)

/* How long it takes until a successor begins: its lock was free, a poll later, its lease was over.
 */
static const int64_t takeovers_us[] = {0, 1 * S, 16 * S};
/* How late a call without an engine takes effect: while its successor waits, looks, or acts. */
static const int64_t lates_us[] = {S / 5, 3 * S, 9 * S};
/* Nova shows what has arrived at once, or for a while where it was. */
static const int64_t rests_us[] = {0, 7 * S / 10};
/* The successor's machine has the same clock, has run for a year longer, or was just started. */
static const int64_t skews_us[] = {0, INT64_C(31536000) * S, -31536000 * S};

static HostScenario *
load(const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *text = scenario_files_read(path, &name);

    return host_scenario_parse(name, text);
}

static void
check(const HostScenario *scenario, const ScenarioOutcome *outcome)
{
    if (outcome->complaint != NULL) {
        g_test_message("%s: %s\n%s", scenario->name, outcome->complaint, outcome->log);
        g_test_fail();
    }
}

static void
test_as_it_is(const void *data)
{
    g_autoptr(HostScenario) scenario = load(data);
    g_auto(ScenarioOutcome) outcome = host_simulate(scenario, NULL);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    check(scenario, &outcome);
}

static void
run_with(const HostScenario *scenario, HostTrouble trouble)
{
    g_auto(ScenarioOutcome) outcome = host_simulate(scenario, &trouble);

    check(scenario, &outcome);
}

static unsigned
count_actions(const HostScenario *scenario)
{
    g_auto(ScenarioOutcome) smooth = host_simulate(scenario, NULL);

    return smooth.n_actions;
}

/* A long run is one that waits at a gate, and asks the same again and again. */
static unsigned
stride_of(unsigned n_actions, unsigned at_most)
{
    return n_actions > at_most ? n_actions / at_most * 2 + 1 : 1;
}

static void
test_every_fault(const void *data)
{
    g_autoptr(HostScenario) scenario = load(data);
    unsigned n_actions = count_actions(scenario);
    unsigned stride = stride_of(n_actions, LONG_RUN);

    run_with(scenario, (HostTrouble){.offered = true});
    for (int fault = HOST_FAULT_DIE_BEFORE; fault < N_HOST_FAULTS; fault++) {
        for (unsigned at = 1; at <= n_actions + 3; at += stride) {
            for (size_t i = 0; i < G_N_ELEMENTS(rests_us); i++) {
                run_with(scenario, (HostTrouble){.fault = (HostFault) fault,
                                                 .at = at,
                                                 .takes_us = 1 * S,
                                                 .rest_us = rests_us[i],
                                                 .offered = at % 2 == 0,
                                                 .skew_us = skews_us[at % G_N_ELEMENTS(skews_us)]});
            }
        }
    }
}

/* Two engines act at once: the last calls of the first take effect when the second, which has taken
 * over, is at any of its own. */
static void
test_engines_that_race(const void *data)
{
    g_autoptr(HostScenario) scenario = load(data);
    unsigned n_actions = count_actions(scenario);
    unsigned stride = stride_of(n_actions, LONG_RUN / 2);

    for (unsigned at = 1; at <= n_actions; at += stride) {
        for (size_t i = 0; i < G_N_ELEMENTS(takeovers_us) * G_N_ELEMENTS(lates_us); i++) {
            run_with(scenario,
                     (HostTrouble){.fault = i % 2 == 0 ? HOST_FAULT_CUT_OFF : HOST_FAULT_DIE_LATE,
                                   .at = at,
                                   .takes_us = takeovers_us[i % G_N_ELEMENTS(takeovers_us)],
                                   .late_us = lates_us[i / G_N_ELEMENTS(takeovers_us)],
                                   .offered = at % 2 == 1,
                                   .rest_us = rests_us[at % G_N_ELEMENTS(rests_us)]});
        }
    }
}

/* One engine after another dies, each after so many actions; with what was under way made, not made
 * or late. */
static void
test_engines_that_flap(const void *data)
{
    static const unsigned gaps[] = {1, 2, 3, 5, 8, 13};
    g_autoptr(HostScenario) scenario = load(data);

    for (int fault = HOST_FAULT_DIE_BEFORE; fault <= HOST_FAULT_CUT_OFF; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++) {
            for (unsigned at = 1; at <= gaps[i]; at++) {
                run_with(scenario,
                         (HostTrouble){.fault = (HostFault) fault,
                                       .at = at,
                                       .every = gaps[i],
                                       .takes_us = takeovers_us[at % G_N_ELEMENTS(takeovers_us)],
                                       .rest_us = rests_us[at % G_N_ELEMENTS(rests_us)],
                                       .skew_us = skews_us[at / 2 % G_N_ELEMENTS(skews_us)]});
            }
        }
    }
}

/* The engine is cut off from the cloud, or its machine sleeps: for less than a call may take, for
 * more than a lease, for longer than anything is waited for. */
static void
test_what_lasts(const void *data)
{
    static const int64_t lasts_us[] = {2 * S, 20 * S, 900 * S};
    g_autoptr(HostScenario) scenario = load(data);
    unsigned n_actions = count_actions(scenario);

    for (int fault = HOST_FAULT_OUTAGE; fault < N_HOST_TROUBLES; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(lasts_us); i++) {
            for (unsigned at = 1; at <= n_actions; at += stride_of(n_actions, LONG_RUN / 4)) {
                run_with(scenario, (HostTrouble){.fault = (HostFault) fault,
                                                 .at = at,
                                                 .takes_us = lasts_us[i],
                                                 .rest_us = rests_us[at % G_N_ELEMENTS(rests_us)]});
            }
        }
    }
}

/* Another engine has the second report of the host as soon as the first has ended. */
static void
test_a_second_report(const void *data)
{
    g_autoptr(HostScenario) scenario = load(data);
    unsigned n_actions = count_actions(scenario);

    for (int fault = HOST_FAULT_NONE; fault < N_HOST_FAULTS; fault++) {
        unsigned last = fault == HOST_FAULT_NONE ? 1 : n_actions;

        for (unsigned at = 1; at <= last; at += stride_of(n_actions, LONG_RUN / 10)) {
            run_with(scenario, (HostTrouble){.fault = (HostFault) fault,
                                             .at = at,
                                             .takes_us = 1 * S,
                                             .rest_us = rests_us[at % G_N_ELEMENTS(rests_us)],
                                             .reported_twice = true});
        }
    }
}

static ScenarioOutcome
run(const char *path)
{
    g_autoptr(HostScenario) scenario = load(path);

    return host_simulate(scenario, NULL);
}

int
main(int argc, char **argv)
{
    static const ScenarioTest tests[] = {{"as_it_is", test_as_it_is},
                                         {"every_fault", test_every_fault},
                                         {"engines_that_race", test_engines_that_race},
                                         {"engines_that_flap", test_engines_that_flap},
                                         {"what_lasts", test_what_lasts},
                                         {"a_second_report", test_a_second_report}};
    static const ScenarioSuite suite = {.name = "host_simulator",
                                        .folder = SCENARIOS,
                                        .n_least = 70,
                                        .tests = tests,
                                        .n_tests = G_N_ELEMENTS(tests),
                                        .run = run};

    return scenario_files_main(argc, argv, &suite);
}
