/* SPDX-License-Identifier: Apache-2.0 */
/* /segments. Source: upstream masakari/api/openstack/ha/segments.py, masakari/ha/api.py. */
#include "api/resources.h"

#include "api/api_events.h"
#include "api/fault.h"
#include "api/field.h"
#include "api/list_page.h"
#include "api/uuid_like.h"
#include "api/views.h"

#include <string.h>

static void
not_found(MskApiCall *call)
{
    msk_fault(call, 404, "No failover segment with id %s.", call->ids[0]);
}

static char *
name_taken_message(const MskSegment *segment)
{
    return g_strdup_printf("Failover segment with name %s already exists.", segment->name);
}

/* The event of an update that was refused for the name: the stored row, with @changes over it. */
static void
tell_taken_update(MskApiCall *call, MskSegment *changes, MskSegmentFields fields,
                  const char *message)
{
    g_autoptr(MskSegment) stored = NULL;

    if (!msk_api_wants_events(call) || msk_store_segment_get(call->settings->store, call->ids[0],
                                                             &stored, NULL) != MSK_STORE_DONE) {
        return; /* nothing is there to tell of, or the database has just failed */
    }
    MskSegment shown = *stored; /* its strings are lent */

    shown.name = changes->name;
    if ((fields & MSK_SEGMENT_SERVICE_TYPE) != 0) {
        shown.service_type = changes->service_type;
    }
    if ((fields & MSK_SEGMENT_DESCRIPTION) != 0) {
        shown.description = changes->description;
    }
    if ((fields & MSK_SEGMENT_RECOVERY_METHOD) != 0) {
        shown.recovery_method = changes->recovery_method;
    }
    if ((fields & MSK_SEGMENT_ENABLED) != 0) {
        shown.enabled = changes->enabled;
    }
    msk_api_tell_segment(call, "segment.update", &shown, "FailoverSegmentExists", message);
}

static MskStoreResult
read_segments(MskStore *store, const void *filter, const MskPage *page, GError **error)
{
    const MskSegmentFilter *segments = filter;
    g_autoptr(GPtrArray) none = NULL;

    if (segments->enabled > 1) {
        /* A number that is neither: no row has it, but a marker still has to be known. */
        MskPage first = {.limit = 1, .marker = page->marker};
        const MskSegmentFilter any = MSK_SEGMENT_FILTER_ANY;

        return msk_store_segment_list(store, &any, &first, &none, error);
    }
    return msk_store_segment_list(store, segments, page, &none, error);
}

/* MariaDB compares the text with a number and takes the number in front of it: "true" is 0. */
static int
enabled_filter(const char *text)
{
    double number = msk_leading_number(text);

    if (number == 0) {
        return 0;
    }
    return number == 1 ? 1 : 2;
}

void
msk_api_segments_list(MskApiCall *call)
{
    static const MskListKind kind = {"segments", MSK_STORE_SEGMENTS, read_segments,
                                     msk_view_segment};
    g_auto(MskListPage) page = {0};
    MskSegmentFilter filter = MSK_SEGMENT_FILTER_ANY;

    if (!msk_list_read(call, &page)) {
        return;
    }
    const char *enabled = msk_query_last(call->query, "enabled");

    filter.recovery_method = msk_query_last(call->query, "recovery_method");
    filter.service_type = msk_query_last(call->query, "service_type");
    if (enabled != NULL) {
        filter.enabled = enabled_filter(enabled);
    }
    msk_list_answer(call, &kind, &page, &filter);
}

void
msk_api_segment_show(MskApiCall *call)
{
    g_autoptr(MskSegment) segment = NULL;
    g_autoptr(GError) error = NULL;
    MskStoreResult result = MSK_STORE_NOT_FOUND;

    if (msk_uuid_is_like(call->ids[0])) {
        result = msk_store_segment_get(call->settings->store, call->ids[0], &segment, &error);
    }
    if (result == MSK_STORE_FAILED) {
        msk_fault_error(call, error);
    } else if (result == MSK_STORE_NOT_FOUND) {
        not_found(call);
    } else {
        msk_call_reply_object(call, 200, "segment", msk_view_segment, segment);
    }
}

