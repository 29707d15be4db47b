/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* test_accepted: what has to hold for every table of options without an effect. */

#include "oslo/accepted.h"

#include <string.h>

/* Each default is a value of its own type, and a row says why it has no effect. */
G_GNUC_UNUSED static void
test_accepted_rows(const MskOption *rows, size_t n_rows)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GError) error = NULL;
    MskConfigSources sources = {0};
    size_t n;

    msk_config_schema_add(schema, rows, n_rows);
    (void) msk_config_schema_options(schema, &n);
    g_assert_cmpuint(n, ==, n_rows); /* no name twice */
    for (size_t i = 0; i < n; i++) {
        const MskOption *option = &rows[i];

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
