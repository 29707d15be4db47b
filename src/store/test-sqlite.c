/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "store/test_fixture.h"

#include <sys/stat.h>

/* Files that cannot be used, and locks that are held. What a full disk and a read-only one do needs
 * a mount; tests/functional/test_store_faults.py has that. */

static MskErrorCode
open_error(const Fixture *fixture, char **ret_message)
{
    g_autoptr(GError) error = NULL;
    MskStoreOptions options = fixture_options(fixture);
    g_autoptr(MskStore) store = msk_store_open(&options, &error);

    g_assert_null(store);
    g_assert_nonnull(error);
    g_assert_cmpuint(error->domain, ==, MSK_ERROR);
    *ret_message = g_strdup(error->message);
    return (MskErrorCode) error->code;
}

static void
write_file(const char *path, const char *bytes, size_t length)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, bytes, (gssize) length, &error));
    g_assert_no_error(error);
}

typedef struct {
    char *bytes;
    size_t length;
} Image;

static Image
read_image(const char *path)
{
    g_autoptr(GError) error = NULL;
    Image image;

    g_assert_true(g_file_get_contents(path, &image.bytes, &image.length, &error));
    g_assert_no_error(error);
    return image;
}

static void
test_a_file_that_is_no_database_is_named_and_left_alone(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        MskErrorCode wanted;
        const char *message;
    } rows[] = {
        {"this is a shopping list, not a database; it is longer than the header of one, though.\n"
         "eggs, milk, bread, and another hundred bytes of text to make the point quite clear: ...",
         160, MSK_ERROR_INTERNAL, "not a SQLite database"},
        {"SQLite format 3\0garbage follows the magic words of the header.......................",
         80, MSK_ERROR_INTERNAL, "not a SQLite database"},
        {"", 0, MSK_ERROR_CONFLICT, "db sync"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autofree char *message = NULL;
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        fixture_init_empty(&fixture);
        write_file(fixture.path, rows[i].bytes, rows[i].length);
        g_assert_cmpint(open_error(&fixture, &message), ==, rows[i].wanted);
        g_assert_nonnull(strstr(message, rows[i].message));
        if (rows[i].wanted == MSK_ERROR_INTERNAL) {
            MskStoreOptions options = fixture_options(&fixture);

            g_assert_false(msk_store_sync(&options, NULL, &error));
            g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
        }
        Image after = read_image(fixture.path);

        g_assert_cmpmem(after.bytes, after.length, rows[i].bytes, rows[i].length);
        g_free(after.bytes);
        fixture_clear(&fixture);
    }
}

static void
fill(Fixture *fixture)
{
    for (int i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("segment-%d-%0200d", i, i);
        g_autoptr(MskSegment) segment = make_segment(fixture->store, name);
    }
    g_clear_pointer(&fixture->store, msk_store_free); /* the log is copied into the file */
}

static void
test_a_damaged_file_is_named_and_left_alone(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    fill(&fixture);
    Image image = read_image(fixture.path);
    size_t page = 4096;

    g_assert_cmpuint(image.length, >, 10 * page);
    /* Each page in turn: half of it never reached the disk. */
    for (size_t at = 0; at + page <= image.length; at += page) {
        g_autofree char *torn = g_memdup2(image.bytes, image.length);
        g_autofree char *message = NULL;

        memset(torn + at + (at == 0 ? 100 : 0), 0xa5, page / 2);
        write_file(fixture.path, torn, image.length);
        g_assert_cmpint(open_error(&fixture, &message), ==, MSK_ERROR_INTERNAL);
        g_assert_nonnull(strstr(message, "damaged"));
        g_assert_nonnull(strstr(message, fixture.path));
        Image after = read_image(fixture.path);

        g_assert_cmpmem(after.bytes, after.length, torn, image.length);
        g_free(after.bytes);
    }
    /* A file cut short. */
    write_file(fixture.path, image.bytes, image.length / 2);
    g_autofree char *message = NULL;

    g_assert_cmpint(open_error(&fixture, &message), ==, MSK_ERROR_INTERNAL);
    /* The whole one still works. */
    write_file(fixture.path, image.bytes, image.length);
    fixture_open(&fixture);
    g_free(image.bytes);
    fixture_clear(&fixture);
}

static void
test_paths_that_cannot_be_used_are_named(void)
{
    Fixture fixture;
    g_autofree char *missing = NULL;
    g_autofree char *message = NULL;

    fixture_init_empty(&fixture);
    g_assert_cmpint(open_error(&fixture, &missing), ==, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(missing, "db sync"));
    g_assert_cmpint(g_mkdir(fixture.path, 0700), ==, 0);
    g_assert_cmpint(open_error(&fixture, &message), ==, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(message, "not a regular file"));
    g_assert_cmpint(g_rmdir(fixture.path), ==, 0);

    g_autofree char *connection = g_strconcat(fixture.connection, "/no/such/directory", NULL);
    MskStoreOptions options = {
        .connection = connection, .max_connections = 1, .busy_timeout_ms = 100};
    g_autoptr(GError) error = NULL;

    g_assert_false(msk_store_sync(&options, NULL, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "make its directory"));
    fixture_clear(&fixture);
}

