/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The text of an option of each type. The first byte chooses the type, the rest is the text. What
 * is taken obeys the option's bounds and can be written; what is refused says what is allowed.
 */

#include "fuzz.h"

#include "oslo/config_value.h"

static const MskOption options[] = {
    {.group = "g", .name = "string", .type = MSK_OPTION_STRING},
    {.group = "g", .name = "bool", .type = MSK_OPTION_BOOL},
    {.group = "g", .name = "int", .type = MSK_OPTION_INT, .min = -5, .max = 7, .has_bounds = true},
    {.group = "g", .name = "float", .type = MSK_OPTION_FLOAT},
    {.group = "g", .name = "port", .type = MSK_OPTION_PORT},
    {.group = "g", .name = "list", .type = MSK_OPTION_LIST},
    {.group = "g", .name = "dict", .type = MSK_OPTION_DICT},
    {.group = "g", .name = "flow", .type = MSK_OPTION_FLOW},
    {.group = "g", .name = "multi", .type = MSK_OPTION_MULTI},
    {.group = "g", .name = "host", .type = MSK_OPTION_HOST},
    {.group = "g", .name = "uri", .type = MSK_OPTION_URI},
};

static void
check_bounds(const MskOption *option, const MskConfigValue *value)
{
    if (option->type == MSK_OPTION_INT) {
        g_assert_cmpint(value->integer, >=, option->min);
        g_assert_cmpint(value->integer, <=, option->max);
    } else if (option->type == MSK_OPTION_PORT) {
        g_assert_cmpint(value->integer, >=, 0);
        g_assert_cmpint(value->integer, <=, 65535);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const MskOption *option = &options[data[0] % G_N_ELEMENTS(options)];
    g_autofree char *text = fuzz_text(data + 1, size - 1);
    char *texts[] = {text, NULL};
    MskConfigValue value = {0};
    g_autofree char *allowed = NULL;

    if (!g_utf8_validate(text, -1, NULL)) {
        return 0; /* files that are not UTF-8 are refused before */
    }
    if (msk_config_value_parse(option, texts, &value, &allowed)) {
        g_autofree char *written = msk_config_value_render(&value);

        g_assert_nonnull(written);
        check_bounds(option, &value);
    } else {
        g_assert_nonnull(allowed);
    }
    msk_config_value_clear(&value);
    return 0;
}
