/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_events.h"

#include <string.h>

#include "oslo/rpc_context.h"
#include "oslo/rpc_hint.h"

#define LOG_NAME "masakari.api.events"
#include "base/log.h"

static MskRpcContext
context_of(const MskApiCall *call)
{
    return (MskRpcContext){
        .credentials = &call->caller.credentials,
        .user_name = call->caller.user_name,
        .project_name = call->caller.project_name,
        .request_id = msk_log_request_id(),
        .global_request_id = msk_log_global_request_id(),
        .time_us = g_get_real_time(),
    };
}

bool
msk_api_wants_events(const MskApiCall *call)
{
    return msk_event_notifier_wanted(call->settings->events);
}

static void
emit(const MskApiCall *call, const char *action, const char *phase, json_t *payload)
{
    const MskRpcContext context = context_of(call);
    g_autofree char *event = g_strconcat(action, phase, NULL);

    msk_event_notifier_emit(call->settings->events, event, payload,
                            msk_rpc_context_of_event(&context));
}

/* Python's names for where a write to the database failed: "segment.create" is
 * failover_segment_create. */
static char *
function_name(const char *action)
{
    char *name = g_strconcat(g_str_has_prefix(action, "segment.") ? "failover_" : "", action, NULL);

    return g_strdelimit(name, ".", '_');
}

void
msk_api_tell_segment(const MskApiCall *call, const char *action, const MskSegment *segment,
                     const char *exception, const char *message)
{
    g_autofree char *function = function_name(action);
    const MskWireFault fault = {"masakari.db.sqlalchemy.api", function, exception, message};

    if (!msk_api_wants_events(call)) {
        return;
    }
    emit(call, action, ".start", msk_wire_segment_payload(segment, NULL));
    if (exception == NULL) {
        emit(call, action, ".end", msk_wire_segment_payload(segment, NULL));
    } else {
        emit(call, action, ".error", msk_wire_segment_payload(segment, &fault));
    }
}

void
msk_api_tell_host(const MskApiCall *call, const char *action, const MskHost *host,
                  const char *exception, const char *message)
{
    g_autofree char *function = function_name(action);
    const MskWireFault fault = {"masakari.db.sqlalchemy.api", function, exception, message};

    if (!msk_api_wants_events(call)) {
        return;
    }
    emit(call, action, ".start", msk_wire_host_payload(host, NULL));
    if (exception == NULL) {
        emit(call, action, ".end", msk_wire_host_payload(host, NULL));
    } else {
        emit(call, action, ".error", msk_wire_host_payload(host, &fault));
    }
}

void
msk_api_tell_notification(const MskApiCall *call, const MskNotification *notification,
                          const char *exception, const char *message)
{
    static const char action[] = "notification.create";
    const MskWireFault fault = {"masakari.db.sqlalchemy.api", "notification_create", exception,
                                message};
    MskNotification shown = *notification; /* its strings are lent */

    if (!msk_api_wants_events(call)) {
        return;
    }
    shown.meta.id = 0; /* the Python service tells of it before it has been stored */
    emit(call, action, ".start", msk_wire_notification_payload(&shown, NULL));
    if (exception == NULL) {
        emit(call, action, ".end", msk_wire_notification_payload(&shown, NULL));
    } else {
        emit(call, action, ".error", msk_wire_notification_payload(&shown, &fault));
    }
}

void
msk_api_tell_engines(const MskApiCall *call, const MskNotification *notification)
{
    const MskApiSettings *settings = call->settings;

    if (settings->wakeups != NULL) {
        (void) msk_wakeup_send(settings->wakeups); /* a lost one costs a poll */
    }
    if (settings->hints != NULL) {
        const MskRpcContext context = context_of(call);

        msk_bus_sender_push(settings->hints, MSK_BUS_TOPIC, settings->rpc_topic,
                            msk_rpc_hint(&context, notification));
    }
}
