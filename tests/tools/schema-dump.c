/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema-dump: writes the option tables of a configuration file as JSON, for
 * tests/functional/test_option_tables.py.
 *
 *     schema-dump masakari | masakarimonitors [FILE]
 *     {"options": [{"group": s, "name": s, "type": s, "default": s or null, "choices": [s],
 *                   "deprecated": [s], "ignore_case": b, "secret": b, "mutable": b, "own": b,
 *                   "accepted_only": b, "help": s}],
 *      "stale": ["group.name"]}   accepted rows that a module's row replaces
 *
 * With a file, it is read, and instead there is written
 *
 *     {"values": {"group.name": v}, "unknown": [s]}  or  {"error": s}
 */
#include "cmd/options.h"
#include "cmd/program.h"
#include "config_json.h"
#include "oslo/accepted.h"
#include "oslo/config_value.h"

#include <sysexits.h>

static json_t *
strings_to_json(const char *const *strings)
{
    json_t *array = json_array();

    for (size_t i = 0; strings != NULL && strings[i] != NULL; i++) {
        json_array_append_new(array, json_string(strings[i]));
    }
    return array;
}

static json_t *
option_to_json(const MskOption *option)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:s?}", "group",
                     option->group, "name", option->name, "type", msk_config_type_name(option),
                     "default", option->initial, "choices", strings_to_json(option->choices),
                     "deprecated", strings_to_json(option->deprecated), "ignore_case",
                     (int) option->ignore_case, "secret", (int) option->secret, "mutable",
                     (int) option->is_mutable, "own", (int) option->own, "accepted_only",
                     (int) option->accepted_only, "help", option->help);
}

static bool
is_among(const MskOption *row, const MskOption *const *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (options[i] == row) {
            return true;
        }
    }
    return false;
}

/* What @path means. Returns: (transfer full) */
static json_t *
read_file(MskConfigSchema *schema, const char *path)
{
    const char *const files[] = {path, NULL};
    const MskConfigSources sources = {.files = files};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfig) config = msk_config_load(schema, &sources, &error);
    const MskOption *const *options;
    json_t *values;
    size_t n;

    if (config == NULL) {
        return json_pack("{s:s}", "error", error->message);
    }
    values = json_object();
    options = msk_config_schema_options(schema, &n);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("%s.%s", options[i]->group, options[i]->name);

        json_object_set_new(values, name, msk_test_value_to_json(config, options[i]));
    }
    return json_pack("{s:o, s:o}", "values", values, "unknown",
                     msk_test_list_to_json(msk_config_unknown(config)));
}

/* Returns: (transfer full) */
static json_t *
describe(MskConfigSchema *schema, const MskOption *accepted, size_t n_accepted)
{
    json_t *rows = json_array();
    json_t *stale = json_array();
    size_t n;
    const MskOption *const *options = msk_config_schema_options(schema, &n);

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(rows, option_to_json(options[i]));
    }
    for (size_t i = 0; i < n_accepted; i++) {
        if (!is_among(&accepted[i], options, n)) {
            json_array_append_new(stale,
                                  json_sprintf("%s.%s", accepted[i].group, accepted[i].name));
        }
    }
    return json_pack("{s:o, s:o}", "options", rows, "stale", stale);
}

int
main(int argc, char **argv)
{
    const char *file = argc >= 2 ? argv[1] : "";
    bool monitors = strcmp(file, "masakarimonitors") == 0;
    const MskOption *accepted = monitors ? msk_accepted_masakarimonitors : msk_accepted_masakari;
    size_t n_accepted = monitors ? msk_n_accepted_masakarimonitors : msk_n_accepted_masakari;
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    json_t *out;
    int written;

    if ((!monitors && strcmp(file, "masakari") != 0) || argc > 3) {
        (void) fputs("usage: schema-dump masakari | masakarimonitors [FILE]\n", stderr);
        return EX_USAGE;
    }
    msk_program_add_options(schema);
    if (monitors) {
        msk_options_masakarimonitors(schema);
    } else {
        msk_options_masakari(schema);
    }
    out = argc == 3 ? read_file(schema, argv[2]) : describe(schema, accepted, n_accepted);
    written = json_dumpf(out, stdout, 0);
    json_decref(out);
    return written == 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
