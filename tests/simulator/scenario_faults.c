/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario_faults.h"

#define LONG_RUN 100u

/* GTest hands a test no more than the path of its scenario. */
static const ScenarioFaults *kind;

static ScenarioHead *
load(const char *path)
{
    g_autofree char *name = NULL;
    g_autofree char *text = scenario_files_read(path, &name);

    return kind->parse(name, text);
}

static void
run_with(const ScenarioHead *scenario, int fault, unsigned at, unsigned every)
{
    g_auto(ScenarioOutcome) outcome = kind->simulate(scenario, fault, at, every);

    if (outcome.complaint != NULL) {
        g_test_message("%s: %s\n%s", scenario->name, outcome.complaint, outcome.log);
        g_test_fail();
    }
}

static void
test_as_it_is(const void *path)
{
    ScenarioHead *scenario = load(path);
    g_auto(ScenarioOutcome) outcome = kind->simulate(scenario, 0, 0, 0);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    g_assert_cmpstr(outcome.complaint, ==, NULL);
    kind->free(scenario);
}

static void
test_every_fault(const void *path)
{
    ScenarioHead *scenario = load(path);
    g_auto(ScenarioOutcome) smooth = kind->simulate(scenario, 0, 0, 0);
    unsigned stride = smooth.n_actions / LONG_RUN + 1;

    for (int fault = 1; fault < kind->n_faults; fault++) {
        for (unsigned at = 1; at <= smooth.n_actions + 3; at += stride) {
            run_with(scenario, fault, at, 0);
        }
    }
    kind->free(scenario);
}

static void
test_engines_that_flap(const void *path)
{
    ScenarioHead *scenario = load(path);

    for (int fault = 1; fault <= kind->n_deaths; fault++) {
        for (size_t i = 0; i < G_N_ELEMENTS(kind->gaps); i++) {
            for (unsigned at = 1; at <= kind->gaps[i]; at++) {
                run_with(scenario, fault, at, kind->gaps[i]);
            }
        }
    }
    kind->free(scenario);
}

static ScenarioOutcome
run(const char *path)
{
    ScenarioHead *scenario = load(path);
    ScenarioOutcome outcome = kind->simulate(scenario, 0, 0, 0);

    kind->free(scenario);
    return outcome;
}

int
scenario_faults_main(int argc, char **argv, const ScenarioFaults *faults)
{
    static const ScenarioTest tests[] = {{"as_it_is", test_as_it_is},
                                         {"every_fault", test_every_fault},
                                         {"engines_that_flap", test_engines_that_flap}};
    ScenarioSuite suite = {.name = faults->name,
                           .folder = faults->folder,
                           .n_least = faults->n_least,
                           .tests = tests,
                           .n_tests = G_N_ELEMENTS(tests),
                           .run = run};

    kind = faults;
    return scenario_files_main(argc, argv, &suite);
}