/* Takes the fields that the body has. Returns: false when the call was answered. */
static bool
take_fields(MskApiCall *call, MskSegment *segment, MskSegmentFields *ret)
{
    const MskJson *fields = msk_json_member(call->body, "segment");
    unsigned found = 0;

    found |= msk_field_string(fields, "name", &segment->name) ? MSK_SEGMENT_NAME : 0;
    found |= msk_field_string(fields, "service_type", &segment->service_type)
                 ? MSK_SEGMENT_SERVICE_TYPE
                 : 0;
    found |= msk_field_string(fields, "description", &segment->description)
                 ? MSK_SEGMENT_DESCRIPTION
                 : 0;
    found |= msk_field_string(fields, "recovery_method", &segment->recovery_method)
                 ? MSK_SEGMENT_RECOVERY_METHOD
                 : 0;
    found |= msk_field_boolean(fields, "enabled", &segment->enabled) ? MSK_SEGMENT_ENABLED : 0;
    *ret = found;
    return msk_call_check_text(call, "description", segment->description);
}

void
msk_api_segment_create(MskApiCall *call)
{
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(GError) error = NULL;
    MskSegmentFields fields;

    segment->enabled = true;
    if (!take_fields(call, segment, &fields)) {
        return;
    }
    MskStoreResult result = msk_store_segment_create(call->settings->store, segment, &error);

    if (result == MSK_STORE_FAILED) {
        msk_api_tell_segment(call, "segment.create", segment, "DBError", "The database failed.");
        msk_fault_error(call, error);
    } else if (result == MSK_STORE_NAME_TAKEN) {
        g_autofree char *message = name_taken_message(segment);

        msk_api_tell_segment(call, "segment.create", segment, "FailoverSegmentExists", message);
        msk_fault(call, 409, "%s", message);
    } else {
        MskSegment shown = *segment; /* its strings are lent */

        shown.meta.id = 0; /* the Python service tells of it before it has been stored */
        msk_api_tell_segment(call, "segment.create", &shown, NULL, NULL);
        msk_call_reply_object(call, 201, "segment", msk_view_segment, segment);
    }
}

void
msk_api_segment_update(MskApiCall *call)
{
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(GError) error = NULL;
    MskSegmentFields fields;

    if (!take_fields(call, segment, &fields)) {
        return;
    }
    if ((fields & MSK_SEGMENT_ENABLED) != 0) {
        /* The Python service takes any text for true here, "off" too, and answers accordingly. */
        const MskJson *enabled = msk_json_member(msk_json_member(call->body, "segment"), "enabled");

        segment->enabled = enabled->type == MSK_JSON_STRING || enabled->boolean;
    }
    segment->uuid = g_strdup(call->ids[0]);
    g_autofree char *message = name_taken_message(segment);
    MskStoreResult result =
        msk_store_segment_update(call->settings->store, segment, fields, &error);

    switch ((int) result) {
    case MSK_STORE_DONE:
        msk_api_tell_segment(call, "segment.update", segment, NULL, NULL);
        msk_call_reply_object(call, 200, "segment", msk_view_segment, segment);
        break;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        break;
    case MSK_STORE_IN_USE:
        msk_fault(call, 409,
                  "Failover segment %s can't be updated as it is in-use to process notifications.",
                  call->ids[0]);
        break;
    case MSK_STORE_NAME_TAKEN:
        tell_taken_update(call, segment, fields, message);
        msk_fault(call, 409, "%s", message);
        break;
    default:
        not_found(call);
        break;
    }
}

void
msk_api_segment_delete(MskApiCall *call)
{
    g_autoptr(MskSegment) segment = NULL;
    g_autoptr(GError) error = NULL;

    /* For the event; the delete below says what is wrong. */
    if (msk_api_wants_events(call) && msk_store_segment_get(call->settings->store, call->ids[0],
                                                            &segment, NULL) != MSK_STORE_DONE) {
        segment = NULL;
    }
    switch ((int) msk_store_segment_delete(call->settings->store, call->ids[0], &error)) {
    case MSK_STORE_DONE:
        if (segment != NULL) {
            msk_api_tell_segment(call, "segment.delete", segment, NULL, NULL);
        }
        msk_call_reply(call, 204, NULL);
        break;
    case MSK_STORE_FAILED:
        msk_fault_error(call, error);
        break;
    case MSK_STORE_IN_USE:
        msk_fault(call, 409,
                  "Failover segment (%s) can't be deleted as it is in-use to process "
                  "notifications.",
                  call->ids[0]);
        break;
    default:
        not_found(call);
        break;
    }
}
