/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

MskNotificationStatus
msk_rows_read_status(const char *name)
{
    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        if (g_strcmp0(name, msk_notification_status_name((MskNotificationStatus) i)) == 0) {
            return (MskNotificationStatus) i;
        }
    }
    /* The column has no other values; if a hand wrote one, nothing may be done with the row. */
    return MSK_NOTIFICATION_FAILED;
}

static void
fill_notification(MskDbStatement *row, MskTakeText take, MskNotification *ret)
{
    msk_rows_read_meta(row, 0, &ret->meta);
    ret->uuid = take(row, 5);
    ret->generated_time_us = msk_db_time(row, 6);
    ret->source_host_uuid = take(row, 7);
    ret->type = take(row, 8);
    ret->payload = take(row, 9);
    ret->status = msk_rows_read_status(msk_db_text(row, 10));
    ret->failover_segment_uuid = take(row, 11);
    ret->message = take(row, 12);
}

static void *
read_notification(MskDbStatement *row)
{
    MskNotification *self = g_new0(MskNotification, 1);

    fill_notification(row, msk_db_dup, self);
    return self;
}

static void
show_notification(MskDbStatement *row, const MskRowSink *sink)
{
    MskNotification notification = {.uuid = NULL};

    fill_notification(row, msk_db_lend, &notification);
    sink->row(&notification, sink->data);
}

static void
free_notification(void *data)
{
    msk_notification_free(data);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void
where_statuses(MskListQuery *query, unsigned statuses)
{
    const char *separator = " AND t.status IN (";

    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        if (statuses & MSK_STATUS_BIT(i)) {
            g_string_append_printf(query->sql, "%s?", separator);
            msk_list_query_bind(query,
                                MSK_DB_T(msk_notification_status_name((MskNotificationStatus) i)));
            separator = ", ";
        }
    }
    g_string_append(query->sql, statuses != 0 ? ")" : "");
}

static void
narrow(MskListQuery *query, MskDb *db, const void *data)
{
    const MskNotificationFilter *filter = data;

    msk_list_query_where_uuid(query, "source_host_uuid", filter->source_host_uuid);
    msk_list_query_where_uuid(query, "failover_segment_uuid", filter->failover_segment_uuid);
    msk_list_query_where_text(query, db, "type", filter->type);
    where_statuses(query, filter->statuses);
    if (filter->generated_since_us != 0) {
        g_string_append(query->sql, " AND t.generated_time >= ?");
        msk_list_query_bind_owned(
            query, msk_db_format_moment(filter->generated_since_us + MSK_ROWS_SECOND_US));
    }
}

static const MskRowKind notifications = {MSK_STORE_NOTIFICATIONS, read_notification,
                                         free_notification, show_notification, narrow};

#define BY_UUID " WHERE t.notification_uuid = ? AND t.deleted = 0"

MskStoreResult
msk_store_read_notification(MskDb *db, const char *uuid, MskNotification **ret, GError **error)
{
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    void *notification = *ret;
    MskStoreResult result = msk_rows_find(db, &notifications, BY_UUID,
                                          MSK_DB_ARGS(MSK_DB_T(folded)), &notification, error);

    *ret = notification;
    return result;
}

MskStoreResult
msk_store_notification_get(MskStore *self, const char *uuid, MskNotification **ret, GError **error)
{
    g_autofree char *folded = msk_store_fold_uuid(uuid);
    void *notification = NULL;
    MskStoreResult result = msk_rows_get(self, &notifications, BY_UUID,
                                         MSK_DB_ARGS(MSK_DB_T(folded)), &notification, error);

    if (result == MSK_STORE_DONE) {
        *ret = notification;
    }
    return result;
}

MskStoreResult
msk_store_notification_list(MskStore *self, const MskNotificationFilter *filter,
                            const MskPage *page, GPtrArray **ret, GError **error)
{
    static const MskNotificationFilter any = {.statuses = 0};

    return msk_rows_list(self, &notifications, filter != NULL ? filter : &any, page, ret, error);
}
