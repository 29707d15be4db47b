/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_output.h"

#include "base/error.h"
#include "base/number.h"

#include <sys/stat.h>
#include <syslog.h>

#define LOG_NAME "masakari.test"
#include "base/log.h"

typedef struct {
    char *dir;
    char *path;
    MskConfigSchema *schema;
} Fixture;

static GString *journal;

static void
set_up(Fixture *fixture, const void *data)
{
    (void) data;
    fixture->dir = g_dir_make_tmp("log-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->dir, "test.log", NULL);
    fixture->schema = msk_config_schema_new();
    msk_config_schema_add(fixture->schema, msk_log_options, msk_n_log_options);
    journal = g_string_new(NULL);
}

static void
tear_down(Fixture *fixture, const void *data)
{
    (void) data;
    (void) unlink(fixture->path); /* not every test makes it */
    g_assert_cmpint(rmdir(fixture->dir), ==, 0);
    g_free(fixture->dir);
    g_free(fixture->path);
    msk_config_schema_free(fixture->schema);
    g_string_free(journal, TRUE);
    msk_log_set_level(MSK_LOG_INFO);
    msk_log_set_logger_levels(NULL);
}

/* @option: "name=value" of [DEFAULT]; NULL ends. */
static MskConfig *
configure(const Fixture *fixture, const char *option, const char *other)
{
    g_autofree char *dir = g_strdup_printf("DEFAULT.log_dir=%s", fixture->dir);
    g_autofree char *first = g_strdup_printf("DEFAULT.%s", option);
    g_autofree char *second = g_strdup_printf("DEFAULT.%s", other);
    const char *overrides[] = {dir,
                               "DEFAULT.logging_default_format_string=%(name)s %(message)s",
                               "DEFAULT.logging_context_format_string=%(request_id)s %(message)s",
                               first,
                               second,
                               NULL};
    MskConfigSources sources = {.overrides = overrides};
    g_autoptr(GError) error = NULL;
    MskConfig *config = msk_config_load(fixture->schema, &sources, &error);

    g_assert_no_error(error);
    return config;
}

static void
assert_file(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void
send_to_test(const char *identifier, int priority, const MskLogRecord *record, const char *message)
{
    g_string_append_printf(journal, "%s %d %s %s|", identifier, priority, record->logger, message);
}

static void
test_file(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) config = configure(fixture, "use_journal=1", "debug=0");
    g_autoptr(GError) error = NULL;
    g_autoptr(MskLogOutput) output = msk_log_output_new(config, "test", send_to_test, &error);
    struct stat status;

    (void) data;
    g_assert_no_error(error);
    g_assert_false(msk_log_output_is_on_stderr(output));
    log_info("one\ntwo, password=x");
    msk_log_set_request_id("req-9");
    log_error("in a request");
    msk_log_set_request_id(NULL);
    log_debug("not shown");
    assert_file(fixture->path, "masakari.test one\\ntwo, password=***\nreq-9 in a request\n");
    g_assert_cmpstr(journal->str, ==,
                    "test 6 masakari.test one\\ntwo, password=***|"
                    "test 3 masakari.test in a request|");
    g_assert_cmpint(stat(fixture->path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 07, ==, 0);
}

static void
test_a_moved_file_is_made_anew(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) config = configure(fixture, "log_file=test.log", "debug=0");
    g_autoptr(MskLogOutput) output = msk_log_output_new(config, "x", NULL, NULL);
    g_autofree char *moved = g_strconcat(fixture->path, ".1", NULL);

    (void) data;
    log_info("before");
    g_assert_cmpint(rename(fixture->path, moved), ==, 0);
    log_info("after");
    assert_file(moved, "masakari.test before\n");
    assert_file(fixture->path, "masakari.test after\n");
    g_assert_cmpint(rename(fixture->path, moved), ==, 0);
    g_assert_true(msk_log_output_reopen(output, NULL));
    assert_file(fixture->path, "");
    g_assert_cmpint(unlink(moved), ==, 0);
}

#define N_THREADS 4
#define N_LINES   500

static void *
log_lines(void *data)
{
    for (int i = 0; i < N_LINES; i++) {
        log_info("thread %d line %d", GPOINTER_TO_INT(data), i);
    }
    return NULL;
}

/* Counts lines into @seen; a line that is not whole fails. */
static void
count_lines(const char *path, unsigned seen[N_THREADS][N_LINES])
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_true(*text == '\0' || g_str_has_suffix(text, "\n"));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        int64_t thread;
        int64_t number;

        g_assert_cmpuint(g_strv_length(words), ==, 5);
        g_assert_true(msk_parse_int64(words[2], 0, N_THREADS - 1, &thread));
        g_assert_true(msk_parse_int64(words[4], 0, N_LINES - 1, &number));
        seen[thread][number]++;
    }
}

