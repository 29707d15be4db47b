/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "process_simulation.h"
#include "scenario_files.h"

/*
 * Each scenario of the folder is run as it is and compared with its log; then with every fault at
 * every action; then with one engine after another that dies. "test-process_simulator --print FILE"
 * shows the log of a new one.
 */

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

static ProcessScenario *
load(const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *text = scenario_files_read(path, &name);

    return process_scenario_parse(name, text);
}

static void
run_with(const ProcessScenario *scenario, ProcessFault fault, unsigned at, unsigned every)
{
    g_auto(ProcessOutcome) outcome = process_simulate(scenario, fault, at, every);

    if (outcome.complaint != NULL) {
        g_test_message("%s: %s\n%s", scenario->name, outcome.complaint, outcome.log);
        g_test_fail();
    }
}

static void
test_as_it_is(const void *path)
{
    g_autoptr(ProcessScenario) scenario = load(path);
    g_auto(ProcessOutcome) outcome = process_simulate(scenario, PROCESS_FAULT_NONE, 0, 0);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    g_assert_cmpstr(outcome.complaint, ==, NULL);
}

static void
test_every_fault(const void *path)
{
    g_autoptr(ProcessScenario) scenario = load(path);
    g_auto(ProcessOutcome) smooth = process_simulate(scenario, PROCESS_FAULT_NONE, 0, 0);

    for (int fault = PROCESS_FAULT_DIE_BEFORE; fault < N_PROCESS_FAULTS; fault++) {
        for (unsigned at = 1; at <= smooth.n_actions + 3; at++) {
            run_with(scenario, (ProcessFault) fault, at, 0);
        }
    }
}

static void
test_engines_that_flap(const void *path)
{
    static const unsigned gaps[] = {1, 2, 3, 5, 8};
    g_autoptr(ProcessScenario) scenario = load(path);

    for (int fault = PROCESS_FAULT_DIE_BEFORE; fault <= PROCESS_FAULT_DIE_LATE; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++) {
            for (unsigned at = 1; at <= gaps[i]; at++) {
                run_with(scenario, (ProcessFault) fault, at, gaps[i]);
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
        g_autoptr(ProcessScenario) scenario = load(argv[2]);
        g_auto(ProcessOutcome) outcome = process_simulate(scenario, PROCESS_FAULT_NONE, 0, 0);

        g_print("%s", outcome.log);
        return outcome.complaint == NULL ? 0 : 1;
    }
    g_test_init(&argc, &argv, NULL);
    scenario_files_add("process_simulator", SCENARIOS, tests, G_N_ELEMENTS(tests));
    return g_test_run();
}
