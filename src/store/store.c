/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "base/error.h"

#include <string.h>

/* A caller waits for a connection of the pool for at most so many busy timeouts, as each of those
 * before it may wait for one. */
#define POOL_WAIT_FACTOR 2

struct MskStore {
    const MskDbDriver *driver;
    char *location;
    char *identity; /* (nullable) of the database as it was opened first */
    unsigned max_connections;
    unsigned busy_timeout_ms;
    GMutex mutex;
    GCond returned;     /* a connection came back, or one less is open */
    GPtrArray *resting; /* MskDb; the last used is taken first: its cache is warm */
    unsigned n_open;    /* resting and lent */
};

static MskDb *
open_checked(const MskStore *self, GError **error)
{
    g_autoptr(MskDb) db =
        msk_db_open(self->driver, self->location, MSK_DB_USE, self->busy_timeout_ms, error);

    if (db == NULL) {
        return NULL;
    }
    /* Before anything is read: what lies beside another file may not be its own. */
    if (self->identity != NULL && g_strcmp0(db->identity, self->identity) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s was replaced while it was in use; put it back, or stop all "
                    "programs that use it before they are started with the other one",
                    self->location);
        return NULL;
    }
    if (!msk_store_check_schema(db, error)) {
        if (error != NULL && g_error_matches(*error, MSK_ERROR, MSK_ERROR_CONFLICT)) {
            g_prefix_error(error, "database %s: ", self->location);
        }
        return NULL;
    }
    return g_steal_pointer(&db);
}

static void
close_item(void *db)
{
    msk_db_close(db);
}

MskStore *
msk_store_open_with(const MskDbDriver *driver, const char *location, const MskStoreOptions *options,
                    GError **error)
{
    g_autoptr(MskStore) self = g_new0(MskStore, 1);

    self->driver = driver;
    self->location = g_strdup(location);
    self->max_connections = MAX(options->max_connections, 1);
    self->busy_timeout_ms = options->busy_timeout_ms;
    self->resting = g_ptr_array_new_with_free_func(close_item);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->returned);

    g_autoptr(MskDb) db = open_checked(self, error);

    if (db == NULL || !driver->check(db, error)) {
        return NULL;
    }
    self->identity = g_strdup(db->identity);
    g_ptr_array_add(self->resting, g_steal_pointer(&db));
    self->n_open = 1;
    return g_steal_pointer(&self);
}

MskStore *
msk_store_open(const MskStoreOptions *options, GError **error)
{
    g_autofree char *location = NULL;
    const MskDbDriver *driver = msk_store_locate(options->connection, &location, error);

    return driver != NULL ? msk_store_open_with(driver, location, options, error) : NULL;
}

void
msk_store_free(MskStore *self)
{
    if (self == NULL) {
        return;
    }
    g_assert(self->n_open == self->resting->len);
    g_ptr_array_unref(self->resting);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->returned);
    g_free(self->location);
    g_free(self->identity);
    g_free(self);
}

const MskDbDriver *
msk_store_dialect(const MskStore *self)
{
    return self->driver;
}

static void
give_back(MskStore *self, MskDb *db)
{
    bool keep = db != NULL && !db->broken;

    if (!keep) {
        msk_db_close(db);
    }
    g_mutex_lock(&self->mutex);
    if (keep) {
        g_ptr_array_add(self->resting, db);
    } else {
        self->n_open--;
    }
    g_cond_signal(&self->returned);
    g_mutex_unlock(&self->mutex);
}

/* A connection, or the right to open one (@ret_open), or neither when the time is up. */
static MskDb *
take_resting(MskStore *self, bool *ret_open)
{
    int64_t until_us = g_get_monotonic_time() +
                       (int64_t) self->busy_timeout_ms * POOL_WAIT_FACTOR * G_TIME_SPAN_MILLISECOND;
    MskDb *db = NULL;
    bool in_time = true;

    g_mutex_lock(&self->mutex);
    while (in_time && self->resting->len == 0 && self->n_open >= self->max_connections) {
        in_time = g_cond_wait_until(&self->returned, &self->mutex, until_us);
    }
    if (self->resting->len > 0) {
        db = g_ptr_array_steal_index(self->resting, self->resting->len - 1);
    } else if (self->n_open < self->max_connections) {
        self->n_open++;
        *ret_open = true;
    }
    g_mutex_unlock(&self->mutex);
    return db;
}

static MskDb *
take(MskStore *self, GError **error)
{
    bool may_open = false;
    MskDb *db = take_resting(self, &may_open);

    if (db != NULL) {
        return db;
    }
    if (!may_open) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s: all %u connections are busy; try again, or raise [database] "
                    "max_pool_size",
                    self->location, self->max_connections);
        return NULL;
    }
    db = open_checked(self, error);
    if (db == NULL) {
        give_back(self, NULL);
    }
    return db;
}

static MskStoreResult
run(MskStore *self, bool write, MskStoreWork work, void *data, GError **error)
{
    MskDb *db = take(self, error);
    MskStoreResult result = MSK_STORE_FAILED;

    if (db == NULL) {
        return MSK_STORE_FAILED;
    }
    if (self->driver->begin(db, write, error)) {
        result = work(db, data, error);
        if (result == MSK_STORE_DONE && !self->driver->commit(db, error)) {
            result = MSK_STORE_FAILED;
        }
        if (result != MSK_STORE_DONE) {
            self->driver->rollback(db);
        }
    }
    give_back(self, db);
    return result;
}

MskStoreResult
msk_store_read(MskStore *self, MskStoreWork work, void *data, GError **error)
{
    return run(self, false, work, data, error);
}

MskStoreResult
msk_store_write(MskStore *self, MskStoreWork work, void *data, GError **error)
{
    return run(self, true, work, data, error);
}

static MskStoreResult
ping(MskDb *db, G_GNUC_UNUSED void *data, GError **error)
{
    int64_t one = 0;

    return msk_db_number(db, "SELECT count(*) FROM masakari_c_engines", MSK_DB_NO_ARGS, &one,
                         error) < 0
               ? MSK_STORE_FAILED
               : MSK_STORE_DONE;
}

bool
msk_store_ping(MskStore *self, GError **error)
{
    return msk_store_read(self, ping, NULL, error) == MSK_STORE_DONE;
}

const MskDbDriver *
msk_store_locate(const char *connection, char **ret_location, GError **error)
{
    static const char prefix[] = "sqlite:///";

    if (connection == NULL || *connection == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection is not set; set it to sqlite:////<absolute path>");
        return NULL;
    }
    /* The string may hold a password, so no message repeats it. */
    if (!g_str_has_prefix(connection, prefix) || connection[strlen(prefix)] == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection names a database that this release does not know; use "
                    "sqlite:////<absolute path>");
        return NULL;
    }
    const char *path = connection + strlen(prefix);

    if (strpbrk(path, "?#") != NULL || g_str_equal(path, ":memory:") || !g_path_is_absolute(path)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection is not usable: the path has to be absolute and without "
                    "parameters; use sqlite:////<absolute path> (four slashes)");
        return NULL;
    }
    *ret_location = g_strdup(path);
    return &msk_sqlite_driver;
}

char *
msk_store_fold_uuid(const char *uuid)
{
    return uuid != NULL ? g_ascii_strdown(uuid, -1) : NULL;
}

char *
msk_store_now_text(MskDb *db, GError **error)
{
    int64_t now_us = 0;

    return db->driver->now_us(db, &now_us, error) ? msk_db_format_time(now_us) : NULL;
}
