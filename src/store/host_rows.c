/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

/* All but the segment. */
static void
fill_host(MskDbStatement *row, MskTakeText take, MskHost *ret)
{
    msk_rows_read_meta(row, 0, &ret->meta);
    ret->uuid = take(row, 5);
    ret->name = take(row, 6);
    ret->type = take(row, 7);
    ret->control_attributes = take(row, 8);
    ret->failover_segment_id = take(row, 9);
    ret->reserved = msk_db_int(row, 10) != 0;
    ret->on_maintenance = msk_db_int(row, 11) != 0;
}

static bool
has_segment(MskDbStatement *row)
{
    return msk_db_text(row, 17) != NULL;
}

static void *
read_host(MskDbStatement *row)
{
    MskHost *self = g_new0(MskHost, 1);

    fill_host(row, msk_db_dup, self);
    if (has_segment(row)) {
        self->segment = g_new0(MskSegment, 1);
        msk_rows_fill_segment(row, 12, msk_db_dup, self->segment);
    }
    return self;
}

static void
show_host(MskDbStatement *row, const MskRowSink *sink)
{
    MskHost host = {.segment = NULL};
    MskSegment segment = {.uuid = NULL};

    fill_host(row, msk_db_lend, &host);
    if (has_segment(row)) {
        msk_rows_fill_segment(row, 12, msk_db_lend, &segment);
        host.segment = &segment;
    }
    sink->row(&host, sink->data);
}

static void
free_host(void *data)
{
    msk_host_free(data);
}

static void
narrow(MskListQuery *query, MskDb *db, const void *data)
{
    const MskHostFilter *filter = data;

    msk_list_query_where_uuid(query, "failover_segment_id", filter->failover_segment_id);
    msk_list_query_where_text(query, db, "type", filter->type);
    msk_list_query_where_flag(query, "on_maintenance", filter->on_maintenance);
    msk_list_query_where_flag(query, "reserved", filter->reserved);
}

static const MskRowKind hosts = {MSK_STORE_HOSTS, read_host, free_host, show_host, narrow};

#define BY_UUID    " WHERE t.uuid = ? AND t.deleted = 0"
#define OF_SEGMENT BY_UUID " AND t.failover_segment_id = ?"

/* @segment_uuid: (nullable) whose host it has to be. */
static MskStoreResult
read_by_uuid(MskDb *db, const char *segment_uuid, const char *uuid, MskHost **ret, GError **error)
{
    bool of_one = segment_uuid != NULL;
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    g_autofree char *folded_segment = msk_store_fold_uuid(segment_uuid);
    const MskDbValue values[] = {MSK_DB_T(folded), MSK_DB_T(folded_segment)};
    void *host = *ret;
    MskStoreResult result = msk_rows_find(db, &hosts, of_one ? OF_SEGMENT : BY_UUID, values,
                                          of_one ? 2 : 1, &host, error);

    *ret = host;
    return result;
}

/* ---- the calls --------------------------------------------------------------------------- */

static MskStoreResult
get_host(MskStore *self, const char *where, const MskDbValue *values, size_t n_values,
         MskHost **ret, GError **error)
{
    void *host = NULL;
    MskStoreResult result = msk_rows_get(self, &hosts, where, values, n_values, &host, error);

    if (result == MSK_STORE_DONE) {
        *ret = host;
    }
    return result;
}

MskStoreResult
msk_store_host_get(MskStore *self, const char *segment_uuid, const char *uuid, MskHost **ret,
                   GError **error)
{
    bool of_one = segment_uuid != NULL;
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    g_autofree char *folded_segment = msk_store_fold_uuid(segment_uuid);
    const MskDbValue values[] = {MSK_DB_T(folded), MSK_DB_T(folded_segment)};

    return get_host(self, of_one ? OF_SEGMENT : BY_UUID, values, of_one ? 2 : 1, ret, error);
}

MskStoreResult
msk_store_host_get_by_name(MskStore *self, const char *name, MskHost **ret, GError **error)
{
    g_autofree char *where =
        g_strdup_printf(" WHERE t.name = ?%s AND t.deleted = 0", msk_store_dialect(self)->collate);

    return get_host(self, where, MSK_DB_ARGS(MSK_DB_T(name)), ret, error);
}

MskStoreResult
msk_store_host_list(MskStore *self, const MskHostFilter *filter, const MskPage *page,
                    GPtrArray **ret, GError **error)
{
    static const MskHostFilter any = {.on_maintenance = -1, .reserved = -1};

    return msk_rows_list(self, &hosts, filter != NULL ? filter : &any, page, ret, error);
}

typedef struct {
    const MskHost *wanted;
    MskHostFields fields;
    const char *segment_uuid;
    const char *uuid;
    MskHost *read;
} Change;

static MskStoreResult
create_work(MskDb *db, void *data, GError **error)
{
    Change *change = data;
    const MskHost *wanted = change->wanted;
    GError *failure = NULL;
    int64_t one = 0;
    int segments =
        msk_db_number(db, "SELECT 1 FROM failover_segments WHERE uuid = ? AND deleted = 0",
                      MSK_DB_ARGS(MSK_DB_T(change->segment_uuid)), &one, error);

    if (segments <= 0) {
        return msk_store_result_of(segments);
    }
    MskStoreResult result = msk_rows_check_name(db, "hosts", wanted->name, 0, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL) {
        return MSK_STORE_FAILED;
    }
    if (!msk_db_run(db,
                    "INSERT INTO hosts (created_at, deleted, uuid, name, type, control_attributes, "
                    "failover_segment_id, reserved, on_maintenance) "
                    "VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?)",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(change->uuid), MSK_DB_T(wanted->name),
                                MSK_DB_T(wanted->type), MSK_DB_T(wanted->control_attributes),
                                MSK_DB_T(change->segment_uuid), MSK_DB_I(wanted->reserved),
                                MSK_DB_I(wanted->on_maintenance)),
                    NULL, &failure)) {
        return msk_rows_name_conflict(error, failure);
    }
    return read_by_uuid(db, NULL, change->uuid, &change->read, error);
}

