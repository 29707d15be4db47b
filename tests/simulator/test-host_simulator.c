/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "host_simulation.h"

/*
 * Each scenario of the folder is run as it is and compared with its log; then with every fault at
 * every action (of a run that waits for long: at every few). "test-host_simulator --print FILE"
 * shows the log of a new one.
 */

#ifndef SCENARIOS
#error "SCENARIOS is the folder of the scenario files"
#endif

#define LONG_RUN 100u

static HostScenario *
load(const char *path)
{
    g_autofree char *text = NULL;
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_error("%s", error->message);
    }
    return host_scenario_parse(name, text);
}

static void
check(const HostScenario *scenario, const HostOutcome *outcome)
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
    g_auto(HostOutcome) outcome = host_simulate(scenario, HOST_FAULT_NONE, 0);

    g_assert_cmpstr(outcome.log, ==, scenario->golden);
    check(scenario, &outcome);
}

static void
test_every_fault(const void *data)
{
    g_autoptr(HostScenario) scenario = load(data);
    g_auto(HostOutcome) smooth = host_simulate(scenario, HOST_FAULT_NONE, 0);
    /* A long run is one that waits at a gate, and asks the same again and again. */
    unsigned stride = smooth.n_actions > LONG_RUN ? smooth.n_actions / LONG_RUN * 2 + 1 : 1;

    for (int fault = HOST_FAULT_DIE_BEFORE; fault < N_HOST_FAULTS; fault++) {
        for (unsigned at = 1; at <= smooth.n_actions + 3; at += stride) {
            g_auto(HostOutcome) outcome = host_simulate(scenario, (HostFault) fault, at);

            check(scenario, &outcome);
        }
    }
}

static void
add(const char *file, const char *suffix, void (*test)(const void *data))
{
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(".txt"));
    g_autofree char *path = g_strdup_printf("/host_simulator/%s/%s", name, suffix);

    g_test_add_data_func_full(path, g_build_filename(SCENARIOS, file, NULL), test, g_free);
}

static int
print(const char *path)
{
    g_autoptr(HostScenario) scenario = load(path);
    g_auto(HostOutcome) outcome = host_simulate(scenario, HOST_FAULT_NONE, 0);

    g_print("%s", outcome.log);
    if (outcome.complaint != NULL) {
        g_printerr("%s: %s\n", scenario->name, outcome.complaint);
    }
    return outcome.complaint == NULL ? 0 : 1;
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
            add(file, "as_it_is", test_as_it_is);
            add(file, "every_fault", test_every_fault);
            n++;
        }
    }
    g_dir_close(folder);
    g_assert_cmpuint(n, >=, 70);
    return g_test_run();
}
