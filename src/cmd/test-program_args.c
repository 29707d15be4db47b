/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/program_args.h"

#include "base/error.h"

#define ARGUMENTS(...) ((char *[]){name, __VA_ARGS__, NULL})

static char name[] = "prog";

static bool
parse(char **argv, bool takes_rest, MskProgramArgs *ret, GError **error)
{
    return msk_program_args_parse((int) g_strv_length(argv), argv, takes_rest, ret, error);
}

static void
test_options(void)
{
    char *argv[] = {name,
                    g_strdup("--config-file=a"),
                    g_strdup("--config-file"),
                    g_strdup("b"),
                    g_strdup("--config-dir=c"),
                    g_strdup("-d"),
                    g_strdup("--log-file=/x$y"),
                    g_strdup("--log-dir=z"),
                    g_strdup("--use-syslog"),
                    g_strdup("--nodebug"),
                    g_strdup("--logfile"),
                    g_strdup("/x"),
                    NULL};
    g_auto(MskProgramArgs) args = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *files = NULL;
    g_autofree char *overrides = NULL;

    g_assert_true(parse(argv, false, &args, &error));
    g_assert_no_error(error);
    files = g_strjoinv(" ", args.config_files);
    g_assert_cmpstr(files, ==, "a b");
    g_assert_cmpstr(args.config_dirs[0], ==, "c");
    overrides = g_strjoinv(" ", args.overrides);
    g_assert_cmpstr(overrides, ==,
                    "DEFAULT.debug=true DEFAULT.log_file=/x$$y DEFAULT.log_dir=z "
                    "DEFAULT.use_syslog=true DEFAULT.debug=false DEFAULT.log_file=/x");
    g_assert_null(args.rest[0]);
    g_assert_false(args.help || args.version || args.sample_config || args.reference);
    for (size_t i = 1; argv[i] != NULL; i++) {
        g_free(argv[i]);
    }
}

/* Each argument of oslo.log, and what it sets. */
static void
test_log_arguments(void)
{
    static const struct {
        const char *argument;
        const char *override; /* without its "DEFAULT." */
    } rows[] = {
        {"-d", "debug=true"},
        {"--debug", "debug=true"},
        {"--nodebug", "debug=false"},
        {"--log-file=a", "log_file=a"},
        {"--logfile=b", "log_file=b"},
        {"--log-dir=c", "log_dir=c"},
        {"--logdir=d", "log_dir=d"},
        {"--log-date-format=%H", "log_date_format=%H"},
        {"--use-syslog", "use_syslog=true"},
        {"--nouse-syslog", "use_syslog=false"},
        {"--syslog-log-facility=local0", "syslog_log_facility=local0"},
        {"--use-journal", "use_journal=true"},
        {"--nouse-journal", "use_journal=false"},
        {"--use-json", "use_json=true"},
        {"--nouse-json", "use_json=false"},
        {"--watch-log-file", "watch_log_file=true"},
        {"--nowatch-log-file", "watch_log_file=false"},
        {"--log-config-append=e", "log_config_append=e"},
        {"--log-config=f", "log_config_append=f"},
        {"--log_config=g", "log_config_append=g"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *argument = g_strdup(rows[i].argument);
        g_autofree char *wanted = g_strconcat("DEFAULT.", rows[i].override, NULL);
        g_auto(MskProgramArgs) args = {0};
        g_autoptr(GError) error = NULL;

        g_assert_true(parse(ARGUMENTS(argument), false, &args, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(g_strv_length(args.overrides), ==, 1);
        g_assert_cmpstr(args.overrides[0], ==, wanted);
    }
}

static void
test_rest(void)
{
    char option[] = "--debug";
    char db[] = "db";
    char later[] = "--not-ours";
    char **argv = ARGUMENTS(option, db, later);
    g_auto(MskProgramArgs) args = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(parse(argv, true, &args, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(args.rest), ==, 2);
    g_assert_cmpstr(args.rest[0], ==, "db");
    g_assert_cmpstr(args.rest[1], ==, "--not-ours");
    g_assert_false(args.help);
}

static void
test_help_of_a_command(void)
{
    static const char *const words[] = {"--help", "-h"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        char db[] = "db";
        g_autofree char *word = g_strdup(words[i]);
        g_auto(MskProgramArgs) args = {0};

        g_assert_true(parse(ARGUMENTS(db, word), true, &args, NULL));
        g_assert_true(args.help);
    }
}

static void
test_refusals(void)
{
    static const char *const cases[] = {"--nothing",     "rest",           "--config-file",
                                        "--debug=maybe", "--nouse-json=1", "--version=2"};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *argument = g_strdup(cases[i]);
        MskProgramArgs args = {.help = true};
        g_autoptr(GError) error = NULL;

        g_assert_false(parse(ARGUMENTS(argument), false, &args, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "--help"));
        g_assert_true(args.help); /* untouched */
    }
}

static void
test_help(void)
{
    g_autofree char *tool =
        msk_program_args_help("prog", "Does it.", "VERB\n\nVerbs:\n  go   away");
    g_autofree char *daemon = msk_program_args_help("prog", "Does it.", NULL);

    g_assert_true(g_str_has_prefix(tool, "Usage: prog [OPTION...] VERB\n\nDoes it.\n"));
    g_assert_nonnull(strstr(tool, "\n\nVerbs:\n  go   away\n"));
    g_assert_nonnull(strstr(tool, "\n  --config-file=PATH "));
    g_assert_true(g_str_has_prefix(daemon, "Usage: prog [OPTION...]\n\nDoes it.\n"));
    g_assert_null(strstr(daemon, "options-reference"));
}

static void
test_find_files(void)
{
    g_autofree char *dir = g_dir_make_tmp("args-XXXXXX", NULL);
    g_autofree char *of_project = g_build_filename(dir, "p.conf", NULL);
    g_autofree char *of_program = g_build_filename(dir, "p-x.conf", NULL);
    g_auto(GStrv) none = NULL;
    g_auto(GStrv) both = NULL;

    g_setenv("OS_MASAKARI_CONFIG_DIR", dir, TRUE);
    none = msk_program_find_files("p", "p-x", ".conf");
    g_assert_null(none[0]);
    g_assert_true(g_file_set_contents(of_program, "", -1, NULL));
    g_assert_true(g_file_set_contents(of_project, "", -1, NULL));
    both = msk_program_find_files("p", "p-x", ".conf");
    g_assert_cmpstr(both[0], ==, of_project);
    g_assert_cmpstr(both[1], ==, of_program);
    g_assert_null(both[2]);
    g_assert_cmpint(unlink(of_project), ==, 0);
    g_assert_cmpint(unlink(of_program), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/program_args/options", test_options);
    g_test_add_func("/program_args/log_arguments", test_log_arguments);
    g_test_add_func("/program_args/rest", test_rest);
    g_test_add_func("/program_args/help_of_a_command", test_help_of_a_command);
    g_test_add_func("/program_args/refusals", test_refusals);
    g_test_add_func("/program_args/help", test_help);
    g_test_add_func("/program_args/find_files", test_find_files);
    return g_test_run();
}
