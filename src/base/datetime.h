/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * datetime: points in time as text. A point is int64_t microseconds since the epoch, UTC.
 * Pure; any thread.
 * Source: ISO 8601 as oslo.utils timeutils.parse_isotime (iso8601 1.0) accepts it.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * msk_datetime_parse:
 * @text: an ISO 8601 date or date and time in a form that the Python iso8601 module takes:
 *   "2026-01-02", "2026-1-4", "2026-05", "20260103T040506Z", "2026-01-03 05:00", "…,5", "+05:30",
 *   "-0800". Without a zone it is UTC.
 * @ret_us: (out) microseconds since the epoch; digits of the fraction beyond the sixth are dropped.
 *
 * Returns: whether @text is a date in that sense; nothing else is reported, the caller knows the
 *   field's name.
 */
bool msk_datetime_parse(const char *text, int64_t *ret_us) G_GNUC_WARN_UNUSED_RESULT;

/** msk_datetime_format_rest: Returns: (transfer full) "2026-01-02T03:04:05.000006", no zone. */
char *msk_datetime_format_rest(int64_t time_us);

/** msk_datetime_format_sql: Returns: (transfer full) "2026-01-02 03:04:05.000006", no zone. */
char *msk_datetime_format_sql(int64_t time_us);

typedef struct {
    int year; /* 0 to 9999 */
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int us;
} MskDatetimeParts;

#define MSK_DATETIME_BYTES sizeof "2026-01-02T03:04:05.000006"

/** msk_datetime_of_parts: @parts: of a date. Returns: microseconds since the epoch. */
int64_t msk_datetime_of_parts(const MskDatetimeParts *parts);
/** msk_datetime_write: @text: room for MSK_DATETIME_BYTES; gets "2026-01-02", @separator,
 *  "03:04:05.000006". */
void msk_datetime_write(const MskDatetimeParts *parts, char separator, char *text);
/** msk_datetime_write_rest: the same of a moment, as msk_datetime_format_rest has it. */
void msk_datetime_write_rest(int64_t time_us, char *text);
