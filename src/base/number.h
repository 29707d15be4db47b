/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* number: text to numbers, in full or not at all. Pure; any thread. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * msk_parse_int64:
 * @text: decimal digits with an optional sign and nothing else.
 * @min, @max: the bounds, inclusive.
 * @ret: (out) untouched on failure.
 *
 * Returns: whether all of @text is one number within the bounds.
 */
bool msk_parse_int64(const char *text, int64_t min, int64_t max,
                     int64_t *ret) G_GNUC_WARN_UNUSED_RESULT;
