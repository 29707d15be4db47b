/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include "store/store_private.h"

static void *
read_segment(MskDbStatement *row)
{
    MskSegment *self = g_new0(MskSegment, 1);

    msk_rows_fill_segment(row, 0, msk_db_dup, self);
    return self;
}

static void
show_segment(MskDbStatement *row, const MskRowSink *sink)
{
    MskSegment segment = {0};

    msk_rows_fill_segment(row, 0, msk_db_lend, &segment);
    sink->row(&segment, sink->data);
}

static void
free_segment(void *data)
{
    msk_segment_free(data);
}

static void
narrow(MskListQuery *query, MskDb *db, const void *data)
{
    const MskSegmentFilter *filter = data;

    msk_list_query_where_text(query, db, "recovery_method", filter->recovery_method);
    msk_list_query_where_text(query, db, "service_type", filter->service_type);
    msk_list_query_where_flag(query, "enabled", filter->enabled);
}

static const MskRowKind segments = {MSK_STORE_SEGMENTS, read_segment, free_segment, show_segment,
                                    narrow};

#define BY_UUID " WHERE t.uuid = ? AND t.deleted = 0"

static MskStoreResult
read_by_uuid(MskDb *db, const char *uuid, MskSegment **ret, GError **error)
{
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    void *segment = *ret;
    MskStoreResult result =
        msk_rows_find(db, &segments, BY_UUID, MSK_DB_ARGS(MSK_DB_T(folded)), &segment, error);

    *ret = segment;
    return result;
}

int
msk_store_segment_in_use(MskDb *db, const char *segment_uuid, GError **error)
{
    int64_t one = 0;

    return msk_db_number(db,
                         "SELECT 1 FROM notifications n WHERE n.status IN ('new', 'running', "
                         "'error') AND n.deleted = 0 AND n.source_host_uuid IN (SELECT h.uuid FROM "
                         "hosts h WHERE h.failover_segment_id = ? AND h.deleted = 0) LIMIT 1",
                         MSK_DB_ARGS(MSK_DB_T(segment_uuid)), &one, error);
}

/* ---- the calls --------------------------------------------------------------------------- */

MskStoreResult
msk_store_segment_get(MskStore *self, const char *uuid, MskSegment **ret, GError **error)
{
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    void *segment = NULL;
    MskStoreResult result =
        msk_rows_get(self, &segments, BY_UUID, MSK_DB_ARGS(MSK_DB_T(folded)), &segment, error);

    if (result == MSK_STORE_DONE) {
        *ret = segment;
    }
    return result;
}

MskStoreResult
msk_store_segment_list(MskStore *self, const MskSegmentFilter *filter, const MskPage *page,
                       GPtrArray **ret, GError **error)
{
    static const MskSegmentFilter any = {.enabled = -1};

    return msk_rows_list(self, &segments, filter != NULL ? filter : &any, page, ret, error);
}

typedef struct {
    const MskSegment *wanted;
    MskSegmentFields fields;
    const char *uuid;
    MskSegment *read;
} Change;

static MskStoreResult
create_work(MskDb *db, void *data, GError **error)
{
    Change *change = data;
    const MskSegment *wanted = change->wanted;
    MskStoreResult result = msk_rows_check_name(db, "failover_segments", wanted->name, 0, error);
    GError *failure = NULL;

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL) {
        return MSK_STORE_FAILED;
    }
    if (!msk_db_run(db,
                    "INSERT INTO failover_segments (created_at, deleted, uuid, name, service_type, "
                    "description, recovery_method, enabled) VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(change->uuid), MSK_DB_T(wanted->name),
                                MSK_DB_T(wanted->service_type), MSK_DB_T(wanted->description),
                                MSK_DB_T(wanted->recovery_method), MSK_DB_I(wanted->enabled)),
                    NULL, &failure)) {
        return msk_rows_name_conflict(error, failure);
    }
    return read_by_uuid(db, change->uuid, &change->read, error);
}

/* Replaces what the caller's struct holds by what was read. */
static MskStoreResult
hand_back(MskStoreResult result, MskSegment *segment, MskSegment *read)
{
    if (result == MSK_STORE_DONE) {
        msk_segment_clear(segment);
        *segment = *read;
        g_free(read);
    } else {
        msk_segment_free(read);
    }
    return result;
}

