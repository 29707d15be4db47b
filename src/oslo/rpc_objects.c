/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_objects.h"

#include <string.h>

#include "base/datetime.h"
#include "model/progress.h"

/* Releases before 1.2, which added two fields, refuse that version; newer ones take this one with
 * the fields. */
#define NOTIFICATION_VERSION "1.1"

static json_t *
object_new(const char *name, const char *version, json_t *data)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "masakari_object.name", name,
                     "masakari_object.namespace", "masakari", "masakari_object.version", version,
                     "masakari_object.data", data);
}

static void
set_text(json_t *data, const char *name, const char *text)
{
    json_object_set_new(data, name, text == NULL ? json_null() : json_string(text));
}

static void
set_bool(json_t *data, const char *name, bool value)
{
    json_object_set_new(data, name, json_boolean(value));
}

static void
set_time(json_t *data, const char *name, int64_t time_us)
{
    g_autofree char *text = time_us == 0 ? NULL : msk_datetime_format_rest(time_us);

    if (text != NULL) {
        char *fraction = strchr(text, '.');

        g_assert(fraction != NULL);
        fraction[0] = 'Z';
        fraction[1] = '\0';
    }
    set_text(data, name, text);
}

static void
set_meta(json_t *data, const MskRowMeta *meta)
{
    set_time(data, "created_at", meta->created_at_us);
    set_time(data, "updated_at", meta->updated_at_us);
    set_time(data, "deleted_at", meta->deleted_at_us);
    set_bool(data, "deleted", meta->deleted != 0);
}

static void
set_id(json_t *data, const MskRowMeta *meta, const char *name, const char *uuid)
{
    if (meta->id != 0) {
        json_object_set_new(data, "id", json_integer(meta->id));
        set_text(data, name, uuid);
    }
}

/* The payload is JSON of our own database, but a Python service may have written it. */
static void
set_payload(json_t *data, const char *text)
{
    json_t *payload = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);

    json_object_set_new(data, "payload", payload == NULL ? json_object() : payload);
}

/* ---- progress ---------------------------------------------------------------------------- */

static json_t *
detail_new(const MskProgressDetail *detail)
{
    g_autofree char *timestamp = msk_datetime_format_sql(detail->timestamp_us);
    json_auto_t *number = json_real(detail->progress);
    char *progress = json_dumps(number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_t *result = json_pack("{s:s, s:s, s:s?}", "timestamp", timestamp, "progress", progress,
                               "message", detail->message);

    free(progress);
    return result;
}

static json_t *
task_new(const MskTaskProgress *task)
{
    json_t *details = json_array();

    for (unsigned i = 0; i < task->details->len; i++) {
        json_array_append_new(details, detail_new(g_ptr_array_index(task->details, i)));
    }
    json_t *object = object_new("NotificationProgressDetails", "1.0",
                                json_pack("{s:s, s:f, s:o, s:s}", "name", task->name, "progress",
                                          task->progress, "progress_details", details, "state",
                                          msk_progress_state_name(task->state)));

    json_object_set_new(object, "masakari_object.changes",
                        json_pack("[s, s, s, s]", "progress_details", "name", "state", "progress"));
    return object;
}

/* Tasks that have not begun, or never will, are not shown. */
static json_t *
workflow_new(const GPtrArray *flows)
{
    json_t *tasks = json_array();

    for (unsigned i = 0; i < flows->len; i++) {
        const MskFlowProgress *flow = g_ptr_array_index(flows, i);

        for (unsigned j = 0; j < flow->tasks->len; j++) {
            const MskTaskProgress *task = g_ptr_array_index(flow->tasks, j);

            if (task->details->len > 0) {
                json_array_append_new(tasks, task_new(task));
            }
        }
    }
    return tasks;
}

/* ---- objects ----------------------------------------------------------------------------- */

/* Without @flows, rpc_hint.c writes the same as text; test-rpc_hint.c compares both, so change them
 * together. */
json_t *
msk_wire_notification(const MskNotification *notification, const GPtrArray *flows)
{
    json_t *data = json_object();

    set_id(data, &notification->meta, "notification_uuid", notification->uuid);
    set_time(data, "generated_time", notification->generated_time_us);
    set_text(data, "source_host_uuid", notification->source_host_uuid);
    set_text(data, "type", notification->type);
    set_payload(data, notification->payload);
    set_text(data, "status", msk_notification_status_name(notification->status));
    if (flows != NULL) {
        json_object_set_new(data, "recovery_workflow_details", workflow_new(flows));
    }
    set_text(data, "failover_segment_uuid", notification->failover_segment_uuid);
    set_text(data, "message", notification->message);
    set_meta(data, &notification->meta);
    json_t *object = object_new("Notification", NOTIFICATION_VERSION, data);

    if (flows != NULL) {
        json_object_set_new(object, "masakari_object.changes",
                            json_pack("[s]", "recovery_workflow_details"));
    }
    return object;
}

const char *
msk_wire_notification_uuid(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "masakari_object.name"));
    const json_t *data = json_object_get(object, "masakari_object.data");

    return g_strcmp0(name, "Notification") == 0
               ? json_string_value(json_object_get(data, "notification_uuid"))
               : NULL;
}

