/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

#define RETURNING "returning" /* the subject of a claim whose host is being taken back */
#define RETURNED  "returned"  /* its state once that is over */

void
msk_host_back_free(MskHostBack *self)
{
    if (self != NULL) {
        g_free(self->notification_uuid);
        g_free(self->host);
        g_free(self);
    }
}

static void
free_back(void *data)
{
    msk_host_back_free(data);
}

#define FAILURE(of)                                                                                \
    of ".type = 'COMPUTE_HOST' AND " of ".status <> 'ignored' AND " of                             \
       ".payload LIKE '%STOPPED%' AND " of ".deleted = 0"

/* The hosts whose last failure was recovered by an engine of ours, that are on maintenance for it
 * or are being taken back. Its values: since when a failure counts, and, twice, the engine. */
#define BACK                                                                                       \
    "SELECT n.notification_uuid, h.name, h.on_maintenance, "                                       \
    "CASE WHEN c.subject = '" RETURNING "' THEN 1 ELSE 0 END, "                                    \
    "(SELECT COUNT(*) FROM notifications f WHERE f.source_host_uuid = h.uuid AND " FAILURE(        \
        "f") " AND f.generated_time >= ?) "                                                        \
             "FROM hosts h JOIN notifications n ON n.source_host_uuid = h.uuid "                   \
             "JOIN failover_segments s ON s.uuid = h.failover_segment_id "                         \
             "JOIN masakari_c_claims c ON c.notification_uuid = n.notification_uuid "              \
             "WHERE h.deleted = 0 AND s.deleted = 0 AND s.enabled = 1 AND " FAILURE(               \
                 "n") " AND n.status = 'finished' AND c.state = 'ended' "                          \
                      "AND (c.saved_state IS NULL OR c.saved_state <> '" RETURNED "') "            \
                      "AND (h.on_maintenance = 1 OR c.subject = '" RETURNING "') "                 \
                      "AND (c.subject IS NULL OR c.engine_uuid = ? OR NOT EXISTS "                 \
                      "(SELECT 1 FROM masakari_c_engines e WHERE e.uuid = c.engine_uuid)) "        \
                      "AND EXISTS (SELECT 1 FROM masakari_c_engines e WHERE e.uuid = ?) "          \
                      "AND NOT EXISTS (SELECT 1 FROM notifications l WHERE l.source_host_uuid = "  \
                      "h.uuid AND "                                                                \
                      "l.deleted = 0 AND (l.status IN ('new', 'running', 'error') OR (l.id > "     \
                      "n.id AND "                                                                  \
                      "l.type IN ('COMPUTE_HOST', 'PROCESS') AND l.status <> 'ignored' AND "       \
                      "l.payload LIKE '%STOPPED%')))"

typedef struct {
    const char *engine_uuid;
    const char *notification_uuid;
    int64_t since_us;
    MskReturnMark mark;
    GPtrArray *hosts;
} Return;

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    Return *self = data;
    g_autofree char *since = msk_db_format_moment(self->since_us);
    g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(free_back);
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, BACK,
        MSK_DB_ARGS(MSK_DB_T(since), MSK_DB_T(self->engine_uuid), MSK_DB_T(self->engine_uuid)),
        error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        MskHostBack *back = g_new0(MskHostBack, 1);

        back->notification_uuid = msk_db_dup(row, 0);
        back->host = msk_db_dup(row, 1);
        back->on_maintenance = msk_db_int(row, 2) != 0;
        back->taken = msk_db_int(row, 3) != 0;
        back->n_failures = (unsigned) msk_db_int(row, 4);
        g_ptr_array_add(hosts, back);
    }
    if (more < 0) {
        return MSK_STORE_FAILED;
    }
    g_clear_pointer(&self->hosts, g_ptr_array_unref);
    self->hosts = g_steal_pointer(&hosts);
    return MSK_STORE_DONE;
}

MskStoreResult
msk_store_returns_list(MskStore *self, const char *engine_uuid, int64_t since_us, GPtrArray **ret,
                       GError **error)
{
    Return work = {.engine_uuid = engine_uuid, .since_us = since_us};
    MskStoreResult result = msk_store_read(self, list_work, &work, error);

    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&work.hosts);
    }
    g_clear_pointer(&work.hosts, g_ptr_array_unref);
    return result;
}

static bool
write_mark(MskDb *db, const Return *self, GError **error)
{
    static const char *const claims[] = {
        [MSK_RETURN_MARK_BEGUN] = "UPDATE masakari_c_claims SET subject = '" RETURNING
                                  "', engine_uuid = ? WHERE notification_uuid = ?",
        [MSK_RETURN_MARK_ENDED] = "UPDATE masakari_c_claims SET subject = NULL, saved_state = "
                                  "'" RETURNED "', engine_uuid = ? WHERE notification_uuid = ?",
    };
    g_autofree char *now = NULL;

    if (self->mark != MSK_RETURN_MARK_IN_SERVICE) {
        return msk_db_run(
            db, claims[self->mark],
            MSK_DB_ARGS(MSK_DB_T(self->engine_uuid), MSK_DB_T(self->notification_uuid)), NULL,
            error);
    }
    now = msk_store_now_text(db, error);
    return now != NULL &&
           msk_db_run(db,
                      "UPDATE hosts SET updated_at = ?, on_maintenance = 0 WHERE uuid = (SELECT "
                      "source_host_uuid FROM notifications WHERE notification_uuid = ?) AND "
                      "deleted = 0",
                      MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(self->notification_uuid)), NULL, error);
}

static MskStoreResult
mark_work(MskDb *db, void *data, GError **error)
{
    const Return *self = data;
    g_autofree char *sql =
        g_strconcat(BACK " AND n.notification_uuid = ?", db->driver->for_update, NULL);
    g_autofree char *now = msk_db_format_moment(0);
    g_autoptr(MskDbStatement) row =
        msk_db_query(db, sql,
                     MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(self->engine_uuid),
                                 MSK_DB_T(self->engine_uuid), MSK_DB_T(self->notification_uuid)),
                     error);
    int found = row != NULL ? msk_db_step(row, error) : -1;

    if (found == 1 && self->mark != MSK_RETURN_MARK_BEGUN && msk_db_int(row, 3) == 0) {
        found = 0; /* never begun, or over */
    }
    if (found != 1) {
        return found == 0 ? MSK_STORE_LOST : MSK_STORE_FAILED;
    }
    g_clear_pointer(&row, msk_db_done);
    return write_mark(db, self, error) ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_return_mark(MskStore *self, const char *engine_uuid, const char *notification_uuid,
                      MskReturnMark mark, GError **error)
{
    Return work = {
        .engine_uuid = engine_uuid, .notification_uuid = notification_uuid, .mark = mark};

    return msk_store_write(self, mark_work, &work, error);
}
