/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

static int64_t
lease_until(int64_t now_us, int64_t lease_ms)
{
    return now_us + lease_ms * G_TIME_SPAN_MILLISECOND;
}

typedef struct {
    const char *uuid;
    const char *host;
    int64_t lease_ms;
    GPtrArray *records;
} Engine;

static MskStoreResult
renew_work(MskDb *db, void *data, GError **error)
{
    const Engine *engine = data;
    int64_t now_us = 0;
    int64_t changed = 0;

    if (!db->driver->now_us(db, &now_us, error)) {
        return MSK_STORE_FAILED;
    }
    int64_t until_us = lease_until(now_us, engine->lease_ms);

    /* A renewal changes the stamp, also when the clock was set back to the very same moment. */
    if (!msk_db_run(db,
                    "UPDATE masakari_c_engines SET lease_until = CASE lease_until WHEN ? THEN ? "
                    "ELSE ? END WHERE uuid = ?",
                    MSK_DB_ARGS(MSK_DB_I(until_us), MSK_DB_I(until_us + 1), MSK_DB_I(until_us),
                                MSK_DB_T(engine->uuid)),
                    &changed, error)) {
        return MSK_STORE_FAILED;
    }
    return changed == 1 ? MSK_STORE_DONE : MSK_STORE_LOST;
}

/* An engine that did not hear the answer to its first call makes it again. */
static MskStoreResult
register_work(MskDb *db, void *data, GError **error)
{
    const Engine *engine = data;
    int64_t now_us = 0;
    MskStoreResult result = renew_work(db, data, error);

    if (result != MSK_STORE_LOST) {
        return result;
    }
    return db->driver->now_us(db, &now_us, error) &&
                   msk_db_run(db,
                              "INSERT INTO masakari_c_engines (uuid, host, started_at, "
                              "lease_until) VALUES (?, ?, ?, ?)",
                              MSK_DB_ARGS(MSK_DB_T(engine->uuid), MSK_DB_T(engine->host),
                                          MSK_DB_I(now_us),
                                          MSK_DB_I(lease_until(now_us, engine->lease_ms))),
                              NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_engine_register(MskStore *self, const char *uuid, const char *host, int64_t lease_ms,
                          GError **error)
{
    Engine engine = {.uuid = uuid, .host = host, .lease_ms = lease_ms};

    return msk_store_write(self, register_work, &engine, error);
}

MskStoreResult
msk_store_engine_renew(MskStore *self, const char *uuid, int64_t lease_ms, GError **error)
{
    Engine engine = {.uuid = uuid, .lease_ms = lease_ms};

    return msk_store_write(self, renew_work, &engine, error);
}

static MskStoreResult
unregister_work(MskDb *db, void *data, GError **error)
{
    const Engine *engine = data;

    return msk_db_run(db,
                      "UPDATE masakari_c_claims SET state = 'released' WHERE engine_uuid = ? AND "
                      "state = 'active'",
                      MSK_DB_ARGS(MSK_DB_T(engine->uuid)), NULL, error) &&
                   msk_db_run(db, "DELETE FROM masakari_c_engines WHERE uuid = ?",
                              MSK_DB_ARGS(MSK_DB_T(engine->uuid)), NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_engine_unregister(MskStore *self, const char *uuid, GError **error)
{
    Engine engine = {.uuid = uuid};

    return msk_store_write(self, unregister_work, &engine, error);
}

static void
free_record(void *data)
{
    MskEngineRecord *record = data;

    g_free(record->uuid);
    g_free(record->host);
    g_free(record);
}

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    Engine *engine = data;
    int64_t now_us = 0;
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(free_record);

    if (!db->driver->now_us(db, &now_us, error)) {
        return MSK_STORE_FAILED;
    }
    g_autoptr(MskDbStatement) row = msk_db_query(
        db,
        "SELECT uuid, host, lease_until FROM masakari_c_engines UNION "
        "SELECT DISTINCT c.engine_uuid, '', 0 FROM masakari_c_claims c WHERE c.state = 'active' "
        "AND NOT EXISTS (SELECT 1 FROM masakari_c_engines e WHERE e.uuid = c.engine_uuid)",
        MSK_DB_NO_ARGS, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        MskEngineRecord *record = g_new0(MskEngineRecord, 1);

        record->uuid = msk_db_dup(row, 0);
        record->host = msk_db_dup(row, 1);
        record->stamp = msk_db_int(row, 2);
        record->lease_left_ms = (record->stamp - now_us) / G_TIME_SPAN_MILLISECOND;
        g_ptr_array_add(records, record);
    }
    if (more < 0) {
        return MSK_STORE_FAILED;
    }
    g_clear_pointer(&engine->records, g_ptr_array_unref);
    engine->records = g_steal_pointer(&records);
    return MSK_STORE_DONE;
}

MskStoreResult
msk_store_engine_list(MskStore *self, GPtrArray **ret, GError **error)
{
    Engine engine = {.records = NULL};
    MskStoreResult result = msk_store_read(self, list_work, &engine, error);

    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&engine.records);
    }
    g_clear_pointer(&engine.records, g_ptr_array_unref);
    return result;
}
