/* SPDX-License-Identifier: Apache-2.0 */
#include "io/wakeup.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

typedef struct {
    char *dir; /* made and removed by the test */
    char *bus; /* below it */
    MskWakeupSender *sender;
    unsigned calls;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->dir = g_dir_make_tmp("msk-wakeup-XXXXXX", NULL);
    self->bus = g_build_filename(self->dir, "bus", NULL);
    self->sender = msk_wakeup_sender_new(self->bus);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    g_assert_true(g_rmdir(self->bus) == 0 || !g_file_test(self->bus, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(self->dir), ==, 0);
    msk_wakeup_sender_free(self->sender);
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

static MskWakeup *
listen_as(Fixture *self, const char *name)
{
    g_autoptr(GError) error = NULL;
    MskWakeup *listener = msk_wakeup_listen(self->bus, name, count, self, &error);

    g_assert_no_error(error);
    return listener;
}

static void
set_time(const Fixture *self, int64_t time_s)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time_s}};

    g_assert_cmpint(utimensat(AT_FDCWD, self->bus, times, 0), ==, 0);
}

/* The directory changed last @s seconds before the year 2000. A sender relies on what it has read
 * only when the last change was a while ago. */
static void
age(const Fixture *self, int s)
{
    set_time(self, INT64_C(946684800) - s);
}

/* Returns: a socket that listens, without the care of a listener. */
static int
bind_socket_of(int type, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof address.sun_path), <,
                     sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
    return fd;
}

static int
bind_socket(const char *path)
{
    return bind_socket_of(SOCK_DGRAM, path);
}

/* A socket file with nobody behind it, as a killed engine leaves it. */
static void
leave_dead_socket(const char *path)
{
    g_assert_cmpint(close(bind_socket(path)), ==, 0);
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
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    }
    run_pending();
    g_assert_cmpuint(self->calls, ==, 2);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 2);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 4);
}

static void
test_nobody_listens(Fixture *self, const void *data)
{
    g_autofree char *dead = g_build_filename(self->bus, "dead.sock", NULL);
    g_autofree char *note = g_build_filename(self->bus, "note.txt", NULL);

    (void) data;
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 0);
    g_assert_cmpint(g_mkdir(self->bus, 0700), ==, 0);
    leave_dead_socket(dead);
    g_assert_true(g_file_set_contents(note, "", 0, NULL));
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 0);
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
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
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

static void
test_listeners_come_and_go(Fixture *self, const void *data)
{
    (void) data;
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 0);
    for (int round = 0; round < 3; round++) {
        g_autoptr(MskWakeup) one = listen_as(self, "one");

        age(self, round * 2);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
        g_autoptr(MskWakeup) two = listen_as(self, "two");

        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
        age(self, round * 2 + 1);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
        g_clear_pointer(&two, msk_wakeup_free);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
        g_clear_pointer(&one, msk_wakeup_free);
        g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 0);
    }
}

/* The time of a directory does not tell two changes within a tick of the clock apart. */
static void
test_two_changes_at_one_time(Fixture *self, const void *data)
{
    const int64_t time_s = g_get_real_time() / G_USEC_PER_SEC + 3600;
    g_autoptr(MskWakeup) one = listen_as(self, "one");

    (void) data;
    set_time(self, time_s);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_autoptr(MskWakeup) two = listen_as(self, "two");

    set_time(self, time_s);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
}

static void
test_killed_listener(Fixture *self, const void *data)
{
    g_autoptr(MskWakeup) one = listen_as(self, "one");
    g_autofree char *path = g_build_filename(self->bus, "killed.sock", NULL);
    int fd = bind_socket(path);

    (void) data;
    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    run_pending();
    self->calls = 0;
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    run_pending();
    g_assert_cmpuint(self->calls, ==, 1);
}

/* Killed, and back under its name before the next wake-up: the directory may look the same. */
static void
test_killed_listener_comes_back(Fixture *self, const void *data)
{
    g_autofree char *path = NULL;
    g_autoptr(MskWakeup) one = NULL;

    (void) data;
    g_assert_cmpint(g_mkdir(self->bus, 0700), ==, 0);
    path = g_build_filename(self->bus, "one.sock", NULL);
    int fd = bind_socket(path);

    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_assert_cmpint(close(fd), ==, 0);
    one = listen_as(self, "one");
    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 1);
}

static void
test_directory_made_again(Fixture *self, const void *data)
{
    g_autofree char *away = g_strconcat(self->bus, ".away", NULL);
    g_autoptr(MskWakeup) one = listen_as(self, "one");

    (void) data;
    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_clear_pointer(&one, msk_wakeup_free);
    g_assert_cmpint(g_rmdir(self->bus), ==, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 0);
    one = listen_as(self, "one");
    age(self, 1);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    run_pending();
    self->calls = 0;

    g_assert_cmpint(g_rename(self->bus, away), ==, 0);
    g_autoptr(MskWakeup) two = listen_as(self, "two");
    g_autoptr(MskWakeup) three = listen_as(self, "three");

    age(self, 1);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    run_pending();
    g_assert_cmpuint(self->calls, ==, 2);
    g_clear_pointer(&one, msk_wakeup_free);
    g_assert_cmpint(g_rmdir(away), ==, 0);
}

