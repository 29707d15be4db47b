/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/spool.h"

#define LOG_NAME "test"
#include "base/log.h"

#include <glib/gstdio.h>

static const MskSpoolLimits roomy = {.max_reports = 100, .max_bytes = 1000000};

typedef struct {
    char *dir;
    MskDisk *disk;
    MskSpool *spool;
    GString *log; /* messages, one a line */
} Fixture;

static void
keep_message(const MskLogRecord *record, void *data)
{
    g_string_append_printf(data, "%s %s\n", msk_log_level_name(record->level), record->message);
}

static void
open_spool(Fixture *fixture, const MskSpoolLimits *limits)
{
    fixture->disk = msk_disk_new(50);
    fixture->spool = msk_spool_open(fixture->dir, limits, fixture->disk);
}

static void
close_spool(Fixture *fixture)
{
    (void) msk_disk_flush(fixture->disk, 60000);
    g_clear_pointer(&fixture->spool, msk_spool_free);
    g_clear_pointer(&fixture->disk, msk_disk_free);
}

static void
set_up(Fixture *fixture, const void *unused)
{
    (void) unused;
    fixture->dir = g_dir_make_tmp("msk-spool-XXXXXX", NULL);
    fixture->log = g_string_new(NULL);
    msk_log_set_sink(keep_message, fixture->log);
    open_spool(fixture, &roomy);
}

static void
remove_dir(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        if (g_file_test(inner, G_FILE_TEST_IS_DIR)) {
            remove_dir(inner);
        } else {
            (void) g_unlink(inner);
        }
    }
    (void) g_rmdir(path);
}

static void
tear_down(Fixture *fixture, const void *unused)
{
    (void) unused;
    if (fixture->disk != NULL) {
        close_spool(fixture);
    }
    msk_log_set_sink(NULL, NULL);
    g_string_free(fixture->log, TRUE);
    remove_dir(fixture->dir);
    g_free(fixture->dir);
}

static MskSpoolEntry *
add(const Fixture *fixture, const char *subject, const char *incident, bool vital)
{
    MskReport *report = g_new0(MskReport, 1);

    report->subject = g_strdup(subject);
    report->incident = g_strdup(incident);
    report->vital = vital;
    report->type = g_strdup("VM");
    report->hostname = g_strdup("h1");
    report->payload = g_strdup("{\"event\": \"E\"}");
    return msk_spool_add(fixture->spool, report);
}

