/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * inflate: the bodies of messages that their sender has compressed, as kombu does with its
 * "gzip", which is zlib's format (RFC 1950).
 *
 * Pure; any thread.
 */

#include <glib.h>
#include <stdint.h>

/** msk_inflate: Returns: (transfer full) (nullable) what @data of @length was; NULL when it is
 *  damaged or cut short, or would have more than @limit bytes. */
GByteArray *msk_inflate(const uint8_t *data, size_t length, size_t limit);
