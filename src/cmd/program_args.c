/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/program_args.h"

#include "base/error.h"

typedef struct {
    MskProgramArgs args;
    GPtrArray *overrides; /* char * */
    gboolean version;
    gboolean help;
    gboolean sample_config;
    gboolean reference;
} Parsed;

/* The arguments of oslo.log, each for an option of [DEFAULT]. */
static const struct {
    const char *argument; /* without its "--" */
    const char *option;
    const char *flag;  /* (nullable) what it sets the option to; NULL: to the value given */
    const char *shown; /* (nullable) the placeholder of the value */
    const char *help;  /* (nullable) NULL: not shown, as it is another name of the one before or
                        * its opposite */
} log_arguments[] = {
    {"debug", "debug", "true", NULL, "Log at level DEBUG"},
    {"nodebug", "debug", "false", NULL, "The opposite, whatever the configuration says"},
    {"log-file", "log_file", NULL, "PATH", "Log to this file"},
    {"logfile", "log_file", NULL, "PATH", NULL},
    {"log-dir", "log_dir", NULL, "DIR", "The directory of the log file"},
    {"logdir", "log_dir", NULL, "DIR", NULL},
    {"log-date-format", "log_date_format", NULL, "FORMAT", "The form of times, as of strftime"},
    {"use-syslog", "use_syslog", "true", NULL, "Log to syslog"},
    {"nouse-syslog", "use_syslog", "false", NULL, "The opposite"},
    {"syslog-log-facility", "syslog_log_facility", NULL, "FACILITY", "As which facility"},
    {"use-journal", "use_journal", "true", NULL, "Log to the journal"},
    {"nouse-journal", "use_journal", "false", NULL, "The opposite"},
    {"use-json", "use_json", "true", NULL, "No effect, like the option"},
    {"nouse-json", "use_json", "false", NULL, NULL},
    {"watch-log-file", "watch_log_file", "true", NULL, "No effect, like the option"},
    {"nowatch-log-file", "watch_log_file", "false", NULL, NULL},
    {"log-config-append", "log_config_append", NULL, "PATH", "No effect, like the option"},
    {"log-config", "log_config_append", NULL, "PATH", NULL},
    {"log_config", "log_config_append", NULL, "PATH", NULL},
};

static void
add_override(GPtrArray *overrides, const char *name, const char *value)
{
    /* The value of an argument is meant as it is: a dollar sign in a path is no reference. */
    g_auto(GStrv) parts = g_strsplit(value, "$", -1);
    g_autofree char *escaped = g_strjoinv("$$", parts);

    g_ptr_array_add(overrides, g_strdup_printf("DEFAULT.%s=%s", name, escaped));
}

/* @name: "--debug", or "-d". The last of several counts. */
static gboolean
on_log_argument(const char *name, const char *value, void *data, G_GNUC_UNUSED GError **error)
{
    Parsed *parsed = data;
    const char *argument = g_str_equal(name, "-d") ? "debug" : name + 2;

    for (size_t i = 0; i < G_N_ELEMENTS(log_arguments); i++) {
        if (g_str_equal(argument, log_arguments[i].argument)) {
            add_override(parsed->overrides, log_arguments[i].option,
                         log_arguments[i].flag != NULL ? log_arguments[i].flag : value);
        }
    }
    return TRUE;
}

static void
add_log_arguments(GOptionGroup *group)
{
    /* GLib takes functions as pointers to data, which C has no conversion for. */
    const union {
        GOptionArgFunc function;
        void *pointer;
    } callback = {on_log_argument};

    for (size_t i = 0; i < G_N_ELEMENTS(log_arguments); i++) {
        bool is_flag = log_arguments[i].flag != NULL;
        const GOptionEntry entries[] = {
            {log_arguments[i].argument, g_str_equal(log_arguments[i].argument, "debug") ? 'd' : 0,
             (is_flag ? G_OPTION_FLAG_NO_ARG : G_OPTION_FLAG_FILENAME) |
                 (log_arguments[i].help == NULL ? G_OPTION_FLAG_HIDDEN : 0),
             G_OPTION_ARG_CALLBACK, callback.pointer, log_arguments[i].help,
             log_arguments[i].shown},
            G_OPTION_ENTRY_NULL,
        };

        g_option_group_add_entries(group, entries);
    }
}

