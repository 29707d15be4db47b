/* SPDX-License-Identifier: Apache-2.0 */
/* New notifications: the host is looked for, duplicates are refused, the row is inserted. */
#include "store/rows.h"
#include "store/store_private.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

typedef struct {
    const char *host_name;
    int64_t duplicate_interval_s;
    const MskNotification *wanted;
    const char *uuid;
    json_t *payload; /* of @wanted, parsed */
    bool unheard;    /* it was sent in one statement, and may be there */
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
        *ret_us = updated_us != 0 ? updated_us + MSK_ROWS_SECOND_US : G_MAXINT64;
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
    MskNotificationStatus status = msk_rows_read_status(msk_db_text(row, OTHER_STATUS));
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

/* From when on others may be what @create wants. Stored times are whole seconds: one in the second
 * of the interval's begin came before it, unless that is whole itself. */
static int64_t
since_us(const Create *create)
{
    return create->wanted->generated_time_us - create->duplicate_interval_s * G_USEC_PER_SEC +
           MSK_ROWS_SECOND_US;
}

/* The host, the clock and the candidates in one question: each has its way to a server. */
static MskStoreResult
check(MskDb *db, Create *create, MskNotification *ret, GError **error)
{
    const MskNotification *wanted = create->wanted;
    g_autofree char *since = msk_db_format_moment(since_us(create));
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

/* Makes @row, which has its host and segment, what reading it would give. */
static void
fill_in(const Create *create, MskNotification *row, int64_t id, int64_t created_at_us)
{
    const MskNotification *wanted = create->wanted;

    row->meta.id = id;
    row->meta.created_at_us = created_at_us;
    row->uuid = g_strdup(create->uuid);
    row->generated_time_us = wanted->generated_time_us;
    row->type = g_strdup(wanted->type);
    row->payload = g_strdup(wanted->payload);
    row->status = MSK_NOTIFICATION_NEW;
    row->message = g_strdup(wanted->message);
}

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
    fill_in(create, row, db->driver->last_id(db), msk_db_parse_time(now));
    return MSK_STORE_DONE;
}

static MskStoreResult
create_work(MskDb *db, void *data, GError **error)
{
    Create *create = data;

    msk_notification_free(create->made); /* of an attempt before */
    create->made = NULL;
    if (create->unheard) {
        MskStoreResult found = msk_store_read_notification(db, create->uuid, &create->made, error);

        if (found != MSK_STORE_NOT_FOUND) {
            return found;
        }
    }
    create->made = g_new0(MskNotification, 1);
    MskStoreResult result = check(db, create, create->made, error);

    return result == MSK_STORE_DONE ? insert(db, create, create->made, error) : result;
}

/* ---- in one statement -------------------------------------------------------------------- */

/* A text that each payload that is the same as JSON has in it. */
static const char *
find_mark(const Create *create)
{
    const char *mark = "";
    const char *name;
    json_t *value;

    json_object_foreach(create->payload, name, value)
    {
        const char *text = json_string_value(value);

        /* Of such letters no writer of JSON makes others. */
        if (text != NULL && strlen(text) > strlen(mark) &&
            text[strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-")] == '\0') {
            mark = text;
        }
    }
    return mark;
}

/* Inserts the row if there is nothing that check() would have to look at more closely; reading the
 * first row of masakari_c_lock as it does makes it wait for its turn among the writers. */
static const char at_once[] =
    "INSERT INTO notifications (created_at, deleted, notification_uuid, generated_time, "
    "source_host_uuid, type, payload, status, failover_segment_uuid, message) "
    "SELECT STRAIGHT_JOIN UTC_TIMESTAMP(), 0, ?, ?, h.uuid, ?, ?, 'new', h.failover_segment_id, ? "
    "FROM masakari_c_lock l JOIN hosts h ON h.name = ? AND h.deleted = 0 AND h.on_maintenance = 0 "
    "WHERE l.id = 1 AND NOT EXISTS (SELECT 1 FROM notifications n "
    "WHERE n.source_host_uuid = h.uuid AND n.generated_time >= ? AND n.type = ? AND n.deleted = 0 "
    "AND LOCATE(?, n.payload) > 0) "
    "FOR UPDATE RETURNING id, created_at, source_host_uuid, failover_segment_uuid";

static MskStoreResult
create_at_once(MskDb *db, void *data, GError **error)
{
    Create *create = data;
    const MskNotification *wanted = create->wanted;
    g_autofree char *generated = msk_db_format_moment(wanted->generated_time_us);
    g_autofree char *since = msk_db_format_moment(since_us(create));
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, at_once,
        MSK_DB_ARGS(MSK_DB_T(create->uuid), MSK_DB_T(generated), MSK_DB_T(wanted->type),
                    MSK_DB_T(wanted->payload), MSK_DB_T(wanted->message),
                    MSK_DB_T(create->host_name), MSK_DB_T(since), MSK_DB_T(wanted->type),
                    MSK_DB_T(find_mark(create))),
        error);

    if (row == NULL) {
        return MSK_STORE_FAILED;
    }
    int more = msk_db_step(row, error);

    create->unheard = more < 0 && db->unsure;
    if (more <= 0) {
        return msk_store_result_of(more);
    }
    g_clear_pointer(&create->made, msk_notification_free); /* of an attempt in a group */
    create->made = g_new0(MskNotification, 1);
    create->made->source_host_uuid = msk_db_dup(row, 2);
    create->made->failover_segment_uuid = msk_db_dup(row, 3);
    fill_in(create, create->made, msk_db_int(row, 0), msk_db_time(row, 1));
    return MSK_STORE_DONE;
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
    MskStoreResult result =
        msk_store_write_at_once(self, create_at_once, create_work, &create, error);

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
