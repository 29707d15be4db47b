/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_events.h"

#include <string.h>

#include "oslo/rpc_context.h"
#include "oslo/rpc_objects.h"

static void
emit(MskEventNotifier *events, const char *event, const MskNotification *notification,
     MskNotificationStatus status, const MskWireFault *fault)
{
    const MskRpcContext context = {.time_us = g_get_real_time()};
    MskNotification shown = *notification; /* its strings are lent */

    shown.status = status;
    msk_event_notifier_emit(events, event, msk_wire_notification_payload(&shown, fault),
                            msk_rpc_context_of_event(&context));
}

bool
msk_engine_tells(const MskTriage *triage)
{
    /* Only a disabled segment ends with a message for the row. */
    return triage->kind != MSK_TRIAGE_END || triage->message == NULL;
}

void
msk_engine_tell_begin(MskEventNotifier *events, const MskClaim *claim)
{
    if (msk_event_notifier_wanted(events) && !claim->taken_over) {
        emit(events, "notification.process.start", claim->notification,
             claim->attempt > 1 ? MSK_NOTIFICATION_ERROR : MSK_NOTIFICATION_NEW, NULL);
    }
}

void
msk_engine_tell_end(MskEventNotifier *events, const MskNotification *notification, bool recovered,
                    MskNotificationStatus status, const char *why)
{
    /* Python passes the text of the exception where the exception should be. */
    const MskWireFault fault = {"unknown", "unknown", "str", why};
    bool is_instance = strcmp(notification->type, "VM") == 0;

    if (!msk_event_notifier_wanted(events) || (is_instance && !recovered)) {
        return;
    }
    if (status == MSK_NOTIFICATION_FINISHED || !recovered) {
        emit(events, "notification.process.end", notification, MSK_NOTIFICATION_RUNNING, NULL);
    } else {
        emit(events, "notification.process.error", notification, MSK_NOTIFICATION_RUNNING, &fault);
    }
}

void
msk_engine_tell_host(MskEventNotifier *events, const MskHost *host)
{
    static const char *const names[] = {"host.update.start", "host.update.end"};
    const MskRpcContext context = {.time_us = g_get_real_time()};

    for (size_t i = 0; msk_event_notifier_wanted(events) && i < G_N_ELEMENTS(names); i++) {
        msk_event_notifier_emit_as(events, "masakari-api", names[i],
                                   msk_wire_host_payload(host, NULL),
                                   msk_rpc_context_of_event(&context));
    }
}
