/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_doc.h"

#include "base/wrap.h"
#include "oslo/config_value.h"

#include <inttypes.h>

#define WIDTH 96u

static const char *
default_of(const MskOption *option)
{
    return option->initial != NULL ? option->initial : "<unset>";
}

static const char *
help_of(const MskOption *option)
{
    return option->help != NULL ? option->help : "";
}

/* "integer, 1 to 65535, seconds" */
static char *
describe_type(const MskOption *option)
{
    GString *out = g_string_new(msk_config_type_name(option));

    if (option->has_bounds && option->max == INT64_MAX) {
        g_string_append_printf(out, ", at least %" PRId64, option->min);
    } else if (option->has_bounds && option->min == INT64_MIN) {
        g_string_append_printf(out, ", at most %" PRId64, option->max);
    } else if (option->has_bounds) {
        g_string_append_printf(out, ", %" PRId64 " to %" PRId64, option->min, option->max);
    }
    if (option->unit != NULL) {
        g_string_append_printf(out, ", %s", option->unit);
    }
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        g_string_append_printf(out, "%s%s", i == 0 ? ": " : " | ", option->choices[i]);
    }
    return g_string_free(out, FALSE);
}

static size_t
first_sentence_length(const char *text)
{
    const char *end = strstr(text, ". ");

    return end != NULL ? (size_t) (end - text) + 1 : strlen(text);
}

char *
msk_config_doc_help(MskConfigSchema *schema)
{
    GString *out = g_string_new("Options of the configuration file (--sample-config shows all, "
                                "with their defaults):\n");
    const char *group = "";
    size_t n;
    const MskOption *const *options = msk_config_schema_options(schema, &n);

    for (size_t i = 0; i < n; i++) {
        const MskOption *option = options[i];
        const char *help = help_of(option);

        if (option->accepted_only) {
            continue;
        }
        if (strcmp(option->group, group) != 0) {
            group = option->group;
            g_string_append_printf(out, "\n[%s]\n", group);
        }
        g_string_append_printf(out, "  %-40s %.*s\n", option->name,
                               (int) first_sentence_length(help), help);
    }
    return g_string_free(out, FALSE);
}

/* One line for each value of a MULTI, else one; commented out. */
static void
append_sample_values(GString *out, const MskOption *option)
{
    bool multi = option->type == MSK_OPTION_MULTI;
    const char *line = default_of(option);

    while (line != NULL) {
        const char *end = multi ? strchr(line, '\n') : NULL;
        size_t length = end != NULL ? (size_t) (end - line) : strlen(line);
        bool quoted = length > 0 && (g_ascii_isspace(line[0]) || g_ascii_isspace(line[length - 1]));
        const char *quote = quoted ? "\"" : "";

        g_string_append_printf(out, "#%s = %s%.*s%s\n", option->name, quote, (int) length, line,
                               quote);
        line = end != NULL ? end + 1 : NULL;
    }
}

static void
append_sample_option(GString *out, const MskOption *option)
{
    g_autofree char *type = describe_type(option);
    g_autofree char *kind =
        g_strdup_printf("(%s%s%s%s)", type, option->is_mutable ? "; changes on SIGHUP" : "",
                        option->own ? "; not known to the Python services" : "",
                        option->accepted_only ? "; accepted, has no effect" : "");

    g_string_append_c(out, '\n');
    msk_append_wrapped(out, "# ", WIDTH, help_of(option));
    msk_append_wrapped(out, "# ", WIDTH, kind);
    for (size_t i = 0; option->deprecated != NULL && option->deprecated[i] != NULL; i++) {
        const char *dot = strchr(option->deprecated[i], '.');

        g_string_append_printf(out, "# Old name: [%.*s] %s\n", (int) (dot - option->deprecated[i]),
                               option->deprecated[i], dot + 1);
    }
    append_sample_values(out, option);
}

char *
msk_config_doc_sample(MskConfigSchema *schema, const char *file)
{
    GString *out = g_string_new("# SPDX-License-Identifier: Apache-2.0\n");
    const char *group = "";
    size_t n;
    const MskOption *const *options = msk_config_schema_options(schema, &n);

    g_string_append_printf(out,
                           "# Every option of %s with its default, as --sample-config writes it.\n"
                           "# <unset> is not a value: such an option has none until it is given "
                           "one.\n",
                           file);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(options[i]->group, group) != 0) {
            group = options[i]->group;
            g_string_append_printf(out, "\n[%s]\n", group);
        }
        append_sample_option(out, options[i]);
    }
    return g_string_free(out, FALSE);
}

/* @text as a code span, in which a table's '|' has to be escaped. */
static void
append_code(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *joined = g_strjoinv(" ", lines);
    g_auto(GStrv) cells = g_strsplit(joined, "|", -1);
    g_autofree char *escaped = g_strjoinv("\\|", cells);

    if (*escaped == '\0') {
        g_string_append(out, "(empty)");
    } else {
        g_string_append_printf(out, "`%s`", escaped);
    }
}

static void
append_reference_option(GString *out, const MskOption *option)
{
    g_autofree char *type = describe_type(option);

    g_string_append_printf(out, "\n### %s\n\n%s. Default: ", option->name, type);
    if (option->initial == NULL) {
        g_string_append(out, "unset");
    } else if (strcmp(option->initial, MSK_OPTION_HOST_NAME) == 0) {
        g_string_append(out, "the name of the machine");
    } else {
        append_code(out, default_of(option));
    }
    g_string_append_printf(out, ".%s%s%s\n\n", option->is_mutable ? " Takes effect on SIGHUP." : "",
                           option->secret ? " Never shown in logs." : "",
                           option->own ? " Not an option of the Python services." : "");
    msk_append_wrapped(out, "", WIDTH, help_of(option));
    for (size_t i = 0; option->deprecated != NULL && option->deprecated[i] != NULL; i++) {
        g_string_append_printf(out, "%sOld name: `%s`.\n", i == 0 ? "\n" : "",
                               option->deprecated[i]);
    }
}

static void
append_accepted(GString *out, const MskOption *const *options, size_t n)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (!options[i]->accepted_only) {
            continue;
        }
        if (!any) {
            g_string_append(out, "\n## Accepted without effect\n\nThese options of the Python "
                                 "services are read and checked, so that their files load, "
                                 "and do nothing here.\n\n"
                                 "| section | option | type | default | why |\n"
                                 "|---|---|---|---|---|\n");
            any = true;
        }
        g_string_append_printf(out, "| %s | %s | %s | ", options[i]->group, options[i]->name,
                               msk_config_type_name(options[i]));
        if (options[i]->initial != NULL) {
            append_code(out, options[i]->initial);
        } else {
            g_string_append(out, "unset");
        }
        g_string_append_printf(out, " | %s |\n", help_of(options[i]));
    }
}

char *
msk_config_doc_reference(MskConfigSchema *schema, const char *file)
{
    GString *out = g_string_new("<!-- SPDX-License-Identifier: Apache-2.0 -->\n");
    const char *group = "";
    size_t n;
    const MskOption *const *options = msk_config_schema_options(schema, &n);

    g_string_append_printf(out,
                           "# Options of %s\n\nWritten by `make docs` from the option tables in "
                           "the code. How files are read: [README](README.md).\n",
                           file);
    for (size_t i = 0; i < n; i++) {
        if (options[i]->accepted_only) {
            continue;
        }
        if (strcmp(options[i]->group, group) != 0) {
            group = options[i]->group;
            g_string_append_printf(out, "\n## [%s]\n", group);
        }
        append_reference_option(out, options[i]);
    }
    append_accepted(out, options, n);
    return g_string_free(out, FALSE);
}
