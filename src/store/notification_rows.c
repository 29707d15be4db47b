/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

#include "base/error.h"

#include <jansson.h>

/* updated_at was cut to its second, so what it marks happened at most this much later. */
#define SECOND_US (G_USEC_PER_SEC - 1)

static MskNotificationStatus
parse_status(const char *name)
{
    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        if (g_strcmp0(name, msk_notification_status_name((MskNotificationStatus) i)) == 0) {
            return (MskNotificationStatus) i;
        }
    }
    /* The column has no other values; if a hand wrote one, nothing may be done with the row. */
    return MSK_NOTIFICATION_FAILED;
}

void *
msk_rows_read_notification(MskDbStatement *row)
{
    MskNotification *self = g_new0(MskNotification, 1);

    msk_rows_read_meta(row, 0, &self->meta);
    self->uuid = msk_db_dup(row, 5);
    self->generated_time_us = msk_db_time(row, 6);
    self->source_host_uuid = msk_db_dup(row, 7);
    self->type = msk_db_dup(row, 8);
    self->payload = msk_db_dup(row, 9);
    self->status = parse_status(msk_db_text(row, 10));
    self->failover_segment_uuid = msk_db_dup(row, 11);
    self->message = msk_db_dup(row, 12);
    return self;
}

static void
free_notification(void *data)
{
    msk_notification_free(data);
}

/* ---- duplicates -------------------------------------------------------------------------- */

typedef struct {
    const char *host_name;
    int64_t duplicate_interval_s;
    const MskNotification *wanted;
    const char *uuid;
    json_t *payload; /* of @wanted, parsed */
    MskNotification *made;
} Create;

/* Of the question in check(). */
enum {
    HOST_UUID,
    HOST_SEGMENT,
    HOST_ON_MAINTENANCE,
    NOW,
    OTHER_PAYLOAD,
    OTHER_STATUS,
    OTHER_UPDATED_AT,
    OTHER_GENERATED_TIME,
    OTHER_UUID,
};

static bool
same_payload(const Create *create, const char *stored)
{
    if (stored == NULL || g_str_equal(stored, create->wanted->payload)) {
        return stored != NULL;
    }
    json_t *other = json_loads(stored, JSON_DECODE_ANY, NULL);
    bool same = other != NULL && json_equal(other, create->payload) == 1;

    json_decref(other);
    return same;
}

/* When the recovery of the row ended, as exactly as it is known. */
static bool
read_end(MskDb *db, MskDbStatement *row, int64_t *ret_us, GError **error)
{
    int64_t updated_us = msk_db_time(row, OTHER_UPDATED_AT);

    *ret_us = 0;
    if (msk_db_number(db, "SELECT ended_at FROM masakari_c_claims WHERE notification_uuid = ?",
                      MSK_DB_ARGS(MSK_DB_T(msk_db_text(row, OTHER_UUID))), ret_us, error) < 0) {
        return false;
    }
    if (*ret_us == 0) {
        *ret_us = updated_us != 0 ? updated_us + SECOND_US : G_MAXINT64;
    }
    return true;
}

/* Whether the recovery of the row had ended when the new failure happened: then the new one is of
 * its own, the VM was up in between. One that is ahead of the new one by the interval is of before
 * the clock was set back. Returns: 1, 0, or -1 with @error. */
static int
ended_before(MskDb *db, const Create *create, MskDbStatement *row, GError **error)
{
    int64_t moment_us = create->wanted->generated_time_us;
    int64_t ahead_us = create->duplicate_interval_s * G_USEC_PER_SEC;
    MskNotificationStatus status = parse_status(msk_db_text(row, OTHER_STATUS));
    int64_t ended_us = 0;

    if (status == MSK_NOTIFICATION_NEW || status == MSK_NOTIFICATION_RUNNING) {
        return 0;
    }
    if (msk_db_time(row, OTHER_GENERATED_TIME) - ahead_us > moment_us) {
        return 1;
    }
    if (!read_end(db, row, &ended_us, error)) {
        return -1;
    }
    return ended_us < moment_us ? 1 : 0;
}

/* What was read of the host, and of those rows that may be what @create wants. */
static MskStoreResult
judge(MskDb *db, const Create *create, MskDbStatement *row, GError **error)
{
    bool is_vm = g_str_equal(create->wanted->type, "VM");
    int more = 1;

    if (msk_db_int(row, HOST_ON_MAINTENANCE) != 0) {
        return MSK_STORE_ON_MAINTENANCE;
    }
    for (; more == 1; more = msk_db_step(row, error)) {
        if (!same_payload(create, msk_db_text(row, OTHER_PAYLOAD))) {
            continue;
        }
        int ended = is_vm ? ended_before(db, create, row, error) : 0;

        if (ended <= 0) {
            return ended < 0 ? MSK_STORE_FAILED : MSK_STORE_DUPLICATE;
        }
    }
    return more < 0 ? MSK_STORE_FAILED : MSK_STORE_DONE;
}

