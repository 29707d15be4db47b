/* SPDX-License-Identifier: Apache-2.0 */
/* /segments/{segment}/hosts. Source: upstream masakari/api/openstack/ha/hosts.py,
 * masakari/ha/api.py, masakari/db/sqlalchemy/api.py. */
#include "api/resources.h"

#include "api/api_events.h"
#include "api/fault.h"
#include "api/field.h"
#include "api/list_page.h"
#include "api/uuid_like.h"
#include "api/views.h"
#include "base/error.h"
#include "base/log.h"

#include <string.h>

static void
segment_not_found(MskApiCall *call)
{
    msk_fault(call, 404, "No failover segment with id %s.", call->ids[0]);
}

static void
not_found(MskApiCall *call)
{
    msk_fault(call, 404, "Host '%s' under failover_segment '%s' could not be found.", call->ids[1],
              call->ids[0]);
}

static void
in_use(MskApiCall *call, const char *what)
{
    msk_fault(call, 409, "Host %s can't be %s as it is in-use to process notifications.",
              call->ids[1], what);
}

/* @shown: for the event. */
static void
name_taken(MskApiCall *call, const char *action, const MskHost *shown)
{
    g_autofree char *message = g_strdup_printf("Host with name %s already exists.", shown->name);

    msk_api_tell_host(call, action, shown, "HostExists", message);
    msk_fault(call, 409, "%s", message);
}

/* Returns: false when the call was answered. @ret: untouched when the field is not there. */
static bool
read_boolean(MskApiCall *call, const char *name, int *ret)
{
    const char *text = msk_query_last(call->query, name);
    bool value;

    if (text == NULL) {
        return true;
    }
    if (!msk_boolean_parse(text, &value)) {
        msk_fault(call, 400,
                  "Invalid value for %s: Unrecognized value '%s', acceptable values are: '0', '1', "
                  "'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
                  name, text);
        return false;
    }
    *ret = value ? 1 : 0;
    return true;
}

/* Returns: false when the call was answered. @ret: (transfer full) */
static bool
find_segment(MskApiCall *call, MskSegment **ret)
{
    g_autoptr(GError) error = NULL;

    switch ((int) msk_store_segment_get(call->settings->store, call->ids[0], ret, &error)) {
    case MSK_STORE_DONE:
        return true;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        return false;
    default:
        segment_not_found(call);
        return false;
    }
}

static MskStoreResult
read_hosts(MskStore *store, const void *filter, const MskPage *page, GError **error)
{
    g_autoptr(GPtrArray) none = NULL;

    return msk_store_host_list(store, filter, page, &none, error);
}

void
msk_api_hosts_list(MskApiCall *call)
{
    static const MskListKind kind = {"hosts", MSK_STORE_HOSTS, read_hosts, msk_view_host};
    g_auto(MskListPage) page = {0};
    g_autoptr(MskSegment) segment = NULL;
    MskHostFilter filter = MSK_HOST_FILTER_ANY;

    if (!msk_list_read(call, &page) || !find_segment(call, &segment)) {
        return;
    }
    filter.failover_segment_id = segment->uuid;
    filter.type = msk_query_last(call->query, "type");
    if (!read_boolean(call, "on_maintenance", &filter.on_maintenance) ||
        !read_boolean(call, "reserved", &filter.reserved)) {
        return;
    }
    msk_list_answer(call, &kind, &page, &filter);
}

/* The host of the path. Returns: false when the call was answered. @ret: (transfer full) */
static bool
find_host(MskApiCall *call, MskHost **ret)
{
    g_autoptr(GError) error = NULL;

    switch (
        (int) msk_store_host_get(call->settings->store, call->ids[0], call->ids[1], ret, &error)) {
    case MSK_STORE_DONE:
        return true;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        return false;
    default:
        not_found(call);
        return false;
    }
}

void
msk_api_host_show(MskApiCall *call)
{
    g_autoptr(MskHost) host = NULL;

    if (!msk_uuid_is_like(call->ids[1])) {
        msk_fault(call, 404, "No host with id %s.", call->ids[1]);
        return;
    }
    if (find_host(call, &host)) {
        msk_call_reply_object(call, 200, "host", msk_view_host, host);
    }
}

/* The schema lets null pass, the database has no place for it.
 * Returns: false when the call was answered. */
static bool
check_present(MskApiCall *call, const char *name, bool is_there, const char *value)
{
    if (!is_there || value != NULL) {
        return true;
    }
    msk_fault(call, 400,
              "Invalid input for field/attribute %s. Value: None. None is not of type 'string'",
              name);
    return false;
}

/* Takes the fields that the body has. Returns: false when the call was answered. */
static bool
take_fields(MskApiCall *call, MskHost *host, MskHostFields *ret)
{
    const MskJson *fields = msk_json_member(call->body, "host");
    unsigned found = 0;

    found |= msk_field_string(fields, "name", &host->name) ? MSK_HOST_NAME : 0;
    found |= msk_field_string(fields, "type", &host->type) ? MSK_HOST_TYPE : 0;
    found |= msk_field_string(fields, "control_attributes", &host->control_attributes)
                 ? MSK_HOST_CONTROL_ATTRIBUTES
                 : 0;
    found |= msk_field_boolean(fields, "reserved", &host->reserved) ? MSK_HOST_RESERVED : 0;
    found |= msk_field_boolean(fields, "on_maintenance", &host->on_maintenance)
                 ? MSK_HOST_ON_MAINTENANCE
                 : 0;
    *ret = found;
    return check_present(call, "type", (found & MSK_HOST_TYPE) != 0, host->type) &&
           check_present(call, "control_attributes", (found & MSK_HOST_CONTROL_ATTRIBUTES) != 0,
                         host->control_attributes) &&
           msk_call_check_text(call, "control_attributes", host->control_attributes);
}

