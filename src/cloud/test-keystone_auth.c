/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_auth.h"

#include "base/error.h"

#include <string.h>

#define URL .section = "api", .auth_url = "http://k:5000"

static void
test_bodies(void)
{
    static const struct {
        MskKeystoneAuth auth;
        const char *body;
    } cases[] = {
        {{URL, .auth_type = "password", .username = "u", .password = "p", .user_domain_name = "D",
          .project_name = "P", .project_domain_id = "e"},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"
         "\"u\","
         "\"domain\":{\"name\":\"D\"},\"password\":\"p\"}}},\"scope\":{\"project\":{\"name\":\"P\","
         "\"domain\":{\"id\":\"e\"}}}}}"},
        {{URL, .auth_type = "v3password", .user_id = "1", .password = "", .system_scope = "all"},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"1\","
         "\"password\":\"\"}}},\"scope\":{\"system\":{\"all\":true}}}}"},
        {{URL, .auth_type = "password", .username = "u", .password = "p", .default_domain_id = "d",
          .user_domain_name = "y", .project_name = "P", .default_domain_name = "x"},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":"
         "\"u\","
         "\"domain\":{\"id\":\"d\"},\"password\":\"p\"}}},\"scope\":{\"project\":{\"name\":\"P\","
         "\"domain\":{\"id\":\"d\"}}}}}"},
        {{URL, .auth_type = "password", .user_id = "1", .password = "p", .trust_id = "t"},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"1\","
         "\"password\":\"p\"}}},\"scope\":{\"OS-TRUST:trust\":{\"id\":\"t\"}}}}"},
        {{URL, .auth_type = "password", .user_id = "1", .password = "p", .domain_name = "N"},
         "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"1\","
         "\"password\":\"p\"}}},\"scope\":{\"domain\":{\"name\":\"N\"}}}}"},
        {{URL, .auth_type = "v3token", .token = "t", .project_id = "p"},
         "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{\"id\":\"t\"}},\"scope\":{"
         "\"project\":{\"id\":\"p\"}}}}"},
        {{URL, .auth_type = "v3applicationcredential", .application_credential_id = "i",
          .application_credential_secret = "s", .project_id = "p"},
         "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
         "\"application_credential\":{\"secret\":\"s\",\"id\":\"i\"}}}}"},
        {{URL, .auth_type = "v3applicationcredential", .application_credential_name = "n",
          .application_credential_secret = "s", .username = "u", .user_domain_id = "d"},
         "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
         "\"application_credential\":{\"secret\":\"s\",\"name\":\"n\",\"user\":{\"name\":\"u\","
         "\"domain\":{\"id\":\"d\"}}}}}}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *body = NULL;

        g_assert_true(msk_keystone_auth_check(&cases[i].auth, &error));
        g_assert_no_error(error);
        body = msk_keystone_auth_body(&cases[i].auth);
        g_assert_cmpstr(body, ==, cases[i].body);
    }
}

static void
test_what_is_missing(void)
{
    static const struct {
        MskKeystoneAuth auth;
        const char *part;
    } cases[] = {
        {{URL}, "auth_type = (unset)"},
        {{URL, .auth_type = "v2password"}, "auth_type = v2password"},
        {{.section = "api", .auth_type = "password"}, "[api] auth_url is not set"},
        {{URL, .auth_type = "password"}, "username is not set"},
        {{URL, .auth_type = "password", .username = "u"}, "password is not set"},
        {{URL, .auth_type = "token"}, "token is not set"},
        {{URL, .auth_type = "v3applicationcredential", .application_credential_id = "i"},
         "application_credential_secret is not set"},
        {{URL, .auth_type = "v3applicationcredential", .application_credential_name = "n",
          .application_credential_secret = "s"},
         "application_credential_id"},
        {{URL, .auth_type = "v3password", .username = "u", .password = "p",
          .default_domain_id = "d"},
         "user_domain_id (or user_domain_name) is not set"},
        {{URL, .auth_type = "v3token", .token = "t", .project_name = "P"},
         "project_domain_id (or project_domain_name) is not set"},
        {{URL, .auth_type = "token", .token = "t", .project_id = "p", .domain_name = "D"},
         "more than one of a project, a domain and a trust"},
        {{URL, .auth_type = "token", .token = "t", .project_name = "P", .trust_id = "r"},
         "more than one of a project, a domain and a trust"},
        {{URL, .auth_type = "token", .token = "t", .system_scope = "some"}, "system_scope = some"},
        {{.section = "api", .auth_type = "token", .token = "t", .auth_url = "ftp://x"}, "auth_url"},
        {{.section = "api", .auth_type = "token", .token = "t", .auth_url = "k:5000"}, "auth_url"},
        {{.section = "api", .auth_type = "token", .token = "t", .auth_url = "http://"}, "auth_url"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(msk_keystone_auth_check(&cases[i].auth, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].part));
    }
}

static void
test_where_version_3_is(void)
{
#define V3(href) "{\"id\":\"v3.14\",\"links\":[{\"rel\":\"self\",\"href\":\"" href "\"}]}"
    static const struct {
        const char *auth_url;
        const char *document;
        const char *url;
    } cases[] = {
        {"http://k:5000",
         "{\"versions\":{\"values\":[{\"id\":\"v2.0\"}," V3("http://k:5000/v3/") "]}}",
         "http://k:5000/v3"},
        {"https://k/identity/", "{\"versions\":[" V3("http://in:80/identity/v3/") "]}",
         "https://k/identity/v3"},
        {"http://k:5000/v3/", "{\"version\":" V3("http://k:5000/v3/") "}", "http://k:5000/v3"},
        {"http://k:5000", "{\"versions\":{\"values\":[" V3("nonsense") "]}}", "http://k:5000/v3"},
        {"http://k:5000/", "<html>", "http://k:5000/v3"},
        {"http://k:5000", NULL, "http://k:5000/v3"},
        {"http://k:5000/v2.0", NULL, "http://k:5000/v3"},
        {"http://k:5000/v3", NULL, "http://k:5000/v3"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *document = cases[i].document;
        g_autofree char *url = msk_keystone_v3_url(cases[i].auth_url, document,
                                                   document == NULL ? 0 : strlen(document));

        g_assert_cmpstr(url, ==, cases[i].url);
    }
}

static const MskOption rows[] = {
    {.group = "api",
     .name = "auth_type",
     .type = MSK_OPTION_STRING,
     .initial = "password",
     .help = "x"},
    MSK_KEYSTONE_AUTH_OPTIONS("api"),
    MSK_KEYSTONE_CREDENTIAL_OPTIONS("api"),
};

static void
test_reads_a_section(void)
{
    const char *const values[] = {"api.auth_url=http://k", "api.username=u",      "api.password=p",
                                  "api.project_name=P",    "api.user_domain_id=", NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;
    MskKeystoneAuth auth;

    msk_config_schema_add(schema, rows, G_N_ELEMENTS(rows));
    g_autoptr(MskConfig) config =
        msk_config_load(schema, &(MskConfigSources){.overrides = values}, &error);

    g_assert_no_error(error);
    msk_keystone_auth_read(config, "api", &auth);
    g_assert_cmpstr(auth.auth_url, ==, "http://k");
    g_assert_cmpstr(auth.username, ==, "u");
    g_assert_cmpstr(auth.project_name, ==, "P");
    g_assert_null(auth.user_domain_id);
    g_assert_true(msk_keystone_auth_check(&auth, &error));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keystone_auth/bodies", test_bodies);
    g_test_add_func("/keystone_auth/what_is_missing", test_what_is_missing);
    g_test_add_func("/keystone_auth/where_version_3_is", test_where_version_3_is);
    g_test_add_func("/keystone_auth/reads_a_section", test_reads_a_section);
    return g_test_run();
}
