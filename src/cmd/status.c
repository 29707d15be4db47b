/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-status: says before an upgrade whether something has to be changed for it.
 * Source: upstream masakari/cmd/status.py, oslo.upgradecheck 2 upgradecheck.py (the form of the
 * results, the exit statuses), common_checks.py (what is checked).
 */

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/program.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Results, and exit statuses: the worst of all checks. */
enum { SUCCESS = 0, FAILURE = 2, USAGE = 2, UNEXPECTED = 255 };

#define TITLE "Upgrade Check Results"
#define CHECK "Policy File JSON to YAML Migration"
/* Details are broken at so many columns, and the rest of them indented below the first line. */
#define DETAILS_WIDTH  60
#define DETAILS_INDENT 9

static const char json_policy[] =
    "The policy file is written in JSON, which newer releases do not read. Convert it to YAML with "
    "the tool oslopolicy-convert-json-to-yaml, and name the result in [oslo_policy] policy_file.";

static int exit_status = SUCCESS; /* of the checks that were made */

/* Where the policy file is, or NULL. */
static char *
find_policy(MskProgram *program)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_auto(GStrv) dirs = msk_program_search_dirs(program);
    const char *name = msk_config_string(config, "oslo_policy", "policy_file");

    if (name == NULL || g_path_is_absolute(name)) {
        return name != NULL && g_file_test(name, G_FILE_TEST_EXISTS) ? g_strdup(name) : NULL;
    }
    for (char **dir = dirs; *dir != NULL; dir++) {
        char *path = g_build_filename(*dir, name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return path;
        }
        g_free(path);
    }
    return NULL;
}

static bool
is_json(const char *path)
{
    json_t *read = json_load_file(path, JSON_DECODE_ANY, NULL);
    bool parsed = read != NULL;

    json_decref(read);
    return parsed;
}

/* Breaks @text at blanks. The first line is @first columns in already. */
static void
append_wrapped(GPtrArray *lines, const char *first, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GString) line = g_string_new(first);
    size_t start = line->len;
    size_t used = 0;

    for (size_t i = 0; words[i] != NULL; i++) {
        size_t wanted = strlen(words[i]);

        if (used > 0 && used + 1 + wanted > DETAILS_WIDTH) {
            g_ptr_array_add(lines, g_strdup(line->str));
            g_string_printf(line, "%*s", DETAILS_INDENT, "");
            start = line->len;
            used = DETAILS_INDENT;
        }
        g_string_append_printf(line, "%s%s", line->len > start ? " " : "", words[i]);
        used += wanted + (used > 0 && line->len > start + wanted ? 1 : 0);
    }
    g_ptr_array_add(lines, g_strdup(line->str));
}

static void
append_rule(GString *text, size_t width)
{
    g_string_append_c(text, '+');
    for (size_t i = 0; i < width + 2; i++) {
        g_string_append_c(text, '-');
    }
    g_string_append(text, "+\n");
}

static void
free_text(void *text)
{
    g_free(text);
}

static char *
format_table(int result, const char *details)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(free_text);
    GString *text = g_string_new(NULL);
    size_t width = 0;

    g_ptr_array_add(lines, g_strdup(TITLE));
    g_ptr_array_add(lines, g_strdup("Check: " CHECK));
    g_ptr_array_add(lines,
                    g_strdup_printf("Result: %s", result == SUCCESS ? "Success" : "Failure"));
    append_wrapped(lines, "Details: ", details != NULL ? details : "None");
    for (unsigned i = 0; i < lines->len; i++) {
        width = MAX(width, strlen(g_ptr_array_index(lines, i)));
    }
    append_rule(text, width);
    for (unsigned i = 0; i < lines->len; i++) {
        g_string_append_printf(text, "| %-*s |\n", (int) width,
                               (const char *) g_ptr_array_index(lines, i));
        if (i == 0 || i == lines->len - 1) {
            append_rule(text, width);
        }
    }
    return g_string_free(text, FALSE);
}

static char *
format_json(int result, const char *details)
{
    json_t *root = json_pack("{s:s, s:[{s:s, s:i, s:s?}]}", "name", TITLE, "checks", "check", CHECK,
                             "result", result, "details", details);
    char *text = json_dumps(root, 0);
    char *line = g_strconcat(text, "\n", NULL);

    json_decref(root);
    free(text); /* jansson's */
    return line;
}

static bool
read_arguments(const char *const *arguments, bool *ret_json, GError **error)
{
    bool upgrade = false;
    bool check = false;

    for (size_t i = 0; arguments[i] != NULL; i++) {
        if (i == 0 && g_str_equal(arguments[i], "upgrade")) {
            upgrade = true;
        } else if (upgrade && !check && g_str_equal(arguments[i], "check")) {
            check = true;
        } else if (upgrade && g_str_equal(arguments[i], "--json")) {
            *ret_json = true;
        } else {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "unexpected argument '%s'; the command is: upgrade check [--json]",
                        arguments[i]);
            return false;
        }
    }
    if (!check) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "no command; it is: upgrade check [--json]");
    }
    return check;
}

static bool
run(MskProgram *program, const char *const *arguments, GError **error)
{
    bool as_json = false;

    if (!read_arguments(arguments, &as_json, error)) {
        return false;
    }
    g_autofree char *policy = find_policy(program);
    const char *details = policy != NULL && is_json(policy) ? json_policy : NULL;

    exit_status = details != NULL ? FAILURE : SUCCESS;
    g_autofree char *text =
        as_json ? format_json(exit_status, details) : format_table(exit_status, details);

    if (fputs(text, stdout) == EOF || fflush(stdout) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "cannot write to standard output");
        return false;
    }
    return true;
}

static int
status(const GError *error)
{
    return g_error_matches(error, MSK_ERROR, MSK_ERROR_INVALID) ? USAGE : UNEXPECTED;
}

static const MskProgramSpec spec = {
    .name = "masakari-status",
    .project = "masakari",
    .summary = "Says whether something has to be changed before an upgrade",
    .add_options = msk_options_masakari,
    .usage = "upgrade check [--json]\n\n"
             "Exit status: 0 all is well; 2 something has to be changed first, or the arguments\n"
             "cannot be used; 255 the check could not be made.",
    .run = run,
    .status = status,
};

int
main(int argc, char **argv)
{
    int ended = msk_program_main(&spec, argc, argv);

    return ended != 0 ? ended : exit_status;
}