/* Returns: false when the call was answered. */
static bool
check_name(MskApiCall *call, const char *name)
{
    g_autoptr(GError) error = NULL;
    const char *global_id = msk_log_global_request_id();
    MskComputeCall question = {.request_id = global_id != NULL ? global_id : msk_log_request_id()};

    if (msk_compute_find_host(call->settings->compute, &question, name, &error)) {
        return true;
    }
    if (g_error_matches(error, MSK_ERROR, MSK_ERROR_NOT_FOUND)) {
        msk_fault(call, 400, "Compute service with name %s could not be found.", name);
    } else {
        msk_fault_error(call, error);
    }
    return false;
}

void
msk_api_host_create(MskApiCall *call)
{
    g_autoptr(MskHost) host = g_new0(MskHost, 1);
    g_autoptr(MskSegment) segment = NULL;
    g_autoptr(GError) error = NULL;
    MskHostFields fields;

    if (!find_segment(call, &segment) || !take_fields(call, host, &fields) ||
        !check_name(call, host->name)) {
        return;
    }
    host->failover_segment_id = g_strdup(segment->uuid);
    MskStoreResult result = msk_store_host_create(call->settings->store, host, &error);
    MskHost shown = *host; /* its strings are lent */

    shown.meta.id = 0; /* the Python service tells of it before it has been stored */
    shown.segment = segment;
    switch ((int) result) {
    case MSK_STORE_DONE:
        msk_api_tell_host(call, "host.create", &shown, NULL, NULL);
        msk_call_reply_object(call, 201, "host", msk_view_host, host);
        break;
    case MSK_STORE_FAILED:
        msk_api_tell_host(call, "host.create", &shown, "DBError", "The database failed.");
        msk_fault_error(call, error);
        break;
    case MSK_STORE_NAME_TAKEN:
        name_taken(call, "host.create", &shown);
        break;
    default:
        segment_not_found(call);
        break;
    }
}

/* @stored: the row; @changes: what was asked for. */
static void
tell_taken_update(MskApiCall *call, const MskHost *stored, const MskHost *changes,
                  MskHostFields fields)
{
    MskHost shown = *stored; /* its strings are lent */

    shown.name = changes->name;
    if ((fields & MSK_HOST_TYPE) != 0) {
        shown.type = changes->type;
    }
    if ((fields & MSK_HOST_CONTROL_ATTRIBUTES) != 0) {
        shown.control_attributes = changes->control_attributes;
    }
    if ((fields & MSK_HOST_RESERVED) != 0) {
        shown.reserved = changes->reserved;
    }
    if ((fields & MSK_HOST_ON_MAINTENANCE) != 0) {
        shown.on_maintenance = changes->on_maintenance;
    }
    name_taken(call, "host.update", &shown);
}

/*
 * The Python service looks at the host, whether its segment is in use, the new name and the new
 * values, in this order; so an update without a change is tried first for the first two.
 */
void
msk_api_host_update(MskApiCall *call)
{
    g_autoptr(MskHost) host = g_new0(MskHost, 1);
    g_autoptr(MskHost) wanted = g_new0(MskHost, 1);
    g_autoptr(GError) error = NULL;
    const MskJson *name = msk_json_member(msk_json_member(call->body, "host"), "name");
    MskHostFields fields = 0;

    host->uuid = g_strdup(call->ids[1]);
    host->failover_segment_id = g_strdup(call->ids[0]);
    MskStoreResult result = msk_store_host_update(call->settings->store, host, 0, &error);

    if (result == MSK_STORE_DONE) {
        if ((name != NULL && !check_name(call, name->text)) ||
            !take_fields(call, wanted, &fields)) {
            return;
        }
        wanted->uuid = g_strdup(host->uuid);
        wanted->failover_segment_id = g_strdup(host->failover_segment_id);
        result = msk_store_host_update(call->settings->store, wanted, fields, &error);
    }
    switch ((int) result) {
    case MSK_STORE_DONE:
        msk_api_tell_host(call, "host.update", wanted, NULL, NULL);
        msk_call_reply_object(call, 200, "host", msk_view_host, wanted);
        break;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        break;
    case MSK_STORE_IN_USE:
        in_use(call, "updated");
        break;
    case MSK_STORE_NAME_TAKEN:
        tell_taken_update(call, host, wanted, fields);
        break;
    default:
        not_found(call);
        break;
    }
}

void
msk_api_host_delete(MskApiCall *call)
{
    g_autoptr(MskHost) host = NULL;
    g_autoptr(GError) error = NULL;

    /* For the event; the delete below says what is wrong. */
    if (msk_api_wants_events(call) &&
        msk_store_host_get(call->settings->store, call->ids[0], call->ids[1], &host, NULL) !=
            MSK_STORE_DONE) {
        host = NULL;
    }
    switch (
        (int) msk_store_host_delete(call->settings->store, call->ids[0], call->ids[1], &error)) {
    case MSK_STORE_DONE:
        if (host != NULL) {
            msk_api_tell_host(call, "host.delete", host, NULL, NULL);
        }
        msk_call_reply(call, 204, NULL);
        break;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        break;
    case MSK_STORE_IN_USE:
        in_use(call, "deleted");
        break;
    default:
        not_found(call);
        break;
    }
}
