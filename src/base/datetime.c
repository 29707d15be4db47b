/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"

enum { MAX_TEXT_BYTES = 64, DAY_S = 24 * 3600 };

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

/* Returns: behind the two digits of @value. */
static char *
put_pair(char *at, int value, char behind)
{
    at[0] = (char) ('0' + value / 10);
    at[1] = (char) ('0' + value % 10);
    at[2] = behind;
    return at + 3;
}

/* By hand, because strftime's %Y writes the year 1 as "1", and printf's directives take most of the
 * time that a list of rows is written in. */
void
msk_datetime_write(const MskDatetimeParts *parts, char separator, char *text)
{
    char *at = put_pair(text, parts->year / 100, '\0');

    at = put_pair(at - 1, parts->year % 100, '-');
    at = put_pair(at, parts->month, '-');
    at = put_pair(at, parts->day, separator);
    at = put_pair(at, parts->hour, ':');
    at = put_pair(at, parts->minute, ':');
    at = put_pair(at, parts->second, '.');
    at = put_pair(at, parts->us / 10000, '\0');
    at = put_pair(at - 1, parts->us / 100 % 100, '\0');
    (void) put_pair(at - 1, parts->us % 100, '\0');
}

/* Of the proleptic Gregorian calendar; years begin in March here, so that the leap day is the last.
 * The year 0 began so many days before 1970-01-01, and the calendar repeats itself every 400 years.
 */
enum { FIRST_DAY = 719468, ERA_DAYS = 146097 };

static int64_t
days_since_epoch(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return (int64_t) era * ERA_DAYS + (int64_t) year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - FIRST_DAY;
}

/* Sets year, month and day. @days: since 1970-01-01, from the year 1 on. */
static void
date_of_days(int64_t days, MskDatetimeParts *ret)
{
    int since_first = (int) (days + FIRST_DAY);
    int day_of_era = since_first % ERA_DAYS;
    /* One day less for each leap day of before. */
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (5 * day_of_year + 2) / 153; /* 0 is March */

    ret->day = day_of_year - (153 * month + 2) / 5 + 1;
    ret->month = month < 10 ? month + 3 : month - 9;
    ret->year = since_first / ERA_DAYS * 400 + year_of_era + (month < 10 ? 0 : 1);
}

int64_t
msk_datetime_of_parts(const MskDatetimeParts *parts)
{
    int64_t hours = days_since_epoch(parts->year, parts->month, parts->day) * 24 + parts->hour;

    return ((hours * 60 + parts->minute) * 60 + parts->second) * G_USEC_PER_SEC + parts->us;
}

/* The number of @count digits. */
static int
number(const char *digits, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return value;
}

/* The form that nearly all have, with or without a Z, without the matcher's work and its library.
 * Returns: whether it is that and a date; another may be one all the same. */
static bool
parse_plain(const char *text, MskDatetimeParts *ret)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddd";
    const size_t whole_length = strnlen(text, sizeof form + 1);
    const bool has_zone = whole_length > 0 && text[whole_length - 1] == 'Z';
    const size_t length = whole_length - (has_zone ? 1 : 0);
    const bool has_fraction = length == strlen(form);

    if (!has_fraction && length != strlen("dddd-dd-ddTdd:dd:dd")) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        bool fits = form[i] == 'd' ? g_ascii_isdigit(text[i])
                                   : text[i] == form[i] || (form[i] == 'T' && text[i] == ' ');

        if (!fits) {
            return false;
        }
    }
    *ret = (MskDatetimeParts){.year = number(text, 4),
                              .month = number(text + 5, 2),
                              .day = number(text + 8, 2),
                              .hour = number(text + 11, 2),
                              .minute = number(text + 14, 2),
                              .second = number(text + 17, 2),
                              .us = has_fraction ? number(text + 20, 6) : 0};
    return g_date_valid_dmy((GDateDay) ret->day, (GDateMonth) ret->month, (GDateYear) ret->year) &&
           ret->hour < 24 && ret->minute < 60 && ret->second < 60;
}

bool
msk_datetime_parse(const char *text, int64_t *ret_us)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GDateTime) local = NULL;
    MskDatetimeParts plain;
    int64_t offset_s;
    int64_t utc_s;

    if (parse_plain(text, &plain)) {
        *ret_us = msk_datetime_of_parts(&plain);
        return true;
    }
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

/* Not with gmtime_r(), which takes a lock and several times as long. */
static void
write_moment(int64_t time_us, char separator, char *text)
{
    int64_t seconds = time_us / G_USEC_PER_SEC - (time_us % G_USEC_PER_SEC < 0 ? 1 : 0);
    int64_t days = seconds / DAY_S - (seconds % DAY_S < 0 ? 1 : 0);
    int second_of_day = (int) (seconds - days * DAY_S);
    MskDatetimeParts parts = {.hour = second_of_day / 3600,
                              .minute = second_of_day / 60 % 60,
                              .second = second_of_day % 60,
                              .us = (int) (time_us - seconds * G_USEC_PER_SEC)};

    g_assert(seconds >= min_s && seconds <= max_s);
    date_of_days(days, &parts);
    msk_datetime_write(&parts, separator, text);
}

void
msk_datetime_write_rest(int64_t time_us, char *text)
{
    write_moment(time_us, 'T', text);
}

static char *
format(int64_t time_us, char separator)
{
    char *text = g_malloc(MSK_DATETIME_BYTES);

    write_moment(time_us, separator, text);
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
