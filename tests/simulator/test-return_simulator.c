/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "return_simulation.h"
#include "scenario_files.h"

/*
 * Each scenario of the folder is run as it is and compared with its log; then with every fault at
 * every action (of a run that watches for long: at every few actions); then with one engine after
 * another that dies. "test-return_simulator --print FILE" shows the log of a new one.
 */

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

#define LONG_RUN 100u

static ReturnScenario *
load(const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *text = scenario_files_read(path, &name);

    return return_scenario_parse(name, text);
}

static void
run_with(const ReturnScenario *scenario, ReturnFault fault, unsigned at, unsigned every)
{
    g_auto(ReturnOutcome) outcome = return_simulate(scenario, fault, at, every);

    if (outcome.complaint != NULL) {
        g_test_message("%s: %s\n%s", scenario->name, outcome.complaint, outcome.log);
        g_test_fail();
    }
}

static void
test_as_it_is(const void *path)
{
    g_autoptr(ReturnScenario) scenario = load(path);
    g_auto(ReturnOutcome) outcome = return_simulate(scenario, RETURN_FAULT_NONE, 0, 0);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    g_assert_cmpstr(outcome.complaint, ==, NULL);
}

static void
test_every_fault(const void *path)
{
    g_autoptr(ReturnScenario) scenario = load(path);
    g_auto(ReturnOutcome) smooth = return_simulate(scenario, RETURN_FAULT_NONE, 0, 0);
    unsigned stride = smooth.n_actions / LONG_RUN + 1;

    for (int fault = RETURN_FAULT_DIE_BEFORE; fault < N_RETURN_FAULTS; fault++) {
        for (unsigned at = 1; at <= smooth.n_actions + 3; at += stride) {
            run_with(scenario, (ReturnFault) fault, at, 0);
        }
    }
}

static void
test_engines_that_flap(const void *path)
{
    static const unsigned gaps[] = {1, 2, 5, 13, 34};
    g_autoptr(ReturnScenario) scenario = load(path);

    for (int fault = RETURN_FAULT_DIE_BEFORE; fault <= RETURN_FAULT_DIE_LATE; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++) {
            for (unsigned at = 1; at <= gaps[i]; at++) {
                run_with(scenario, (ReturnFault) fault, at, gaps[i]);
            }
        }
    }
}

int
main(int argc, char **argv)
{
    static const ScenarioTest tests[] = {{"as_it_is", test_as_it_is},
                                         {"every_fault", test_every_fault},
                                         {"engines_that_flap", test_engines_that_flap}};

    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        g_autoptr(ReturnScenario) scenario = load(argv[2]);
        g_auto(ReturnOutcome) outcome = return_simulate(scenario, RETURN_FAULT_NONE, 0, 0);

        g_print("%s", outcome.log);
        if (outcome.complaint != NULL) {
            g_printerr("%s\n", outcome.complaint);
        }
        return outcome.complaint == NULL ? 0 : 1;
    }
    g_test_init(&argc, &argv, NULL);
    scenario_files_add("return_simulator", SCENARIOS, tests, G_N_ELEMENTS(tests));
    return g_test_run();
}
