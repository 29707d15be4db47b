/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/notification_triage.h"

#include <jansson.h>
#include <string.h>

/* The reports on an instance that are acted upon. */
static const struct {
    const char *event;
    const char *vir_domain_event;
    MskIncident incident;
} instance_events[] = {
    {"LIFECYCLE", "STOPPED_FAILED", MSK_INCIDENT_DOWN},
    {"LIFECYCLE", "STOPPED_CRASHED", MSK_INCIDENT_DOWN},
    {"LIFECYCLE", "CRASHED_PANICKED", MSK_INCIDENT_DOWN},
    {"QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED", MSK_INCIDENT_IMPAIRED},
    {"IO_ERROR", "IO_ERROR_REPORT", MSK_INCIDENT_IMPAIRED},
};

#define NOT_YET                                                                                    \
    "Recovery of hosts and of processes is not part of this release with compute_driver libvirt."

/* The Python service's text; in two parts, because its misspelling is part of the contract. */
#define SEGMENT_DISABLED                                                                           \
    "Recovery abo"                                                                                 \
    "art: the segment HA is disabled."

static MskTriage
end(MskNotificationStatus status, const char *message, const char *reason)
{
    return (MskTriage){
        .kind = MSK_TRIAGE_END, .status = status, .message = message, .reason = reason};
}

/* Returns: (nullable) (owned by @payload) the text under @key. */
static const char *
text_of(const json_t *payload, const char *key)
{
    return json_string_value(json_object_get(payload, key));
}

static bool
is(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

static bool
is_any_case(const char *text, const char *word)
{
    return text != NULL && g_ascii_strcasecmp(text, word) == 0;
}

static MskTriage
triage_instance(const json_t *payload)
{
    const char *event = text_of(payload, "event");
    const char *vir_domain_event = text_of(payload, "vir_domain_event");
    const char *instance_uuid = text_of(payload, "instance_uuid");

    for (size_t i = 0; i < G_N_ELEMENTS(instance_events); i++) {
        if (!is(event, instance_events[i].event) ||
            !is(vir_domain_event, instance_events[i].vir_domain_event)) {
            continue;
        }
        if (instance_uuid == NULL) {
            return end(MSK_NOTIFICATION_IGNORED, NULL, "the payload names no instance_uuid");
        }
        return (MskTriage){.kind = MSK_TRIAGE_RECOVER_INSTANCE,
                           .instance_uuid = g_strdup(instance_uuid),
                           .incident = instance_events[i].incident};
    }
    return end(MSK_NOTIFICATION_IGNORED, NULL, "its event asks for no recovery");
}

static MskTriage
triage_started_or_stopped(const char *event)
{
    if (is_any_case(event, "STARTED")) {
        return end(MSK_NOTIFICATION_FINISHED, NULL, "it tells of a start, nothing is to be done");
    }
    if (is_any_case(event, "STOPPED")) {
        return end(MSK_NOTIFICATION_ERROR, NOT_YET, NOT_YET);
    }
    return end(MSK_NOTIFICATION_IGNORED, NULL, "its event is neither STARTED nor STOPPED");
}

/* The host is known to be off: whoever reported it has seen its fencing confirmed. */
static bool
is_fenced(const json_t *payload)
{
    return json_is_true(json_object_get(payload, "fenced"));
}

static MskTriage
triage_host(const json_t *payload, bool is_cloud)
{
    const char *host_status = text_of(payload, "host_status");

    if (host_status == NULL) {
        return end(MSK_NOTIFICATION_IGNORED, NULL, "host_status is not provided");
    }
    if (!is_any_case(host_status, "NORMAL")) {
        return end(MSK_NOTIFICATION_IGNORED, NULL, "host_status is not NORMAL");
    }
    if (is_cloud && is_any_case(text_of(payload, "event"), "STOPPED")) {
        return (MskTriage){.kind = MSK_TRIAGE_RECOVER_HOST, .fenced = is_fenced(payload)};
    }
    return triage_started_or_stopped(text_of(payload, "event"));
}

static MskTriage
triage_process(const json_t *payload, bool is_cloud)
{
    if (is_cloud && is_any_case(text_of(payload, "event"), "STOPPED")) {
        return (MskTriage){.kind = MSK_TRIAGE_RECOVER_PROCESS,
                           .process_name = g_strdup(text_of(payload, "process_name"))};
    }
    return triage_started_or_stopped(text_of(payload, "event"));
}

MskTriage
msk_notification_triage(const MskNotification *notification, bool segment_enabled, bool is_cloud)
{
    MskTriage triage;

    if (!segment_enabled) {
        return end(MSK_NOTIFICATION_IGNORED, SEGMENT_DISABLED, "the failover segment is disabled");
    }
    json_t *payload = json_loads(notification->payload, 0, NULL);

    if (!json_is_object(payload)) {
        triage = end(MSK_NOTIFICATION_IGNORED, NULL, "its payload is not a JSON object");
    } else if (is(notification->type, "VM")) {
        triage = triage_instance(payload);
    } else if (is(notification->type, "COMPUTE_HOST")) {
        triage = triage_host(payload, is_cloud);
    } else if (is(notification->type, "PROCESS")) {
        triage = triage_process(payload, is_cloud);
    } else {
        triage = end(MSK_NOTIFICATION_IGNORED, NULL, "its type is not known");
    }
    json_decref(payload);
    return triage;
}

void
msk_triage_clear(MskTriage *self)
{
    g_clear_pointer(&self->instance_uuid, g_free);
    g_clear_pointer(&self->process_name, g_free);
}

MskNotificationStatus
msk_notification_end_status(MskNotificationStatus outcome, int64_t attempt)
{
    return outcome == MSK_NOTIFICATION_ERROR && attempt > 1 ? MSK_NOTIFICATION_FAILED : outcome;
}

MskNotificationStatus
msk_outcome_status(MskOutcome outcome)
{
    switch (outcome) {
    case MSK_OUTCOME_FINISHED:
        return MSK_NOTIFICATION_FINISHED;
    case MSK_OUTCOME_IGNORED:
        return MSK_NOTIFICATION_IGNORED;
    case MSK_OUTCOME_ERROR:
        return MSK_NOTIFICATION_ERROR;
    }
    g_assert_not_reached();
}

bool
msk_notification_is_of_instance(const MskNotification *self, const char *instance_uuid)
{
    json_t *payload = json_loads(self->payload, 0, NULL);
    bool same = is(self->type, "VM") && is(text_of(payload, "instance_uuid"), instance_uuid);

    json_decref(payload);
    return same;
}

bool
msk_flow_started_instance_since(const MskFlowProgress *flow, int64_t since_us)
{
    for (unsigned i = 0; i < flow->tasks->len; i++) {
        const MskTaskProgress *task = g_ptr_array_index(flow->tasks, i);

        if (is(task->name, msk_task_name(MSK_TASK_START_INSTANCE)) &&
            task->state == MSK_PROGRESS_SUCCESS && task->details->len > 0) {
            const MskProgressDetail *last =
                g_ptr_array_index(task->details, task->details->len - 1);

            return last->timestamp_us > since_us;
        }
    }
    return false;
}
