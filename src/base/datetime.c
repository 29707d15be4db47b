/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

enum { MAX_TEXT_BYTES = 64 };

/* Named groups, so that the two spellings of month and day can share a name. */
#define DATE_PATTERN                                                                               \
    "(?<year>\\d{4})"                                                                              \
    "(?:(?:-(?<month>\\d{1,2})|(?<month>\\d{2})(?!\\Z))"                                           \
    "(?:(?:-(?<day>\\d{1,2})|(?<day>\\d{2}))"                                                      \
    "(?:[ T](?<hour>\\d{2})(?::?(?<minute>\\d{2}))?"                                               \
    "(?::?(?<second>\\d{1,2})(?:[.,](?<fraction>\\d+))?)?"                                         \
    "(?<zone>Z|(?<sign>[-+])(?<zone_hour>\\d{2}):?(?<zone_minute>\\d{2})?)?)?)?)?\\Z"

static GRegex *
pattern(void)
{
    static GRegex *compiled;

    if (g_once_init_enter(&compiled)) {
        g_once_init_leave(&compiled,
                          g_regex_new(DATE_PATTERN, G_REGEX_ANCHORED | G_REGEX_DUPNAMES, 0, NULL));
    }
    return compiled;
}

/* A group that took no part in the match has its default. All groups are a few digits. */
static int
field(const GMatchInfo *match, const char *name, int missing)
{
    g_autofree char *text = g_match_info_fetch_named(match, name);

    return text == NULL || *text == '\0' ? missing : (int) g_ascii_strtoll(text, NULL, 10);
}

static int
fraction_us(const GMatchInfo *match)
{
    g_autofree char *digits = g_match_info_fetch_named(match, "fraction");
    int value = 0;

    for (int i = 0; i < 6; i++) {
        bool more = digits != NULL && *digits != '\0' && strlen(digits) > (size_t) i;

        value = value * 10 + (more ? digits[i] - '0' : 0);
    }
    return value;
}

static int64_t
zone_offset_s(const GMatchInfo *match)
{
    g_autofree char *sign = g_match_info_fetch_named(match, "sign");
    int64_t offset = field(match, "zone_hour", 0) * 3600LL + field(match, "zone_minute", 0) * 60LL;

    return sign != NULL && *sign == '-' ? -offset : offset;
}

bool
msk_datetime_parse(const char *text, int64_t *ret_us)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GDateTime) local = NULL;
    int64_t offset_s;

    /* A date is short; the limit keeps the matcher's work bounded. */
    if (strnlen(text, MAX_TEXT_BYTES) == MAX_TEXT_BYTES ||
        !g_regex_match(pattern(), text, 0, &match)) {
        return false;
    }
    local = g_date_time_new_utc(field(match, "year", 0), field(match, "month", 1),
                                field(match, "day", 1), field(match, "hour", 0),
                                field(match, "minute", 0), field(match, "second", 0));
    offset_s = zone_offset_s(match);
    if (local == NULL || ABS(offset_s) >= 24LL * 3600) {
        return false;
    }
    *ret_us = (g_date_time_to_unix(local) - offset_s) * G_USEC_PER_SEC + fraction_us(match);
    return true;
}

static char *
format(int64_t time_us, const char *layout)
{
    int64_t seconds = time_us / G_USEC_PER_SEC;
    int64_t rest_us = time_us % G_USEC_PER_SEC;
    g_autoptr(GDateTime) moment = NULL;
    g_autofree char *whole = NULL;

    if (rest_us < 0) {
        rest_us += G_USEC_PER_SEC;
        seconds--;
    }
    moment = g_date_time_new_from_unix_utc(seconds);
    g_assert(moment != NULL);
    whole = g_date_time_format(moment, layout);
    return g_strdup_printf("%s.%06d", whole, (int) rest_us);
}

char *
msk_datetime_format_rest(int64_t time_us)
{
    return format(time_us, "%Y-%m-%dT%H:%M:%S");
}

char *
msk_datetime_format_sql(int64_t time_us)
{
    return format(time_us, "%Y-%m-%d %H:%M:%S");
}
