/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#include "base/error.h"

/* One transaction removes at most so many rows, so that other writers wait shortly. */
#define BATCH 500

#define MAX_DEPENDENTS 3

/* In the order of the Python tool, which matters when the rows are limited: those that refer to
 * others come first. */
static const struct {
    const char *table;
    const char *key; /* names the row in other tables */
    const char *condition;
    const char *order;
    const char *dependents[MAX_DEPENDENTS]; /* rows that make no sense without it */
} kinds[] = {
    {"hosts", "uuid", "deleted_at < ?", "deleted_at, id", {NULL}},
    {"vmoves",
     "uuid",
     "deleted_at < ?",
     "deleted_at, id",
     {"DELETE FROM masakari_c_moves WHERE vmove_uuid = ?"}},
    {"notifications",
     "notification_uuid",
     "updated_at < ? AND status IN ('finished', 'failed', 'ignored') AND NOT EXISTS (SELECT 1 FROM "
     "masakari_c_claims c WHERE c.notification_uuid = notifications.notification_uuid AND "
     "c.state <> 'ended')",
     "status, id",
     {"DELETE FROM masakari_c_claims WHERE notification_uuid = ?",
      "DELETE FROM masakari_c_reserved_hosts WHERE notification_uuid = ?",
      "DELETE FROM logbooks WHERE uuid = ?"}},
    {"failover_segments",
     "uuid",
     "deleted_at < ? AND NOT EXISTS (SELECT 1 FROM hosts h WHERE h.failover_segment_id = "
     "failover_segments.uuid)",
     "deleted_at, id",
     {NULL}},
};

G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == MSK_PURGED_TABLES);

typedef struct {
    size_t kind;
    const char *before; /* as a datetime column keeps it */
    int64_t limit;
    int64_t removed; /* by the last transaction */
} Purge;

typedef struct {
    int64_t id;
    char *key;
} Row;

static void
free_row(void *data)
{
    Row *row = data;

    g_free(row->key);
    g_free(row);
}

/* Read in full before the first is removed. */
static GPtrArray *
read_rows(MskDb *db, const Purge *purge, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
    g_autofree char *sql = g_strdup_printf("SELECT id, %s FROM %s WHERE %s ORDER BY %s LIMIT ?",
                                           kinds[purge->kind].key, kinds[purge->kind].table,
                                           kinds[purge->kind].condition, kinds[purge->kind].order);
    g_autoptr(MskDbStatement) found =
        msk_db_query(db, sql, MSK_DB_ARGS(MSK_DB_T(purge->before), MSK_DB_I(purge->limit)), error);
    int more = found != NULL ? msk_db_step(found, error) : -1;

    for (; more == 1; more = msk_db_step(found, error)) {
        Row *row = g_new0(Row, 1);

        row->id = msk_db_int(found, 0);
        row->key = msk_db_dup(found, 1);
        g_ptr_array_add(rows, row);
    }
    return more < 0 ? NULL : g_steal_pointer(&rows);
}

static bool
remove_row(MskDb *db, const Purge *purge, const Row *row, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DELETE FROM %s WHERE id = ?", kinds[purge->kind].table);

    for (size_t i = 0; i < MAX_DEPENDENTS && kinds[purge->kind].dependents[i] != NULL; i++) {
        if (!msk_db_run(db, kinds[purge->kind].dependents[i], MSK_DB_ARGS(MSK_DB_T(row->key)), NULL,
                        error)) {
            return false;
        }
    }
    return msk_db_run(db, sql, MSK_DB_ARGS(MSK_DB_I(row->id)), NULL, error);
}

static MskStoreResult
purge_work(MskDb *db, void *data, GError **error)
{
    Purge *purge = data;
    g_autoptr(GPtrArray) rows = read_rows(db, purge, error);

    if (rows == NULL) {
        return MSK_STORE_FAILED;
    }
    for (unsigned i = 0; i < rows->len; i++) {
        if (!remove_row(db, purge, g_ptr_array_index(rows, i), error)) {
            return MSK_STORE_FAILED;
        }
    }
    purge->removed = rows->len;
    return MSK_STORE_DONE;
}

static MskStoreResult
now_work(MskDb *db, void *data, GError **error)
{
    return db->driver->now_us(db, data, error) ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

const char *
msk_store_purged_table(size_t index)
{
    return kinds[index].table;
}

bool
msk_store_purge(MskStore *self, int64_t age_s, int64_t max_rows, int64_t ret[MSK_PURGED_TABLES],
                GError **error)
{
    int64_t now_us = 0;
    int64_t left = max_rows > 0 ? max_rows : INT64_MAX;

    if (msk_store_read(self, now_work, &now_us, error) != MSK_STORE_DONE) {
        return false;
    }
    g_autofree char *before = msk_db_format_moment(now_us - age_s * G_USEC_PER_SEC);

    for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        Purge purge = {.kind = kind, .before = before};

        ret[kind] = 0;
        do {
            purge.limit = MIN(left, BATCH);
            if (purge.limit > 0 &&
                msk_store_write(self, purge_work, &purge, error) != MSK_STORE_DONE) {
                return false;
            }
            ret[kind] += purge.removed;
            left -= purge.removed;
        } while (left > 0 && purge.removed == BATCH);
    }
    return true;
}
