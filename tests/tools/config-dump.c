/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-dump: loads configuration files with one option of every type and writes the values as
 * JSON, for the comparison with the Python library in tests/functional/test_oslo_parity.py, which
 * has the same options.
 *
 *     config-dump (file:PATH | dir:PATH | set:GROUP.NAME=VALUE)...
 *     {"values": {"group.name": v}, "unknown": [s], "deprecated": [s]}  or  {"error": s}
 */
#include "config_json.h"

#include <jansson.h>

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const MskOption options[] = {
    {.group = "DEFAULT", .name = "text", .initial = "plain"},
    {.group = "DEFAULT", .name = "base", .initial = "/b"},
    {.group = "DEFAULT", .name = "path", .initial = "$base/x"},
    {.group = "DEFAULT", .name = "host", .type = MSK_OPTION_HOST, .initial = "localhost"},
    {.group = "DEFAULT", .name = "colour", .initial = "red", .choices = STRINGS("red", "blue")},
    {.group = "DEFAULT",
     .name = "shade",
     .initial = "None",
     .choices = STRINGS("None", "DARK"),
     .ignore_case = true},
    {.group = "DEFAULT", .name = "flag", .type = MSK_OPTION_BOOL, .initial = "false"},
    {.group = "g", .name = "text", .deprecated = STRINGS("DEFAULT.g_text", "old.text")},
    {.group = "g", .name = "mixed", .initial = "${text}-$g.count"},
    {.group = "g",
     .name = "count",
     .type = MSK_OPTION_INT,
     .min = -5,
     .max = 1000000,
     .has_bounds = true,
     .deprecated = STRINGS("g.amount")},
    {.group = "g", .name = "ratio", .type = MSK_OPTION_FLOAT},
    {.group = "g", .name = "port", .type = MSK_OPTION_PORT},
    {.group = "g", .name = "elements", .type = MSK_OPTION_LIST, .initial = "a,b"},
    {.group = "g",
     .name = "ports",
     .type = MSK_OPTION_LIST,
     .min = 0,
     .max = 65535,
     .has_bounds = true},
    {.group = "g", .name = "pairs", .type = MSK_OPTION_DICT},
    {.group = "g", .name = "multi", .type = MSK_OPTION_MULTI, .deprecated = STRINGS("old.multi")},
    {.group = "g",
     .name = "flow",
     .type = MSK_OPTION_FLOW,
     .initial = "pre: ['p'], main: ['m', 'n'], post: []"},
    {.group = "g", .name = "uri", .type = MSK_OPTION_URI},
};

static json_t *
config_to_json(const MskConfig *config)
{
    json_t *values = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *name = g_strdup_printf("%s.%s", options[i].group, options[i].name);

        json_object_set_new(values, name, msk_test_value_to_json(config, &options[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "values", values, "unknown",
                     msk_test_list_to_json(msk_config_unknown(config)), "deprecated",
                     msk_test_list_to_json(msk_config_deprecated(config)));
}

/* The arguments that begin with @prefix, without it. */
static const char **
select_arguments(int argc, char **argv, const char *prefix)
{
    const char **selected = g_new0(const char *, (size_t) argc + 1);
    size_t n = 0;

    for (int i = 1; i < argc; i++) {
        if (g_str_has_prefix(argv[i], prefix)) {
            selected[n++] = argv[i] + strlen(prefix);
        }
    }
    return selected;
}

int
main(int argc, char **argv)
{
    g_autofree const char **files = select_arguments(argc, argv, "file:");
    g_autofree const char **dirs = select_arguments(argc, argv, "dir:");
    g_autofree const char **overrides = select_arguments(argc, argv, "set:");
    MskConfigSources sources = {
        .files = files, .dirs = dirs, .overrides = overrides, .use_environment = true};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GError) error = NULL;
    json_t *out;
    char *text;

    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
    config = msk_config_load(schema, &sources, &error);
    out = config != NULL ? config_to_json(config) : json_pack("{s:s}", "error", error->message);
    text = json_dumps(out, JSON_SORT_KEYS);
    json_decref(out);
    /* Not g_print, which would put it into the character set of the locale. */
    if (puts(text) == EOF || fflush(stdout) != 0) {
        return 1;
    }
    free(text);
    return 0;
}
