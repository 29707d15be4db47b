/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/disk.h"

#define LOG_NAME "test"
#include "base/log.h"

#include <glib/gstdio.h>

enum { RETRY_MS = 20, FLUSH_MS = 60000 };

/* A directory that is gone stands for a disk that refuses: also root is refused there. */
typedef struct {
    char *dir;
    char *gone;
    char *first; /* in gone */
    char *last;  /* in dir */
    MskDisk *disk;
    unsigned n_errors; /* logged */
} Fixture;

static void
count_error(const MskLogRecord *record, void *data)
{
    Fixture *fixture = data;

    fixture->n_errors += record->level == MSK_LOG_ERROR;
}

static void
set_up(Fixture *fixture, const void *unused)
{
    (void) unused;
    fixture->dir = g_dir_make_tmp("msk-disk-XXXXXX", NULL);
    fixture->gone = g_build_filename(fixture->dir, "gone", NULL);
    fixture->first = g_build_filename(fixture->gone, "first", NULL);
    fixture->last = g_build_filename(fixture->dir, "last", NULL);
    fixture->disk = msk_disk_new(RETRY_MS);
    msk_log_set_sink(count_error, fixture);
}

static void
tear_down(Fixture *fixture, const void *unused)
{
    (void) unused;
    msk_disk_free(fixture->disk);
    msk_log_set_sink(NULL, NULL);
    (void) g_unlink(fixture->first);
    (void) g_unlink(fixture->last);
    (void) g_rmdir(fixture->gone);
    g_assert_cmpint(g_rmdir(fixture->dir), ==, 0); /* nothing else was left behind */
    g_free(fixture->first);
    g_free(fixture->last);
    g_free(fixture->gone);
    g_free(fixture->dir);
}

static void
assert_text(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    (void) g_file_get_contents(path, &text, NULL, NULL); /* NULL when it is not there */
    g_assert_cmpstr(text, ==, expected);
}

static void
iterate_until_failed(const Fixture *fixture, unsigned n)
{
    while (msk_disk_n_failed(fixture->disk) != n) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
}

static void
iterate_until_there(const char *path)
{
    while (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
}

static void
put_both(Fixture *fixture)
{
    msk_disk_put(fixture->disk, fixture->first, g_strdup("1"));
    msk_disk_put_in_turn(fixture->disk, fixture->last, g_strdup("2"));
}

static void
test_both(Fixture *fixture, const void *unused)
{
    (void) unused;
    g_assert_cmpint(g_mkdir(fixture->gone, 0700), ==, 0);
    put_both(fixture);
    g_assert_true(msk_disk_flush(fixture->disk, FLUSH_MS));
    assert_text(fixture->first, "1");
    assert_text(fixture->last, "2");
}

/* The worker alone keeps the turn: no main loop runs between the two. */
static void
test_waits_at_once(Fixture *fixture, const void *unused)
{
    (void) unused;
    msk_disk_put(fixture->disk, fixture->last, g_strdup("0"));
    put_both(fixture);
    (void) msk_disk_flush(fixture->disk, FLUSH_MS); /* tells of failures that done has seen only */
    assert_text(fixture->last, "0");
}

static void
test_waits_through_retries(Fixture *fixture, const void *unused)
{
    gint64 until;

    (void) unused;
    put_both(fixture);
    iterate_until_failed(fixture, 2);
    until = g_get_monotonic_time() + G_GINT64_CONSTANT(5000) * RETRY_MS;
    while (g_get_monotonic_time() < until) {
        (void) g_main_context_iteration(NULL, TRUE);
        assert_text(fixture->last, NULL);
    }
    msk_disk_put_in_turn(fixture->disk, fixture->last, g_strdup("3"));
    (void) msk_disk_flush(fixture->disk, FLUSH_MS); /* as above */
    assert_text(fixture->last, NULL);
    g_assert_cmpuint(fixture->n_errors, ==, 1);

    g_assert_cmpint(g_mkdir(fixture->gone, 0700), ==, 0);
    iterate_until_there(fixture->last);
    assert_text(fixture->first, "1");
    assert_text(fixture->last, "3");
}

static void
test_waits_no_more_for_what_is_deleted(Fixture *fixture, const void *unused)
{
    (void) unused;
    put_both(fixture);
    iterate_until_failed(fixture, 2);
    msk_disk_delete(fixture->disk, fixture->first);
    iterate_until_there(fixture->last);
    assert_text(fixture->last, "2");
    assert_text(fixture->first, NULL);
}

static void
test_does_not_wait_for_its_own_failure(Fixture *fixture, const void *unused)
{
    (void) unused;
    msk_disk_put_in_turn(fixture->disk, fixture->first, g_strdup("1"));
    iterate_until_failed(fixture, 1);
    g_assert_cmpint(g_mkdir(fixture->gone, 0700), ==, 0);
    iterate_until_there(fixture->first);
    assert_text(fixture->first, "1");
}

static void
test_others_do_not_wait(Fixture *fixture, const void *unused)
{
    (void) unused;
    msk_disk_put(fixture->disk, fixture->first, g_strdup("1"));
    msk_disk_put(fixture->disk, fixture->last, g_strdup("2"));
    (void) msk_disk_flush(fixture->disk, FLUSH_MS); /* as above */
    assert_text(fixture->last, "2");
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *, const void *);
    } tests[] = {
        {"/disk/both", test_both},
        {"/disk/waits_at_once", test_waits_at_once},
        {"/disk/waits_through_retries", test_waits_through_retries},
        {"/disk/waits_no_more_for_what_is_deleted", test_waits_no_more_for_what_is_deleted},
        {"/disk/does_not_wait_for_its_own_failure", test_does_not_wait_for_its_own_failure},
        {"/disk/others_do_not_wait", test_others_do_not_wait},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
