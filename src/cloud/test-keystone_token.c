/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_token.h"

#include "base/error.h"

#include <string.h>

#define USER "\"user\":{\"id\":\"u1\",\"name\":\"nova\",\"domain\":{\"id\":\"d1\",\"name\":\"D\"}}"
#define LIFE                                                                                       \
    "\"issued_at\":\"2026-01-01T00:00:00.000000Z\",\"expires_at\":\"2026-01-01T01:00:00.000000Z\""
#define CATALOG                                                                                    \
    "\"catalog\":[{\"type\":\"compute\",\"name\":\"nova\",\"endpoints\":["                         \
    "{\"interface\":\"public\",\"region_id\":\"R1\",\"region\":\"R1\",\"url\":\"http://p1\"},"     \
    "{\"interface\":\"internalURL\",\"region\":\"R1\",\"url\":\"http://i1\"},"                     \
    "{\"interface\":\"public\",\"region_id\":\"R2\",\"url\":\"http://p2\"},"                       \
    "{\"interface\":\"admin\",\"url\":\"http://a\"},{\"interface\":\"admin\"}]},"                  \
    "{\"type\":\"compute\",\"name\":\"other\",\"endpoints\":["                                     \
    "{\"interface\":\"public\",\"region_id\":\"R1\",\"url\":\"http://o1\"}]},7,{\"type\":1}]"

static MskKeystoneToken *
parse(const char *body)
{
    g_autoptr(GError) error = NULL;
    MskKeystoneToken *token = msk_keystone_token_parse("secret", body, strlen(body), &error);

    g_assert_no_error(error);
    return token;
}

static void
test_of_a_project(void)
{
    g_autoptr(MskKeystoneToken) token =
        parse("{\"token\":{" USER "," LIFE
              ",\"project\":{\"id\":\"p1\",\"name\":\"P\",\"domain\":{\"id\":\"d2\",\"name\":"
              "\"E\"}},\"roles\":[{\"id\":\"1\",\"name\":\"admin\"},{},{\"name\":\"member\"}]}}");

    g_assert_cmpstr(token->id, ==, "secret");
    g_assert_cmpstr(token->user.id, ==, "u1");
    g_assert_cmpstr(token->user.domain_name, ==, "D");
    g_assert_cmpstr(token->project.id, ==, "p1");
    g_assert_cmpstr(token->project.domain_id, ==, "d2");
    g_assert_cmpuint(g_strv_length(token->roles), ==, 2);
    g_assert_cmpstr(token->roles[1], ==, "member");
    g_assert_true(token->is_admin_project);
    g_assert_null(token->system_scope);
    g_assert_null(token->domain_id);
    g_assert_cmpint(token->expires_us - token->issued_us, ==, INT64_C(3600) * G_USEC_PER_SEC);
}

static void
test_of_system_and_domain(void)
{
    g_autoptr(MskKeystoneToken) system =
        parse("{\"token\":{" USER "," LIFE ",\"system\":{\"all\":true}}}");
    g_autoptr(MskKeystoneToken) domain =
        parse("{\"token\":{" USER "," LIFE
              ",\"is_admin_project\":false,\"domain\":{\"id\":\"d3\",\"name\":\"F\"}}}");

    g_assert_cmpstr(system->system_scope, ==, "all");
    g_assert_null(system->project.id);
    g_assert_null(system->roles[0]);
    g_assert_cmpstr(domain->domain_id, ==, "d3");
    g_assert_cmpstr(domain->domain_name, ==, "F");
    g_assert_false(domain->is_admin_project);
}

static void
test_what_is_no_token(void)
{
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "{\"token\":7}",
        "{\"token\":{" USER "}}",
        "{\"token\":{" LIFE "}}",
        "{\"token\":{" USER ",\"expires_at\":\"soon\"}}",
        "{\"token\":{" USER "," LIFE "}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", bodies[i]);
        g_assert_null(msk_keystone_token_parse("secret", bodies[i], strlen(bodies[i]), &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_null(strstr(error->message, "secret"));
    }
}

