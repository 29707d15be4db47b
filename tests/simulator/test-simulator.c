/* SPDX-License-Identifier: Apache-2.0 */
#include "simulation.h"

#include <string.h>

#include "scenario_files.h"

/*
 * Each scenario of the folder is run as it is and compared with its log; then with every fault at
 * every action; then with a second report on the same VM. "test-simulator --print FILE" shows the
 * log of a new one.
 */

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

static Scenario *
load(const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *text = scenario_files_read(path, &name);

    return instance_scenario_parse(name, text);
}

static void
check(const Scenario *scenario, const Outcome *outcome, const char *what)
{
    bool same_end = scenario->fragile || (strcmp(outcome->status, scenario->end_status) == 0 &&
                                          outcome->vm_state == scenario->end_vm_state);

    if (outcome->refused_unknown) { /* nobody knows what became of a program */
        same_end = strcmp(outcome->status, "failed") == 0;
    }

    if (outcome->complaint != NULL || !same_end) {
        g_test_message("%s: %s: %s\n%s", scenario->name, what,
                       outcome->complaint != NULL ? outcome->complaint : "another end",
                       outcome->log);
        g_test_fail();
    }
}

static void
test_as_it_is(const void *data)
{
    g_autoptr(Scenario) scenario = load(data);
    g_auto(Outcome) outcome = simulate(scenario, FAULT_NONE, 0, NULL);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    g_assert_cmpstr(outcome.status, ==, scenario->end_status);
    g_assert_cmpint(outcome.vm_state, ==, scenario->end_vm_state);
    check(scenario, &outcome, "as it is");
}

static void
test_every_fault(const void *data)
{
    g_autoptr(Scenario) scenario = load(data);
    g_auto(Outcome) smooth = simulate(scenario, FAULT_NONE, 0, NULL);

    for (int fault = FAULT_DIE_BEFORE; !scenario->alone && fault < N_FAULTS; fault++) {
        for (unsigned at = 1; at <= smooth.n_actions + 3; at++) {
            g_autofree char *what = g_strdup_printf("fault %d at action %u", fault, at);
            g_auto(Outcome) outcome = simulate(scenario, (Fault) fault, at, NULL);

            check(scenario, &outcome, what);
        }
    }
}

/* One engine after another dies, each after so many actions. */
static void
test_engines_that_flap(const void *data)
{
    static const unsigned gaps[] = {1, 2, 3, 5, 8};
    g_autoptr(Scenario) scenario = load(data);

    for (int fault = FAULT_DIE_BEFORE; !scenario->alone && fault <= FAULT_DIE_LATE; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++) {
            for (unsigned at = 1; at <= gaps[i]; at++) {
                g_autofree char *what =
                    g_strdup_printf("fault %d at action %u and every %u", fault, at, gaps[i]);
                g_auto(Outcome) outcome =
                    simulate_again(scenario, (Fault) fault, at, gaps[i], NULL);

                check(scenario, &outcome, what);
            }
        }
    }
}

static void
test_a_second_report(const void *data)
{
    g_autoptr(Scenario) scenario = load(data);
    g_auto(Outcome) smooth = simulate(scenario, FAULT_NONE, 0, NULL);
    static const MskIncident incidents[] = {MSK_INCIDENT_DOWN, MSK_INCIDENT_IMPAIRED};

    for (size_t i = 0; i < G_N_ELEMENTS(incidents); i++) {
        for (int fault = FAULT_NONE; fault < (scenario->alone ? FAULT_NONE + 1 : N_FAULTS);
             fault++) {
            for (unsigned at = 1; at <= smooth.n_actions; at++) {
                g_auto(Outcome) outcome = simulate(scenario, (Fault) fault, at, &incidents[i]);

                if (outcome.complaint != NULL) {
                    g_test_message("%s, second report %zu: %s\n%s", scenario->name, i,
                                   outcome.complaint, outcome.log);
                    g_test_fail();
                }
            }
        }
    }
}

static ScenarioOutcome
run(const char *path)
{
    g_autoptr(Scenario) scenario = load(path);
    g_auto(Outcome) outcome = simulate(scenario, FAULT_NONE, 0, NULL);

    return (ScenarioOutcome){.n_actions = outcome.n_actions,
                             .log = g_steal_pointer(&outcome.log),
                             .complaint = g_steal_pointer(&outcome.complaint)};
}

int
main(int argc, char **argv)
{
    static const ScenarioTest tests[] = {{"as_it_is", test_as_it_is},
                                         {"every_fault", test_every_fault},
                                         {"engines_that_flap", test_engines_that_flap},
                                         {"a_second_report", test_a_second_report}};
    static const ScenarioSuite suite = {.name = "simulator",
                                        .folder = SCENARIOS,
                                        .n_least = 30,
                                        .tests = tests,
                                        .n_tests = G_N_ELEMENTS(tests),
                                        .run = run};

    return scenario_files_main(argc, argv, &suite);
}
