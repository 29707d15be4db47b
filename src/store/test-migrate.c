/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "store/test_fixture.h"

#define NEWEST "13adff5efb9a"

static void
run_script(const Fixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db =
        msk_db_open(&msk_sqlite_driver, fixture->path, MSK_DB_CREATE, 1000, &error);

    g_assert_no_error(error);
    g_assert_true(db->driver->script(db, sql, &error));
    g_assert_no_error(error);
}

static bool
sync_to(const Fixture *fixture, const char *version, GError **error)
{
    MskStoreOptions options = fixture_options(fixture);

    return msk_store_sync(&options, version, error);
}

static char *
version_of(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    MskStoreOptions options = fixture_options(fixture);
    char *version = NULL;

    g_assert_true(msk_store_version(&options, &version, &error));
    g_assert_no_error(error);
    return version;
}

/* The whole schema as text, without our list of steps, which grows in the order of steps. */
static char *
schema_of(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = msk_db_open(&msk_sqlite_driver, fixture->path, MSK_DB_USE, 1000, &error);
    g_autoptr(GString) schema = g_string_new(NULL);
    g_autoptr(MskDbStatement) row =
        msk_db_query(db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name",
                     MSK_DB_NO_ARGS, &error);

    while (msk_db_step(row, &error) == 1) {
        g_string_append_printf(schema, "%s;\n", msk_db_text(row, 0));
    }
    g_assert_no_error(error);
    return g_strdup(schema->str);
}

static void
test_a_missing_file_is_made_with_all_tables(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;
    g_autofree char *none = NULL;
    g_autofree char *made = NULL;
    GStatBuf info;

    fixture_init_empty(&fixture);
    none = version_of(&fixture);
    g_assert_null(none);
    g_assert_false(g_file_test(fixture.path, G_FILE_TEST_EXISTS));
    g_assert_true(sync_to(&fixture, NULL, &error));
    g_assert_no_error(error);
    made = version_of(&fixture);
    g_assert_cmpstr(made, ==, NEWEST);
    g_assert_cmpint(g_stat(fixture.path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 0137, ==, 0);    /* 0640 at most */
    g_assert_true(sync_to(&fixture, NULL, &error)); /* again: nothing to do */
    fixture_open(&fixture);
    g_assert_true(msk_store_ping(fixture.store, &error));
    g_assert_no_error(error);
    fixture_clear(&fixture);
}

static void
test_every_way_leads_to_the_same_schema(void)
{
    /* What the Python tool left there, and the revisions that sync is told on the way. */
    static const struct {
        int python_steps;
        const char *python_taskflow;
        const char *stops[3];
    } rows[] = {
        {0, NULL, {NULL}},
        {0, NULL, {"8f848eb45d03", NULL}},
        {0, NULL, {"8f848eb45d03", "8bdf5929c5a6", NULL}},
        {0, NULL, {NEWEST, "8f848eb45d03", NULL}}, /* never goes back */
        {1, NULL, {NULL}},
        {2, "40fc8c914bd2", {NULL}},
        {3, "00af93df9d77", {NULL}},
    };
    g_autofree char *wanted = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        fixture_init_empty(&fixture);
        for (int k = 0; k < rows[i].python_steps; k++) {
            run_script(&fixture, msk_sqlite_migrations[k].sql);
        }
        if (rows[i].python_taskflow != NULL) {
            g_autofree char *sql = g_strdup_printf("UPDATE alembic_version SET version_num = '%s'",
                                                   rows[i].python_taskflow);

            run_script(&fixture, msk_sqlite_migrations[3].sql);
            run_script(&fixture, sql);
        }
        for (int k = 0; rows[i].stops[k] != NULL; k++) {
            g_autofree char *version = NULL;

            g_assert_true(sync_to(&fixture, rows[i].stops[k], &error));
            g_assert_no_error(error);
            version = version_of(&fixture);
            g_assert_cmpstr(version, ==, i == 3 ? NEWEST : rows[i].stops[k]);
        }
        g_assert_true(sync_to(&fixture, NULL, &error));
        g_assert_no_error(error);
        g_autofree char *schema = schema_of(&fixture);

        if (wanted == NULL) {
            wanted = g_strdup(schema);
        }
        g_assert_cmpstr(schema, ==, wanted);
        fixture_open(&fixture);
        fixture_clear(&fixture);
    }
}

