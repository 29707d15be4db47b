/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "store/test_fixture.h"

#include <malloc.h>

static void
test_times_are_read_and_written_in_whole_seconds(void)
{
    static const struct {
        const char *text;
        int64_t time_us;
        const char *written; /* NULL: not a time */
    } rows[] = {
        {"1970-01-01 00:00:01", 1000000, "1970-01-01 00:00:01.000000"},
        {"2026-11-23 07:14:20.114763", 1795418060114763, "2026-11-23 07:14:20.000000"},
        {"2024-02-29 23:59:59.000000", 1709251199000000, "2024-02-29 23:59:59.000000"},
        {"1969-12-31 23:59:59.500000", -500000, "1969-12-31 23:59:59.000000"},
        {"0001-01-01 00:00:00", -62135596800000000, "0001-01-01 00:00:00.000000"},
        {"9999-12-31 23:59:59.999999", 253402300799999999, "9999-12-31 23:59:59.000000"},
        {"2000-03-01 00:00:00", 951868800000000, "2000-03-01 00:00:00.000000"},
        {"2026-11-23T07:14:20Z", 1795418060000000, "2026-11-23 07:14:20.000000"},
        {"", 0, NULL},
        {"yesterday", 0, NULL},
        {"2026-13-23 07:14:20", 0, NULL},
        {"2026-11-23 07:14:2x", 0, NULL},
        {"20x6-11-23 07:14:20.114763", 0, NULL},
    };

    g_assert_cmpint(msk_db_parse_time(NULL), ==, 0);
    g_assert_null(msk_db_format_time(0));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *written = msk_db_format_time(rows[i].time_us);

        g_test_message("%s", rows[i].text);
        g_assert_cmpint(msk_db_parse_time(rows[i].text), ==, rows[i].time_us);
        g_assert_cmpstr(written, ==, rows[i].written);
    }
}

static void
test_moments_outside_of_a_column_are_clamped(void)
{
    g_autofree char *first = msk_db_format_moment(G_MININT64);
    g_autofree char *last = msk_db_format_moment(G_MAXINT64);
    g_autofree char *epoch = msk_db_format_moment(0);

    g_assert_cmpstr(first, ==, "0001-01-01 00:00:00.000000");
    g_assert_cmpstr(last, ==, "9999-12-31 23:59:59.000000");
    g_assert_cmpstr(epoch, ==, "1970-01-01 00:00:00.000000");
}

static void
test_statements_are_kept_up_to_a_bound(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;

    fixture_init_empty(&fixture);
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_CREATE);

        g_assert_no_error(error);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 200; i++) {
                g_autofree char *sql = g_strdup_printf("SELECT %d + ?", i);
                int64_t sum = 0;

                g_assert_cmpint(msk_db_number(db, sql, MSK_DB_ARGS(MSK_DB_I(round)), &sum, &error),
                                ==, 1);
                g_assert_cmpint(sum, ==, i + round);
            }
        }
        g_assert_cmpuint(g_hash_table_size(db->statements), ==, 96);
        /* The latest stay, the oldest go. */
        g_assert_true(g_hash_table_contains(db->statements, "SELECT 199 + ?"));
        g_assert_false(g_hash_table_contains(db->statements, "SELECT 0 + ?"));
        msk_db_forget(db);
        g_assert_cmpuint(g_hash_table_size(db->statements), ==, 0);
    }
    fixture_clear(&fixture);
}

static size_t
allocated(void)
{
    const struct mallinfo2 all = mallinfo2();

    return all.uordblks + all.hblkhd;
}

/* Returns: the bytes of all rows, each with @text. */
static size_t
read_rows(MskDb *db, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDbStatement) rows = msk_db_query(
        db,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i, ?"
        " FROM n",
        MSK_DB_ARGS(MSK_DB_T(text)), &error);
    size_t bytes = 0;

    g_assert_no_error(error);
    while (msk_db_step(rows, &error) == 1) {
        bytes += strlen(msk_db_text(rows, 1));
    }
    g_assert_no_error(error);
    return bytes;
}

static void
test_rows_that_were_read_take_no_memory(void)
{
    enum { TEXT_BYTES = 20000 };
    Fixture fixture;
    g_autofree char *text = g_strnfill(TEXT_BYTES, 'x');

    fixture_init_empty(&fixture);
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_CREATE);

        g_assert_cmpuint(read_rows(db, ""), ==, 0);

        const size_t before = allocated();
        const size_t bytes = read_rows(db, text);

        g_assert_cmpuint(bytes, ==, (size_t) 200 * TEXT_BYTES);
        g_assert_cmpuint(allocated(), <, before + bytes / 4);
    }
    fixture_clear(&fixture);
}

static void
test_values_come_back_as_they_went(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;

    fixture_init_empty(&fixture);
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_CREATE);
        g_autoptr(MskDbStatement) row = msk_db_query(
            db, "SELECT ?, ?, ?",
            MSK_DB_ARGS(MSK_DB_I(G_MININT64), MSK_DB_T("'; DROP TABLE hosts; --"), MSK_DB_T(NULL)),
            &error);

        g_assert_no_error(error);
        g_assert_cmpint(msk_db_step(row, &error), ==, 1);
        g_assert_cmpint(msk_db_int(row, 0), ==, G_MININT64);
        g_assert_cmpstr(msk_db_text(row, 1), ==, "'; DROP TABLE hosts; --");
        g_assert_null(msk_db_text(row, 2));
        g_assert_cmpint(msk_db_int(row, 2), ==, 0);
        g_assert_cmpint(msk_db_step(row, &error), ==, 0);
    }
    fixture_clear(&fixture);
}

static void
test_a_refused_key_is_a_conflict_and_a_bad_command_internal(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;

    fixture_init_empty(&fixture);
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_CREATE);

        g_assert_true(db->driver->script(db,
                                         "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE);"
                                         "INSERT INTO t VALUES (1, 'x');",
                                         &error));
        for (int i = 0; i < 2; i++) {
            g_assert_false(msk_db_run(
                db, i == 0 ? "INSERT INTO t VALUES (1, 'y')" : "INSERT INTO t VALUES (2, 'x')",
                MSK_DB_NO_ARGS, NULL, &error));
            g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
            g_clear_error(&error);
        }
        g_assert_false(db->broken);
        g_assert_null(msk_db_query(db, "SELECT nothing FROM nowhere", MSK_DB_NO_ARGS, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
        g_clear_error(&error);
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/db/times_are_read_and_written_in_whole_seconds",
                    test_times_are_read_and_written_in_whole_seconds);
    g_test_add_func("/db/moments_outside_of_a_column_are_clamped",
                    test_moments_outside_of_a_column_are_clamped);
    g_test_add_func("/db/statements_are_kept_up_to_a_bound",
                    test_statements_are_kept_up_to_a_bound);
    g_test_add_func("/db/rows_that_were_read_take_no_memory",
                    test_rows_that_were_read_take_no_memory);
    g_test_add_func("/db/values_come_back_as_they_went", test_values_come_back_as_they_went);
    g_test_add_func("/db/a_refused_key_is_a_conflict",
                    test_a_refused_key_is_a_conflict_and_a_bad_command_internal);
    return g_test_run();
}