static GOptionContext *
new_context(Parsed *parsed)
{
    const GOptionEntry files[] = {
        {"config-file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed->args.config_files,
         "Read this configuration file; may be repeated, later ones win", "PATH"},
        {"config-dir", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed->args.config_dirs,
         "Read the *.conf files of this directory, after the files; may be repeated", "DIR"},
        G_OPTION_ENTRY_NULL,
    };
    const GOptionEntry information[] = {
        {"sample-config", 0, 0, G_OPTION_ARG_NONE, &parsed->sample_config,
         "Print a configuration file with every option and its default", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &parsed->version, "Print the version", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &parsed->help, "Print this help", NULL},
        {"options-reference", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &parsed->reference, NULL,
         NULL},
        G_OPTION_ENTRY_NULL,
    };
    GOptionContext *context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("main", "", "", parsed, NULL);

    g_option_group_add_entries(group, files);
    add_log_arguments(group);
    g_option_group_add_entries(group, information);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_main_group(context, group);
    return context;
}

/* GLib takes "--debug=false" for "--debug". */
static bool
check_flag(char **argv, const char *flag, GError **error)
{
    for (char **argument = argv; *argument != NULL; argument++) {
        const char *name = g_str_has_prefix(*argument, "--") ? *argument + 2 : "";

        if (g_str_has_prefix(name, flag) && name[strlen(flag)] == '=') {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "--%s takes no value, not even in '%s'; see --help", flag, *argument);
            return false;
        }
    }
    return true;
}

static bool
check_flags(char **argv, GError **error)
{
    static const char *const flags[] = {"sample-config", "version", "help"};
    bool ok = true;

    for (size_t i = 0; ok && i < G_N_ELEMENTS(flags); i++) {
        ok = check_flag(argv, flags[i], error);
    }
    for (size_t i = 0; ok && i < G_N_ELEMENTS(log_arguments); i++) {
        ok = log_arguments[i].flag == NULL || check_flag(argv, log_arguments[i].argument, error);
    }
    return ok;
}

/* As for the Python tools, "db purge --help" asks for help. */
static bool
asks_for_help(char **rest)
{
    const char *const *arguments = (const char *const *) rest;

    return g_strv_contains(arguments, "--help") || g_strv_contains(arguments, "-h");
}

static char **
take_overrides(GPtrArray *overrides)
{
    g_ptr_array_add(overrides, NULL);
    return (char **) g_ptr_array_free(overrides, FALSE);
}

bool
msk_program_args_parse(int argc, char **argv, bool takes_rest, MskProgramArgs *ret, GError **error)
{
    Parsed parsed = {.overrides = g_ptr_array_new()};
    g_autoptr(GOptionContext) context = new_context(&parsed);
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) copy = g_new0(char *, (size_t) argc + 1);

    for (int i = 0; i < argc; i++) {
        copy[i] = g_strdup(argv[i]);
    }
    g_option_context_set_strict_posix(context, takes_rest);
    bool ok = check_flags(copy, error);

    if (ok && !g_option_context_parse_strv(context, &copy, &cause)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s; see --help", cause->message);
        ok = false;
    } else if (ok && !takes_rest && copy[0] != NULL && copy[1] != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "unexpected argument '%s'; see --help",
                    copy[1]);
        ok = false;
    }
    parsed.args.overrides = take_overrides(parsed.overrides);
    if (!ok) {
        msk_program_args_clear(&parsed.args);
        return false;
    }
    parsed.args.rest = g_strdupv(copy[0] != NULL ? copy + 1 : copy);
    parsed.args.version = parsed.version;
    parsed.args.help = parsed.help || asks_for_help(parsed.args.rest);
    parsed.args.sample_config = parsed.sample_config;
    parsed.args.reference = parsed.reference;
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
