/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_settings.h"

#include <string.h>

#include "base/error.h"

#define S       INT64_C(1000000)
#define SEGMENT "6a1f5e94-6a3f-4a9c-8c52-6c0f6d3d6a01"
#define OTHER   "6a1f5e94-6a3f-4a9c-8c52-6c0f6d3d6a02"

static MskConfig *
load_config(const char *first, const char *second)
{
    const char *overrides[] = {first, second, NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_engine_add_options(schema);
    MskConfig *config =
        msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);

    g_assert_no_error(error);
    return config;
}

static void
test_what_is_disarmed(void)
{
    static const struct {
        const char *first;
        const char *second;
        const char *segment; /* that is disarmed at 100 s, by */
        const char *option;  /* (nullable) */
    } table[] = {
        {NULL, NULL, SEGMENT, NULL},
        {"host_failure.armed=false", NULL, SEGMENT, "armed"},
        {"host_failure.disarmed_until=101", NULL, SEGMENT, "disarmed_until"},
        {"host_failure.disarmed_until=100", NULL, SEGMENT, NULL},
        {"host_failure.disarmed_segments=" SEGMENT ":101," OTHER ":99", NULL, SEGMENT,
         "disarmed_segments"},
        {"host_failure.disarmed_segments=" SEGMENT ":101," OTHER ":99", NULL, OTHER, NULL},
        {"host_failure.disarmed_segments=6A1F5E94-6A3F-4A9C-8C52-6C0F6D3D6A01:101", NULL, SEGMENT,
         "disarmed_segments"},
        {"host_failure.disarmed_segments=" SEGMENT ":100", NULL, SEGMENT, NULL},
        {"host_failure.disarmed_segments=" SEGMENT ":101", NULL, NULL, NULL},
        {"host_failure.disarmed_segments=" SEGMENT ":101", "host_failure.armed=false", OTHER,
         "armed"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(MskConfig) config = load_config(table[i].first, table[i].second);
        g_auto(MskEngineSettings) settings = {0};
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        g_assert_true(msk_engine_settings_load(config, &settings, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(msk_engine_settings_disarmed(&settings, table[i].segment, 100 * S), ==,
                        table[i].option);
    }
}

static void
test_what_cannot_be_read_changes_nothing(void)
{
    static const char *const wrong[] = {"s1:100", SEGMENT ":soon", SEGMENT ":-1",
                                        SEGMENT ":100000000000"};
    g_autoptr(MskConfig) before = load_config("host_failure.armed=false", NULL);
    g_auto(MskEngineSettings) settings = {0};
    g_autoptr(GError) none = NULL;

    g_assert_true(msk_engine_settings_load(before, &settings, &none));
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strconcat("host_failure.disarmed_segments=", wrong[i], NULL);
        g_autoptr(MskConfig) config = load_config(text, NULL);
        g_auto(MskEngineSettings) fresh = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(GError) again = NULL;

        g_test_message("%s", wrong[i]);
        g_assert_false(msk_engine_settings_load_gates(&settings, config, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, wrong[i]));
        g_assert_false(settings.armed);
        g_assert_false(msk_engine_settings_load(config, &fresh, &again));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine_settings/disarmed", test_what_is_disarmed);
    g_test_add_func("/engine_settings/wrong", test_what_cannot_be_read_changes_nothing);
    return g_test_run();
}
