/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

static void
fill_vmove(MskDbStatement *row, MskTakeText take, MskVmove *ret)
{
    msk_rows_read_meta(row, 0, &ret->meta);
    ret->uuid = take(row, 5);
    ret->notification_uuid = take(row, 6);
    ret->instance_uuid = take(row, 7);
    ret->instance_name = take(row, 8);
    ret->source_host = take(row, 9);
    ret->dest_host = take(row, 10);
    ret->start_time_us = msk_db_time(row, 11);
    ret->end_time_us = msk_db_time(row, 12);
    ret->type = take(row, 13);
    ret->status = take(row, 14);
    ret->message = take(row, 15);
}

static void *
read_vmove(MskDbStatement *row)
{
    MskVmove *self = g_new0(MskVmove, 1);

    fill_vmove(row, msk_db_dup, self);
    return self;
}

static void
show_vmove(MskDbStatement *row, const MskRowSink *sink)
{
    MskVmove vmove = {.uuid = NULL};

    fill_vmove(row, msk_db_lend, &vmove);
    sink->row(&vmove, sink->data);
}

static void
free_vmove(void *data)
{
    msk_vmove_free(data);
}

static void
narrow(MskListQuery *query, MskDb *db, const void *data)
{
    const MskVmoveFilter *filter = data;

    msk_list_query_where_uuid(query, "notification_uuid", filter->notification_uuid);
    msk_list_query_where_text(query, db, "type", filter->type);
    msk_list_query_where_text(query, db, "status", filter->status);
}

#define BY_UUID         " WHERE t.uuid = ? AND t.deleted = 0"
#define OF_NOTIFICATION BY_UUID " AND t.notification_uuid = ?"

static const MskRowKind vmoves = {MSK_STORE_VMOVES, read_vmove, free_vmove, show_vmove, narrow};

MskStoreResult
msk_store_vmove_get(MskStore *self, const char *notification_uuid, const char *uuid, MskVmove **ret,
                    GError **error)
{
    bool of_one = notification_uuid != NULL;
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    g_autofree char *folded_notification = msk_store_fold_uuid(notification_uuid);
    const MskDbValue values[] = {MSK_DB_T(folded), MSK_DB_T(folded_notification)};
    void *vmove = NULL;
    MskStoreResult result = msk_rows_get(self, &vmoves, of_one ? OF_NOTIFICATION : BY_UUID, values,
                                         of_one ? 2 : 1, &vmove, error);

    if (result == MSK_STORE_DONE) {
        *ret = vmove;
    }
    return result;
}

MskStoreResult
msk_store_vmove_list(MskStore *self, const MskVmoveFilter *filter, const MskPage *page,
                     GPtrArray **ret, GError **error)
{
    static const MskVmoveFilter any = {.status = NULL};

    return msk_rows_list(self, &vmoves, filter != NULL ? filter : &any, page, ret, error);
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
    g_autofree char *uuid =
        msk_store_fold_uuid(save->new_uuid != NULL ? save->new_uuid : vmove->uuid);
    g_autofree char *notification_uuid = msk_store_fold_uuid(save->ref->notification_uuid);
    void *read = save->read;

    result = msk_rows_find(db, &vmoves, OF_NOTIFICATION,
                           MSK_DB_ARGS(MSK_DB_T(uuid), MSK_DB_T(notification_uuid)), &read, error);
    save->read = read;
    return result;
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
