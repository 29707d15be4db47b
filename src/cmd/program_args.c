/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/program_args.h"

#include "base/error.h"

typedef struct {
    MskProgramArgs args;
    char *log_file;
    char *log_dir;
    gboolean debug;
    gboolean use_syslog;
    gboolean version;
    gboolean help;
    gboolean sample_config;
    gboolean reference;
} Parsed;

static GOptionContext *
new_context(Parsed *parsed)
{
    const GOptionEntry entries[] = {
        {"config-file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed->args.config_files,
         "Read this configuration file; may be repeated, later ones win", "PATH"},
        {"config-dir", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed->args.config_dirs,
         "Read the *.conf files of this directory, after the files; may be repeated", "DIR"},
        {"debug", 'd', 0, G_OPTION_ARG_NONE, &parsed->debug, "Log at level DEBUG", NULL},
        {"log-file", 0, 0, G_OPTION_ARG_FILENAME, &parsed->log_file, "Log to this file", "PATH"},
        {"log-dir", 0, 0, G_OPTION_ARG_FILENAME, &parsed->log_dir, "The directory of the log file",
         "DIR"},
        {"use-syslog", 0, 0, G_OPTION_ARG_NONE, &parsed->use_syslog, "Log to syslog", NULL},
        {"sample-config", 0, 0, G_OPTION_ARG_NONE, &parsed->sample_config,
         "Print a configuration file with every option and its default", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &parsed->version, "Print the version", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &parsed->help, "Print this help", NULL},
        {"options-reference", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &parsed->reference, NULL,
         NULL},
        G_OPTION_ENTRY_NULL,
    };
    GOptionContext *context = g_option_context_new(NULL);

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    return context;
}

static void
add_override(GPtrArray *overrides, const char *name, const char *value)
{
    /* The value of an argument is meant as it is: a dollar sign in a path is no reference. */
    g_auto(GStrv) parts = g_strsplit(value, "$", -1);
    g_autofree char *escaped = g_strjoinv("$$", parts);

    g_ptr_array_add(overrides, g_strdup_printf("DEFAULT.%s=%s", name, escaped));
}

static char **
make_overrides(const Parsed *parsed)
{
    GPtrArray *overrides = g_ptr_array_new();

    if (parsed->debug) {
        add_override(overrides, "debug", "true");
    }
    if (parsed->use_syslog) {
        add_override(overrides, "use_syslog", "true");
    }
    if (parsed->log_file != NULL) {
        add_override(overrides, "log_file", parsed->log_file);
    }
    if (parsed->log_dir != NULL) {
        add_override(overrides, "log_dir", parsed->log_dir);
    }
    g_ptr_array_add(overrides, NULL);
    return (char **) g_ptr_array_free(overrides, FALSE);
}

/* GLib takes "--debug=false" for "--debug". */
static bool
check_flags(char **argv, GError **error)
{
    static const char *const flags[] = {"--debug", "--use-syslog", "--sample-config", "--version",
                                        "--help"};

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        for (char **argument = argv; *argument != NULL; argument++) {
            if (g_str_has_prefix(*argument, flags[i]) && (*argument)[strlen(flags[i])] == '=') {
                g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                            "%s takes no value, not even in '%s'; see --help", flags[i], *argument);
                return false;
            }
        }
    }
    return true;
}

bool
msk_program_args_parse(int argc, char **argv, bool takes_rest, MskProgramArgs *ret, GError **error)
{
    Parsed parsed = {0};
    g_autoptr(GOptionContext) context = new_context(&parsed);
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) copy = g_new0(char *, (size_t) argc + 1);
    bool ok;

    for (int i = 0; i < argc; i++) {
        copy[i] = g_strdup(argv[i]);
    }
    if (!check_flags(copy, error)) {
        return false;
    }
    g_option_context_set_strict_posix(context, takes_rest);
    ok = g_option_context_parse_strv(context, &copy, &cause);
    if (!ok) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s; see --help", cause->message);
    } else if (!takes_rest && copy[0] != NULL && copy[1] != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "unexpected argument '%s'; see --help",
                    copy[1]);
        ok = false;
    } else {
        parsed.args.overrides = make_overrides(&parsed);
        parsed.args.rest = g_strdupv(copy[0] != NULL ? copy + 1 : copy);
    }
    parsed.args.version = parsed.version;
    parsed.args.help = parsed.help;
    parsed.args.sample_config = parsed.sample_config;
    parsed.args.reference = parsed.reference;
    g_free(parsed.log_file);
    g_free(parsed.log_dir);
    if (!ok) {
        msk_program_args_clear(&parsed.args);
        return false;
    }
    *ret = parsed.args;
    return true;
}

void
msk_program_args_clear(MskProgramArgs *args)
{
    g_strfreev(args->config_files);
    g_strfreev(args->config_dirs);
    g_strfreev(args->overrides);
    g_strfreev(args->rest);
    *args = (MskProgramArgs){0};
}

char *
msk_program_args_help(const char *name, const char *summary, const char *usage)
{
    Parsed parsed = {0};
    g_autoptr(GOptionContext) context = new_context(&parsed);
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
    const char *options = strstr(help, "\n\n"); /* behind GLib's own usage lines */
    g_auto(GStrv) usage_lines = g_strsplit(usage != NULL ? usage : "", "\n", 2);
    const char *explanation = usage != NULL && usage_lines[1] != NULL ? usage_lines[1] : "";

    return g_strdup_printf("Usage: %s [OPTION...]%s%s\n\n%s\n%s%s%s", name,
                           usage != NULL ? " " : "", usage != NULL ? usage_lines[0] : "", summary,
                           explanation, *explanation != '\0' ? "\n" : "",
                           options != NULL ? options + 1 : "");
}

char **
msk_program_standard_dirs(const char *project)
{
    const char *home = g_get_home_dir();
    g_autofree char *dot_project = g_strconcat(".", project, NULL);
    char **dirs = g_new0(char *, 5);

    dirs[0] = g_build_filename(home, dot_project, NULL);
    dirs[1] = g_strdup(home);
    dirs[2] = g_build_filename("/etc", project, NULL);
    dirs[3] = g_strdup("/etc");
    return dirs;
}

char **
msk_program_find_files(const char *project, const char *name, const char *suffix)
{
    GPtrArray *found = g_ptr_array_new();
    const char *only = g_getenv("OS_MASAKARI_CONFIG_DIR");
    const char *one[] = {only, NULL};
    g_auto(GStrv) everywhere = msk_program_standard_dirs(project);
    const char *const *dirs = only != NULL ? one : (const char *const *) everywhere;
    const char *names[] = {project, name};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        for (const char *const *dir = dirs; *dir != NULL; dir++) {
            g_autofree char *file = g_strconcat(names[i], suffix, NULL);
            char *path = g_build_filename(*dir, file, NULL);

            if (g_file_test(path, G_FILE_TEST_EXISTS)) {
                g_ptr_array_add(found, path);
                break;
            }
            g_free(path);
        }
    }
    g_ptr_array_add(found, NULL);
    return (char **) g_ptr_array_free(found, FALSE);
}
