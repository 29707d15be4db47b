/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_lock.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

typedef struct {
    char *parent;
    char *dir;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->parent = g_dir_make_tmp("msk-lock-XXXXXX", NULL);
    self->dir = g_build_filename(self->parent, "engines", NULL);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    g_assert_true(g_rmdir(self->dir) == 0 || !g_file_test(self->dir, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(self->parent), ==, 0);
    g_free(self->dir);
    g_free(self->parent);
}

/* Another process that takes the lock @uuid and dies with it, or lives until its pipe is closed. */
static pid_t
fork_engine(const char *dir, const char *uuid, int until_fd)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        char byte = 0;
        MskEngineLock *lock = msk_engine_lock_take(dir, uuid, NULL);

        if (until_fd >= 0) {
            (void) !read(until_fd, &byte, 1); /* the end of the file is what is waited for */
        }
        _exit(lock == NULL ? 1 : 0);
    }
    return pid;
}

static void
test_the_dead_are_found(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskEngineLock) own = msk_engine_lock_take(self->dir, "own", &error);
    int status = -1;

    (void) data;
    g_assert_no_error(error);
    g_assert_cmpint(waitpid(fork_engine(self->dir, "dead", -1), &status, 0), >, 0);
    g_assert_cmpint(status, ==, 0);
    for (unsigned i = 0; i < 2; i++) {
        g_auto(GStrv) dead = msk_engine_lock_list_dead(self->dir, "own");

        g_assert_cmpuint(g_strv_length(dead), ==, 1);
        g_assert_cmpstr(dead[0], ==, "dead");
    }
    msk_engine_lock_forget(self->dir, "dead");
    g_auto(GStrv) none = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(none), ==, 0);
}

static void
test_the_living_are_not(Fixture *self, const void *data)
{
    int fds[2];
    int status = -1;

    (void) data;
    g_assert_cmpint(pipe(fds), ==, 0);
    pid_t pid = fork_engine(self->dir, "other", fds[0]);
    g_autofree char *path = g_build_filename(self->dir, "other.lock", NULL);

    while (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_usleep(1000);
    }
    g_usleep(20000); /* between making the file and locking it */
    g_auto(GStrv) dead = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(dead), ==, 0);
    msk_engine_lock_forget(self->dir, "other");
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_auto(GStrv) now_dead = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(now_dead), ==, 1);
    msk_engine_lock_forget(self->dir, "other");
    g_assert_cmpint(close(fds[0]), ==, 0);
    g_assert_cmpint(close(fds[1]), ==, 0);
}

static void
test_what_is_no_lock_is_passed_over(Fixture *self, const void *data)
{
    g_autofree char *note = g_build_filename(self->dir, "note.txt", NULL);

    (void) data;
    g_auto(GStrv) no_folder = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(no_folder), ==, 0);
    g_assert_cmpint(g_mkdir(self->dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(note, "", 0, NULL));
    g_auto(GStrv) none = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(none), ==, 0);
    g_assert_cmpint(g_unlink(note), ==, 0);
}

static void
test_no_such_parent(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *deep = g_build_filename(self->parent, "none", "engines", NULL);

    (void) data;
    g_assert_null(msk_engine_lock_take(deep, "own", &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_DENIED);
}

/* Somebody who looks for the dead has it for a moment, but not for long. */
static void
test_a_lock_that_is_taken(Fixture *self, const void *data)
{
    g_autofree char *path = g_build_filename(self->dir, "own.lock", NULL);
    g_autoptr(GError) error = NULL;

    (void) data;
    g_assert_cmpint(g_mkdir(self->dir, 0700), ==, 0);
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0640);

    g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
    g_assert_null(msk_engine_lock_take(self->dir, "own", &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_cmpint(close(fd), ==, 0);
    MskEngineLock *lock = msk_engine_lock_take(self->dir, "own", NULL);

    g_assert_nonnull(lock);
    msk_engine_lock_free(lock);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* What cannot be opened tells nothing of its engine. */
static void
test_a_lock_that_cannot_be_opened(Fixture *self, const void *data)
{
    g_autofree char *path = g_build_filename(self->dir, "other.lock", NULL);

    (void) data;
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    g_auto(GStrv) none = msk_engine_lock_list_dead(self->dir, "own");

    g_assert_cmpuint(g_strv_length(none), ==, 0);
    msk_engine_lock_forget(self->dir, "other");
    g_assert_cmpint(g_rmdir(path), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/engine_lock/the_dead_are_found", Fixture, NULL, set_up, test_the_dead_are_found,
               tear_down);
    g_test_add("/engine_lock/the_living_are_not", Fixture, NULL, set_up, test_the_living_are_not,
               tear_down);
    g_test_add("/engine_lock/what_is_no_lock_is_passed_over", Fixture, NULL, set_up,
               test_what_is_no_lock_is_passed_over, tear_down);
    g_test_add("/engine_lock/taken", Fixture, NULL, set_up, test_a_lock_that_is_taken, tear_down);
    g_test_add("/engine_lock/cannot_be_opened", Fixture, NULL, set_up,
               test_a_lock_that_cannot_be_opened, tear_down);
    g_test_add("/engine_lock/no_such_parent", Fixture, NULL, set_up, test_no_such_parent,
               tear_down);
    return g_test_run();
}
