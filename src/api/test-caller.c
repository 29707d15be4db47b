/* SPDX-License-Identifier: Apache-2.0 */
#include "api/caller.h"

#include <string.h>

#define DOMAIN "\"domain\": {\"id\": \"d\", \"name\": \"D\"}"
#define TOKEN                                                                                      \
    "{\"token\": {\"user\": {\"id\": \"u1\", \"name\": \"ann\", " DOMAIN "}, "                     \
    "\"project\": {\"id\": \"p1\", \"name\": \"blue\", " DOMAIN "}, "                              \
    "\"roles\": [{\"id\": \"r\", \"name\": \"admin\"}], "                                          \
    "\"issued_at\": \"2026-01-01T00:00:00.000000Z\", "                                             \
    "\"expires_at\": \"2026-01-02T00:00:00.000000Z\"}}"

static void
test_headers_are_a_claim(void)
{
    static const struct {
        const char *name; /* of the header with the project's name */
        const char *project_name;
    } cases[] = {{"X-Project-Name", "blue"}, {"X-Tenant-Name", "blue"}, {"X-Projects-Name", NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MskHttpHeader headers[] = {
            {"X-User-Id", "u1"}, {"x-user-name", "ann"}, {cases[i].name, "blue"}};
        const MskHttpRequest request = {.headers = headers, .n_headers = G_N_ELEMENTS(headers)};
        g_auto(MskCaller) caller = {0};

        msk_caller_read(&request, MSK_POLICY_ADMIN_YES, &caller);
        g_assert_cmpstr(caller.credentials.user_id, ==, "u1");
        g_assert_cmpstr(caller.user_name, ==, "ann");
        g_assert_cmpstr(caller.project_name, ==, cases[i].project_name);
    }
}

static void
test_a_token_says_the_names(void)
{
    g_autoptr(GError) error = NULL;
    MskKeystoneToken *token = msk_keystone_token_parse("secret", TOKEN, strlen(TOKEN), &error);
    g_auto(MskCaller) caller = {0};

    g_assert_no_error(error);
    msk_caller_from_tokens(token, NULL, &caller);
    g_assert_cmpstr(caller.credentials.user_id, ==, "u1");
    g_assert_cmpstr(caller.user_name, ==, "ann");
    g_assert_cmpstr(caller.project_name, ==, "blue");
    g_assert_cmpstr(caller.credentials.roles[0], ==, "admin");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/caller/headers_are_a_claim", test_headers_are_a_claim);
    g_test_add_func("/caller/a_token_says_the_names", test_a_token_says_the_names);
    return g_test_run();
}
