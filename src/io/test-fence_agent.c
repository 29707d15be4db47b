/* SPDX-License-Identifier: Apache-2.0 */
#include "io/fence_agent.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TIMEOUT_US (INT64_C(60) * G_USEC_PER_SEC)

/* Agents are small scripts in a directory of their own. */
typedef struct {
    char *directory;
    MskFencePlan *plan;
} Fixture;

static void
setup(Fixture *self, const char *script, unsigned timeout_s)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;

    self->directory = g_dir_make_tmp("msk-fence-XXXXXX", &error);
    g_assert_no_error(error);
    if (script != NULL) {
        path = g_build_filename(self->directory, "fence_test", NULL);
        text = g_strconcat("#!/bin/sh\n", script, NULL);
        g_assert_true(g_file_set_contents(path, text, -1, &error));
        g_assert_no_error(error);
        g_assert_cmpint(g_chmod(path, 0700), ==, 0);
    }
    g_autofree char *file =
        g_strdup_printf("[h1]\nagent = fence_test\npassword = geheim\ntimeout = %u\n", timeout_s);

    self->plan = msk_fence_plan_from_file(file, strlen(file), "h1", &error);
    g_assert_no_error(error);
}

static void
clear(Fixture *self)
{
    g_autoptr(GDir) dir = g_dir_open(self->directory, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(self->directory, name, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(self->directory), ==, 0);
    g_free(self->directory);
    msk_fence_plan_free(self->plan);
}

static MskFenceResult
run(const Fixture *self, MskFenceVerb verb, int cancel_fd, char **ret_said)
{
    MskFenceAgentRun order = {.directory = self->directory,
                              .device = g_ptr_array_index(self->plan->devices, 0),
                              .verb = verb,
                              .cancel_fd = cancel_fd};

    return msk_fence_agent_run(&order, ret_said);
}

static const struct {
    const char *script;
    MskFenceVerb verb;
    MskFenceResult result;
    const char *said;
} cases[] = {
    {"exit 0\n", MSK_FENCE_VERB_OFF, MSK_FENCE_DONE, ""},
    {"exit 0\n", MSK_FENCE_VERB_STATUS, MSK_FENCE_DONE, ""},
    {"exit 2\n", MSK_FENCE_VERB_STATUS, MSK_FENCE_IS_OFF, ""},
    {"exit 2\n", MSK_FENCE_VERB_OFF, MSK_FENCE_ERROR, ""},
    {"echo no; echo way >&2; exit 1\n", MSK_FENCE_VERB_OFF, MSK_FENCE_ERROR, "no way"},
    {"kill -9 $$\n", MSK_FENCE_VERB_STATUS, MSK_FENCE_ERROR, ""},
    {"cat; tr '\\0' ' ' </proc/$$/cmdline; env | grep -c geheim\n", MSK_FENCE_VERB_OFF,
     MSK_FENCE_ERROR, "password=*** action=off /bin/sh "},
};

static void
test_results(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *said = NULL;
        Fixture fixture;

        g_test_message("%s", cases[i].script);
        setup(&fixture, cases[i].script, 60);
        g_assert_cmpint(run(&fixture, cases[i].verb, -1, &said), ==, cases[i].result);
        g_assert_true(g_str_has_prefix(said, cases[i].said));
        g_assert_null(strstr(said, "geheim"));
        clear(&fixture);
    }
}

static bool
is_sleep(const char *proc)
{
    g_autofree char *line = NULL;

    return g_file_get_contents(proc, &line, NULL, NULL) && strstr(line, "sleep") != NULL;
}

/* What the agent started is gone as well. */
static void
test_one_that_hangs_is_killed(void)
{
    g_autofree char *said = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *pid = NULL;
    Fixture fixture;

    setup(&fixture, "sleep 1000 & echo $! >${0%/*}/pid; wait\n", 1);
    g_assert_cmpint(run(&fixture, MSK_FENCE_VERB_OFF, -1, &said), ==, MSK_FENCE_TIMEOUT);
    g_autofree char *path = g_build_filename(fixture.directory, "pid", NULL);

    if (g_file_get_contents(path, &pid, NULL, NULL)) { /* a slow machine may not get that far */
        g_autofree char *proc = g_strdup_printf("/proc/%s/cmdline", g_strstrip(pid));
        int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

        while (is_sleep(proc)) { /* a signal takes its time on a machine that is busy */
            g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
            g_usleep(1000);
        }
    }
    clear(&fixture);
}

static void
test_a_run_can_be_ended(void)
{
    g_autofree char *said = NULL;
    int cancel_fd = eventfd(1, EFD_CLOEXEC);
    Fixture fixture;

    setup(&fixture, "sleep 1000\n", 600);
    g_assert_cmpint(run(&fixture, MSK_FENCE_VERB_OFF, cancel_fd, &said), ==, MSK_FENCE_TIMEOUT);
    g_assert_cmpint(close(cancel_fd), ==, 0);
    clear(&fixture);
}

static void
test_an_agent_that_is_missing_is_named(void)
{
    g_autofree char *said = NULL;
    Fixture fixture;

    setup(&fixture, NULL, 60);
    g_assert_cmpint(run(&fixture, MSK_FENCE_VERB_OFF, -1, &said), ==, MSK_FENCE_ERROR);
    g_assert_nonnull(strstr(said, "fence_test cannot be run: No such file"));
    clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fence_agent/results", test_results);
    g_test_add_func("/fence_agent/hangs", test_one_that_hangs_is_killed);
    g_test_add_func("/fence_agent/ended", test_a_run_can_be_ended);
    g_test_add_func("/fence_agent/missing", test_an_agent_that_is_missing_is_named);
    return g_test_run();
}
