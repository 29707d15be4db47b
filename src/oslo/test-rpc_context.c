/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_context.h"

#include <string.h>

/* The keys of a recorded message of the Python service. */
static const char *const keys[] = {
    "user",          "project_id",       "system_scope",      "project",       "domain",
    "user_domain",   "project_domain",   "is_admin",          "read_only",     "show_deleted",
    "auth_token",    "request_id",       "global_request_id", "resource_uuid", "roles",
    "user_identity", "is_admin_project", "user_id",           "read_deleted",  "remote_address",
    "timestamp",     "user_name",        "service_catalog",   "project_name",
};

static const char *const roles[] = {"admin", "member", NULL};

static const MskPolicyCredentials credentials = {.user_id = "u",
                                                 .user_domain_id = "default",
                                                 .project_id = "p",
                                                 .project_domain_id = "default",
                                                 .roles = roles,
                                                 .is_admin_project = true,
                                                 .is_admin = MSK_POLICY_ADMIN_YES};

static const char *
text_of(const json_t *context, const char *name)
{
    return json_string_value(json_object_get(context, name));
}

static void
test_request(void)
{
    const MskRpcContext caller = {.credentials = &credentials,
                                  .user_name = "admin",
                                  .request_id = "req-1",
                                  .auth_token = "secret",
                                  .remote_address = "127.0.0.1",
                                  .time_us = INT64_C(1767494096789000)};
    json_auto_t *context = msk_rpc_context_of_request(&caller);

    g_assert_cmpuint(json_object_size(context), ==, G_N_ELEMENTS(keys));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_assert_nonnull(json_object_get(context, keys[i]));
    }
    g_assert_cmpstr(text_of(context, "user_identity"), ==, "u p - default default");
    g_assert_cmpstr(text_of(context, "timestamp"), ==, "2026-01-04T02:34:56.789000");
    g_assert_cmpstr(text_of(context, "auth_token"), ==, "secret");
    g_assert_cmpuint(json_array_size(json_object_get(context, "roles")), ==, 2);
    g_assert_true(json_is_true(json_object_get(context, "is_admin")));
    g_assert_true(json_is_null(json_object_get(context, "project_name")));
}

static void
test_event_keeps_secrets(void)
{
    const MskRpcContext caller = {
        .credentials = &credentials, .auth_token = "secret", .remote_address = "127.0.0.1"};
    json_auto_t *context = msk_rpc_context_of_event(&caller);

    g_assert_true(json_is_null(json_object_get(context, "auth_token")));
    g_assert_true(json_is_null(json_object_get(context, "remote_address")));
    g_assert_cmpuint(json_object_size(context), ==, G_N_ELEMENTS(keys));
}

static void
test_service(void)
{
    const MskRpcContext nobody = {0};
    json_auto_t *context = msk_rpc_context_of_event(&nobody);

    g_assert_true(json_is_null(json_object_get(context, "user_id")));
    g_assert_true(json_is_true(json_object_get(context, "is_admin")));
    g_assert_cmpstr(text_of(context, "user_identity"), ==, "- - - - -");
    g_assert_cmpuint(json_array_size(json_object_get(context, "roles")), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_context/request", test_request);
    g_test_add_func("/rpc_context/event", test_event_keeps_secrets);
    g_test_add_func("/rpc_context/service", test_service);
    return g_test_run();
}
