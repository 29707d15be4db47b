/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

typedef struct {
    const MskClaimRef *ref;
    const char *uuid; /* of the host, or the segment */
    const char *sql;  /* of mark_host */
    char *name;
    char *taken; /* (nullable) the uuid of a host that was taken just now */
} Take;

static MskStoreResult
mark_work(MskDb *db, void *data, GError **error)
{
    const Take *take = data;
    MskStoreResult result = msk_store_check_claim(db, take->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    return now != NULL && msk_db_run(db, take->sql,
                                     MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(take->uuid)), NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

static MskStoreResult
mark_host(MskStore *self, const MskClaimRef *ref, const char *host_uuid, const char *sql,
          GError **error)
{
    Take take = {.ref = ref, .uuid = host_uuid, .sql = sql};

    return msk_store_write(self, mark_work, &take, error);
}

MskStoreResult
msk_store_host_failed(MskStore *self, const MskClaimRef *ref, const char *host_uuid, GError **error)
{
    return mark_host(self, ref, host_uuid,
                     "UPDATE hosts SET updated_at = ?, on_maintenance = 1, reserved = 0 "
                     "WHERE uuid = ? AND deleted = 0 AND (on_maintenance = 0 OR reserved = 1)",
                     error);
}

MskStoreResult
msk_store_host_impaired(MskStore *self, const MskClaimRef *ref, const char *host_uuid,
                        GError **error)
{
    return mark_host(self, ref, host_uuid,
                     "UPDATE hosts SET updated_at = ?, on_maintenance = 1 "
                     "WHERE uuid = ? AND deleted = 0 AND on_maintenance = 0",
                     error);
}

/* The text in the first column of the first row; 0 when there is none. */
static int
read_text(MskDb *db, const char *sql, const char *value, char **ret, GError **error)
{
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, MSK_DB_ARGS(MSK_DB_T(value)), error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    if (more == 1) {
        g_free(*ret);
        *ret = msk_db_dup(row, 0);
    }
    return more;
}

static MskStoreResult
take_new(MskDb *db, Take *take, GError **error)
{
    g_autofree char *sql = g_strconcat("SELECT uuid FROM hosts WHERE failover_segment_id = ? AND "
                                       "reserved = 1 AND on_maintenance = 0 AND deleted = 0 "
                                       "ORDER BY created_at DESC, id DESC LIMIT 1",
                                       db->driver->for_update, NULL);
    g_autofree char *uuid = NULL;
    g_autofree char *now = msk_store_now_text(db, error);
    int found = now == NULL ? -1 : read_text(db, sql, take->uuid, &uuid, error);
    int64_t changes = 0;

    if (found <= 0) {
        return msk_store_result_of(found);
    }
    if (!msk_db_run(db,
                    "UPDATE hosts SET updated_at = ?, reserved = 0 WHERE uuid = ? AND reserved = 1",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(uuid)), &changes, error)) {
        return MSK_STORE_FAILED;
    }
    if (changes == 0) {
        return MSK_STORE_NOT_FOUND;
    }
    if (!msk_db_run(db,
                    "INSERT INTO masakari_c_reserved_hosts (notification_uuid, host_uuid) "
                    "VALUES (?, ?)",
                    MSK_DB_ARGS(MSK_DB_T(take->ref->notification_uuid), MSK_DB_T(uuid)), NULL,
                    error)) {
        return MSK_STORE_FAILED;
    }
    int named = read_text(db, "SELECT name FROM hosts WHERE uuid = ?", uuid, &take->name, error);

    take->taken = g_steal_pointer(&uuid);
    return msk_store_result_of(named);
}

static MskStoreResult
take_work(MskDb *db, void *data, GError **error)
{
    Take *take = data;
    MskStoreResult result = msk_store_check_claim(db, take->ref, error);

    g_clear_pointer(&take->taken, g_free); /* of an attempt that failed */
    if (result != MSK_STORE_DONE) {
        return result;
    }
    int known = read_text(db,
                          "SELECT h.name FROM masakari_c_reserved_hosts r JOIN hosts h ON h.uuid = "
                          "r.host_uuid WHERE r.notification_uuid = ? AND h.deleted = 0",
                          take->ref->notification_uuid, &take->name, error);

    return known != 0 ? msk_store_result_of(known) : take_new(db, take, error);
}

MskStoreResult
msk_store_reserved_take(MskStore *self, const MskClaimRef *ref, const char *segment_uuid,
                        char **ret_name, char **ret_taken, GError **error)
{
    Take take = {.ref = ref, .uuid = segment_uuid};
    MskStoreResult result = msk_store_write(self, take_work, &take, error);

    if (result == MSK_STORE_DONE) {
        *ret_name = g_steal_pointer(&take.name);
        *ret_taken = g_steal_pointer(&take.taken);
    }
    g_free(take.name);
    g_free(take.taken);
    return result;
}

typedef struct {
    const char *segment_uuid;
    int64_t since_us;
    MskFailureCounts counts;
    const char *host;
} Count;

static bool
count(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values, unsigned *ret,
      GError **error)
{
    int64_t number = 0;

    if (msk_db_number(db, sql, values, n_values, &number, error) < 0) {
        return false;
    }
    *ret = (unsigned) number;
    return true;
}

#define FAILURES                                                                                   \
    "SELECT COUNT(DISTINCT n.source_host_uuid) FROM notifications n JOIN hosts h ON h.uuid = "     \
    "n.source_host_uuid WHERE n.generated_time >= ? AND n.type = 'COMPUTE_HOST' AND "              \
    "n.status <> 'ignored' AND n.payload LIKE '%STOPPED%' AND n.deleted = 0 AND h.deleted = 0"

static MskStoreResult
count_work(MskDb *db, void *data, GError **error)
{
    Count *self = data;
    MskFailureCounts *counts = &self->counts;
    g_autofree char *since = msk_db_format_moment(self->since_us);
    MskDbValue values[] = {MSK_DB_T(since), MSK_DB_T(self->segment_uuid)};
    MskDbValue others[] = {MSK_DB_T(since), MSK_DB_T(self->host)};

    return count(db, FAILURES, values, 1, &counts->failed, error) &&
                   count(db, FAILURES " AND h.failover_segment_id = ?", values, 2,
                         &counts->failed_in_segment, error) &&
                   count(db, "SELECT COUNT(*) FROM hosts WHERE deleted = 0", MSK_DB_NO_ARGS,
                         &counts->hosts, error) &&
                   count(db,
                         "SELECT COUNT(*) FROM hosts WHERE deleted = 0 AND failover_segment_id = ?",
                         values + 1, 1, &counts->hosts_in_segment, error) &&
                   count(db,
                         "SELECT COUNT(DISTINCT source_host) FROM vmoves WHERE deleted = 0 AND "
                         "start_time >= ? AND source_host <> ?",
                         others, 2, &counts->begun, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_count_failures(MskStore *self, const char *segment_uuid, const char *host,
                         int64_t since_us, MskFailureCounts *ret, GError **error)
{
    Count work = {.segment_uuid = segment_uuid, .host = host, .since_us = since_us};
    MskStoreResult result = msk_store_read(self, count_work, &work, error);

    if (result == MSK_STORE_DONE) {
        *ret = work.counts;
    }
    return result;
}
