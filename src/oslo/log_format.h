/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * log_format: a log line from oslo.log's format strings, "%(asctime)s.%(msecs)03d %(name)s ...".
 *
 * Threads: a format may be used by any thread.
 * Source: oslo.log 5 formatters.py (ContextFormatter), Python's printf-style formatting.
 */

#include "base/log.h"

typedef struct MskLogFormat MskLogFormat;

/**
 * msk_log_format_new:
 * @format: text with %(field)s, %(field)d and %%; flags '-' and '0' and a width may stand before
 *   the letter.
 * @date_format: of strftime(3), in the machine's time zone.
 * @error: %MSK_ERROR_INVALID: the part of @format that is not understood, and the known fields.
 *
 * Returns: (transfer full) or NULL.
 */
MskLogFormat *msk_log_format_new(const char *format, const char *date_format, GError **error);

/** msk_log_format_free: @self: (nullable) */
void msk_log_format_free(MskLogFormat *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLogFormat, msk_log_format_free)

/**
 * msk_log_format_render:
 * @message: stands in for the message of @record.
 *
 * Returns: (transfer full) one line, ended with a newline.
 */
char *msk_log_format_render(MskLogFormat *self, const MskLogRecord *record, const char *message);
