/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rpc_objects: our records as the Python services' versioned objects on the wire.
 *
 *   {"masakari_object.name": s, "masakari_object.namespace": "masakari",
 *    "masakari_object.version": s, "masakari_object.data": {…}[, "masakari_object.changes": [s]]}
 *
 * Times are "2026-01-02T03:04:05Z". All results are (transfer full).
 * Pure; any thread.
 * Source: upstream masakari/objects/, masakari/notifications/objects/; oslo.versionedobjects.
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "model/host.h"
#include "model/notification.h"

/** msk_wire_notification: Notification 1.1 with the fields of 1.2. @flows: (nullable) (element-type
 * MskFlowProgress) with them the object has recovery_workflow_details. */
json_t *msk_wire_notification(const MskNotification *notification, const GPtrArray *flows);
/** msk_wire_notification_uuid: Returns: (nullable) (owned by @object) the uuid of a Notification
 *  that came from outside; NULL when @object is none. */
const char *msk_wire_notification_uuid(const json_t *object);
/** msk_wire_segment: FailoverSegment 1.1. */
json_t *msk_wire_segment(const MskSegment *segment);

/* What went wrong, in an event. Python names a module and a function; ours have none. */
typedef struct {
    const char *module;
    const char *function;
    const char *exception; /* the name of the class */
    const char *message;
} MskWireFault;

/*
 * Payloads of events. @fault: (nullable). A record without an id (it is not stored yet) has
 * neither id nor uuid.
 */
json_t *msk_wire_segment_payload(const MskSegment *segment, const MskWireFault *fault);
/** msk_wire_host_payload: @host: with its segment. */
json_t *msk_wire_host_payload(const MskHost *host, const MskWireFault *fault);
json_t *msk_wire_notification_payload(const MskNotification *notification,
                                      const MskWireFault *fault);