static void
test_threads_lose_no_line_to_logrotate(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) config = configure(fixture, "debug=0", "debug=0");
    g_autoptr(MskLogOutput) output = msk_log_output_new(config, "test", NULL, NULL);
    static unsigned seen[N_THREADS][N_LINES];
    GThread *threads[N_THREADS];
    enum { N_ROTATIONS = 10 };

    (void) data;
    for (int i = 0; i < N_THREADS; i++) {
        threads[i] = g_thread_new("log", log_lines, GINT_TO_POINTER(i));
    }
    for (int i = 0; i < N_ROTATIONS; i++) {
        g_autofree char *moved = g_strdup_printf("%s.%d", fixture->path, i);

        g_assert_cmpint(rename(fixture->path, moved), ==, 0);
        g_assert_true(msk_log_output_reopen(output, NULL));
    }
    for (int i = 0; i < N_THREADS; i++) {
        g_thread_join(threads[i]);
    }
    count_lines(fixture->path, seen);
    for (int i = 0; i < N_ROTATIONS; i++) {
        g_autofree char *moved = g_strdup_printf("%s.%d", fixture->path, i);

        count_lines(moved, seen);
        g_assert_cmpint(unlink(moved), ==, 0);
    }
    for (int i = 0; i < N_THREADS * N_LINES; i++) {
        g_assert_cmpuint(seen[i / N_LINES][i % N_LINES], ==, 1);
    }
}

static void
test_levels(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) loud = configure(fixture, "debug=1", "default_log_levels=masakari.x=WARN");
    g_autoptr(MskConfig) quiet = configure(fixture, "debug=0", "default_log_levels=masakari=ERROR");

    (void) data;
    msk_log_apply_levels(loud);
    g_assert_true(msk_log_enabled("masakari.test", MSK_LOG_DEBUG));
    g_assert_false(msk_log_enabled("masakari.x.y", MSK_LOG_INFO));
    msk_log_apply_levels(quiet);
    g_assert_false(msk_log_enabled("masakari.test", MSK_LOG_WARNING));
    g_assert_false(msk_log_enabled("other", MSK_LOG_DEBUG));
}

static void
test_bad_options(Fixture *fixture, const void *data)
{
    static const struct {
        const char *option;
        MskErrorCode code;
        const char *message;
    } cases[] = {
        {"default_log_levels=a=LOUD", MSK_ERROR_INVALID, "'a=LOUD' must be logger=LEVEL"},
        {"default_log_levels==INFO", MSK_ERROR_INVALID, "'=INFO' must be logger=LEVEL"},
        {"default_log_levels=a", MSK_ERROR_INVALID, "'a' must be logger=LEVEL"},
        {"syslog_log_facility=LOG_X", MSK_ERROR_INVALID, "must be a facility"},
        {"logging_default_format_string=%(x)s", MSK_ERROR_INVALID, "logging_default_format_string"},
        {"logging_context_format_string=%", MSK_ERROR_INVALID, "logging_context_format_string"},
        {"use_journal=1", MSK_ERROR_INVALID, "without systemd"},
        {"log_file=/nonexistent/a.log", MSK_ERROR_NOT_FOUND, "cannot open log file /nonexistent"},
        {"log_file=/proc/a.log", MSK_ERROR_NOT_FOUND, "cannot open log file /proc/a.log"},
    };

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskConfig) config = configure(fixture, cases[i].option, "debug=0");
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_log_output_new(config, "test", NULL, &error));
        g_assert_error(error, MSK_ERROR, (int) cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void
test_facilities(Fixture *fixture, const void *data)
{
    static const char *const names[] = {"syslog_log_facility=LOG_LOCAL7",
                                        "syslog_log_facility=daemon"};

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(MskConfig) config =
            configure(fixture, names[i], i == 1 ? "use_stderr=1" : "debug=0");
        g_autoptr(MskLogOutput) output = msk_log_output_new(config, "test", NULL, NULL);

        g_assert_nonnull(output);
        g_assert_cmpint(msk_log_output_is_on_stderr(output), ==, i == 1);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *, const void *);
    } tests[] = {
        {"/log_output/file", test_file},
        {"/log_output/a_moved_file_is_made_anew", test_a_moved_file_is_made_anew},
        {"/log_output/threads_lose_no_line_to_logrotate", test_threads_lose_no_line_to_logrotate},
        {"/log_output/levels", test_levels},
        {"/log_output/bad_options", test_bad_options},
        {"/log_output/facilities", test_facilities},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
