/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

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

typedef struct {
    int *freed_later;
    int go_on; /* atomic, as all of it */
    int within;
    int stays;
    int n_logged;
} Left;

static void
count_into(const MskLogRecord *record, void *data)
{
    Left *left = data;

    (void) record;
    g_atomic_int_inc(&left->within);
    g_usleep(1000); /* time enough for who does not wait */
    g_assert(left->freed_later != NULL);
    (*left->freed_later)++;
    while (g_atomic_int_get(&left->stays) != 0) {
        g_usleep(1000);
    }
}

static void *
log_for_ever(void *data)
{
    Left *left = data;

    while (g_atomic_int_get(&left->go_on) != 0) {
        log_error("a line of a thread that nobody waits for");
        g_atomic_int_inc(&left->n_logged);
    }
    return NULL;
}

static void
await(int *counter, int at_least)
{
    while (g_atomic_int_get(counter) < at_least) {
        g_usleep(1000);
    }
}

static void
be_silent(const MskLogRecord *record, void *data)
{
    (void) record;
    (void) data;
}

/* What a sink uses is freed while a thread logs all the time; run under ASan and TSan. */
static void
test_sink_is_freed_while_others_log(void)
{
    for (int i = 0; i < 20; i++) {
        Left left = {.freed_later = g_new0(int, 1), .go_on = 1};
        pthread_t thread;

        msk_log_set_sink(count_into, &left);
        g_assert(pthread_create(&thread, NULL, log_for_ever, &left) == 0);
        await(&left.within, 1);
        msk_log_set_sink(be_silent, NULL);
        g_clear_pointer(&left.freed_later, g_free);
        await(&left.n_logged, g_atomic_int_get(&left.n_logged) + 2);
        g_atomic_int_set(&left.go_on, 0);
        g_assert(pthread_join(thread, NULL) == 0);
    }
    msk_log_set_sink(NULL, NULL);
}

static void
test_sink_is_dropped_when_nobody_hangs_in_it(void)
{
    Left left = {.freed_later = g_new0(int, 1), .go_on = 1, .stays = 1};
    pthread_t thread;

    msk_log_set_sink(count_into, &left);
    g_assert(pthread_create(&thread, NULL, log_for_ever, &left) == 0);
    await(&left.within, 1);
    g_assert_false(msk_log_drop_sink(20)); /* the thread is in it and will be for long */
    g_atomic_int_set(&left.go_on, 0);
    g_atomic_int_set(&left.stays, 0);
    g_assert_true(msk_log_drop_sink(60000));
    g_assert(pthread_join(thread, NULL) == 0);
    g_clear_pointer(&left.freed_later, g_free);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/levels_and_request_id", test_levels_and_request_id);
    g_test_add_func("/log/parse_level", test_parse_level);
    g_test_add_func("/log/sink_is_freed_while_others_log", test_sink_is_freed_while_others_log);
    g_test_add_func("/log/sink_is_dropped_when_nobody_hangs_in_it",
                    test_sink_is_dropped_when_nobody_hangs_in_it);
    return g_test_run();
}