/* What makes a wake-up cheap. */
static void
test_unchanged_directory_is_not_read(Fixture *self, const void *data)
{
    g_autoptr(MskWakeup) one = listen_as(self, "one");

    (void) data;
    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_autoptr(MskWakeup) two = listen_as(self, "two");

    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    age(self, 1);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
}

/* A socket that cannot be sent to does not make each wake-up read the directory. */
static void
test_foreign_socket(Fixture *self, const void *data)
{
    g_autoptr(MskWakeup) one = listen_as(self, "one");
    g_autofree char *path = g_build_filename(self->bus, "foreign.sock", NULL);
    int fd = bind_socket_of(SOCK_STREAM, path);

    (void) data;
    g_assert_cmpint(listen(fd, 1), ==, 0);
    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    g_autoptr(MskWakeup) two = listen_as(self, "two");

    age(self, 0);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
    age(self, 1);
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 2);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* Returns: a limit that leaves @n descriptors. */
static rlim_t
limit_for(unsigned n)
{
    int fds[8];

    g_assert_cmpuint(n, <, G_N_ELEMENTS(fds));
    for (unsigned i = 0; i <= n; i++) {
        fds[i] = open("/", O_PATH | O_CLOEXEC);
        g_assert_cmpint(fds[i], >=, 0);
    }
    for (unsigned i = 0; i <= n; i++) {
        g_assert_cmpint(close(fds[i]), ==, 0);
    }
    return (rlim_t) fds[n]; /* the lowest free one is always taken */
}

/* It takes a descriptor for the directory, one to read it, and one for each listener. */
static void
test_want_of_descriptors_passes(Fixture *self, const void *data)
{
    static const unsigned reached[] = {0, 0, 0, 1};
    g_autoptr(MskWakeup) one = listen_as(self, "one");
    g_autoptr(MskWakeup) two = listen_as(self, "two");
    struct rlimit usual;

    (void) data;
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &usual), ==, 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(reached); n++) {
        MskWakeupSender *sender = msk_wakeup_sender_new(self->bus);
        const struct rlimit low = {.rlim_cur = limit_for(n), .rlim_max = usual.rlim_max};

        age(self, 0);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
        unsigned at_first = msk_wakeup_send(sender);

        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &usual), ==, 0);
        g_test_message("%u descriptors", n);
        g_assert_cmpuint(at_first, ==, reached[n]);
        g_assert_cmpuint(msk_wakeup_send(sender), ==, 2);
        msk_wakeup_sender_free(sender);
    }
}

static void *
send_often(void *data)
{
    MskWakeupSender *sender = data;

    for (unsigned i = 0; i < 300; i++) {
        g_assert_cmpuint(msk_wakeup_send(sender), >=, 1);
    }
    return NULL;
}

static void
test_many_threads(Fixture *self, const void *data)
{
    g_autoptr(MskWakeup) one = listen_as(self, "one");
    GThread *threads[4];

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("sender", send_often, self->sender);
    }
    for (int i = 0; i < 30; i++) {
        g_autoptr(MskWakeup) two = listen_as(self, "two");

        age(self, i);
        run_pending();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpuint(msk_wakeup_send(self->sender), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/wakeup/many_datagrams_are_one_call", Fixture, NULL, set_up,
               test_many_datagrams_are_one_call, tear_down);
    g_test_add("/wakeup/listeners_come_and_go", Fixture, NULL, set_up, test_listeners_come_and_go,
               tear_down);
    g_test_add("/wakeup/two_changes_at_one_time", Fixture, NULL, set_up,
               test_two_changes_at_one_time, tear_down);
    g_test_add("/wakeup/killed_listener", Fixture, NULL, set_up, test_killed_listener, tear_down);
    g_test_add("/wakeup/killed_listener_comes_back", Fixture, NULL, set_up,
               test_killed_listener_comes_back, tear_down);
    g_test_add("/wakeup/directory_made_again", Fixture, NULL, set_up, test_directory_made_again,
               tear_down);
    g_test_add("/wakeup/unchanged_directory_is_not_read", Fixture, NULL, set_up,
               test_unchanged_directory_is_not_read, tear_down);
    g_test_add("/wakeup/foreign_socket", Fixture, NULL, set_up, test_foreign_socket, tear_down);
    g_test_add("/wakeup/want_of_descriptors_passes", Fixture, NULL, set_up,
               test_want_of_descriptors_passes, tear_down);
    g_test_add("/wakeup/many_threads", Fixture, NULL, set_up, test_many_threads, tear_down);
    g_test_add("/wakeup/nobody_listens", Fixture, NULL, set_up, test_nobody_listens, tear_down);
    g_test_add("/wakeup/name_taken", Fixture, NULL, set_up, test_name_taken, tear_down);
    g_test_add("/wakeup/no_such_parent", Fixture, NULL, set_up, test_no_such_parent, tear_down);
    return g_test_run();
}
