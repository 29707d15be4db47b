/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* file: whole files of a bounded size. Any thread. */

#include <glib.h>
#include <stddef.h>

/**
 * msk_file_read:
 * @max_bytes: what is larger is refused.
 * @ret_length: (out) (nullable) bytes, without the NUL that is put behind them.
 * @error: %MSK_ERROR_NOT_FOUND, %MSK_ERROR_DENIED, %MSK_ERROR_UNAVAILABLE as the system says;
 *   %MSK_ERROR_INVALID for a directory or too many bytes. Each names @path.
 *
 * Blocks. Returns: (transfer full) the content, or NULL.
 */
char *msk_file_read(const char *path, size_t max_bytes, size_t *ret_length, GError **error);
