/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.api.segments"
#include "base/log.h"

static int evaluated;

static void
collect(const MskLogRecord *record, void *data)
{
    g_string_append_printf(data, "%s|%s|%s|%s\n", msk_log_level_name(record->level), record->logger,
                           record->request_id != NULL ? record->request_id : "-", record->message);
}

static int
count(void)
{
    return ++evaluated;
}

static void
test_levels_and_request_id(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *levels[] = {"masakari=ERROR", "masakari.api=DEBUG", "masakari.ap=CRITICAL", "x",
                            NULL};

    msk_log_set_sink(collect, out);
    log_debug("not shown %d", count());
    log_info("shown %d", count());
    msk_log_set_request_id("req-1");
    msk_log_set_logger_levels(levels);
    log_debug("by the most specific name");
    g_assert_false(msk_log_enabled("masakari.engine", MSK_LOG_WARNING));
    g_assert_true(msk_log_enabled("masakari.engine", MSK_LOG_ERROR));
    g_assert_true(msk_log_enabled("masakarix", MSK_LOG_INFO));
    msk_log_set_logger_levels(NULL);
    msk_log_set_level(MSK_LOG_ERROR);
    log_warning("not shown");
    msk_log_set_request_id(NULL);
    log_error("last");
    msk_log_set_sink(NULL, NULL);
    msk_log_set_level(MSK_LOG_INFO);
    g_assert_cmpstr(out->str, ==,
                    "INFO|masakari.api.segments|-|shown 1\n"
                    "DEBUG|masakari.api.segments|req-1|by the most specific name\n"
                    "ERROR|masakari.api.segments|-|last\n");
}

static void
test_parse_level(void)
{
    MskLogLevel level = MSK_LOG_DEBUG;

    g_assert_true(msk_log_parse_level("warn", &level));
    g_assert_cmpint(level, ==, MSK_LOG_WARNING);
    g_assert_true(msk_log_parse_level("FATAL", &level));
    g_assert_cmpint(level, ==, MSK_LOG_CRITICAL);
    g_assert_false(msk_log_parse_level("LOUD", &level));
    g_assert_cmpint(level, ==, MSK_LOG_CRITICAL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/levels_and_request_id", test_levels_and_request_id);
    g_test_add_func("/log/parse_level", test_parse_level);
    return g_test_run();
}