static void
test_a_lock_held_elsewhere_is_waited_for_and_then_unavailable(void)
{
    Fixture fixture;
    g_autoptr(GError) failure = NULL;

    fixture_init(&fixture);
    g_clear_pointer(&fixture.store, msk_store_free);
    MskStoreOptions options = {
        .connection = fixture.connection, .max_connections = 1, .busy_timeout_ms = 200};
    g_autoptr(MskDb) holder =
        msk_db_open(&msk_sqlite_driver, fixture.path, MSK_DB_USE, 0, &failure);

    fixture.store = msk_store_open(&options, &failure);
    g_assert_no_error(failure);
    g_assert_true(holder->driver->begin(holder, true, &failure));

    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(GPtrArray) list = NULL;

    segment->name = g_strdup("one");
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup("auto");
    int64_t started_us = g_get_monotonic_time();

    g_assert_cmpint(msk_store_segment_create(fixture.store, segment, &failure), ==,
                    MSK_STORE_FAILED);
    g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(failure->message, "lock"));
    g_clear_error(&failure);
    g_assert_cmpint(g_get_monotonic_time() - started_us, >, 150 * G_TIME_SPAN_MILLISECOND);
    /* Reading goes on, and so does writing once the lock is gone. */
    ASSERT_DONE(msk_store_segment_list(fixture.store, NULL, NULL, &list, error));
    holder->driver->rollback(holder);
    ASSERT_DONE(msk_store_segment_create(fixture.store, segment, error));
    fixture_clear(&fixture);
}

static MskStoreResult
try_to_post(const Fixture *fixture, const char *instance, char **ret_message)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup("VM");
    notification->payload = g_strdup_printf("{\"instance\": \"%s\"}", instance);
    MskStoreResult result =
        msk_store_notification_create(fixture->store, "h1", 180, notification, &failure);

    if (failure != NULL) {
        g_assert_error(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        *ret_message = g_strdup(failure->message);
    }
    return result;
}

/* What is written to a file that nobody can find again would be lost. */
static void
test_a_file_removed_or_replaced_in_use_takes_nothing_until_it_is_back(void)
{
    enum { REMOVED, REPLACED, N_CASES };

    for (int i = 0; i < N_CASES; i++) {
        Fixture fixture;
        g_autofree char *message = NULL;

        fixture_init(&fixture);
        g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
        g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");
        g_autofree char *aside = g_strconcat(fixture.path, "-aside", NULL);
        g_autoptr(GPtrArray) list = NULL;

        g_assert_cmpint(g_rename(fixture.path, aside), ==, 0);
        if (i == REPLACED) {
            write_file(fixture.path, "another", 7);
        }
        g_assert_cmpint(try_to_post(&fixture, "1", &message), ==, MSK_STORE_FAILED);
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message, "removed or replaced"));
        if (i == REPLACED) {
            Image image = read_image(fixture.path);

            g_assert_cmpmem(image.bytes, image.length, "another", 7);
            g_free(image.bytes);
        }
        g_assert_cmpint(g_rename(aside, fixture.path), ==, 0);
        g_assert_cmpint(try_to_post(&fixture, "2", &message), ==, MSK_STORE_DONE);
        ASSERT_DONE(msk_store_notification_list(fixture.store, NULL, NULL, &list, error));
        g_assert_cmpuint(list->len, ==, 1);
        fixture_clear(&fixture);
    }
}

/* What a power cut would show; 2 is FULL. */
static void
test_connections_are_durable_and_keep_references_whole(void)
{
    static const struct {
        const char *pragma;
        const char *wanted;
    } rows[] = {
        {"PRAGMA synchronous", "2"},
        {"PRAGMA journal_mode", "wal"},
        {"PRAGMA foreign_keys", "1"},
    };
    Fixture fixture;
    g_autoptr(GError) error = NULL;

    fixture_init(&fixture);
    {
        g_autoptr(MskDb) db =
            msk_db_open(&msk_sqlite_driver, fixture.path, MSK_DB_USE, 1000, &error);

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_autoptr(MskDbStatement) row =
                msk_db_query(db, rows[i].pragma, MSK_DB_NO_ARGS, &error);

            g_assert_cmpint(msk_db_step(row, &error), ==, 1);
            g_assert_cmpstr(msk_db_text(row, 0), ==, rows[i].wanted);
        }
        g_assert_false(msk_db_run(db,
                                  "INSERT INTO hosts (uuid, name, type, control_attributes, "
                                  "failover_segment_id) VALUES ('u', 'n', 't', 'c', 'nowhere')",
                                  MSK_DB_NO_ARGS, NULL, &error));
        g_assert_nonnull(strstr(error->message, "FOREIGN KEY"));
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sqlite/a_file_that_is_no_database_is_named_and_left_alone",
                    test_a_file_that_is_no_database_is_named_and_left_alone);
    g_test_add_func("/sqlite/a_damaged_file_is_named_and_left_alone",
                    test_a_damaged_file_is_named_and_left_alone);
    g_test_add_func("/sqlite/paths_that_cannot_be_used_are_named",
                    test_paths_that_cannot_be_used_are_named);
    g_test_add_func("/sqlite/a_lock_held_elsewhere_is_waited_for",
                    test_a_lock_held_elsewhere_is_waited_for_and_then_unavailable);
    g_test_add_func("/sqlite/a_file_removed_or_replaced_in_use_takes_nothing_until_it_is_back",
                    test_a_file_removed_or_replaced_in_use_takes_nothing_until_it_is_back);
    g_test_add_func("/sqlite/connections_are_durable_and_keep_references_whole",
                    test_connections_are_durable_and_keep_references_whole);
    return g_test_run();
}
