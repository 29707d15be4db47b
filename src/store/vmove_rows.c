/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list_query.h"
#include "store/rows.h"
#include "store/store_private.h"

static void *
read_vmove(MskDbStatement *row)
{
    MskVmove *self = g_new0(MskVmove, 1);

    msk_rows_read_meta(row, 0, &self->meta);
    self->uuid = msk_db_dup(row, 5);
    self->notification_uuid = msk_db_dup(row, 6);
    self->instance_uuid = msk_db_dup(row, 7);
    self->instance_name = msk_db_dup(row, 8);
    self->source_host = msk_db_dup(row, 9);
    self->dest_host = msk_db_dup(row, 10);
    self->start_time_us = msk_db_time(row, 11);
    self->end_time_us = msk_db_time(row, 12);
    self->type = msk_db_dup(row, 13);
    self->status = msk_db_dup(row, 14);
    self->message = msk_db_dup(row, 15);
    return self;
}

static void
free_vmove(void *data)
{
    msk_vmove_free(data);
}

static MskStoreResult
read_by_uuid(MskDb *db, const char *notification_uuid, const char *uuid, MskVmove **ret,
             GError **error)
{
    g_autofree char *sql = g_strconcat(
        msk_store_table(MSK_STORE_VMOVES)->select, " WHERE t.uuid = ? AND t.deleted = 0",
        notification_uuid != NULL ? " AND t.notification_uuid = ?" : "", NULL);
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    g_autofree char *folded_notification = msk_store_fold_uuid(notification_uuid);
    MskDbValue values[] = {MSK_DB_T(folded), MSK_DB_T(folded_notification)};
    void *vmove = NULL;
    MskStoreResult result =
        msk_rows_one(db, sql, values, notification_uuid != NULL ? 2 : 1, read_vmove, &vmove, error);

    if (result == MSK_STORE_DONE) {
        msk_vmove_free(*ret);
        *ret = vmove;
    }
    return result;
}

typedef struct {
    const char *notification_uuid;
    const char *uuid;
    MskVmove *read;
} Get;

static MskStoreResult
get_work(MskDb *db, void *data, GError **error)
{
    Get *get = data;

    return read_by_uuid(db, get->notification_uuid, get->uuid, &get->read, error);
}

MskStoreResult
msk_store_vmove_get(MskStore *self, const char *notification_uuid, const char *uuid, MskVmove **ret,
                    GError **error)
{
    Get get = {.notification_uuid = notification_uuid, .uuid = uuid};
    MskStoreResult result = msk_store_look(self, get_work, &get, error);

    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&get.read);
    }
    msk_vmove_free(get.read);
    return result;
}

typedef struct {
    const MskVmoveFilter *filter;
    const MskPage *page;
    GPtrArray *rows;
} List;

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    List *list = data;
    g_auto(MskListQuery) query;

    msk_list_query_init(&query, msk_store_table(MSK_STORE_VMOVES));
    msk_list_query_where_uuid(&query, "notification_uuid", list->filter->notification_uuid);
    msk_list_query_where_text(&query, db, "type", list->filter->type);
    msk_list_query_where_text(&query, db, "status", list->filter->status);

    msk_list_query_page(&query, db, list->page);
    return msk_list_query_run(&query, db, read_vmove, free_vmove, &list->rows, error);
}

MskStoreResult
msk_store_vmove_list(MskStore *self, const MskVmoveFilter *filter, const MskPage *page,
                     GPtrArray **ret, GError **error)
{
    static const MskVmoveFilter any = {.status = NULL};
    List list = {.filter = filter != NULL ? filter : &any, .page = page};
    MskStoreResult result = msk_store_look(self, list_work, &list, error);

    return msk_rows_hand_over_list(result, ret, list.rows);
}

typedef struct {
    const MskClaimRef *ref;
    const MskVmove *wanted;
    char *new_uuid;
    MskVmove *read;
} Save;

static MskStoreResult
save_work(MskDb *db, void *data, GError **error)
{
    Save *save = data;
    const MskVmove *vmove = save->wanted;
    MskStoreResult result = msk_store_check_claim(db, save->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);
    g_autofree char *start = msk_db_format_time(vmove->start_time_us);
    g_autofree char *end = msk_db_format_time(vmove->end_time_us);
    MskDbValue values[] = {MSK_DB_T(now),
                           MSK_DB_T(vmove->instance_uuid),
                           MSK_DB_T(vmove->instance_name),
                           MSK_DB_T(vmove->source_host),
                           MSK_DB_T(vmove->dest_host),
                           MSK_DB_T(start),
                           MSK_DB_T(end),
                           MSK_DB_T(vmove->type),
                           MSK_DB_T(vmove->status),
                           MSK_DB_T(vmove->message),
                           MSK_DB_T(save->new_uuid != NULL ? save->new_uuid : vmove->uuid),
                           MSK_DB_T(save->ref->notification_uuid)};

    if (now == NULL ||
        !msk_db_run(db,
                    save->new_uuid != NULL
                        ? "INSERT INTO vmoves (created_at, instance_uuid, instance_name, "
                          "source_host, dest_host, start_time, end_time, type, status, message, "
                          "uuid, notification_uuid, deleted) "
                          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
                        : "UPDATE vmoves SET updated_at = ?, instance_uuid = ?, instance_name = "
                          "?, source_host = ?, dest_host = ?, start_time = ?, end_time = ?, type = "
                          "?, status = ?, message = ? WHERE uuid = ? AND notification_uuid = ? AND "
                          "deleted = 0",
                    values, G_N_ELEMENTS(values), NULL, error)) {
        return MSK_STORE_FAILED;
    }
    return read_by_uuid(db, save->ref->notification_uuid,
                        save->new_uuid != NULL ? save->new_uuid : vmove->uuid, &save->read, error);
}

MskStoreResult
msk_store_vmove_save(MskStore *self, const MskClaimRef *ref, MskVmove *vmove, GError **error)
{
    g_autofree char *new_uuid = vmove->uuid == NULL ? g_uuid_string_random() : NULL;
    Save save = {.ref = ref, .wanted = vmove, .new_uuid = new_uuid};
    MskStoreResult result = msk_store_write(self, save_work, &save, error);

    if (result == MSK_STORE_DONE) {
        msk_vmove_clear(vmove);
        *vmove = *save.read;
        g_free(save.read);
    } else {
        msk_vmove_free(save.read);
    }
    return result;
}