MskStoreResult
msk_store_segment_create(MskStore *self, MskSegment *segment, GError **error)
{
    g_autofree char *uuid =
        segment->uuid != NULL ? msk_store_fold_uuid(segment->uuid) : g_uuid_string_random();
    Change change = {.wanted = segment, .uuid = uuid};
    MskStoreResult result = msk_store_write(self, create_work, &change, error);

    return hand_back(result, segment, change.read);
}

/* Puts the wanted fields into @row. Returns: whether that changed anything. */
static bool
merge(MskSegment *row, const MskSegment *wanted, MskSegmentFields fields)
{
    bool changed = false;

    if (fields & MSK_SEGMENT_NAME) {
        msk_rows_replace_text(&row->name, wanted->name, &changed);
    }
    if (fields & MSK_SEGMENT_SERVICE_TYPE) {
        msk_rows_replace_text(&row->service_type, wanted->service_type, &changed);
    }
    if (fields & MSK_SEGMENT_DESCRIPTION) {
        msk_rows_replace_text(&row->description, wanted->description, &changed);
    }
    if (fields & MSK_SEGMENT_RECOVERY_METHOD) {
        msk_rows_replace_text(&row->recovery_method, wanted->recovery_method, &changed);
    }
    if (fields & MSK_SEGMENT_ENABLED) {
        changed = changed || row->enabled != wanted->enabled;
        row->enabled = wanted->enabled;
    }
    return changed;
}

static MskStoreResult
write_row(MskDb *db, const MskSegment *row, GError **error)
{
    GError *failure = NULL;
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL) {
        return MSK_STORE_FAILED;
    }
    if (!msk_db_run(db,
                    "UPDATE failover_segments SET updated_at = ?, name = ?, service_type = ?, "
                    "description = ?, recovery_method = ?, enabled = ? WHERE id = ?",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(row->name), MSK_DB_T(row->service_type),
                                MSK_DB_T(row->description), MSK_DB_T(row->recovery_method),
                                MSK_DB_I(row->enabled), MSK_DB_I(row->meta.id)),
                    NULL, &failure)) {
        return msk_rows_name_conflict(error, failure);
    }
    return MSK_STORE_DONE;
}

static MskStoreResult
update_work(MskDb *db, void *data, GError **error)
{
    Change *change = data;
    g_autoptr(MskSegment) row = NULL;
    MskStoreResult result = read_by_uuid(db, change->uuid, &row, error);
    int in_use = result == MSK_STORE_DONE ? msk_store_segment_in_use(db, row->uuid, error) : 0;

    if (in_use != 0) {
        return in_use > 0 ? MSK_STORE_IN_USE : MSK_STORE_FAILED;
    }
    if (result != MSK_STORE_DONE) {
        return result;
    }
    if (merge(row, change->wanted, change->fields)) {
        result = msk_rows_check_name(db, "failover_segments", row->name, row->meta.id, error);
        if (result == MSK_STORE_DONE) {
            result = write_row(db, row, error);
        }
    }
    return result != MSK_STORE_DONE ? result : read_by_uuid(db, change->uuid, &change->read, error);
}

MskStoreResult
msk_store_segment_update(MskStore *self, MskSegment *segment, MskSegmentFields fields,
                         GError **error)
{
    Change change = {.wanted = segment, .fields = fields, .uuid = segment->uuid};
    MskStoreResult result = msk_store_write(self, update_work, &change, error);

    return hand_back(result, segment, change.read);
}

static MskStoreResult
delete_work(MskDb *db, void *data, GError **error)
{
    Change *change = data;
    g_autoptr(MskSegment) row = NULL;
    MskStoreResult result = read_by_uuid(db, change->uuid, &row, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    int in_use = msk_store_segment_in_use(db, row->uuid, error);

    if (in_use != 0) {
        return in_use > 0 ? MSK_STORE_IN_USE : MSK_STORE_FAILED;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    return now != NULL &&
                   msk_db_run(db,
                              "UPDATE failover_segments SET deleted = id, deleted_at = ? "
                              "WHERE uuid = ? AND deleted = 0",
                              MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(row->uuid)), NULL, error) &&
                   msk_db_run(db,
                              "UPDATE hosts SET deleted = id, deleted_at = ? "
                              "WHERE failover_segment_id = ? AND deleted = 0",
                              MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(row->uuid)), NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_segment_delete(MskStore *self, const char *uuid, GError **error)
{
    Change change = {.uuid = uuid};

    return msk_store_write(self, delete_work, &change, error);
}