/* Replaces what the caller's struct holds by what was read. */
static MskStoreResult
hand_back(MskStoreResult result, MskHost *host, MskHost *read)
{
    if (result == MSK_STORE_DONE) {
        msk_host_clear(host);
        *host = *read;
        g_free(read);
    } else {
        msk_host_free(read);
    }
    return result;
}

MskStoreResult
msk_store_host_create(MskStore *self, MskHost *host, GError **error)
{
    g_autofree char *uuid =
        host->uuid != NULL ? msk_store_fold_uuid(host->uuid) : g_uuid_string_random();
    g_autofree char *segment_uuid = msk_store_fold_uuid(host->failover_segment_id);
    Change change = {.wanted = host, .uuid = uuid, .segment_uuid = segment_uuid};
    MskStoreResult result = msk_store_write(self, create_work, &change, error);

    return hand_back(result, host, change.read);
}

/* Puts the wanted fields into @row. Returns: whether that changed anything. */
static bool
merge(MskHost *row, const MskHost *wanted, MskHostFields fields)
{
    bool changed = false;

    if (fields & MSK_HOST_NAME) {
        msk_rows_replace_text(&row->name, wanted->name, &changed);
    }
    if (fields & MSK_HOST_TYPE) {
        msk_rows_replace_text(&row->type, wanted->type, &changed);
    }
    if (fields & MSK_HOST_CONTROL_ATTRIBUTES) {
        msk_rows_replace_text(&row->control_attributes, wanted->control_attributes, &changed);
    }
    if (fields & MSK_HOST_RESERVED) {
        changed = changed || row->reserved != wanted->reserved;
        row->reserved = wanted->reserved;
    }
    if (fields & MSK_HOST_ON_MAINTENANCE) {
        changed = changed || row->on_maintenance != wanted->on_maintenance;
        row->on_maintenance = wanted->on_maintenance;
    }
    return changed;
}

static MskStoreResult
write_row(MskDb *db, const MskHost *row, GError **error)
{
    GError *failure = NULL;
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL) {
        return MSK_STORE_FAILED;
    }
    if (!msk_db_run(db,
                    "UPDATE hosts SET updated_at = ?, name = ?, type = ?, control_attributes = ?, "
                    "reserved = ?, on_maintenance = ? WHERE id = ?",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(row->name), MSK_DB_T(row->type),
                                MSK_DB_T(row->control_attributes), MSK_DB_I(row->reserved),
                                MSK_DB_I(row->on_maintenance), MSK_DB_I(row->meta.id)),
                    NULL, &failure)) {
        return msk_rows_name_conflict(error, failure);
    }
    return MSK_STORE_DONE;
}

/* The host, unless it is not there (NOT_FOUND) or its segment is in use (IN_USE). */
static MskStoreResult
read_unused(MskDb *db, const Change *change, MskHost **ret, GError **error)
{
    g_autoptr(MskHost) row = NULL;
    MskStoreResult result = read_by_uuid(db, change->segment_uuid, change->uuid, &row, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    int in_use = msk_store_segment_in_use(db, row->failover_segment_id, error);

    if (in_use != 0) {
        return in_use > 0 ? MSK_STORE_IN_USE : MSK_STORE_FAILED;
    }
    *ret = g_steal_pointer(&row);
    return MSK_STORE_DONE;
}

static MskStoreResult
update_work(MskDb *db, void *data, GError **error)
{
    Change *change = data;
    g_autoptr(MskHost) row = NULL;
    MskStoreResult result = read_unused(db, change, &row, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    if (merge(row, change->wanted, change->fields)) {
        result = msk_rows_check_name(db, "hosts", row->name, row->meta.id, error);
        if (result == MSK_STORE_DONE) {
            result = write_row(db, row, error);
        }
    }
    return result != MSK_STORE_DONE ? result
                                    : read_by_uuid(db, NULL, row->uuid, &change->read, error);
}

MskStoreResult
msk_store_host_update(MskStore *self, MskHost *host, MskHostFields fields, GError **error)
{
    Change change = {.wanted = host,
                     .fields = fields,
                     .uuid = host->uuid,
                     .segment_uuid = host->failover_segment_id};
    MskStoreResult result = msk_store_write(self, update_work, &change, error);

    return hand_back(result, host, change.read);
}

static MskStoreResult
delete_work(MskDb *db, void *data, GError **error)
{
    g_autoptr(MskHost) row = NULL;
    MskStoreResult result = read_unused(db, data, &row, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    return now != NULL &&
                   msk_db_run(db,
                              "UPDATE hosts SET deleted = id, deleted_at = ? WHERE id = ? "
                              "AND deleted = 0",
                              MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_I(row->meta.id)), NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_host_delete(MskStore *self, const char *segment_uuid, const char *uuid, GError **error)
{
    Change change = {.segment_uuid = segment_uuid, .uuid = uuid};

    return msk_store_write(self, delete_work, &change, error);
}