static void
set_segment(json_t *data, const MskSegment *segment)
{
    set_id(data, &segment->meta, "uuid", segment->uuid);
    set_text(data, "name", segment->name);
    set_text(data, "service_type", segment->service_type);
    set_text(data, "description", segment->description);
    set_text(data, "recovery_method", segment->recovery_method);
    set_bool(data, "enabled", segment->enabled);
}

json_t *
msk_wire_segment(const MskSegment *segment)
{
    json_t *data = json_object();

    set_segment(data, segment);
    set_meta(data, &segment->meta);
    return object_new("FailoverSegment", "1.1", data);
}

/* ---- events ------------------------------------------------------------------------------ */

static json_t *
payload_new(const char *name, const char *version, json_t *data, const MskWireFault *fault)
{
    json_t *object = json_null();

    if (fault != NULL) {
        object = object_new("ExceptionPayload", "1.0",
                            json_pack("{s:s, s:s, s:s, s:s, s:s}", "module_name", fault->module,
                                      "function_name", fault->function, "exception",
                                      fault->exception, "exception_message", fault->message,
                                      "traceback", "NoneType: None\n"));
    }
    json_object_set_new(data, "fault", object);
    return object_new(name, version, data);
}

json_t *
msk_wire_segment_payload(const MskSegment *segment, const MskWireFault *fault)
{
    json_t *data = json_object();

    set_segment(data, segment);
    return payload_new("SegmentApiPayload", "1.1", data, fault);
}

json_t *
msk_wire_host_payload(const MskHost *host, const MskWireFault *fault)
{
    json_t *data = json_object();

    set_id(data, &host->meta, "uuid", host->uuid);
    set_text(data, "name", host->name);
    json_object_set_new(data, "failover_segment",
                        host->segment == NULL ? json_null() : msk_wire_segment(host->segment));
    set_text(data, "type", host->type);
    set_bool(data, "reserved", host->reserved);
    set_text(data, "control_attributes", host->control_attributes);
    set_bool(data, "on_maintenance", host->on_maintenance);
    return payload_new("HostApiPayload", "1.0", data, fault);
}

json_t *
msk_wire_notification_payload(const MskNotification *notification, const MskWireFault *fault)
{
    json_t *data = json_object();

    set_id(data, &notification->meta, "notification_uuid", notification->uuid);
    set_time(data, "generated_time", notification->generated_time_us);
    set_text(data, "source_host_uuid", notification->source_host_uuid);
    set_text(data, "type", notification->type);
    set_payload(data, notification->payload);
    set_text(data, "status", msk_notification_status_name(notification->status));
    return payload_new("NotificationApiPayload", "1.0", data, fault);
}
