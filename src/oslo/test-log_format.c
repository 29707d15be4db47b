/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_format.h"

#include "base/error.h"

static const MskLogRecord record = {
    .level = MSK_LOG_WARNING,
    .time_us = 1700000000012345,
    .logger = "masakari.api",
    .request_id = "req-1",
    .message = "not this one",
};

static void
test_render(void)
{
    static const struct {
        const char *format;
        const char *line;
    } cases[] = {
        {"%(asctime)s.%(msecs)03d %(levelname)s %(name)s [%(global_request_id)s %(request_id)s "
         "%(user_identity)s] %(instance)s%(message)s",
         "2023-11-14 22:13:20.012 WARNING masakari.api [None req-1 - - - - - -] hello\n"},
        {"", "\n"},
        {"100%%|%(message)8s|%(message)-8s|%(message)2s|", "100%|   hello|hello   |hello|\n"},
        {"%(msecs)d %(msecs)5d %(msecs)-05d|", "12    12 12   |\n"},
        {"%(color)s%(resource)s%(user_name)s%(project_name)s%(error_summary)s", "\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskLogFormat) format =
            msk_log_format_new(cases[i].format, "%Y-%m-%d %H:%M:%S", &error);
        g_autofree char *line = NULL;

        g_assert_no_error(error);
        line = msk_log_format_render(format, &record, "hello");
        g_assert_cmpstr(line, ==, cases[i].line);
    }
}

static void
test_global_request_id(void)
{
    MskLogRecord asked = record;
    g_autoptr(MskLogFormat) format =
        msk_log_format_new("[%(global_request_id)s %(request_id)s]", "", NULL);
    g_autofree char *line = NULL;

    asked.global_request_id = "req-2";
    line = msk_log_format_render(format, &asked, "hello");
    g_assert_cmpstr(line, ==, "[req-2 req-1]\n");
}

static void
test_outside_of_a_request(void)
{
    MskLogRecord plain = record;
    g_autoptr(MskLogFormat) format = msk_log_format_new("%(process)s [%(request_id)s]", "", NULL);
    g_autofree char *expected = g_strdup_printf("%d [-]\n", (int) getpid());
    g_autofree char *line = NULL;

    plain.request_id = NULL;
    line = msk_log_format_render(format, &plain, "hello");
    g_assert_cmpstr(line, ==, expected);
}

static void
test_bad_formats(void)
{
    static const struct {
        const char *format;
        const char *date;
        const char *message;
    } cases[] = {
        {"a %(nothing)s", "", "'%(nothing)s' begins with no known field"},
        {"%", "", "'%' begins"},
        {"%s", "", "'%s' begins"},
        {"%(message", "", "'%(message' begins"},
        {"%(message)", "", "'%(message)' begins"},
        {"%(message)x", "", "'%(message)x' begins"},
        {"%(message)201s", "", "'%(message)201s' begins"},
        {"", "%!", "'%!' is no date format"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_log_format_new(cases[i].format, cases[i].date, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_cmpstr(strstr(error->message, cases[i].message), ==, error->message);
    }
}

int
main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log_format/render", test_render);
    g_test_add_func("/log_format/global_request_id", test_global_request_id);
    g_test_add_func("/log_format/outside_of_a_request", test_outside_of_a_request);
    g_test_add_func("/log_format/bad_formats", test_bad_formats);
    return g_test_run();
}
