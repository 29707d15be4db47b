/* SPDX-License-Identifier: Apache-2.0 */
/* /notifications. Source: upstream masakari/api/openstack/ha/notifications.py, masakari/ha/api.py.
 */
#include "api/resources.h"

#include "api/api_events.h"
#include "api/fault.h"
#include "api/json_schema.h"
#include "api/json_text.h"
#include "api/list_page.h"
#include "api/schemas.h"
#include "api/uuid_like.h"
#include "api/views.h"
#include "base/datetime.h"

#include <string.h>

typedef struct {
    MskNotificationFilter filter;
    bool nothing; /* the filter names a status that no row has */
} Filter;

static void
not_found(MskApiCall *call)
{
    msk_fault(call, 404, "No notification with id %s.", call->ids[0]);
}

static MskStoreResult
read_notifications(MskStore *store, const void *data, const MskPage *page, GError **error)
{
    const Filter *filter = data;
    /* Without a sink: read only to see whether the marker is there. */
    MskPage first = {.limit = 1, .marker = page->marker};
    g_autoptr(GPtrArray) none = NULL;

    return msk_store_notification_list(store, &filter->filter, filter->nothing ? &first : page,
                                       &none, error);
}

/* As the database compares: without case, and without blanks at the end. */
static void
set_status(Filter *filter, const char *text)
{
    g_autofree char *word = g_strchomp(g_ascii_strdown(text, -1));

    for (int status = 0; status < MSK_N_NOTIFICATION_STATUSES; status++) {
        if (strcmp(word, msk_notification_status_name(status)) == 0) {
            filter->filter.statuses = MSK_STATUS_BIT(status);
            return;
        }
    }
    filter->nothing = true;
}

void
msk_api_notifications_list(MskApiCall *call)
{
    static const MskListKind kind = {"notifications", MSK_STORE_NOTIFICATIONS, read_notifications,
                                     msk_view_notification};
    g_auto(MskListPage) page = {0};
    Filter filter = {0};

    if (!msk_list_read(call, &page)) {
        return;
    }
    const char *status = msk_query_last(call->query, "status");
    const char *since = msk_query_last(call->query, "generated-since");

    filter.filter.source_host_uuid = msk_query_last(call->query, "source_host_uuid");
    filter.filter.type = msk_query_last(call->query, "type");
    if (status != NULL) {
        set_status(&filter, status);
    }
    if (since != NULL && !msk_datetime_parse(since, &filter.filter.generated_since_us)) {
        msk_fault(call, 400, "Invalid generated-since value");
        return;
    }
    msk_list_answer(call, &kind, &page, &filter);
}

/* From 1.1 on with the progress of the recovery. */
static void
reply_detail(MskApiCall *call, const MskNotification *notification)
{
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;
    MskStoreResult result =
        msk_store_progress_list(call->settings->store, notification->uuid, &flows, &error);

    if (result == MSK_STORE_FAILED) {
        msk_fault_error(call, error);
        return;
    }
    const MskNotificationDetail detail = {notification, flows};

    msk_call_reply_object(call, 200, "notification", msk_view_notification_detail, &detail);
}

void
msk_api_notification_show(MskApiCall *call)
{
    g_autoptr(MskNotification) notification = NULL;
    g_autoptr(GError) error = NULL;
    MskStoreResult result = MSK_STORE_NOT_FOUND;

    if (msk_uuid_is_like(call->ids[0])) {
        result =
            msk_store_notification_get(call->settings->store, call->ids[0], &notification, &error);
    }
    if (result == MSK_STORE_FAILED) {
        msk_fault_error(call, error);
    } else if (result == MSK_STORE_NOT_FOUND) {
        not_found(call);
    } else if (call->minor >= 1) {
        reply_detail(call, notification);
    } else {
        msk_call_reply_object(call, 200, "notification", msk_view_notification, notification);
    }
}

/* Returns: false when the call was answered. */
static bool
check_payload(MskApiCall *call, const MskJson *type, const MskJson *payload)
{
    const MskRule *rules = msk_schema_payload_compute_host;

    if (msk_json_is_string(type, "VM")) {
        rules = msk_schema_payload_vm;
    } else if (msk_json_is_string(type, "PROCESS")) {
        rules = msk_schema_payload_process;
    }
    g_autoptr(GString) message = msk_schema_check(rules, payload);

    if (message != NULL) {
        msk_fault_text(call, 400, message->str, message->len);
        return false;
    }
    for (unsigned i = 0; i < payload->values->len; i++) {
        /* The Python service takes them, but what is no text names no VM and no process. */
        if (msk_json_plain_string(g_ptr_array_index(payload->values, i)) == NULL) {
            msk_fault(call, 400,
                      "Invalid input for field/attribute payload. A value has a NUL or half of a "
                      "surrogate pair.");
            return false;
        }
    }
    return true;
}

/* Reads the checked body. @ret_host: (out) (owned by the body). */
static void
take_fields(const MskApiCall *call, MskNotification *notification, const char **ret_host)
{
    const MskJson *fields = msk_json_member(call->body, "notification");
    GString *payload = g_string_new(NULL);
    bool dated = msk_datetime_parse(msk_json_member(fields, "generated_time")->text,
                                    &notification->generated_time_us);

    g_assert(dated); /* the schema has seen to it */
    msk_json_append_value(payload, msk_json_member(fields, "payload"));
    notification->payload = g_string_free(payload, FALSE);
    notification->type = g_strdup(msk_json_member(fields, "type")->text);
    *ret_host = msk_json_member(fields, "hostname")->text;
}

void
msk_api_notification_create(MskApiCall *call)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);
    g_autoptr(GError) error = NULL;
    const MskJson *fields = msk_json_member(call->body, "notification");
    const char *host;

    if (!check_payload(call, msk_json_member(fields, "type"), msk_json_member(fields, "payload"))) {
        return;
    }
    take_fields(call, notification, &host);
    switch ((int) msk_store_notification_create(
        call->settings->store, host, call->settings->duplicate_interval_s, notification, &error)) {
    case MSK_STORE_DONE:
        msk_api_tell_engines(call, notification);
        msk_api_tell_notification(call, notification, NULL, NULL);
        msk_call_reply_object(call, 202, "notification", msk_view_notification, notification);
        break;
    case MSK_STORE_FAILED:
        msk_api_tell_notification(call, notification, "DBError", "The database failed.");
        msk_fault_error(call, error);
        break;
    case MSK_STORE_ON_MAINTENANCE:
        msk_fault(call, 409,
                  "Notification received from host %s of type '%s' is ignored as the host is "
                  "already under maintenance.",
                  host, notification->type);
        break;
    case MSK_STORE_DUPLICATE:
        msk_fault(call, 409, "Notification received from host %s of type %s is duplicate.", host,
                  notification->type);
        break;
    default:
        msk_fault(call, 400, "Host with name %s could not be found.", host);
        break;
    }
}
