/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_objects.h"

#include "model/progress.h"

#define T0 INT64_C(1767494096789000) /* 2026-01-04T02:34:56.789 */

static MskSegment segment = {.meta = {.id = 7, .created_at_us = T0},
                             .uuid = (char[]){"s"},
                             .name = (char[]){"seg"},
                             .service_type = (char[]){"compute"},
                             .recovery_method = (char[]){"auto"},
                             .enabled = true};

static void
assert_json(json_t *value, const char *wanted_text)
{
    json_auto_t *owned = value;
    json_auto_t *wanted = json_loads(wanted_text, 0, NULL);
    char *text = json_dumps(owned, JSON_INDENT(1));

    g_test_message("%s", text);
    free(text);
    g_assert_nonnull(wanted);
    g_assert_true(json_equal(owned, wanted));
}

static void
test_segment(void)
{
    assert_json(msk_wire_segment(&segment),
                "{\"masakari_object.name\": \"FailoverSegment\", \"masakari_object.namespace\": "
                "\"masakari\", \"masakari_object.version\": \"1.1\", \"masakari_object.data\": "
                "{\"id\": 7, \"uuid\": \"s\", \"name\": \"seg\", \"service_type\": \"compute\", "
                "\"enabled\": true, \"description\": null, \"recovery_method\": \"auto\", "
                "\"created_at\": \"2026-01-04T02:34:56Z\", \"updated_at\": null, \"deleted_at\": "
                "null, \"deleted\": false}}");
}

static void
test_segment_payload(void)
{
    MskSegment fresh = segment;
    const MskWireFault fault = {"m", "f", "E", "why"};

    fresh.meta.id = 0;
    assert_json(msk_wire_segment_payload(&fresh, &fault),
                "{\"masakari_object.name\": \"SegmentApiPayload\", \"masakari_object.namespace\": "
                "\"masakari\", \"masakari_object.version\": \"1.1\", \"masakari_object.data\": "
                "{\"name\": \"seg\", \"service_type\": \"compute\", \"enabled\": true, "
                "\"description\": null, \"recovery_method\": \"auto\", \"fault\": "
                "{\"masakari_object.name\": \"ExceptionPayload\", \"masakari_object.namespace\": "
                "\"masakari\", \"masakari_object.version\": \"1.0\", \"masakari_object.data\": "
                "{\"module_name\": \"m\", \"function_name\": \"f\", \"exception\": \"E\", "
                "\"exception_message\": \"why\", \"traceback\": \"NoneType: None\\n\"}}}}");
}

static void
test_host_payload(void)
{
    const MskHost host = {.meta = {.id = 3},
                          .uuid = (char[]){"h"},
                          .name = (char[]){"cmp1"},
                          .type = (char[]){"KVM"},
                          .control_attributes = (char[]){"SSH"},
                          .reserved = true,
                          .segment = &segment};
    json_auto_t *payload = msk_wire_host_payload(&host, NULL);
    const json_t *data = json_object_get(payload, "masakari_object.data");

    g_assert_true(json_is_null(json_object_get(data, "fault")));
    g_assert_true(json_is_true(json_object_get(data, "reserved")));
    g_assert_cmpint(json_integer_value(json_object_get(data, "id")), ==, 3);
    g_assert_cmpstr(json_string_value(json_object_get(json_object_get(data, "failover_segment"),
                                                      "masakari_object.name")),
                    ==, "FailoverSegment");
    g_assert_cmpuint(json_object_size(data), ==, 9);
}

static MskNotification notification = {.meta = {.id = 1, .created_at_us = T0},
                                       .uuid = (char[]){"n"},
                                       .generated_time_us = T0,
                                       .source_host_uuid = (char[]){"h"},
                                       .type = (char[]){"VM"},
                                       .payload = (char[]){"{\"event\": \"LIFECYCLE\"}"},
                                       .status = MSK_NOTIFICATION_NEW};

