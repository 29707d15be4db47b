/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_place: a database in a directory of a test, and the end of that directory, for the unit
 * tests of this folder. A failure ends the test.
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
