/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

#include <time.h>

enum { MAX_TEXT_BYTES = 64 };

/* The years 1 to 9999, beyond which neither GDateTime nor Python's datetime can write a moment. */
static const int64_t min_s = -62135596800;
static const int64_t max_s = 253402300799;

/* Named groups, so that the two spellings of month and day can share a name. */
#define DATE_PATTERN                                                                               \
    "(?<year>\\d{4})"                                                                              \
    "(?:(?:-(?<month>\\d{1,2})|(?<month>\\d{2})(?!\\Z))"                                           \
    "(?:(?:-(?<day>\\d{1,2})|(?<day>\\d{2}))"                                                      \
    "(?:[ T](?<hour>\\d{2})(?::?(?<minute>\\d{2}))?"                                               \
    "(?::?(?<second>\\d{1,2})(?:[.,](?<fraction>\\d+))?)?"                                         \
    "(?<zone>Z|(?<sign>[-+])(?<zone_hour>\\d{2}):?(?<zone_minute>\\d{2})?)?)?)?)?\\Z"

static void *
compile(void *none)
{
    (void) none;
    return g_regex_new(DATE_PATTERN, G_REGEX_ANCHORED | G_REGEX_DUPNAMES, 0, NULL);
}

static const GRegex *
pattern(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, compile, NULL);
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
    int64_t utc_s;

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
    utc_s = g_date_time_to_unix(local) - offset_s;
    if (utc_s < min_s || utc_s > max_s) {
        return false;
    }
    *ret_us = utc_s * G_USEC_PER_SEC + fraction_us(match);
    return true;
}

/* Returns: behind the last of @count digits. */
static char *
put_digits(char *at, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char) ('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

/* By hand, because strftime's %Y writes the year 1 as "1", and printf's directives take most of the
 * time that a list of rows is written in. */
void
msk_datetime_write(const MskDatetimeParts *parts, char separator, char *text)
{
    char *at = put_digits(text, parts->year, 4);

    *at++ = '-';
    at = put_digits(at, parts->month, 2);
    *at++ = '-';
    at = put_digits(at, parts->day, 2);
    *at++ = separator;
    at = put_digits(at, parts->hour, 2);
    *at++ = ':';
    at = put_digits(at, parts->minute, 2);
    *at++ = ':';
    at = put_digits(at, parts->second, 2);
    *at++ = '.';
    at = put_digits(at, parts->us, 6);
    *at = '\0';
}

static char *
format(int64_t time_us, char separator)
{
    int64_t rest_us = time_us % G_USEC_PER_SEC;
    time_t seconds = (time_t) (time_us / G_USEC_PER_SEC);
    char *text = g_malloc(MSK_DATETIME_BYTES);
    struct tm moment;

    if (rest_us < 0) {
        rest_us += G_USEC_PER_SEC;
        seconds--;
    }
    g_assert(seconds >= min_s && seconds <= max_s);
    (void) gmtime_r(&seconds, &moment); /* fails only for years beyond those */
    msk_datetime_write(&(MskDatetimeParts){.year = moment.tm_year + 1900,
                                           .month = moment.tm_mon + 1,
                                           .day = moment.tm_mday,
                                           .hour = moment.tm_hour,
                                           .minute = moment.tm_min,
                                           .second = moment.tm_sec,
                                           .us = (int) rest_us},
                       separator, text);
    return text;
}

char *
msk_datetime_format_rest(int64_t time_us)
{
    return format(time_us, 'T');
}

char *
msk_datetime_format_sql(int64_t time_us)
{
    return format(time_us, ' ');
}
