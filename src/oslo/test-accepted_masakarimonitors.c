/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/accepted.h"

/* Each default is a value of its own type, and a row says why it has no effect. */
static void
test_rows_are_sound(void)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GError) error = NULL;
    MskConfigSources sources = {0};
    size_t n;

    msk_config_schema_add(schema, msk_accepted_masakarimonitors, msk_n_accepted_masakarimonitors);
    (void) msk_config_schema_options(schema, &n);
    g_assert_cmpuint(n, ==, msk_n_accepted_masakarimonitors); /* no name twice */
    for (size_t i = 0; i < n; i++) {
        const MskOption *option = &msk_accepted_masakarimonitors[i];

        g_assert_true(option->accepted_only);
        g_assert_false(option->own);
        g_assert_true(g_str_has_suffix(option->help, "."));
        g_assert_null(strchr(option->name, '-'));
        for (size_t j = 0; option->deprecated != NULL && option->deprecated[j] != NULL; j++) {
            g_assert_nonnull(strchr(option->deprecated[j], '.'));
        }
    }
    config = msk_config_load(schema, &sources, &error);
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accepted_masakarimonitors/rows_are_sound", test_rows_are_sound);
    return g_test_run();
}