static void
test_endpoints(void)
{
    static const struct {
        const char *name;
        const char *region;
        const char *interfaces[3];
        const char *url;
    } cases[] = {
        {NULL, NULL, {NULL}, "http://p1"},
        {NULL, "R2", {NULL}, "http://p2"},
        {NULL, "R3", {NULL}, NULL},
        {"nova", "R1", {"internalURL"}, "http://i1"},
        {"nova", "R1", {"internal"}, "http://i1"},
        {"other", "R1", {"public"}, "http://o1"},
        {"third", "R1", {"public"}, NULL},
        {"nova", "R2", {"internal", "public"}, "http://p2"},
        {"nova", "R1", {"internal", "public"}, "http://i1"},
        {"nova", NULL, {"admin"}, "http://a"},
        {"nova", "R1", {"admin"}, NULL},
    };
    g_autoptr(MskKeystoneToken) token = parse("{\"token\":{" USER "," LIFE "," CATALOG "}}");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MskKeystoneFilter filter = {.type = "compute",
                                          .name = cases[i].name,
                                          .region = cases[i].region,
                                          .interfaces = cases[i].interfaces};
        g_autoptr(GError) error = NULL;

        g_test_message("case %zu", i);
        g_assert_cmpstr(msk_keystone_token_endpoint(token, &filter, &error), ==, cases[i].url);
        g_assert_true((error == NULL) == (cases[i].url != NULL));
        if (error != NULL) {
            g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
            g_assert_nonnull(strstr(error->message, "public other in region R1"));
        }
    }
    g_assert_true(msk_keystone_token_has_service(token, "compute"));
    g_assert_false(msk_keystone_token_has_service(token, "image"));
}

static void
test_a_service_without_endpoints(void)
{
    g_autoptr(MskKeystoneToken) token = parse("{\"token\":{" USER "," LIFE "}}");
    g_autoptr(GError) error = NULL;

    g_assert_null(
        msk_keystone_token_endpoint(token, &(MskKeystoneFilter){.type = "compute"}, &error));
    g_assert_nonnull(strstr(error->message, "no endpoint of this type"));
}

static void
test_access_rules(void)
{
    g_autoptr(MskKeystoneToken) none = parse("{\"token\":{" USER "," LIFE "}}");
    g_autoptr(MskKeystoneToken) empty =
        parse("{\"token\":{" USER "," LIFE ",\"application_credential\":{\"access_rules\":[]}}}");
    g_autoptr(MskKeystoneToken) odd =
        parse("{\"token\":{" USER "," LIFE ",\"application_credential\":{\"access_rules\":7}}}");
    g_autoptr(MskKeystoneToken) one =
        parse("{\"token\":{" USER "," LIFE
              ",\"application_credential\":{\"access_rules\":[{\"service\":\"s\"},{\"service\":"
              "\"s\",\"method\":\"GET\",\"path\":\"/p\"}]}}}");

    g_assert_null(none->access_rules);
    g_assert_cmpuint(empty->access_rules->len, ==, 0);
    g_assert_cmpuint(odd->access_rules->len, ==, 0); /* restricted, but to nothing we know */
    g_assert_cmpuint(one->access_rules->len, ==, 1);
    g_assert_true(msk_access_rules_allow(one->access_rules, "s", "GET", "/p"));
}

static void
test_services_that_are_not_kept(void)
{
    g_autoptr(MskKeystoneToken) token = parse("{\"token\":{" USER "," LIFE "," CATALOG "}}");

    msk_keystone_token_forget_services(token, "compute");
    g_assert_true(msk_keystone_token_has_service(token, "compute"));
    g_assert_cmpuint(token->services->len, ==, 2);
    msk_keystone_token_forget_services(token, "instance-ha");
    g_assert_false(msk_keystone_token_has_service(token, "compute"));
    g_assert_cmpuint(token->services->len, ==, 0);
    msk_keystone_token_forget_services(token, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keystone_token/of_a_project", test_of_a_project);
    g_test_add_func("/keystone_token/of_system_and_domain", test_of_system_and_domain);
    g_test_add_func("/keystone_token/what_is_no_token", test_what_is_no_token);
    g_test_add_func("/keystone_token/endpoints", test_endpoints);
    g_test_add_func("/keystone_token/a_service_without_endpoints",
                    test_a_service_without_endpoints);
    g_test_add_func("/keystone_token/access_rules", test_access_rules);
    g_test_add_func("/keystone_token/services_that_are_not_kept", test_services_that_are_not_kept);
    return g_test_run();
}
