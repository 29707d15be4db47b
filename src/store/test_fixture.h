/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_fixture: a synced store in a directory of its own, for the unit tests of this folder.
 *
 * On MariaDB when MSK_TEST_DATABASE is set, to a connection string of a user who may make
 * databases, with {} where the database's name belongs: then each store is in a database of its
 * own.
 */

#include "base/error.h"
#include "store/store_private.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
    char *directory;
    char *path; /* of the database: the file, or the connection string */
    char *drop; /* (nullable) the name of the database on the server */
    char *connection;
    MskStore *store;
} Fixture;

G_GNUC_UNUSED static MskStoreOptions
fixture_options(const Fixture *self)
{
    return (MskStoreOptions){
        .connection = self->connection, .max_connections = 4, .busy_timeout_ms = 5000};
}

G_GNUC_UNUSED static const MskDbDriver *
fixture_driver(void)
{
    return g_getenv("MSK_TEST_DATABASE") != NULL ? &msk_mariadb_driver : &msk_sqlite_driver;
}

/* For tests of what is the same for all: a connection beside the store's. */
G_GNUC_UNUSED static MskDb *
fixture_db(const Fixture *self, MskDbMode mode)
{
    g_autoptr(GError) error = NULL;
    MskDb *db = msk_db_open(fixture_driver(), self->path, mode, 5000, &error);

    g_assert_no_error(error);
    return db;
}

G_GNUC_UNUSED static char *
fixture_server(const char *database)
{
    g_auto(GStrv) parts = g_strsplit(g_getenv("MSK_TEST_DATABASE"), "{}", 2);

    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strconcat(parts[0], database, parts[1], NULL);
}

G_GNUC_UNUSED static void
fixture_run_on_server(const char *format, const char *database)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *server = fixture_server("mysql");
    g_autoptr(MskDb) db = msk_db_open(&msk_mariadb_driver, server, MSK_DB_USE, 5000, &error);
    g_autofree char *sql = g_strconcat(format, database, NULL);

    g_assert_no_error(error);
    g_assert_true(db->driver->script(db, sql, &error));
}

G_GNUC_UNUSED static void
fixture_init_empty(Fixture *self)
{
    g_autoptr(GError) error = NULL;

    self->directory = g_dir_make_tmp("msk-store-XXXXXX", &error);
    g_assert_no_error(error);
    self->drop = NULL;
    if (fixture_driver() == &msk_mariadb_driver) {
        g_autofree char *uuid = g_uuid_string_random();

        self->drop = g_strconcat("t", g_strdelimit(uuid, "-", '_'), NULL);
        fixture_run_on_server("CREATE DATABASE ", self->drop);
        self->path = fixture_server(self->drop);
        self->connection = g_strdup(self->path);
    } else {
        self->path = g_build_filename(self->directory, "masakari.sqlite", NULL);
        self->connection = g_strconcat("sqlite:///", self->path, NULL);
    }
    self->store = NULL;
}

G_GNUC_UNUSED static void
fixture_open(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    MskStoreOptions options = fixture_options(self);

    self->store = msk_store_open(&options, &error);
    g_assert_no_error(error);
    g_assert_nonnull(self->store);
}

G_GNUC_UNUSED static void
fixture_init(Fixture *self)
{
    g_autoptr(GError) error = NULL;

    fixture_init_empty(self);
    MskStoreOptions options = fixture_options(self);

    g_assert_true(msk_store_sync(&options, NULL, &error));
    g_assert_no_error(error);
    fixture_open(self);
}

G_GNUC_UNUSED static void
fixture_clear(Fixture *self)
{
    g_autoptr(GDir) directory = NULL;

    msk_store_free(self->store);
    if (self->drop != NULL) {
        fixture_run_on_server("DROP DATABASE ", self->drop);
        g_free(self->drop);
    }
    directory = g_dir_open(self->directory, 0, NULL);
    for (const char *name = g_dir_read_name(directory); name != NULL;
         name = g_dir_read_name(directory)) {
        g_autofree char *path = g_build_filename(self->directory, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(self->directory), ==, 0);
    g_free(self->directory);
    g_free(self->path);
    g_free(self->connection);
}

/* ---- rows to work with -------------------------------------------------------------------- */

G_GNUC_UNUSED static MskSegment *
make_segment(MskStore *store, const char *name)
{
    g_autoptr(GError) error = NULL;
    MskSegment *segment = g_new0(MskSegment, 1);

    segment->name = g_strdup(name);
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup("auto");
    segment->enabled = true;
    g_assert_cmpint(msk_store_segment_create(store, segment, &error), ==, MSK_STORE_DONE);
    g_assert_no_error(error);
    return segment;
}

G_GNUC_UNUSED static MskHost *
make_host(MskStore *store, const char *segment_uuid, const char *name)
{
    g_autoptr(GError) error = NULL;
    MskHost *host = g_new0(MskHost, 1);

    host->name = g_strdup(name);
    host->type = g_strdup("COMPUTE");
    host->control_attributes = g_strdup("SSH");
    host->failover_segment_id = g_strdup(segment_uuid);
    g_assert_cmpint(msk_store_host_create(store, host, &error), ==, MSK_STORE_DONE);
    g_assert_no_error(error);
    return host;
}

/* A notification of a VM; @instance makes its payload differ from others. */
G_GNUC_UNUSED static MskStoreResult
post_vm(MskStore *store, const char *host_name, const char *instance, int64_t generated_us,
        MskNotification **ret)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup("VM");
    notification->generated_time_us = generated_us;
    notification->payload = g_strdup_printf(
        "{\"event\": \"LIFECYCLE\", \"instance_uuid\": \"%s\", \"vir_domain_event\": "
        "\"STOPPED_FAILED\"}",
        instance);

    MskStoreResult result =
        msk_store_notification_create(store, host_name, 180, notification, &error);

    g_assert_no_error(error);
    if (ret != NULL && result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&notification);
    }
    return result;
}

G_GNUC_UNUSED static MskClaimRef
claim_ref(const MskClaim *claim, const char *engine_uuid)
{
    return (MskClaimRef){.notification_uuid = claim->notification->uuid,
                         .engine_uuid = engine_uuid,
                         .epoch = claim->epoch};
}

#define ASSERT_DONE(call)                                                                          \
    do {                                                                                           \
        GError *assert_error = NULL;                                                               \
        GError **error = &assert_error;                                                            \
        MskStoreResult assert_result = (call);                                                     \
        g_assert_no_error(assert_error);                                                           \
        g_assert_cmpint(assert_result, ==, MSK_STORE_DONE);                                        \
    } while (0)
#define ASSERT_RESULT(call, wanted)                                                                \
    do {                                                                                           \
        GError *assert_error = NULL;                                                               \
        GError **error = &assert_error;                                                            \
        MskStoreResult assert_result = (call);                                                     \
        g_assert_no_error(assert_error);                                                           \
        g_assert_cmpint(assert_result, ==, (wanted));                                              \
    } while (0)
