/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario_files.h"

#include <string.h>

#include "base/number.h"

#define MS INT64_C(1000)
#define S  INT64_C(1000000)

void
scenario_outcome_clear(ScenarioOutcome *self)
{
    g_clear_pointer(&self->log, g_free);
    g_clear_pointer(&self->complaint, g_free);
}

/* ---- a folder of them -------------------------------------------------------------------- */

static void
add_file(const ScenarioSuite *suite, const char *file)
{
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(".txt"));

    for (size_t i = 0; i < suite->n_tests; i++) {
        g_autofree char *path =
            g_strdup_printf("/%s/%s/%s", suite->name, name, suite->tests[i].suffix);

        g_test_add_data_func_full(path, g_build_filename(suite->folder, file, NULL),
                                  suite->tests[i].test, g_free);
    }
}

static int
print(const ScenarioSuite *suite, const char *path)
{
    g_auto(ScenarioOutcome) outcome = suite->run(path);

    g_print("%s", outcome.log);
    if (outcome.complaint != NULL) {
        g_printerr("%s: %s\n", path, outcome.complaint);
    }
    return outcome.complaint == NULL ? 0 : 1;
}

int
scenario_files_main(int argc, char **argv, const ScenarioSuite *suite)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *file = NULL;
    unsigned n = 0;

    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        return print(suite, argv[2]);
    }
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_open(suite->folder, 0, &error);
    g_assert_no_error(error);
    while ((file = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(file, ".txt")) {
            add_file(suite, file);
            n++;
        }
    }
    g_assert_cmpuint(n, >=, suite->n_least);
    return g_test_run();
}

char *
scenario_files_read(const char *path, char **ret_name)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    (void) g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    *ret_name = g_path_get_basename(path);
    return text;
}

/* ---- the lines of one -------------------------------------------------------------------- */

char *
scenario_parse(const char *name, const char *text, bool (*line)(void *data, char **words),
               void *data)
{
    g_auto(GStrv) parts = g_strsplit(text, "---\n", 2);
    g_auto(GStrv) lines = g_strsplit(parts[0], "\n", -1);

    for (char **next = lines; *next != NULL; next++) {
        g_auto(GStrv) words = g_strsplit(*next, " ", -1);
        bool is_empty = words[0] == NULL || *words[0] == '\0' || *words[0] == '#';

        if (!is_empty && !line(data, words)) {
            g_error("%s: '%s' is not understood", name, *next);
        }
    }
    return g_strdup(parts[1] == NULL ? "" : parts[1]);
}

int64_t
scenario_number(const char *text)
{
    int64_t value = 0;

    if (text == NULL || !msk_parse_int64(text, 0, INT32_MAX, &value)) {
        g_error("'%s' is no number", text != NULL ? text : "");
    }
    return value;
}

MskVmState
scenario_vm_state(const char *word)
{
    for (size_t i = 0; word != NULL && i < MSK_N_VM_STATES; i++) {
        if (strcmp(word, msk_vm_state_name((MskVmState) i)) == 0) {
            return (MskVmState) i;
        }
    }
    g_error("'%s' is no state of a VM", word != NULL ? word : "");
}

/* ---- the log of a run -------------------------------------------------------------------- */

static void G_GNUC_PRINTF(2, 0) say(GString *log, const char *format, va_list arguments)
{
    g_string_append_vprintf(log, format, arguments);
    g_string_append_c(log, '\n');
}

void
scenario_say(GString *log, int64_t now_us, const char *format, ...)
{
    va_list arguments;

    g_string_append_printf(log, "%7" G_GINT64_FORMAT " ", now_us / MS);
    va_start(arguments, format);
    say(log, format, arguments);
    va_end(arguments);
}

void
scenario_say_s(GString *log, int64_t now_us, const char *format, ...)
{
    va_list arguments;

    g_string_append_printf(log, "%5" G_GINT64_FORMAT ".%03u ", now_us / S,
                           (unsigned) (now_us % S / MS));
    va_start(arguments, format);
    say(log, format, arguments);
    va_end(arguments);
}
