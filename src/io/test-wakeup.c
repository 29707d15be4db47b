/* SPDX-License-Identifier: Apache-2.0 */
#include "io/wakeup.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

typedef struct {
    char *dir; /* made and removed by the test */
    char *bus; /* below it */
    unsigned calls;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->dir = g_dir_make_tmp("msk-wakeup-XXXXXX", NULL);
    self->bus = g_build_filename(self->dir, "bus", NULL);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    g_assert_true(g_rmdir(self->bus) == 0 || !g_file_test(self->bus, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(self->dir), ==, 0);
    g_free(self->bus);
    g_free(self->dir);
}

static void
count(void *data)
{
    Fixture *self = data;

    self->calls++;
}

static void
run_pending(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* A socket file with nobody behind it, as a killed engine leaves it. */
static void
leave_dead_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof address.sun_path), <,
                     sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
    g_assert_cmpint(close(fd), ==, 0);
}

static void
test_many_datagrams_are_one_call(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskWakeup) one = msk_wakeup_listen(self->bus, "one", count, self, &error);
    g_autoptr(MskWakeup) two = msk_wakeup_listen(self->bus, "two", count, self, &error);

    (void) data;
    g_assert_no_error(error);
    g_assert_nonnull(one);
    g_assert_nonnull(two);
    for (unsigned i = 0; i < 1000; i++) {
        g_assert_cmpuint(msk_wakeup_send(self->bus), ==, 2);
    }
    run_pending();
    g_assert_cmpuint(self->calls, ==, 2);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 2);
    g_assert_cmpuint(msk_wakeup_send(self->bus), ==, 2);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 4);
}

static void
test_nobody_listens(Fixture *self, const void *data)
{
    g_autofree char *dead = g_build_filename(self->bus, "dead.sock", NULL);
    g_autofree char *note = g_build_filename(self->bus, "note.txt", NULL);

    (void) data;
    g_assert_cmpuint(msk_wakeup_send(self->bus), ==, 0);
    g_assert_cmpint(g_mkdir(self->bus, 0700), ==, 0);
    leave_dead_socket(dead);
    g_assert_true(g_file_set_contents(note, "", 0, NULL));
    g_assert_cmpuint(msk_wakeup_send(self->bus), ==, 0);
    g_assert_false(g_file_test(dead, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(note, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_unlink(note), ==, 0);
}

static void
test_name_taken(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dead = g_build_filename(self->bus, "one.sock", NULL);

    (void) data;
    g_assert_cmpint(g_mkdir(self->bus, 0700), ==, 0);
    leave_dead_socket(dead);
    g_autoptr(MskWakeup) one = msk_wakeup_listen(self->bus, "one", count, self, &error);

    g_assert_no_error(error);
    g_assert_null(msk_wakeup_listen(self->bus, "one", count, self, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
    g_assert_cmpuint(msk_wakeup_send(self->bus), ==, 1);
    g_clear_pointer(&one, msk_wakeup_free);
    g_assert_false(g_file_test(dead, G_FILE_TEST_EXISTS));
}

static void
test_no_such_parent(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *deep = g_build_filename(self->dir, "none", "bus", NULL);

    (void) data;
    g_assert_null(msk_wakeup_listen(deep, "one", count, self, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_DENIED);
    g_assert_nonnull(strstr(error->message, "state_path"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/wakeup/many_datagrams_are_one_call", Fixture, NULL, set_up,
               test_many_datagrams_are_one_call, tear_down);
    g_test_add("/wakeup/nobody_listens", Fixture, NULL, set_up, test_nobody_listens, tear_down);
    g_test_add("/wakeup/name_taken", Fixture, NULL, set_up, test_name_taken, tear_down);
    g_test_add("/wakeup/no_such_parent", Fixture, NULL, set_up, test_no_such_parent, tear_down);
    return g_test_run();
}
