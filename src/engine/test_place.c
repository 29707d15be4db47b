/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/test_place.h"

#include "store/store_private.h"

#include <glib/gstdio.h>

#include "base/error.h"

#define TIMEOUT_US (INT64_C(120) * G_USEC_PER_SEC)

/* ---- a database that fails --------------------------------------------------------------- */

typedef struct {
    MskDbDriver driver;
    TestFaults *faults;
} Faulty;

static MskDb *
open_quick(const char *location, MskDbMode mode, unsigned busy_timeout_ms, GError **error)
{
    MskDb *db = msk_sqlite_driver.open(location, mode, busy_timeout_ms, error);

    if (db != NULL) {
        g_assert_true(msk_sqlite_driver.script(db, "PRAGMA synchronous = OFF", error));
    }
    return db;
}

static bool
begin_perhaps(MskDb *db, bool write, GError **error)
{
    TestFaults *faults = ((const Faulty *) (const void *) db->driver)->faults;
    int number = g_atomic_int_add(&faults->n_begun, 1) + 1;

    while (g_atomic_int_get(&faults->held) != 0 && number > g_atomic_int_get(&faults->held)) {
        g_usleep(1000);
    }
    if (number == faults->lose_at) {
        const char *sql = faults->lose_sql != NULL
                              ? faults->lose_sql
                              : "UPDATE masakari_c_claims SET epoch = epoch + 1";

        g_assert_true(msk_sqlite_driver.script(db, sql, error));
    }
    if (number == faults->fail_at || g_atomic_int_get(&faults->away) != 0) {
        g_atomic_int_inc(&faults->n_failed);
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the database is away");
        return false;
    }
    return msk_sqlite_driver.begin(db, write, error);
}

static void *
prepare_watched(MskDb *db, const char *sql, GError **error)
{
    TestFaults *faults = ((const Faulty *) (const void *) db->driver)->faults;

    if (faults->watched != NULL && strstr(sql, faults->watched) != NULL) {
        g_atomic_int_inc(&faults->n_watched);
    }
    return msk_sqlite_driver.prepare(db, sql, error);
}

/* Returns: (owned by the program) made once for each @faults. */
static const MskDbDriver *
driver_of(TestFaults *faults)
{
    static GPtrArray *all;
    Faulty *faulty = NULL;

    if (faults->driver != NULL) { /* other stores may use it by now */
        return faults->driver;
    }
    if (all == NULL) {
        all = g_ptr_array_new();
    }
    faulty = g_new0(Faulty, 1);
    faulty->driver = msk_sqlite_driver;
    faulty->driver.open = open_quick;
    faulty->driver.begin = begin_perhaps;
    faulty->driver.prepare = prepare_watched;
    faulty->faults = faults;
    g_ptr_array_add(all, faulty);
    faults->driver = faulty;
    return &faulty->driver;
}

/* Makes an empty, synced database: a copy of the first one, which takes a tenth of the time. */
static void
make_database(const char *file, const MskStoreOptions *options)
{
    static char *bytes;
    static size_t length;
    g_autoptr(GError) error = NULL;

    if (bytes == NULL) {
        g_assert_true(msk_store_sync(options, NULL, &error));
        g_assert_true(g_file_get_contents(file, &bytes, &length, &error));
        return;
    }
    g_assert_true(g_file_set_contents_full(file, bytes, (ssize_t) length, G_FILE_SET_CONTENTS_NONE,
                                           0600, &error));
}

MskStore *
test_place_open(const char *file, unsigned busy_timeout_ms, TestFaults *faults)
{
    static TestFaults none;
    g_autofree char *url = g_strconcat("sqlite:///", file, NULL);
    MskStoreOptions options = {
        .connection = url, .max_connections = 1, .busy_timeout_ms = busy_timeout_ms};
    g_autoptr(GError) error = NULL;
    MskStore *store = NULL;

    if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
        make_database(file, &options);
    }
    store = msk_store_open_with(driver_of(faults != NULL ? faults : &none), file, &options, &error);
    g_assert_no_error(error);
    return store;
}

void
test_place_run_sql(const char *file, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDb) db = msk_db_open(&msk_sqlite_driver, file, MSK_DB_USE, 5000, &error);

    g_assert_no_error(error);
    g_assert_true(msk_sqlite_driver.script(db, sql, &error));
}

/* ---- what is in it ----------------------------------------------------------------------- */

char *
test_place_segment(MskStore *store, const char *recovery_method)
{
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(GError) error = NULL;

    segment->name = g_strdup("s1");
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup(recovery_method);
    segment->enabled = true;
    g_assert_cmpint(msk_store_segment_create(store, segment, &error), ==, MSK_STORE_DONE);
    return g_strdup(segment->uuid);
}

void
test_place_host(MskStore *store, const char *segment_uuid, const char *name, bool reserved)
{
    g_autoptr(MskHost) host = g_new0(MskHost, 1);
    g_autoptr(GError) error = NULL;

    host->name = g_strdup(name);
    host->type = g_strdup("KVM");
    host->control_attributes = g_strdup("none");
    host->failover_segment_id = g_strdup(segment_uuid);
    host->reserved = reserved;
    g_assert_cmpint(msk_store_host_create(store, host, &error), ==, MSK_STORE_DONE);
}

char *
test_place_report(MskStore *store, const char *host, const char *type, const char *payload,
                  int64_t generated_time_us)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);
    g_autoptr(GError) error = NULL;

    notification->type = g_strdup(type);
    notification->payload = g_strdup(payload);
    notification->generated_time_us = generated_time_us;
    g_assert_cmpint(msk_store_notification_create(store, host, 0, notification, &error), ==,
                    MSK_STORE_DONE);
    return g_strdup(notification->uuid);
}

MskClaim *
test_place_take(MskStore *store, const char *engine_uuid)
{
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(msk_store_engine_register(store, engine_uuid, "c1", 600000, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpint(msk_store_claim_new(store, engine_uuid, 1, &claims, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpuint(claims->len, ==, 1);
    return g_ptr_array_steal_index(claims, 0);
}

MskClaim *
test_place_claim(MskStore *store, const char *type, const char *payload)
{
    g_autofree char *segment_uuid = test_place_segment(store, "auto");

    test_place_host(store, segment_uuid, "h1", false);
    g_autofree char *uuid = test_place_report(store, "h1", type, payload, 1700000000000000);

    return test_place_take(store, "e1");
}

MskNotificationStatus
test_place_status(MskStore *store, const char *uuid, char **ret_message)
{
    g_autoptr(MskNotification) notification = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(msk_store_notification_get(store, uuid, &notification, &error), ==,
                    MSK_STORE_DONE);
    if (ret_message != NULL) {
        *ret_message = g_steal_pointer(&notification->message);
    }
    return notification->status;
}

/* ---- the end of it ----------------------------------------------------------------------- */

void
test_place_remove(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name = NULL;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *entry = g_build_filename(path, name, NULL);

        test_place_remove(entry);
    }
    g_clear_pointer(&entries, g_dir_close);
    g_assert_cmpint(g_remove(path), ==, 0);
}

/* ---- waiting ----------------------------------------------------------------------------- */

static void
work(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_usleep(2000);
}

void
test_place_until(bool (*holds)(void *data), void *data)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    while (!holds(data)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        work();
    }
}

void
test_place_for(unsigned ms)
{
    int64_t end_us = g_get_monotonic_time() + (int64_t) ms * 1000;

    while (g_get_monotonic_time() < end_us) {
        work();
    }
}
