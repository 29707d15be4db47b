/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define DAY_S 86400

#define OLD "'2020-01-01 00:00:00.000000'"
#define NEW "'2999-01-01 00:00:00.000000'"

static void
run_sql(const Fixture *self, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = fixture_db(self, MSK_DB_USE);

    g_assert_true(db->driver->script(db, sql, &error));
    g_assert_no_error(error);
}

static int64_t
count(const Fixture *self, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = fixture_db(self, MSK_DB_USE);
    g_autofree char *sql = g_strconcat("SELECT COUNT(*) FROM ", what, NULL);
    int64_t number = -1;

    g_assert_cmpint(msk_db_number(db, sql, MSK_DB_NO_ARGS, &number, &error), ==, 1);
    return number;
}

static void
purge(const Fixture *self, int64_t days, int64_t max_rows, const int64_t wanted[MSK_PURGED_TABLES])
{
    g_autoptr(GError) error = NULL;
    int64_t removed[MSK_PURGED_TABLES] = {0};

    g_assert_true(msk_store_purge(self->store, days * DAY_S, max_rows, removed, &error));
    g_assert_no_error(error);
    for (size_t i = 0; i < MSK_PURGED_TABLES; i++) {
        g_test_message("%s: %d", msk_store_purged_table(i), (int) removed[i]);
        g_assert_cmpint(removed[i], ==, wanted[i]);
    }
}

static void
add_notification(const Fixture *self, const char *uuid, const char *status, const char *updated)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO notifications (notification_uuid, type, payload, status, source_host_uuid, "
        "generated_time, updated_at, deleted) VALUES ('%s', 'VM', '{}', '%s', 'h', " OLD ", %s, 0);"
        "INSERT INTO masakari_c_claims (notification_uuid, engine_uuid, epoch, attempt, state, "
        "claimed_at) VALUES ('%s', 'e', 1, 1, 'ended', 1);"
        "INSERT INTO masakari_c_reserved_hosts VALUES ('%s', 'r');"
        "INSERT INTO logbooks (uuid, name, meta) VALUES ('%s', 'n', '{}');"
        "INSERT INTO flowdetails (uuid, parent_uuid) VALUES ('f%s', '%s');"
        "INSERT INTO atomdetails (uuid, parent_uuid) VALUES ('a%s', 'f%s')",
        uuid, status, updated, uuid, uuid, uuid, uuid, uuid, uuid, uuid);

    run_sql(self, sql);
}

static void
test_what_is_old_goes(Fixture *self, G_GNUC_UNUSED const void *data)
{
    static const char *const stay[] = {"new", "running", "error"};

    run_sql(self,
            "INSERT INTO failover_segments (id, uuid, name, service_type, recovery_method, deleted,"
            " deleted_at) VALUES (1, 's1', 'gone', 'C', 'auto', 1, " OLD "), (2, 's2', 'fresh', "
            "'C', 'auto', 2, " NEW "), (3, 's3', 'kept', 'C', 'auto', 0, NULL), (4, 's4', 'in "
            "use', 'C', 'auto', 4, " OLD ");"
            "INSERT INTO hosts (id, uuid, name, reserved, type, control_attributes, "
            "failover_segment_id, on_maintenance, deleted, deleted_at) VALUES "
            "(1, 'h1', 'a', 0, 't', 'c', 's1', 0, 1, " OLD "), "
            "(2, 'h2', 'b', 0, 't', 'c', 's3', 0, 0, NULL), "
            "(3, 'h3', 'c', 0, 't', 'c', 's4', 0, 3, " NEW ");"
            "INSERT INTO vmoves (uuid, notification_uuid, instance_uuid, instance_name, deleted, "
            "deleted_at) VALUES ('v1', 'n', 'i', 'x', 1, " OLD "), ('v2', 'n', 'i', 'x', 0, NULL);"
            "INSERT INTO masakari_c_moves VALUES ('v1', '{}'), ('v2', '{}')");
    add_notification(self, "n1", "finished", OLD);
    add_notification(self, "n2", "failed", OLD);
    add_notification(self, "n3", "ignored", OLD);
    add_notification(self, "n4", "finished", NEW);
    add_notification(self, "n5", "failed", OLD);
    run_sql(self, "UPDATE masakari_c_claims SET state = 'active' WHERE notification_uuid = 'n5'");
    for (size_t i = 0; i < G_N_ELEMENTS(stay); i++) {
        add_notification(self, stay[i], stay[i], OLD);
    }
    purge(self, 30, -1, (const int64_t[]){1, 1, 3, 1});
    g_assert_cmpint(count(self, "failover_segments WHERE uuid IN ('s2', 's3', 's4')"), ==, 3);
    g_assert_cmpint(count(self, "hosts WHERE uuid IN ('h2', 'h3')"), ==, 2);
    g_assert_cmpint(count(self, "masakari_c_moves WHERE vmove_uuid = 'v2'"), ==, 1);
    g_assert_cmpint(count(self, "masakari_c_moves"), ==, 1);
    g_assert_cmpint(count(self, "notifications"), ==, 5);
    g_assert_cmpint(count(self, "masakari_c_claims"), ==, 5);
    g_assert_cmpint(count(self, "masakari_c_reserved_hosts"), ==, 5);
    g_assert_cmpint(count(self, "logbooks"), ==, 5);
    g_assert_cmpint(count(self, "atomdetails"), ==, 5);
    purge(self, 30, -1, (const int64_t[]){0, 0, 0, 0});
}

static void
add_many(const Fixture *self, unsigned n)
{
    g_autoptr(GString) sql = g_string_new(
        "INSERT INTO vmoves (uuid, notification_uuid, instance_uuid, instance_name, deleted, "
        "deleted_at) VALUES ");

    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(sql, "%s('v%u', 'n', 'i', 'x', 1, " OLD ")", i > 0 ? ", " : "", i);
    }
    run_sql(self, sql->str);
}

static void
test_rows_are_counted(Fixture *self, G_GNUC_UNUSED const void *data)
{
    add_many(self, 1300);
    add_notification(self, "n1", "finished", OLD);
    add_notification(self, "n2", "finished", OLD);
    purge(self, 1, 700, (const int64_t[]){0, 700, 0, 0});
    g_assert_cmpint(count(self, "vmoves"), ==, 600);
    purge(self, 1, 601, (const int64_t[]){0, 600, 1, 0});
    purge(self, 1, 0, (const int64_t[]){0, 0, 1, 0});
}

static void
set_up(Fixture *self, G_GNUC_UNUSED const void *data)
{
    fixture_init(self);
}

static void
tear_down(Fixture *self, G_GNUC_UNUSED const void *data)
{
    fixture_clear(self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/purge/what_is_old_goes", Fixture, NULL, set_up, test_what_is_old_goes, tear_down);
    g_test_add("/purge/rows_are_counted", Fixture, NULL, set_up, test_rows_are_counted, tear_down);
    return g_test_run();
}
