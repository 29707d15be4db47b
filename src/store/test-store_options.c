/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_options.h"

#include "store/test_fixture.h"

static void
test_options_become_a_stores(void)
{
    static const struct {
        const char *file;
        const char *connection;
        unsigned max_connections;
        unsigned busy_timeout_ms;
        unsigned max_overflow;
        unsigned pool_timeout_ms;
    } rows[] = {
        {"", NULL, 5, 5000, 50, 0},
        {"[database]\nconnection = sqlite:////x\nmax_pool_size = 7\nsqlite_busy_timeout = 2\n",
         "sqlite:////x", 7, 2000, 50, 0},
        {"[database]\nmax_pool_size = 0\nmax_overflow = -1\n", NULL, INT32_MAX, 5000, INT32_MAX, 0},
        {"[database]\nmax_pool_size = 1\nmax_overflow = 0\npool_timeout = 0\n", NULL, 1, 5000, 0,
         1},
        {"[database]\nsqlalchemy_max_overflow = 3\npool_timeout = 30\n", NULL, 5, 5000, 3, 30000},
        {"[DEFAULT]\nsql_connection = sqlite:////old\n", "sqlite:////old", 5, 5000, 50, 0},
    };
    Fixture fixture;

    fixture_init_empty(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
        g_autoptr(MskConfig) config = NULL;
        const char *const files[] = {fixture.path, NULL};
        MskConfigSources sources = {.files = files};

        g_assert_true(g_file_set_contents(fixture.path, rows[i].file, -1, &error));
        msk_store_add_options(schema);
        config = msk_config_load(schema, &sources, &error);
        g_assert_no_error(error);
        MskStoreOptions options = msk_store_options(config);

        g_assert_cmpstr(options.connection, ==, rows[i].connection);
        g_assert_cmpuint(options.max_connections, ==, rows[i].max_connections);
        g_assert_cmpuint(options.busy_timeout_ms, ==, rows[i].busy_timeout_ms);
        g_assert_cmpuint(options.max_overflow, ==, rows[i].max_overflow);
        g_assert_cmpuint(options.pool_timeout_ms, ==, rows[i].pool_timeout_ms);
        g_assert_cmpstr(options.parameters, ==, "");
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_options/options_become_a_stores", test_options_become_a_stores);
    return g_test_run();
}
