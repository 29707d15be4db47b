/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/compute.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

#define UUID "11111111-1111-4111-8111-111111111111"

/* @overrides: NULL-terminated "group.name=value". */
static MskConfig *
configure(const char *const *overrides)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_compute_add_options(schema);
    MskConfig *config =
        msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);

    g_assert_no_error(error);
    return config;
}

static void
test_refused_configurations(void)
{
    static const struct {
        const char *overrides[5];
        const char *complaint;
        bool lacks; /* what hosts are looked for with, and nothing else needs */
    } cases[] = {
        {{NULL}, "os_privileged_user_auth_url", true},
        {{"DEFAULT.os_privileged_user_auth_url=http://h/v3"}, "os_privileged_user_name", true},
        {{"DEFAULT.os_privileged_user_auth_url=http://h/v3", "DEFAULT.os_privileged_user_name=u",
          "DEFAULT.os_privileged_user_password=p", "DEFAULT.nova_catalog_admin_info=compute:nova"},
         "nova_catalog_admin_info",
         false},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.connection_uri=here"},
         "connection_uri",
         false},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.host_uris=h1:h1"}, "host_uris", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskConfig) config = configure(cases[i].overrides);
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_compute_new(config, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].complaint));
        g_clear_error(&error);
        g_autofree char *lacks = NULL;
        g_autoptr(MskCompute) hosts_only = msk_compute_new_hosts_only(config, &lacks, &error);

        g_assert_cmpint(hosts_only != NULL, ==, cases[i].lacks);
        g_assert_cmpint(lacks != NULL, ==, cases[i].lacks);
        if (hosts_only != NULL) {
            g_assert_no_error(error);
            g_assert_false(msk_compute_find_host(hosts_only, NULL, "h1", &error));
            g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
            g_assert_nonnull(strstr(error->message, lacks));
        } else {
            g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        }
    }
}

static void
test_find_host(void)
{
    static const struct {
        const char *overrides[4];
        const char *host;
        bool known;
    } cases[] = {
        {{"DEFAULT.compute_driver=libvirt"}, "any", true},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.host_uris=h1:test:///default",
          "DEFAULT.host=me"},
         "h1",
         true},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.host_uris=h1:test:///default",
          "DEFAULT.host=me"},
         "me",
         true},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.host_uris=h1:test:///default",
          "DEFAULT.host=me"},
         "H1",
         false},
        {{"DEFAULT.compute_driver=libvirt", "libvirt.host_uris=h1:test:///default"}, "", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskConfig) config = configure(cases[i].overrides);
        g_autoptr(MskCompute) full = msk_compute_new(config, NULL);
        g_autoptr(MskCompute) hosts_only =
            msk_compute_new_hosts_only(config, &(char *){NULL}, NULL);
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        g_assert_cmpint(msk_compute_find_host(full, NULL, cases[i].host, &error), ==,
                        cases[i].known);
        g_assert_true(cases[i].known || g_error_matches(error, MSK_ERROR, MSK_ERROR_NOT_FOUND));
        g_assert_cmpint(msk_compute_find_host(hosts_only, NULL, cases[i].host, NULL), ==,
                        cases[i].known);
    }
}

/* Two hosts, each with a daemon of its own: libvirt's test driver with another file each. */
static void
test_servers_by_host(void)
{
    g_autofree char *dir = g_dir_make_tmp("msk-compute-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "node.xml", NULL);
    g_autofree char *uris =
        g_strdup_printf("libvirt.host_uris=h1:test:///default,h2:test://%s", file);
    const char *const overrides[] = {"DEFAULT.compute_driver=libvirt", uris, NULL};

    g_assert_true(g_file_set_contents(file,
                                      "<node><domain type='test'><name>vm</name><uuid>" UUID
                                      "</uuid><memory>8192</memory><os><type>hvm</type></os>"
                                      "</domain></node>",
                                      -1, NULL));
    g_autoptr(MskConfig) config = configure(overrides);
    g_autoptr(GError) error = NULL;
    g_autoptr(MskCompute) compute = msk_compute_new(config, &error);
    MskServerRef ref = {.uuid = UUID, .host = "h2"};

    g_assert_no_error(error);
    g_assert_true(compute->driver->live_truth);
    g_autoptr(MskServer) server = msk_compute_get_server(compute, NULL, &ref, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(server->host, ==, "h2");
    g_assert_cmpint(server->vm_state, ==, MSK_VM_ACTIVE);
    g_assert_true(msk_compute_stop_server(compute, NULL, &ref, &error));
    g_assert_true(msk_compute_start_server(compute, NULL, &ref, &error));
    ref.host = "h1";
    g_assert_null(msk_compute_get_server(compute, NULL, &ref, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    g_assert_cmpint(g_unlink(file), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void
expect_refusal(bool answered, GError **error)
{
    g_assert_false(answered);
    g_assert_error(*error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr((*error)->message, "libvirt"));
    g_clear_error(error);
}

/* What needs a cloud is refused in words, not with a crash. */
static void
test_libvirt_is_no_cloud(void)
{
    g_autoptr(MskConfig) config =
        configure((const char *const[]){"DEFAULT.compute_driver=libvirt", NULL});
    g_autoptr(MskCompute) self = msk_compute_new(config, NULL);
    MskComputeService service = {0};
    MskServiceChange change = {.enabled = MSK_CHANGE_TO_FALSE};
    GError *error = NULL;

    expect_refusal(msk_compute_get_service(self, NULL, "h", "b", &error) != NULL, &error);
    expect_refusal(msk_compute_set_service(self, NULL, &service, &change, &error), &error);
    expect_refusal(msk_compute_list_servers(self, NULL, "h", &error) != NULL, &error);
    expect_refusal(msk_compute_list_changed_servers(self, NULL, 0, &error) != NULL, &error);
    expect_refusal(msk_compute_list_migrations(self, NULL, "h", 0, &error) != NULL, &error);
    expect_refusal(msk_compute_evacuate(self, NULL, UUID, NULL, &error), &error);
    expect_refusal(msk_compute_set_locked(self, NULL, UUID, true, &error), &error);
    expect_refusal(msk_compute_reset_state(self, NULL, UUID, MSK_VM_ERROR, &error), &error);
    expect_refusal(msk_compute_list_aggregates(self, NULL, &error) != NULL, &error);
    expect_refusal(msk_compute_set_aggregate_host(self, NULL, 1, "h", true, &error), &error);
}

static void
test_hosts_only_refuses_servers(void)
{
    g_autoptr(MskConfig) config =
        configure((const char *const[]){"DEFAULT.compute_driver=libvirt", NULL});
    g_autoptr(MskCompute) compute = msk_compute_new_hosts_only(config, &(char *){NULL}, NULL);
    MskServerRef ref = {.uuid = UUID, .host = "h2"};
    g_autoptr(GError) error = NULL;

    g_assert_null(msk_compute_get_server(compute, NULL, &ref, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_false(msk_compute_start_server(compute, NULL, &ref, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compute/refused_configurations", test_refused_configurations);
    g_test_add_func("/compute/find_host", test_find_host);
    g_test_add_func("/compute/servers_by_host", test_servers_by_host);
    g_test_add_func("/compute/libvirt_is_no_cloud", test_libvirt_is_no_cloud);
    g_test_add_func("/compute/hosts_only_refuses_servers", test_hosts_only_refuses_servers);
    return g_test_run();
}
