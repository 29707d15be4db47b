/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_place: a database in a directory of a test, what is in it, and the end of that directory,
 * for the unit tests of this folder. A failure ends the test.
 */

#include "store/store.h"

#include <glib/gstdio.h>

/* Returns: (owned) a synced store in the SQLite file @file, with one connection. */
G_GNUC_UNUSED static MskStore *
test_place_open(const char *file, unsigned busy_timeout_ms)
{
    g_autofree char *url = g_strconcat("sqlite:///", file, NULL);
    MskStoreOptions options = {
        .connection = url, .max_connections = 1, .busy_timeout_ms = busy_timeout_ms};
    g_autoptr(GError) error = NULL;
    MskStore *store = NULL;

    g_assert_true(msk_store_sync(&options, NULL, &error));
    store = msk_store_open(&options, &error);
    g_assert_no_error(error);
    return store;
}

/* Returns: (owned) the engine "e1" has claimed a notification of @type, of the host "h1". */
G_GNUC_UNUSED static MskClaim *
test_place_claim(MskStore *store, const char *type, const char *payload)
{
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(MskHost) host = g_new0(MskHost, 1);
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GError) error = NULL;

    segment->name = g_strdup("s1");
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup("auto");
    segment->enabled = true;
    g_assert_cmpint(msk_store_segment_create(store, segment, &error), ==, MSK_STORE_DONE);
    host->name = g_strdup("h1");
    host->type = g_strdup("KVM");
    host->control_attributes = g_strdup("none");
    host->failover_segment_id = g_strdup(segment->uuid);
    g_assert_cmpint(msk_store_host_create(store, host, &error), ==, MSK_STORE_DONE);
    notification->type = g_strdup(type);
    notification->payload = g_strdup(payload);
    notification->generated_time_us = 1700000000000000;
    g_assert_cmpint(msk_store_notification_create(store, "h1", 0, notification, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpint(msk_store_engine_register(store, "e1", "h1", 60000, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpint(msk_store_claim_new(store, "e1", 1, &claims, &error), ==, MSK_STORE_DONE);
    return g_ptr_array_steal_index(claims, 0);
}

/* Removes @path with all that is below it. */
G_GNUC_UNUSED static void
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