/* "a b c": the subjects in order. */
static char *
subjects(const Fixture *fixture)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (const GList *at = msk_spool_entries(fixture->spool)->head; at != NULL; at = at->next) {
        const MskSpoolEntry *entry = at->data;

        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", entry->report->subject);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
assert_subjects(const Fixture *fixture, const char *expected)
{
    g_autofree char *text = subjects(fixture);

    g_assert_cmpstr(text, ==, expected);
}

static void
test_survives_a_restart(Fixture *fixture, const void *unused)
{
    const MskSpoolEntry *first;

    (void) unused;
    g_assert_nonnull(add(fixture, "a", "a:1", true));
    msk_spool_remove(fixture->spool, add(fixture, "b", "b:1", true));
    g_assert_nonnull(add(fixture, "c", NULL, false));
    add(fixture, "d", NULL, false)->report->generated_us = 5;
    msk_spool_update(fixture->spool, msk_spool_entries(fixture->spool)->tail->data);
    close_spool(fixture);

    open_spool(fixture, &roomy);
    assert_subjects(fixture, "a c d");
    first = msk_spool_entries(fixture->spool)->head->data;
    g_assert_true(first->held);
    g_assert_cmpstr(first->report->incident, ==, "a:1");
    first = msk_spool_entries(fixture->spool)->tail->data;
    g_assert_cmpint(first->report->generated_us, ==, 5);
    g_assert_nonnull(add(fixture, "e", NULL, false));
    assert_subjects(fixture, "a c d e");
}

static void
test_one_incident_once(Fixture *fixture, const void *unused)
{
    MskSpoolEntry *at;

    (void) unused;
    g_assert_nonnull(add(fixture, "a", "a:1", true));
    g_assert_null(add(fixture, "a", "a:1", true));
    g_assert_nonnull(add(fixture, "a", "a:2", true));
    /* Without an incident: the same news, unsent. A flood of them must not fill the spool. */
    g_assert_nonnull(add(fixture, "b", NULL, false));
    g_assert_null(add(fixture, "b", NULL, false));
    g_assert_nonnull(add(fixture, "c", NULL, false));
    g_assert_nonnull(add(fixture, "d", NULL, true));
    g_assert_null(add(fixture, "d", NULL, true));
    at = msk_spool_entries(fixture->spool)->head->next->next->data;
    at->in_flight = true;
    g_assert_nonnull(add(fixture, "b", NULL, false));
    assert_subjects(fixture, "a a b c d b");
}

static void
test_full(Fixture *fixture, const void *unused)
{
    static const MskSpoolLimits tight = {.max_reports = 3, .max_bytes = 1000000};
    MskSpoolEntry *first;

    (void) unused;
    close_spool(fixture);
    open_spool(fixture, &tight);
    g_assert_nonnull(add(fixture, "v1", NULL, true));
    g_assert_nonnull(add(fixture, "n1", NULL, false));
    g_assert_nonnull(add(fixture, "n2", NULL, false));
    g_assert_cmpstr(fixture->log->str, ==, "");
    g_assert_nonnull(add(fixture, "n3", NULL, false));
    assert_subjects(fixture, "v1 n2 n3");
    g_assert_nonnull(strstr(fixture->log->str, "of n1 is LOST"));
    g_assert_nonnull(add(fixture, "v2", NULL, true));
    g_assert_nonnull(add(fixture, "v3", NULL, true));
    assert_subjects(fixture, "v1 v2 v3");
    g_assert_null(add(fixture, "n4", NULL, false));
    g_assert_nonnull(strstr(fixture->log->str, "of n4 is LOST"));
    first = msk_spool_entries(fixture->spool)->head->data;
    first->in_flight = true;
    g_assert_nonnull(add(fixture, "v4", NULL, true));
    assert_subjects(fixture, "v1 v3 v4");
    close_spool(fixture);
    open_spool(fixture, &roomy);
    assert_subjects(fixture, "v1 v3 v4");
}

static void
test_full_by_size(Fixture *fixture, const void *unused)
{
    static const MskSpoolLimits tight = {.max_reports = 100, .max_bytes = 500};

    (void) unused;
    close_spool(fixture);
    open_spool(fixture, &tight);
    g_assert_nonnull(add(fixture, "a", NULL, true));
    g_assert_nonnull(add(fixture, "b", NULL, true));
    assert_subjects(fixture, "a b");
    g_assert_nonnull(add(fixture, "c", NULL, true));
    assert_subjects(fixture, "b c");
}

static void
put_file(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static bool
has_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
test_torn_files(Fixture *fixture, const void *unused)
{
    g_autofree char *huge = g_strnfill(100000, ' ');

    (void) unused;
    g_assert_nonnull(add(fixture, "a", NULL, true));
    close_spool(fixture);
    put_file(fixture, "00000000000000000001.json", "{\"version\": 1, \"sub");
    put_file(fixture, "00000000000000000002.json", "");
    put_file(fixture, "00000000000000000003.json", huge);
    put_file(fixture, "00000000000000000004.json.A1B2C3", "{");
    put_file(fixture, "99999999999999999999.json", "{}");
    put_file(fixture, "notes.txt", "an operator's");
    open_spool(fixture, &roomy);
    assert_subjects(fixture, "a");
    g_assert_true(has_file(fixture, "quarantine/00000000000000000001.json"));
    g_assert_true(has_file(fixture, "quarantine/00000000000000000002.json"));
    g_assert_true(has_file(fixture, "quarantine/00000000000000000003.json"));
    g_assert_false(has_file(fixture, "00000000000000000001.json"));
    g_assert_false(has_file(fixture, "00000000000000000004.json.A1B2C3"));
    g_assert_true(has_file(fixture, "notes.txt"));
    g_assert_nonnull(strstr(fixture->log->str, "WARNING"));
}

/* A directory that is gone stands for a disk that refuses: also root is refused there. */
static void
test_a_disk_that_refuses(Fixture *fixture, const void *unused)
{
    g_autofree char *aside = g_strconcat(fixture->dir, ".aside", NULL);

    (void) unused;
    g_assert_cmpint(g_rename(fixture->dir, aside), ==, 0);
    g_assert_nonnull(add(fixture, "a", NULL, true));
    g_assert_nonnull(add(fixture, "b", NULL, true));
    while (msk_disk_n_failed(fixture->disk) < 2) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
    assert_subjects(fixture, "a b");
    g_assert_false(msk_disk_flush(fixture->disk, 60000));
    g_assert_nonnull(strstr(fixture->log->str, "ERROR"));
    g_assert_null(strstr(strstr(fixture->log->str, "ERROR") + 1, "ERROR")); /* once */

    g_assert_cmpint(g_rename(aside, fixture->dir), ==, 0);
    while (strstr(fixture->log->str, "takes files again") == NULL) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
    close_spool(fixture);
    open_spool(fixture, &roomy);
    assert_subjects(fixture, "a b");
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *, const void *);
    } tests[] = {
        {"/spool/survives_a_restart", test_survives_a_restart},
        {"/spool/one_incident_once", test_one_incident_once},
        {"/spool/full", test_full},
        {"/spool/full_by_size", test_full_by_size},
        {"/spool/torn_files", test_torn_files},
        {"/spool/a_disk_that_refuses", test_a_disk_that_refuses},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