/* The one text that a query gives. */
static char *
text_of(const Fixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = msk_db_open(&msk_sqlite_driver, fixture->path, MSK_DB_USE, 1000, &error);
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, MSK_DB_NO_ARGS, &error);

    g_assert_cmpint(msk_db_step(row, &error), ==, 1);
    g_assert_no_error(error);
    return msk_db_dup(row, 0);
}

/* What sqlalchemy-migrate made is one of alembic's revisions, with or without taskflow's tables;
 * the Python service finds its own table of versions, and taskflow's revision, as they were. */
static void
test_a_database_from_before_alembic_is_taken_over(void)
{
    static const struct {
        int version;
        const char *taskflow;
    } rows[] = {
        {7, NULL},           {7, "2ad4984f2864"}, {7, "0bc3e1a3c135"},
        {8, "6df9422fcb43"}, {8, "40fc8c914bd2"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(GError) error = NULL;
        g_autofree char *legacy = g_strdup_printf(
            "DROP TABLE masakari_alembic_version; CREATE TABLE migrate_version (version INTEGER);"
            "INSERT INTO migrate_version VALUES (%d); INSERT INTO failover_segments (uuid, name, "
            "service_type, recovery_method) VALUES ('u', 'kept', 'C', 'auto');",
            rows[i].version);
        g_autofree char *taskflow =
            g_strdup_printf("UPDATE alembic_version SET version_num = '%s'", rows[i].taskflow);

        g_test_message("row %zu", i);
        fixture_init_empty(&fixture);
        for (int k = 0; k < rows[i].version - 6; k++) {
            run_script(&fixture, msk_sqlite_migrations[k].sql);
        }
        if (rows[i].taskflow != NULL) {
            run_script(&fixture, msk_sqlite_migrations[3].sql);
            run_script(&fixture, taskflow);
        }
        run_script(&fixture, legacy);
        g_assert_true(sync_to(&fixture, NULL, &error));
        g_assert_no_error(error);
        g_assert_true(sync_to(&fixture, NULL, &error)); /* again: nothing to do */
        fixture_open(&fixture);
        g_autofree char *name = text_of(&fixture, "SELECT name FROM failover_segments");
        g_autofree char *version = text_of(
            &fixture, "SELECT version_num || ' ' || (SELECT version FROM migrate_version) || ' ' "
                      "|| (SELECT COUNT(*) FROM masakari_alembic_version) FROM "
                      "masakari_alembic_version");
        g_autofree char *wanted = g_strdup_printf(NEWEST " %d 1", rows[i].version);
        g_autofree char *left = text_of(&fixture, "SELECT version_num FROM alembic_version");

        g_assert_cmpstr(name, ==, "kept");
        g_assert_cmpstr(version, ==, wanted);
        g_assert_cmpstr(left, ==, rows[i].taskflow != NULL ? rows[i].taskflow : "00af93df9d77");
        fixture_clear(&fixture);
    }
}

static void
test_a_schema_that_does_not_fit_is_refused(void)
{
    static const struct {
        bool synced;
        const char *sql;
        const char *message;
        bool sync_helps;
    } rows[] = {
        {false, "", "no tables of this program", true},
        {true,
         "DELETE FROM masakari_c_migrations WHERE name = '0005-claims'; DROP TABLE "
         "masakari_c_claims; DROP TABLE masakari_c_engines; DROP INDEX "
         "masakari_c_notifications_status_idx; DROP INDEX "
         "masakari_c_notifications_source_idx; DROP INDEX masakari_c_notifications_created_idx; "
         "DROP INDEX masakari_c_hosts_segment_idx;",
         "older than this program", true},
        {true, "INSERT INTO masakari_c_migrations VALUES ('0099-next', '2027-01-01 00:00:00')",
         "newer than this program", false},
        {true, "UPDATE masakari_alembic_version SET version_num = '0123456789ab'",
         "revision 0123456789ab", false},
        {true, "DELETE FROM masakari_alembic_version", "revision none", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(GError) error = NULL;
        g_autoptr(MskStore) store = NULL;

        g_test_message("row %zu", i);
        fixture_init_empty(&fixture);
        MskStoreOptions options = fixture_options(&fixture);

        if (rows[i].synced) {
            g_assert_true(sync_to(&fixture, NULL, &error));
        }
        run_script(&fixture, rows[i].sql);
        store = msk_store_open(&options, &error);
        g_assert_null(store);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
        g_assert_nonnull(strstr(error->message, rows[i].message));
        g_clear_error(&error);
        if (rows[i].sync_helps) {
            g_assert_true(sync_to(&fixture, NULL, &error));
            g_assert_no_error(error);
            fixture_open(&fixture);
        }
        fixture_clear(&fixture);
    }
}

static void
test_a_database_that_sync_must_not_touch_stays_as_it_is(void)
{
    static const struct {
        const char *sql;
        const char *message;
    } rows[] = {
        {"CREATE TABLE masakari_alembic_version (version_num TEXT); INSERT INTO "
         "masakari_alembic_version VALUES ('0123456789ab');",
         "does not know"},
        {"CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES "
         "('3162c0f3f8e4');",
         "taskflow 3162c0f3f8e4"},
        {"CREATE TABLE migrate_version (version INTEGER); INSERT INTO migrate_version VALUES (6);",
         "version 6 of sqlalchemy-migrate"},
        {"CREATE TABLE migrate_version (version INTEGER); INSERT INTO migrate_version VALUES (9);",
         "version 9 of sqlalchemy-migrate"},
        {"CREATE TABLE migrate_version (version INTEGER);", "version 0 of sqlalchemy-migrate"},
        {"CREATE TABLE masakari_c_migrations (name TEXT, applied_at TEXT); INSERT INTO "
         "masakari_c_migrations VALUES ('0099-next', '');",
         "newer than this program"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        fixture_init_empty(&fixture);
        run_script(&fixture, rows[i].sql);
        g_autofree char *before = schema_of(&fixture);

        for (int k = 0; k < 2; k++) {
            g_assert_false(sync_to(&fixture, NULL, &error));
            g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
            g_assert_nonnull(strstr(error->message, rows[i].message));
            g_clear_error(&error);
        }
        g_autofree char *after = schema_of(&fixture);

        g_assert_cmpstr(after, ==, before);
        fixture_clear(&fixture);
    }
}

static void
test_a_step_that_fails_leaves_nothing_behind(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;
    g_autofree char *version = NULL;
    g_autofree char *schema = NULL;

    fixture_init_empty(&fixture);
    /* The fourth step's second table is in the way. */
    run_script(&fixture, "CREATE TABLE logbooks (stranger INTEGER)");
    g_assert_false(sync_to(&fixture, NULL, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
    g_assert_nonnull(strstr(error->message, "0004-taskflow"));
    g_clear_error(&error);
    schema = schema_of(&fixture);
    g_assert_nonnull(strstr(schema, "notifications"));
    g_assert_null(strstr(schema, "CREATE TABLE alembic_version"));
    run_script(&fixture, "DROP TABLE logbooks");
    g_assert_true(sync_to(&fixture, NULL, &error));
    g_assert_no_error(error);
    version = version_of(&fixture);
    g_assert_cmpstr(version, ==, NEWEST);
    fixture_clear(&fixture);
}

static void
test_unknown_versions_are_refused_before_anything_is_made(void)
{
    static const char *const versions[] = {"8", "0042", "deadbeef", "", "0004-taskflow"};

    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        Fixture fixture;
        g_autoptr(GError) error = NULL;

        fixture_init_empty(&fixture);
        g_assert_false(sync_to(&fixture, versions[i], &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, NEWEST));
        g_assert_false(g_file_test(fixture.path, G_FILE_TEST_EXISTS));
        fixture_clear(&fixture);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/migrate/a_missing_file_is_made_with_all_tables",
                    test_a_missing_file_is_made_with_all_tables);
    g_test_add_func("/migrate/every_way_leads_to_the_same_schema",
                    test_every_way_leads_to_the_same_schema);
    g_test_add_func("/migrate/a_database_from_before_alembic_is_taken_over",
                    test_a_database_from_before_alembic_is_taken_over);
    g_test_add_func("/migrate/a_schema_that_does_not_fit_is_refused",
                    test_a_schema_that_does_not_fit_is_refused);
    g_test_add_func("/migrate/a_database_that_sync_must_not_touch_stays_as_it_is",
                    test_a_database_that_sync_must_not_touch_stays_as_it_is);
    g_test_add_func("/migrate/a_step_that_fails_leaves_nothing_behind",
                    test_a_step_that_fails_leaves_nothing_behind);
    g_test_add_func("/migrate/unknown_versions_are_refused_before_anything_is_made",
                    test_unknown_versions_are_refused_before_anything_is_made);
    return g_test_run();
}