static void
test_notification(void)
{
    json_auto_t *object = msk_wire_notification(&notification, NULL);
    const json_t *data = json_object_get(object, "masakari_object.data");

    g_assert_cmpstr(msk_wire_notification_uuid(object), ==, "n");
    g_assert_cmpstr(json_string_value(json_object_get(data, "status")), ==, "new");
    g_assert_true(json_is_object(json_object_get(data, "payload")));
    g_assert_null(json_object_get(object, "masakari_object.changes"));
    assert_json(msk_wire_notification_payload(&notification, NULL),
                "{\"masakari_object.name\": \"NotificationApiPayload\", "
                "\"masakari_object.namespace\": \"masakari\", \"masakari_object.version\": "
                "\"1.0\", \"masakari_object.data\": {\"fault\": null, \"id\": 1, "
                "\"notification_uuid\": \"n\", \"generated_time\": \"2026-01-04T02:34:56Z\", "
                "\"source_host_uuid\": \"h\", \"type\": \"VM\", \"payload\": {\"event\": "
                "\"LIFECYCLE\"}, \"status\": \"new\"}}");
}

static void
test_bad_payload(void)
{
    MskNotification odd = notification;
    static char broken[] = "{", empty[] = "";
    char *const payloads[] = {NULL, broken, empty};

    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        odd.payload = payloads[i];
        json_auto_t *object = msk_wire_notification(&odd, NULL);
        const json_t *data = json_object_get(object, "masakari_object.data");

        g_assert_true(json_is_object(json_object_get(data, "payload")));
    }
}

static void
test_not_a_notification(void)
{
    json_auto_t *other = msk_wire_segment(&segment);
    json_auto_t *text = json_string("x");

    g_assert_null(msk_wire_notification_uuid(other));
    g_assert_null(msk_wire_notification_uuid(text));
    g_assert_null(msk_wire_notification_uuid(NULL));
}

static void
test_progress(void)
{
    g_autoptr(GPtrArray) flows =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_flow_progress_free);
    MskFlowProgress *flow = msk_flow_progress_new("f");
    MskTaskProgress *task = msk_flow_progress_task(flow, "StopInstanceTask");

    msk_task_progress_add(task, T0, 0.5, "half");
    (void) msk_flow_progress_task(flow, "NeverBegun");
    g_ptr_array_add(flows, flow);
    json_auto_t *object = msk_wire_notification(&notification, flows);
    const json_t *data = json_object_get(object, "masakari_object.data");

    assert_json(json_incref(json_array_get(json_object_get(data, "recovery_workflow_details"), 0)),
                "{\"masakari_object.name\": \"NotificationProgressDetails\", "
                "\"masakari_object.namespace\": \"masakari\", \"masakari_object.version\": "
                "\"1.0\", \"masakari_object.data\": {\"name\": \"StopInstanceTask\", "
                "\"progress\": 0.5, \"progress_details\": [{\"timestamp\": \"2026-01-04 "
                "02:34:56.789000\", \"progress\": \"0.5\", \"message\": \"half\"}], \"state\": "
                "\"PENDING\"}, \"masakari_object.changes\": [\"progress_details\", \"name\", "
                "\"state\", \"progress\"]}");
    g_assert_cmpuint(json_array_size(json_object_get(data, "recovery_workflow_details")), ==, 1);
    g_assert_cmpuint(json_array_size(json_object_get(object, "masakari_object.changes")), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_objects/segment", test_segment);
    g_test_add_func("/rpc_objects/segment-payload", test_segment_payload);
    g_test_add_func("/rpc_objects/host-payload", test_host_payload);
    g_test_add_func("/rpc_objects/notification", test_notification);
    g_test_add_func("/rpc_objects/bad-payload", test_bad_payload);
    g_test_add_func("/rpc_objects/not-a-notification", test_not_a_notification);
    g_test_add_func("/rpc_objects/progress", test_progress);
    return g_test_run();
}
