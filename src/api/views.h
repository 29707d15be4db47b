/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * views: records as the REST API shows them. Each appends one JSON object.
 * Pure; any thread.
 * Source: upstream masakari/objects/ (order of fields), api/openstack/ha/views/hosts.py.
 *
 *   segment       {"id": n, "uuid": s, "name": s, "service_type": s, "enabled": b,
 *                  "description": s|null, "recovery_method": s, times}
 *   host          {"id": n, "uuid": s, "name": s, "failover_segment_id": s,
 *                  "failover_segment": segment, "type": s, "reserved": b, "control_attributes": s,
 *                  "on_maintenance": b, times}
 *   notification  {"id": n, "notification_uuid": s, "generated_time": t, "source_host_uuid": s,
 *                  "type": s, "payload": {s: s}, "status": s, ["recovery_workflow_details": […],]
 *                  "failover_segment_uuid": s, "message": s|null, times}
 *   vmove         {"id": n, "uuid": s, "notification_uuid": s, "instance_uuid": s,
 *                  "instance_name": s, "source_host": s|null, "dest_host": s|null,
 *                  "start_time": t|null, "end_time": t|null, "type": s|null, "status": s|null,
 *                  "message": s|null, times}
 *   times         "created_at": t, "updated_at": t|null, "deleted_at": t|null, "deleted": b
 */

#include <glib.h>

/** msk_view_segment: @record: a MskSegment. */
void msk_view_segment(GString *out, const void *record);
/** msk_view_host: @record: a MskHost with its segment. */
void msk_view_host(GString *out, const void *record);
/** msk_view_notification: @record: a MskNotification. */
void msk_view_notification(GString *out, const void *record);
/** msk_view_vmove: @record: a MskVmove. */
void msk_view_vmove(GString *out, const void *record);

/* A notification with how far its recovery is. */
typedef struct {
    const void *notification; /* a MskNotification */
    const GPtrArray *flows;   /* (element-type MskFlowProgress) */
} MskNotificationDetail;

/** msk_view_notification_detail: @record: a MskNotificationDetail. */
void msk_view_notification_detail(GString *out, const void *record);
