/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/notification_triage.h"

#include <string.h>

#define U "c5463cf8-a348-4ad5-bfd0-e29f90929277"

#define VM(event, detail)                                                                          \
    "{\"event\": \"" event "\", \"vir_domain_event\": \"" detail "\", \"instance_uuid\": \"" U "\"}"

static const struct {
    const char *type;
    const char *payload;
    bool segment_disabled;
    const char *result; /* "down", "impaired", or a status with "+" when the row gets a message */
} cases[] = {
    {"VM", VM("LIFECYCLE", "STOPPED_FAILED"), false, "down"},
    {"VM", VM("LIFECYCLE", "STOPPED_CRASHED"), false, "down"},
    {"VM", VM("LIFECYCLE", "CRASHED_PANICKED"), false, "down"},
    {"VM", VM("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED"), false, "impaired"},
    {"VM", VM("IO_ERROR", "IO_ERROR_REPORT"), false, "impaired"},
    {"VM", VM("LIFECYCLE", "STOPPED_FAILED"), true, "ignored+"},
    {"VM", VM("LIFECYCLE", "STOPPED_DESTROYED"), false, "ignored"},
    {"VM", VM("LIFECYCLE", "STOPPED_SHUTDOWN"), false, "ignored"},
    {"VM", VM("LIFECYCLE", "IO_ERROR_REPORT"), false, "ignored"},
    {"VM", VM("lifecycle", "STOPPED_FAILED"), false, "ignored"},
    {"VM", VM("REBOOT", "UNKNOWN"), false, "ignored"},
    {"VM", "{\"event\": \"LIFECYCLE\", \"vir_domain_event\": \"STOPPED_FAILED\"}", false,
     "ignored"},
    {"VM",
     "{\"event\": \"LIFECYCLE\", \"vir_domain_event\": \"STOPPED_FAILED\", \"instance_uuid\": 7}",
     false, "ignored"},
    {"VM", "{\"event\": 1, \"vir_domain_event\": []}", false, "ignored"},
    {"VM", "[]", false, "ignored"},
    {"VM", "{", false, "ignored"},
    {"VM", "", false, "ignored"},
    {"COMPUTE_HOST", "{\"event\": \"STARTED\", \"host_status\": \"NORMAL\"}", false, "finished"},
    {"COMPUTE_HOST", "{\"event\": \"started\", \"host_status\": \"normal\"}", false, "finished"},
    {"COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\"}", false, "error+"},
    {"COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"UNKNOWN\"}", false, "ignored"},
    {"COMPUTE_HOST", "{\"event\": \"STOPPED\"}", false, "ignored"},
    {"COMPUTE_HOST", "{\"event\": \"DANCED\", \"host_status\": \"NORMAL\"}", false, "ignored"},
    {"COMPUTE_HOST", "{\"host_status\": \"NORMAL\"}", false, "ignored"},
    {"PROCESS", "{\"event\": \"STARTED\", \"process_name\": \"nova-compute\"}", false, "finished"},
    {"PROCESS", "{\"event\": \"stopped\", \"process_name\": \"nova-compute\"}", false, "error+"},
    {"PROCESS", "{\"process_name\": \"nova-compute\"}", false, "ignored"},
    {"PROCESS", "{\"event\": \"STARTED\"}", true, "ignored+"},
    {"vm", VM("LIFECYCLE", "STOPPED_FAILED"), false, "ignored"},
};

static char *
describe(const MskTriage *triage)
{
    if (triage->kind == MSK_TRIAGE_RECOVER_INSTANCE) {
        g_assert_cmpstr(triage->instance_uuid, ==, U);
        return g_strdup(triage->incident == MSK_INCIDENT_DOWN ? "down" : "impaired");
    }
    g_assert_nonnull(triage->reason);
    g_assert_null(triage->instance_uuid);
    return g_strconcat(msk_notification_status_name(triage->status),
                       triage->message != NULL ? "+" : "", NULL);
}

static void
test_triage(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *type = g_strdup(cases[i].type);
        g_autofree char *payload = g_strdup(cases[i].payload);
        MskNotification notification = {.type = type, .payload = payload};
        g_auto(MskTriage) triage =
            msk_notification_triage(&notification, !cases[i].segment_disabled, false);
        g_autofree char *result = describe(&triage);

        g_test_message("%s %s", type, payload);
        g_assert_cmpstr(result, ==, cases[i].result);
    }
}

