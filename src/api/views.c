/* SPDX-License-Identifier: Apache-2.0 */
#include "api/views.h"

#include "api/json_text.h"
#include "api/python_repr.h"
#include "base/datetime.h"
#include "model/host.h"
#include "model/notification.h"
#include "model/progress.h"
#include "model/vmove.h"

static void
add_times(GString *out, const MskRowMeta *meta)
{
    msk_json_add_time(out, "created_at", meta->created_at_us);
    msk_json_add_time(out, "updated_at", meta->updated_at_us);
    msk_json_add_time(out, "deleted_at", meta->deleted_at_us);
    msk_json_add_boolean(out, "deleted", meta->deleted != 0);
}

void
msk_view_segment(GString *out, const void *record)
{
    const MskSegment *segment = record;

    g_string_append_c(out, '{');
    msk_json_add_integer(out, "id", segment->meta.id);
    msk_json_add_string(out, "uuid", segment->uuid);
    msk_json_add_string(out, "name", segment->name);
    msk_json_add_string(out, "service_type", segment->service_type);
    msk_json_add_boolean(out, "enabled", segment->enabled);
    msk_json_add_string(out, "description", segment->description);
    msk_json_add_string(out, "recovery_method", segment->recovery_method);
    add_times(out, &segment->meta);
    g_string_append_c(out, '}');
}

void
msk_view_host(GString *out, const void *record)
{
    const MskHost *host = record;

    g_string_append_c(out, '{');
    msk_json_add_integer(out, "id", host->meta.id);
    msk_json_add_string(out, "uuid", host->uuid);
    msk_json_add_string(out, "name", host->name);
    msk_json_add_string(out, "failover_segment_id", host->failover_segment_id);
    msk_json_append_name(out, "failover_segment");
    msk_view_segment(out, host->segment);
    msk_json_add_string(out, "type", host->type);
    msk_json_add_boolean(out, "reserved", host->reserved);
    msk_json_add_string(out, "control_attributes", host->control_attributes);
    msk_json_add_boolean(out, "on_maintenance", host->on_maintenance);
    add_times(out, &host->meta);
    g_string_append_c(out, '}');
}

static void
append_detail(GString *out, const MskProgressDetail *detail)
{
    g_autofree char *timestamp = msk_datetime_format_sql(detail->timestamp_us);
    g_autofree char *progress = msk_python_real(detail->progress);

    g_string_append_c(out, '{');
    msk_json_add_string(out, "timestamp", timestamp);
    msk_json_add_string(out, "progress", progress);
    msk_json_add_string(out, "message", detail->message);
    g_string_append_c(out, '}');
}

static void
append_task(GString *out, const MskTaskProgress *task)
{
    g_autofree char *progress = msk_python_real(task->progress);

    g_string_append_c(out, '{');
    msk_json_add_string(out, "name", task->name);
    msk_json_append_name(out, "progress");
    g_string_append(out, progress);
    msk_json_append_name(out, "progress_details");
    g_string_append_c(out, '[');
    for (unsigned i = 0; i < task->details->len; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        append_detail(out, g_ptr_array_index(task->details, i));
    }
    g_string_append_c(out, ']');
    msk_json_add_string(out, "state", msk_progress_state_name(task->state));
    g_string_append_c(out, '}');
}

static void
append_flows(GString *out, const GPtrArray *flows)
{
    bool first = true;

    g_string_append_c(out, '[');
    for (unsigned i = 0; i < flows->len; i++) {
        const MskFlowProgress *flow = g_ptr_array_index(flows, i);

        for (unsigned j = 0; j < flow->tasks->len; j++) {
            const MskTaskProgress *task = g_ptr_array_index(flow->tasks, j);

            /* Tasks that have not begun, or never will, are not shown. */
            if (task->details->len > 0) {
                g_string_append(out, first ? "" : ", ");
                append_task(out, task);
                first = false;
            }
        }
    }
    g_string_append_c(out, ']');
}

/* @flows: (nullable) */
static void
append_notification(GString *out, const MskNotification *notification, const GPtrArray *flows)
{
    g_string_append_c(out, '{');
    msk_json_add_integer(out, "id", notification->meta.id);
    msk_json_add_string(out, "notification_uuid", notification->uuid);
    msk_json_add_time(out, "generated_time", notification->generated_time_us);
    msk_json_add_string(out, "source_host_uuid", notification->source_host_uuid);
    msk_json_add_string(out, "type", notification->type);
    msk_json_append_name(out, "payload");
    g_string_append(out, notification->payload == NULL ? "null" : notification->payload);
    msk_json_add_string(out, "status", msk_notification_status_name(notification->status));
    if (flows != NULL) {
        msk_json_append_name(out, "recovery_workflow_details");
        append_flows(out, flows);
    }
    msk_json_add_string(out, "failover_segment_uuid", notification->failover_segment_uuid);
    msk_json_add_string(out, "message", notification->message);
    add_times(out, &notification->meta);
    g_string_append_c(out, '}');
}

void
msk_view_notification(GString *out, const void *record)
{
    append_notification(out, record, NULL);
}

void
msk_view_notification_detail(GString *out, const void *record)
{
    const MskNotificationDetail *detail = record;

    append_notification(out, detail->notification, detail->flows);
}

void
msk_view_vmove(GString *out, const void *record)
{
    const MskVmove *vmove = record;

    g_string_append_c(out, '{');
    msk_json_add_integer(out, "id", vmove->meta.id);
    msk_json_add_string(out, "uuid", vmove->uuid);
    msk_json_add_string(out, "notification_uuid", vmove->notification_uuid);
    msk_json_add_string(out, "instance_uuid", vmove->instance_uuid);
    msk_json_add_string(out, "instance_name", vmove->instance_name);
    msk_json_add_string(out, "source_host", vmove->source_host);
    msk_json_add_string(out, "dest_host", vmove->dest_host);
    msk_json_add_time(out, "start_time", vmove->start_time_us);
    msk_json_add_time(out, "end_time", vmove->end_time_us);
    msk_json_add_string(out, "type", vmove->type);
    msk_json_add_string(out, "status", vmove->status);
    msk_json_add_string(out, "message", vmove->message);
    add_times(out, &vmove->meta);
    g_string_append_c(out, '}');
}
