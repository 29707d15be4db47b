/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fence_run.h"
#include "engine/test_lease.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *directory;
    MskFencePlan *plan;
    MskFenceRun *run;
    GMainLoop *loop;
    TestLease lease;
    bool ended;
    bool confirmed;
    char *note;
} Fixture;

static bool
may_act(void *data, int64_t *ret_until_us)
{
    Fixture *self = data;

    return test_lease_ask(&self->lease, INT64_MAX, ret_until_us);
}

static void
done(bool confirmed, const char *note, void *data)
{
    Fixture *self = data;

    self->ended = true;
    self->confirmed = confirmed;
    self->note = g_strdup(note);
    g_clear_pointer(&self->run, msk_fence_run_free);
    g_main_loop_quit(self->loop);
}

static void
begin(Fixture *self, const char *agents_dir, const char *file, const char *reason)
{
    g_autoptr(GError) error = NULL;

    if (file != NULL) {
        self->plan = msk_fence_plan_from_file(file, strlen(file), "h1", &error);
        g_assert_no_error(error);
    }
    self->loop = g_main_loop_new(NULL, FALSE);
    MskFenceRunContext context = {.agents_dir = agents_dir,
                                  .host = "h1",
                                  .subject = "test",
                                  .reason = reason,
                                  .may_act = may_act,
                                  .act_data = self,
                                  .done = done,
                                  .data = self};

    self->run = msk_fence_run_new(&context, self->plan);
}

static void
write_agent(Fixture *self, const char *script)
{
    g_autoptr(GError) error = NULL;

    self->directory = g_dir_make_tmp("msk-fence-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(self->directory, "fence_test", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\ncd ${0%/*}\n", script, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, &error));
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
}

static void
clear(Fixture *self)
{
    g_autoptr(GDir) dir = self->directory == NULL ? NULL : g_dir_open(self->directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(self->directory, name, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    if (self->directory != NULL) {
        g_assert_cmpint(g_rmdir(self->directory), ==, 0);
    }
    g_free(self->directory);
    msk_fence_run_free(self->run);
    msk_fence_plan_free(self->plan);
    g_main_loop_unref(self->loop);
    g_free(self->note);
}

static void
test_a_host_is_turned_off(void)
{
    Fixture fixture = {.lease = {.n_refusals = 3, .n_late = 2}};

    write_agent(&fixture, "grep -q action=off && { touch off; exit 0; }; test -e off && exit 2\n");
    begin(&fixture, fixture.directory, "[h1]\nagent = fence_test\n", NULL);
    g_main_loop_run(fixture.loop);
    g_assert_true(fixture.confirmed);
    g_assert_cmpuint(fixture.lease.n_refusals + fixture.lease.n_late, ==, 0);
    g_assert_nonnull(strstr(fixture.note, "Host 'h1' is off"));
    clear(&fixture);
}

static void
test_an_agent_that_refuses_confirms_nothing(void)
{
    Fixture fixture = {0};

    write_agent(&fixture, "grep -q action=off && { echo no access; exit 1; }; exit 0\n");
    begin(&fixture, fixture.directory, "[h1]\nagent = fence_test\n", NULL);
    g_main_loop_run(fixture.loop);
    g_assert_false(fixture.confirmed);
    g_assert_nonnull(strstr(fixture.note, "still says that it is on: no access"));
    clear(&fixture);
}

static void
test_without_devices_that_can_be_read(void)
{
    Fixture fixture = {0};

    begin(&fixture, "/nonexistent", NULL, "the file is torn");
    g_main_loop_run(fixture.loop);
    g_assert_false(fixture.confirmed);
    g_assert_cmpstr(fixture.note, ==, "the file is torn");
    clear(&fixture);
}

/* A recovery that is handed over takes its agent along. */
static void
test_an_agent_under_way_is_ended(void)
{
    Fixture fixture = {0};
    g_autofree char *started = NULL;

    write_agent(&fixture, "touch started; sleep 1000\n");
    begin(&fixture, fixture.directory, "[h1]\nagent = fence_test\n", NULL);
    started = g_build_filename(fixture.directory, "started", NULL);
    while (!g_file_test(started, G_FILE_TEST_EXISTS)) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(10000);
    }
    g_clear_pointer(&fixture.run, msk_fence_run_free);
    g_assert_false(fixture.ended);
    clear(&fixture);
}

/* Debian's own agent that keeps the power in a file. */
static void
test_an_agent_of_the_package(void)
{
    Fixture fixture = {0};
    g_autofree char *file = NULL;
    g_autofree char *status = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_file_test("/usr/sbin/fence_dummy", G_FILE_TEST_IS_EXECUTABLE)) {
        g_test_skip("the package fence-agents is not installed");
        return;
    }
    fixture.directory = g_dir_make_tmp("msk-fence-XXXXXX", &error);
    g_assert_no_error(error);
    status = g_build_filename(fixture.directory, "power", NULL);
    g_assert_true(g_file_set_contents(status, "on", -1, &error));
    file = g_strdup_printf("[h1]\nagent = fence_dummy\ntimeout = 600\nstatus_file = %s\n", status);
    begin(&fixture, "/usr/sbin", file, NULL);
    g_main_loop_run(fixture.loop);
    g_test_message("%s", fixture.note);
    g_assert_true(fixture.confirmed);
    clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fence_run/off", test_a_host_is_turned_off);
    g_test_add_func("/fence_run/refused", test_an_agent_that_refuses_confirms_nothing);
    g_test_add_func("/fence_run/no_devices", test_without_devices_that_can_be_read);
    g_test_add_func("/fence_run/ended", test_an_agent_under_way_is_ended);
    g_test_add_func("/fence_run/package", test_an_agent_of_the_package);
    return g_test_run();
}