static void
test_in_a_cloud(void)
{
    static const struct {
        const char *type;
        const char *payload;
        MskTriageKind kind;
        const char *process_name;
    } rows[] = {
        {"COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\"}",
         MSK_TRIAGE_RECOVER_HOST, NULL},
        {"COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"UNKNOWN\"}", MSK_TRIAGE_END,
         NULL},
        {"PROCESS", "{\"event\": \"STOPPED\", \"process_name\": \"nova-compute\"}",
         MSK_TRIAGE_RECOVER_PROCESS, "nova-compute"},
        {"PROCESS", "{\"event\": \"stopped\"}", MSK_TRIAGE_RECOVER_PROCESS, NULL},
        {"PROCESS", "{\"event\": \"STARTED\", \"process_name\": \"nova-compute\"}", MSK_TRIAGE_END,
         NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *type = g_strdup(rows[i].type);
        g_autofree char *payload = g_strdup(rows[i].payload);
        MskNotification notification = {.type = type, .payload = payload};
        g_auto(MskTriage) triage = msk_notification_triage(&notification, true, true);

        g_assert_cmpint(triage.kind, ==, rows[i].kind);
        g_assert_cmpstr(triage.process_name, ==, rows[i].process_name);
    }
}

static void
test_message_of_a_disabled_segment(void)
{
    MskNotification notification = {0};
    g_auto(MskTriage) triage = msk_notification_triage(&notification, false, false);

    g_assert_cmpstr(triage.message, ==,
                    "Recovery abo"
                    "art: the segment HA is disabled.");
}

static void
test_end_status(void)
{
    for (int64_t attempt = 1; attempt <= 3; attempt++) {
        g_assert_cmpint(msk_notification_end_status(MSK_NOTIFICATION_FINISHED, attempt), ==,
                        MSK_NOTIFICATION_FINISHED);
        g_assert_cmpint(msk_notification_end_status(MSK_NOTIFICATION_IGNORED, attempt), ==,
                        MSK_NOTIFICATION_IGNORED);
        g_assert_cmpint(msk_notification_end_status(MSK_NOTIFICATION_ERROR, attempt), ==,
                        attempt == 1 ? MSK_NOTIFICATION_ERROR : MSK_NOTIFICATION_FAILED);
    }
    g_assert_cmpint(msk_outcome_status(MSK_OUTCOME_FINISHED), ==, MSK_NOTIFICATION_FINISHED);
    g_assert_cmpint(msk_outcome_status(MSK_OUTCOME_IGNORED), ==, MSK_NOTIFICATION_IGNORED);
    g_assert_cmpint(msk_outcome_status(MSK_OUTCOME_ERROR), ==, MSK_NOTIFICATION_ERROR);
}

static void
test_is_of_instance(void)
{
    static const struct {
        const char *type;
        const char *payload;
        bool same;
    } rows[] = {
        {"VM", VM("IO_ERROR", "IO_ERROR_REPORT"), true},
        {"PROCESS", VM("IO_ERROR", "IO_ERROR_REPORT"), false},
        {"VM", "{\"instance_uuid\": \"another\"}", false},
        {"VM", "{\"instance_uuid\": null}", false},
        {"VM", "{}", false},
        {"VM", "{", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *type = g_strdup(rows[i].type);
        g_autofree char *payload = g_strdup(rows[i].payload);
        MskNotification notification = {.type = type, .payload = payload};

        g_assert_cmpint(msk_notification_is_of_instance(&notification, U), ==, rows[i].same);
    }
}

static void
test_started_since(void)
{
    g_autoptr(MskFlowProgress) flow = msk_flow_progress_new("instance_recovery_engine");

    g_assert_false(msk_flow_started_instance_since(flow, 100));
    msk_task_progress_add(msk_flow_progress_task(flow, "StopInstanceTask"), 500, 1.0, "stopped");
    msk_flow_progress_task(flow, "StopInstanceTask")->state = MSK_PROGRESS_SUCCESS;
    g_assert_false(msk_flow_started_instance_since(flow, 100));

    MskTaskProgress *start = msk_flow_progress_task(flow, "StartInstanceTask");

    start->state = MSK_PROGRESS_SUCCESS;
    g_assert_false(msk_flow_started_instance_since(flow, 100));
    msk_task_progress_add(start, 90, 0.0, "starting");
    msk_task_progress_add(start, 101, 1.0, "started");
    g_assert_true(msk_flow_started_instance_since(flow, 100));
    g_assert_false(msk_flow_started_instance_since(flow, 101));
    start->state = MSK_PROGRESS_REVERTED;
    g_assert_false(msk_flow_started_instance_since(flow, 100));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notification_triage/triage", test_triage);
    g_test_add_func("/notification_triage/in_a_cloud", test_in_a_cloud);
    g_test_add_func("/notification_triage/message_of_a_disabled_segment",
                    test_message_of_a_disabled_segment);
    g_test_add_func("/notification_triage/end_status", test_end_status);
    g_test_add_func("/notification_triage/is_of_instance", test_is_of_instance);
    g_test_add_func("/notification_triage/started_since", test_started_since);
    return g_test_run();
}
