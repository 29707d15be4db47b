/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

/* Accepted forms and their points in time; NULL is a refusal. Read off the Python service. */
static const struct {
    const char *text;
    const char *rest;
} rows[] = {
    {"2026-01-02T00:00:00Z", "2026-01-02T00:00:00.000000"},
    {"2026-01-02T01:00:00.123456", "2026-01-02T01:00:00.123456"},
    {"2026-01-02T01:00:00.1234569", "2026-01-02T01:00:00.123456"},
    {"2026-01-02T02:00:00.999999+05:30", "2026-01-01T20:30:00.999999"},
    {"2026-01-02", "2026-01-02T00:00:00.000000"},
    {"2026-1-4", "2026-01-04T00:00:00.000000"},
    {"2026-01-02T01:00:00.123456Z", "2026-01-02T01:00:00.123456"},
    {"2026-01-02T01:00:00.1234569Z", "2026-01-02T01:00:00.123456"},
    {"2026-01-02T01:00:00.123456ZZ", NULL},
    {"2026-01-02T01:00:00z", NULL},
    {"20260103T040506Z", "2026-01-03T04:05:06.000000"},
    {"2026-01-03 05:00:00", "2026-01-03T05:00:00.000000"},
    {"2026-11-29 23:59:59.999999", "2026-11-29T23:59:59.999999"},
    {"2024-02-29T23:59:59", "2024-02-29T23:59:59.000000"},
    {"2023-02-29T23:59:59", NULL},
    {"2026-01-03T24:00:00", NULL},
    {"2026-01-03T23:60:00", NULL},
    {"2026-01-03T23:59:60", NULL},
    {"2026-00-03T23:59:00", NULL},
    {"2026-01-00T23:59:00", NULL},
    {"0000-01-03T23:59:00", NULL},
    {"2026-01-03x23:59:00", NULL},
    {"2026-01-03T23:59:00.00000x", NULL},
    {"2026-01-03T06", "2026-01-03T06:00:00.000000"},
    {"2026-01-03T07:08", "2026-01-03T07:08:00.000000"},
    {"2026-05", "2026-05-01T00:00:00.000000"},
    {"2026", "2026-01-01T00:00:00.000000"},
    {"2026-06-01T00:00:00-0800", "2026-06-01T08:00:00.000000"},
    {"2026-07-01T10:00:00.5Z", "2026-07-01T10:00:00.500000"},
    {"2026-08-01T10:00:00,5", "2026-08-01T10:00:00.500000"},
    {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000"},
    {"", NULL},
    {"abc", NULL},
    {"1", NULL},
    {"202605", NULL},
    {"2026-13-01T00:00:00", NULL},
    {"2026-02-30", NULL},
    {"2026-01-01 25:00:00", NULL},
    {"2026-01-04T24:00:00", NULL},
    {"2026-W02-3", NULL},
    {"2026-01-04 ", NULL},
    {"2026-01-01T00:00:00+99:00", NULL},
    {"0000-01-01", NULL},
    {"0001-01-01T00:00:00+00:01", NULL},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000"},
    {"9999-12-31T23:59:59-00:01", NULL},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"},
    {"2026-01-01T00:00:00.000000000000000000000000000000000000000000000000000", NULL},
};

static void
test_forms(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t time_us = -1;
        bool ok = msk_datetime_parse(rows[i].text, &time_us);

        g_test_message("'%s'", rows[i].text);
        g_assert_cmpint(ok, ==, rows[i].rest != NULL);
        if (ok) {
            g_autofree char *rest = msk_datetime_format_rest(time_us);

            g_assert_cmpstr(rest, ==, rows[i].rest);
        } else {
            g_assert_cmpint(time_us, ==, -1);
        }
    }
}

static void
test_sql_form(void)
{
    g_autofree char *text = msk_datetime_format_sql(1);

    g_assert_cmpstr(text, ==, "1970-01-01 00:00:00.000001");
}

/* As GLib has it, for the 28th of February to the 1st of March and for the turn of each year. */
static void
test_dates_are_those_of_the_calendar(void)
{
    for (int year = 1; year <= 9999; year++) {
        g_autoptr(GDateTime) march = g_date_time_new_utc(year, 3, 1, 0, 0, 0);
        g_autoptr(GDateTime) december = g_date_time_new_utc(year, 12, 31, 23, 59, 59);
        g_autoptr(GDateTime) february = g_date_time_add_days(march, -1);
        g_autoptr(GDateTime) january = g_date_time_new_utc(year, 1, 1, 12, 34, 56);
        GDateTime *const moments[] = {january, february, march, december};

        for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
            int64_t time_us = g_date_time_to_unix(moments[i]) * G_USEC_PER_SEC;
            const MskDatetimeParts parts = {.year = year,
                                            .month = g_date_time_get_month(moments[i]),
                                            .day = g_date_time_get_day_of_month(moments[i]),
                                            .hour = g_date_time_get_hour(moments[i]),
                                            .minute = g_date_time_get_minute(moments[i]),
                                            .second = g_date_time_get_second(moments[i])};
            char expected[MSK_DATETIME_BYTES];
            char text[MSK_DATETIME_BYTES];

            msk_datetime_write(&parts, 'T', expected);
            msk_datetime_write_rest(time_us, text);
            g_assert_cmpstr(text, ==, expected);
            g_assert_cmpint(msk_datetime_of_parts(&parts), ==, time_us);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/datetime/forms", test_forms);
    g_test_add_func("/datetime/sql_form", test_sql_form);
    g_test_add_func("/datetime/dates_are_those_of_the_calendar",
                    test_dates_are_those_of_the_calendar);
    return g_test_run();
}
