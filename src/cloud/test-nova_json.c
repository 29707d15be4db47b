/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/nova_json.h"

#include <string.h>

#include "base/error.h"

#define SERVER                                                                                     \
    "{\"id\": \"u1\", \"name\": \"w1\", \"metadata\": {\"HA_Enabled\": \"True\"},"                 \
    " \"flavor\": {\"vcpus\": 2, \"ram\": 64, \"disk\": 1}, \"OS-EXT-SRV-ATTR:host\": \"cmp1\","   \
    " \"OS-EXT-STS:task_state\": \"rebuilding\", \"OS-EXT-STS:vm_state\": \"error\","              \
    " \"OS-EXT-STS:power_state\": 4, \"locked\": true, \"host_status\": \"DOWN\","                 \
    " \"fault\": {\"code\": 500, \"message\": \"No valid host was found.\"}}"

static void
test_server(void)
{
    static const char body[] = "{\"server\": " SERVER "}";
    g_autoptr(GError) error = NULL;
    g_autoptr(MskServer) server = msk_nova_parse_server(body, strlen(body), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(server->uuid, ==, "u1");
    g_assert_cmpstr(server->name, ==, "w1");
    g_assert_cmpstr(server->host, ==, "cmp1");
    g_assert_cmpint(server->vm_state, ==, MSK_VM_ERROR);
    g_assert_cmpstr(server->task_state, ==, "rebuilding");
    g_assert_cmpint(server->power_state, ==, MSK_POWER_OFF);
    g_assert_true(server->locked);
    g_assert_cmpstr(server->host_status, ==, "DOWN");
    g_assert_cmpstr(server->fault, ==, "No valid host was found.");
    g_assert_cmpuint(server->vcpus, ==, 2);
    g_assert_cmpuint(server->memory_mib, ==, 64);
    g_assert_cmpuint(server->disk_gib, ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(server->metadata, "HA_Enabled"), ==, "True");
}

static void
test_pages(void)
{
    static const char first[] =
        "{\"servers\": [" SERVER "], \"servers_links\": [{\"rel\": \"next\", \"href\": \"x\"}]}";
    static const char last[] = "{\"servers\": [{\"id\": \"u2\", \"OS-EXT-SRV-ATTR:host\": null}]}";
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
    g_autofree char *marker = NULL;

    g_assert_true(msk_nova_parse_servers(first, strlen(first), all, &marker, NULL));
    g_assert_cmpstr(marker, ==, "u1");
    g_clear_pointer(&marker, g_free);
    g_assert_true(msk_nova_parse_servers(last, strlen(last), all, &marker, NULL));
    g_assert_null(marker);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_null(((MskServer *) all->pdata[1])->host);
    g_assert_cmpint(((MskServer *) all->pdata[1])->vm_state, ==, MSK_VM_OTHER);
}

/* Whoever is no administrator gets servers without hosts, of any host: not a list to trust. */
static void
test_servers_without_hosts(void)
{
    static const char body[] = "{\"servers\": [{\"id\": \"u1\"}]}";
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
    g_autoptr(GError) error = NULL;
    char *marker = NULL;

    g_assert_false(msk_nova_parse_servers(body, strlen(body), all, &marker, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_DENIED);
}

static void
test_services(void)
{
    static const char body[] =
        "{\"services\": [{\"binary\": \"nova-compute\", \"host\": \"cmp1\", \"id\": \"s1\","
        " \"status\": \"disabled\", \"state\": \"up\", \"updated_at\": "
        "\"2026-11-23T06:51:22.000000\", \"disabled_reason\": \"why\", \"forced_down\": true}]}";
    g_autoptr(GPtrArray) all = msk_nova_parse_services(body, strlen(body), NULL);
    const MskComputeService *service = all->pdata[0];

    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpstr(service->id, ==, "s1");
    g_assert_true(service->up);
    g_assert_false(service->enabled);
    g_assert_true(service->forced_down);
    g_assert_cmpstr(service->disabled_reason, ==, "why");
    g_assert_cmpint(service->updated_us, ==, INT64_C(1795416682000000));
}

static void
test_migrations(void)
{
    static const char body[] =
        "{\"migrations\": [{\"id\": 4, \"uuid\": \"m4\", \"source_compute\": \"cmp1\","
        " \"dest_compute\": null, \"instance_uuid\": \"u1\", \"status\": \"accepted\","
        " \"created_at\": \"2026-11-23T06:51:22.000000\", \"updated_at\": null}],"
        " \"migrations_links\": [{\"rel\": \"next\"}]}";
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) msk_migration_free);
    g_autofree char *marker = NULL;

    g_assert_true(msk_nova_parse_migrations(body, strlen(body), all, &marker, NULL));
    const MskMigration *migration = all->pdata[0];

    g_assert_cmpstr(marker, ==, "m4");
    g_assert_cmpint(migration->id, ==, 4);
    g_assert_cmpstr(migration->source_host, ==, "cmp1");
    g_assert_null(migration->dest_host);
    g_assert_cmpint(migration->state, ==, MSK_MIGRATION_UNDER_WAY);
    g_assert_cmpint(migration->created_us, ==, INT64_C(1795416682000000));
    g_assert_cmpint(migration->updated_us, ==, migration->created_us);
}

