/* SPDX-License-Identifier: Apache-2.0 */
#include "simulation.h"

#include <string.h>

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
    g_autofree char *text = NULL;
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_error("%s", error->message);
    }
    return scenario_parse(name, text);
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

    for (int fault = FAULT_DIE_BEFORE; fault < N_FAULTS; fault++) {
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

    for (int fault = FAULT_DIE_BEFORE; fault <= FAULT_DIE_LATE; fault++) {
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

static void
add(const char *folder, const char *file, const char *suffix, void (*test)(const void *data))
{
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(".txt"));
    g_autofree char *path = g_strdup_printf("/simulator/%s/%s", name, suffix);

    g_test_add_data_func_full(path, g_build_filename(folder, file, NULL), test, g_free);
}

static bool
is_alone(const char *folder, const char *file)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autoptr(Scenario) scenario = load(path);

    return scenario->alone;
}

static int
print(const char *path)
{
    g_autoptr(Scenario) scenario = load(path);
    g_auto(Outcome) outcome = simulate(scenario, FAULT_NONE, 0, NULL);

    g_print("%s", outcome.log);
    return 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const char *file = NULL;
    unsigned n = 0;

    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        return print(argv[2]);
    }
    g_test_init(&argc, &argv, NULL);
    GDir *folder = g_dir_open(SCENARIOS, 0, &error);

    g_assert_no_error(error);
    while ((file = g_dir_read_name(folder)) != NULL) {
        if (g_str_has_suffix(file, ".txt")) {
            add(SCENARIOS, file, "as_it_is", test_as_it_is);
            if (!is_alone(SCENARIOS, file)) {
                add(SCENARIOS, file, "every_fault", test_every_fault);
                add(SCENARIOS, file, "engines_that_flap", test_engines_that_flap);
            }
            add(SCENARIOS, file, "a_second_report", test_a_second_report);
            n++;
        }
    }
    g_dir_close(folder);
    g_assert_cmpuint(n, >=, 30);
    return g_test_run();
}
