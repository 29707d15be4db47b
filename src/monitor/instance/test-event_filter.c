/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/event_filter.h"

/* id, type, detail > names; read off upstream's table, and the two that are ours. */
static const char *const reported[] = {
    "0 3 2 > LIFECYCLE SUSPENDED_IOERROR",   "0 3 3 > LIFECYCLE SUSPENDED_WATCHDOG",
    "0 3 6 > LIFECYCLE SUSPENDED_API_ERROR", "0 5 0 > LIFECYCLE STOPPED_SHUTDOWN",
    "0 5 1 > LIFECYCLE STOPPED_DESTROYED",   "0 5 2 > LIFECYCLE STOPPED_CRASHED",
    "0 5 5 > LIFECYCLE STOPPED_FAILED",      "0 6 0 > LIFECYCLE SHUTDOWN_FINISHED",
    "0 8 0 > LIFECYCLE CRASHED_PANICKED",    "1 -1 -1 > REBOOT UNKNOWN",
    "3 0 -1 > WATCHDOG WATCHDOG_NONE",       "3 1 -1 > WATCHDOG WATCHDOG_PAUSE",
    "3 2 -1 > WATCHDOG WATCHDOG_RESET",      "3 3 -1 > WATCHDOG WATCHDOG_POWEROFF",
    "3 4 -1 > WATCHDOG WATCHDOG_SHUTDOWN",   "3 5 -1 > WATCHDOG WATCHDOG_DEBUG",
    "4 0 -1 > IO_ERROR IO_ERROR_NONE",       "4 1 -1 > IO_ERROR IO_ERROR_PAUSE",
    "4 2 -1 > IO_ERROR IO_ERROR_REPORT",     "6 -1 -1 > IO_ERROR_REASON UNKNOWN",
    "7 -1 -1 > CONTROL_ERROR UNKNOWN",       NULL,
};

#define N_REPORTED (G_N_ELEMENTS(reported) - 1)

static void
test_exactly_the_table(void)
{
    unsigned n_reported = 0;

    for (int id = 0; id <= 25; id++) {
        for (int type = -1; type <= 12; type++) {
            for (int detail = -1; detail <= 12; detail++) {
                const MskEventNames *names = msk_event_filter((MskDomainEventId) id, type, detail);
                g_autofree char *row = NULL;

                if (names == NULL) {
                    continue;
                }
                row = g_strdup_printf("%d %d %d > %s %s", id, type, detail, names->event,
                                      names->vir_domain_event);
                g_test_message("%s", row);
                g_assert_true(g_strv_contains(reported, row));
                n_reported++;
            }
        }
    }
    g_assert_cmpuint(n_reported, ==, N_REPORTED);
}

static void
test_kinds(void)
{
    static const struct {
        const char *name;
        bool vital;
        bool down;
    } rows[] = {
        {"STOPPED_FAILED", true, true},     {"STOPPED_CRASHED", true, true},
        {"CRASHED_PANICKED", true, false},  {"IO_ERROR_REPORT", true, false},
        {"STOPPED_SHUTDOWN", false, false}, {"STOPPED_DESTROYED", false, false},
        {"UNKNOWN", false, false},          {"WATCHDOG_RESET", false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(msk_event_is_vital(rows[i].name), ==, rows[i].vital);
        g_assert_cmpint(msk_event_says_down(rows[i].name), ==, rows[i].down);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/event_filter/exactly_the_table", test_exactly_the_table);
    g_test_add_func("/event_filter/kinds", test_kinds);
    return g_test_run();
}