static void
test_aggregates(void)
{
    static const char body[] =
        "{\"aggregates\": [{\"id\": 7, \"name\": \"a\", \"hosts\": [\"cmp1\", \"cmp2\"]}]}";
    g_autoptr(GPtrArray) all = msk_nova_parse_aggregates(body, strlen(body), NULL);
    const MskAggregate *aggregate = all->pdata[0];

    g_assert_cmpint(aggregate->id, ==, 7);
    g_assert_cmpstr(aggregate->name, ==, "a");
    g_assert_true(msk_aggregate_has_host(aggregate, "cmp2"));
}

static void
test_version(void)
{
    static const struct {
        const char *body;
        bool good;
        unsigned minor;
    } cases[] = {
        {"{\"version\": {\"id\": \"v2.1\", \"version\": \"2.93\"}}", true, 93},
        {"{\"version\": {\"id\": \"v2.0\", \"version\": \"\"}}", true, 0},
        {"{\"version\": {\"version\": \"2.x\"}}", false, 0},
        {"<html>", false, 0},
        {"", false, 0},
        {"[]", false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        unsigned minor = 0;

        g_test_message("%s", cases[i].body);
        g_assert_cmpint(
            msk_nova_parse_version(cases[i].body, strlen(cases[i].body), &minor, &error), ==,
            cases[i].good);
        g_assert_cmpuint(minor, ==, cases[i].minor);
        g_assert_true(cases[i].good || g_error_matches(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE));
    }
}

/* What is no answer of Nova's is never taken for an empty list. */
static void
test_other_answers(void)
{
    static const char *const bodies[] = {
        "",
        "<html>welcome</html>",
        "null",
        "{}",
        "{\"servers\": {}, \"services\": 1, \"migrations\": null, \"aggregates\": \"\"}",
        "{\"servers\": [1], \"services\": [{}], \"migrations\": [[]], \"server\": {}}",
        "{\"aggregates\": [null]}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        const char *body = bodies[i];
        size_t length = strlen(body);
        g_autoptr(GPtrArray) servers =
            g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
        g_autoptr(GPtrArray) migrations =
            g_ptr_array_new_with_free_func((GDestroyNotify) msk_migration_free);
        g_autoptr(GError) error = NULL;
        char *marker = NULL;

        g_test_message("%s", body);
        g_assert_null(msk_nova_parse_server(body, length, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_clear_error(&error);
        g_assert_false(msk_nova_parse_servers(body, length, servers, &marker, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_null(msk_nova_parse_services(body, length, NULL));
        g_assert_false(msk_nova_parse_migrations(body, length, migrations, &marker, NULL));
        g_assert_null(msk_nova_parse_aggregates(body, length, NULL));
    }
}

static void
test_fault_text(void)
{
    static const struct {
        const char *body;
        const char *text;
    } cases[] = {
        {"{\"badRequest\": {\"code\": 400, \"message\": \"Not\\nso.\"}}", "Not so."},
        {"{\"error\": {\"code\": 401, \"message\": \"Who?\"}}", "Who?"},
        {"{\"x\": 1}", "{\"x\": 1}"},
        {"504 Gateway Time-out\r\n", "504 Gateway Time-out"},
        {"", "no reason given"},
    };
    g_autofree char *many = g_strnfill(2000, 'x');
    g_autofree char *cut = msk_nova_fault_text(many, 2000);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = msk_nova_fault_text(cases[i].body, strlen(cases[i].body));

        g_assert_cmpstr(text, ==, cases[i].text);
    }
    g_assert_cmpuint(strlen(cut), ==, 500);
}

static void
test_item_not_found(void)
{
    static const struct {
        const char *body;
        bool is_it;
    } cases[] = {
        {"{\"itemNotFound\": {\"code\": 404, \"message\": \"Instance x\"}}", true},
        {"{\"message\": \"The resource could not be found.\", \"code\": \"404 Not Found\"}", false},
        {"{\"error\": {\"code\": 404, \"message\": \"itemNotFound\"}}", false},
        {"<html>404 Not Found</html>", false},
        {"[\"itemNotFound\"]", false},
        {"", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(msk_nova_is_item_not_found(cases[i].body, strlen(cases[i].body)) ==
                      cases[i].is_it);
    }
}

static void
expect_body(char *body, const char *expected)
{
    g_assert_cmpstr(body, ==, expected);
    g_free(body);
}

static void
test_bodies(void)
{
    MskServiceChange die = {.enabled = MSK_CHANGE_TO_FALSE,
                            .disabled_reason = "a \"b\"",
                            .forced_down = MSK_CHANGE_TO_TRUE};
    MskServiceChange back = {.enabled = MSK_CHANGE_TO_TRUE, .disabled_reason = "unused"};
    MskServiceChange unforce = {.forced_down = MSK_CHANGE_TO_FALSE};

    expect_body(msk_nova_action_body("os-stop"), "{\"os-stop\":null}");
    expect_body(msk_nova_action_body_with("evacuate", "host", NULL), "{\"evacuate\":{}}");
    expect_body(msk_nova_action_body_with("evacuate", "host", "h"),
                "{\"evacuate\":{\"host\":\"h\"}}");
    expect_body(msk_nova_service_body(&die), "{\"status\":\"disabled\",\"disabled_reason\":\"a "
                                             "\\\"b\\\"\",\"forced_down\":true}");
    expect_body(msk_nova_service_body(&back), "{\"status\":\"enabled\"}");
    expect_body(msk_nova_service_body(&unforce), "{\"forced_down\":false}");
}

static void
test_http_date(void)
{
    g_assert_cmpint(msk_nova_http_date("Mon, 23 Nov 2026 06:51:22 GMT"), ==,
                    INT64_C(1795416682000000));
    g_assert_cmpint(msk_nova_http_date("Mon, 23 anF 2026 06:51:22 GMT"), ==, 0);
    g_assert_cmpint(msk_nova_http_date("Mon, 23 Nov 2026 06:51:22"), ==, 0);
    g_assert_cmpint(msk_nova_http_date(NULL), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nova_json/server", test_server);
    g_test_add_func("/nova_json/pages", test_pages);
    g_test_add_func("/nova_json/servers_without_hosts", test_servers_without_hosts);
    g_test_add_func("/nova_json/services", test_services);
    g_test_add_func("/nova_json/migrations", test_migrations);
    g_test_add_func("/nova_json/aggregates", test_aggregates);
    g_test_add_func("/nova_json/version", test_version);
    g_test_add_func("/nova_json/other_answers", test_other_answers);
    g_test_add_func("/nova_json/fault_text", test_fault_text);
    g_test_add_func("/nova_json/item_not_found", test_item_not_found);
    g_test_add_func("/nova_json/bodies", test_bodies);
    g_test_add_func("/nova_json/http_date", test_http_date);
    return g_test_run();
}