/* The host, the clock and the candidates in one question: each has its way to a server. */
static MskStoreResult
check(MskDb *db, Create *create, MskNotification *ret, GError **error)
{
    const MskNotification *wanted = create->wanted;
    int64_t since_us = wanted->generated_time_us - create->duplicate_interval_s * G_USEC_PER_SEC;
    /* Stored times are whole seconds: one in the second of since_us came before it, unless since_us
     * is whole itself. */
    g_autofree char *since = msk_db_format_moment(since_us + SECOND_US);
    g_autofree char *sql = g_strdup_printf(
        "SELECT h.uuid, h.failover_segment_id, h.on_maintenance, %s, n.payload, n.status, "
        "n.updated_at, n.generated_time, n.notification_uuid FROM hosts h "
        "LEFT JOIN notifications n ON n.source_host_uuid = h.uuid AND n.generated_time >= ? "
        "AND n.type = ? AND n.deleted = 0 "
        "WHERE h.name = ?%s AND h.deleted = 0",
        db->driver->now != NULL ? db->driver->now : "NULL", db->driver->collate);
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, sql, MSK_DB_ARGS(MSK_DB_T(since), MSK_DB_T(wanted->type), MSK_DB_T(create->host_name)),
        error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    if (more <= 0) {
        return msk_store_result_of(more);
    }
    ret->source_host_uuid = msk_db_dup(row, HOST_UUID);
    ret->failover_segment_uuid = msk_db_dup(row, HOST_SEGMENT);
    if (db->now_us == 0) {
        db->now_us = msk_db_time(row, NOW);
    }
    return judge(db, create, row, error);
}

/* Fills in @row as reading it would. */
static MskStoreResult
insert(MskDb *db, const Create *create, MskNotification *row, GError **error)
{
    const MskNotification *wanted = create->wanted;
    g_autofree char *now = msk_store_now_text(db, error);
    g_autofree char *generated = msk_db_format_moment(wanted->generated_time_us);

    if (now == NULL ||
        !msk_db_run(db,
                    "INSERT INTO notifications (created_at, deleted, notification_uuid, "
                    "generated_time, source_host_uuid, type, payload, status, "
                    "failover_segment_uuid, message) VALUES (?, 0, ?, ?, ?, ?, ?, 'new', ?, ?)",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(create->uuid), MSK_DB_T(generated),
                                MSK_DB_T(row->source_host_uuid), MSK_DB_T(wanted->type),
                                MSK_DB_T(wanted->payload), MSK_DB_T(row->failover_segment_uuid),
                                MSK_DB_T(wanted->message)),
                    NULL, error)) {
        return MSK_STORE_FAILED;
    }
    row->meta.id = db->driver->last_id(db);
    row->meta.created_at_us = msk_db_parse_time(now);
    row->uuid = g_strdup(create->uuid);
    row->generated_time_us = wanted->generated_time_us;
    row->type = g_strdup(wanted->type);
    row->payload = g_strdup(wanted->payload);
    row->status = MSK_NOTIFICATION_NEW;
    row->message = g_strdup(wanted->message);
    return MSK_STORE_DONE;
}

static MskStoreResult
create_work(MskDb *db, void *data, GError **error)
{
    Create *create = data;

    msk_notification_free(create->made); /* of an attempt before */
    create->made = g_new0(MskNotification, 1);
    MskStoreResult result = check(db, create, create->made, error);

    return result == MSK_STORE_DONE ? insert(db, create, create->made, error) : result;
}

MskStoreResult
msk_store_notification_create(MskStore *self, const char *host_name, int64_t duplicate_interval_s,
                              MskNotification *notification, GError **error)
{
    g_autofree char *uuid = notification->uuid != NULL ? msk_store_fold_uuid(notification->uuid)
                                                       : g_uuid_string_random();
    Create create = {.host_name = host_name,
                     .duplicate_interval_s = duplicate_interval_s,
                     .wanted = notification,
                     .uuid = uuid,
                     .payload = json_loads(notification->payload, 0, NULL)};

    if (create.payload == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the payload of the notification is not a JSON object or array");
        return MSK_STORE_FAILED;
    }
    MskStoreResult result = msk_store_write(self, create_work, &create, error);

    json_decref(create.payload);
    if (result == MSK_STORE_DONE) {
        int64_t generated_time_us = notification->generated_time_us;

        msk_notification_clear(notification);
        *notification = *create.made;
        notification->generated_time_us = generated_time_us;
        g_free(create.made);
    } else {
        msk_notification_free(create.made);
    }
    return result;
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
        msk_list_query_bind_owned(query,
                                  msk_db_format_moment(filter->generated_since_us + SECOND_US));
    }
}

static const MskRowKind notifications = {MSK_STORE_NOTIFICATIONS, msk_rows_read_notification,
                                         free_notification, narrow};

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
