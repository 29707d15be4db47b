/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_hint.h"

#include <string.h>

#include "oslo/rpc_envelope.h"
#include "oslo/rpc_objects.h"

#define T0 INT64_C(1767494096789000) /* 2026-01-04T02:34:56.789 */

/* What has to be escaped, once or twice, and what must not be. */
static const char *const texts[] = {"",     "plain",    "\"",           "\\",
                                    "\\\"", "a\"b\\c/", "\x01\n\t\x7f", "\xc3\xa9\xf0\x9f\x9a\x80",
                                    "{",    ",",        "[\"x\"]",      "\\u0041",
                                    NULL};

static json_t *
parse(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    g_assert_nonnull(value);
    return value;
}

/* The message that the trees make, but for its id. */
static json_t *
tree_of(const MskRpcContext *context, const MskNotification *notification)
{
    json_auto_t *packed = msk_rpc_context_of_request(context);

    return msk_rpc_cast_new(
        "process_notification", "1.0",
        json_pack("{s:o}", "notification", msk_wire_notification(notification, NULL)), packed);
}

static void
assert_same(const MskRpcContext *context, const MskNotification *notification)
{
    g_autofree char *body = msk_rpc_hint(context, notification);
    json_auto_t *envelope = parse(body);
    json_auto_t *message = parse(json_string_value(json_object_get(envelope, "oslo.message")));
    json_auto_t *wanted = tree_of(context, notification);
    const char *id = json_string_value(json_object_get(message, "_unique_id"));

    g_test_message("%s", body);
    g_assert_cmpuint(json_object_size(envelope), ==, 2);
    g_assert_cmpstr(json_string_value(json_object_get(envelope, "oslo.version")), ==, "2.0");
    g_assert_cmpuint(strlen(id), ==, 32);
    g_assert_cmpuint(strspn(id, "0123456789abcdef"), ==, 32);
    json_object_set(wanted, "_unique_id", json_object_get(message, "_unique_id"));
    g_assert_true(json_equal(message, wanted));
}

static void
test_service_with_nothing(void)
{
    const MskRpcContext context = {0};
    const MskNotification notification = {0};

    assert_same(&context, &notification);
}

static void
test_texts(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *const roles[] = {texts[i], "member", texts[i], NULL};
        const MskPolicyCredentials credentials = {.user_id = texts[i],
                                                  .user_domain_id = texts[i],
                                                  .project_id = texts[i],
                                                  .project_domain_id = texts[i],
                                                  .domain_id = texts[i],
                                                  .system_scope = texts[i],
                                                  .roles = roles};
        const MskRpcContext context = {.credentials = &credentials,
                                       .user_name = texts[i],
                                       .project_name = texts[i],
                                       .request_id = texts[i],
                                       .global_request_id = texts[i],
                                       .auth_token = texts[i],
                                       .remote_address = texts[i],
                                       .time_us = T0};
        g_autofree char *text = g_strdup(texts[i]);
        json_auto_t *payload = json_pack("{s:s?, s:s}", "a", text, "b", "c");
        char *dumped = json_dumps(payload, i % 2 == 0 ? JSON_ENSURE_ASCII : JSON_COMPACT);
        const MskNotification notification = {.meta = {.id = INT64_MAX, .created_at_us = T0},
                                              .uuid = text,
                                              .source_host_uuid = text,
                                              .failover_segment_uuid = text,
                                              .type = text,
                                              .message = text,
                                              .payload = dumped};

        assert_same(&context, &notification);
        free(dumped);
    }
}

/* Each field by itself: none is another's. */
static void
test_every_field(void)
{
    static const char *const roles[] = {"r1", "r2", NULL};
    const MskPolicyCredentials credentials = {.user_id = "u",
                                              .user_domain_id = "ud",
                                              .project_id = "p",
                                              .project_domain_id = "pd",
                                              .domain_id = "d",
                                              .system_scope = "all",
                                              .roles = roles,
                                              .is_admin_project = true};
    const MskPolicyCredentials admin = {.is_admin = MSK_POLICY_ADMIN_YES};
    MskRpcContext context = {.credentials = &credentials,
                             .user_name = "un",
                             .project_name = "pn",
                             .request_id = "req",
                             .global_request_id = "global",
                             .auth_token = "token",
                             .remote_address = "address",
                             .time_us = T0};
    MskNotification notification = {.meta = {.id = 7,
                                             .created_at_us = T0,
                                             .updated_at_us = T0 + 1000000,
                                             .deleted_at_us = T0 + 2000000,
                                             .deleted = 7},
                                    .uuid = (char[]){"n"},
                                    .generated_time_us = T0 + 3000000,
                                    .source_host_uuid = (char[]){"h"},
                                    .type = (char[]){"VM"},
                                    .payload = (char[]){"{\"event\": \"LIFECYCLE\"}"},
                                    .failover_segment_uuid = (char[]){"s"},
                                    .message = (char[]){"m"}};

    for (int status = 0; status < MSK_N_NOTIFICATION_STATUSES; status++) {
        notification.status = (MskNotificationStatus) status;
        assert_same(&context, &notification);
    }
    context.credentials = &admin;
    assert_same(&context, &notification);
}

/* It cannot be written, and does not make the message unreadable. */
static void
test_no_utf8(void)
{
    const MskRpcContext context = {.user_name = "a\xff"};
    const MskNotification notification = {0};
    g_autofree char *body = msk_rpc_hint(&context, &notification);
    json_auto_t *message = msk_rpc_open(body, strlen(body), NULL);

    g_assert_true(json_is_null(json_object_get(message, "_context_user_name")));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_hint/service_with_nothing", test_service_with_nothing);
    g_test_add_func("/rpc_hint/texts", test_texts);
    g_test_add_func("/rpc_hint/every_field", test_every_field);
    g_test_add_func("/rpc_hint/no_utf8", test_no_utf8);
    return g_test_run();
}
