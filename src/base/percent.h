/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* percent: %XX in parts of URLs. Pure; any thread. Source: RFC 3986; Python's urllib.parse. */

#include <glib.h>

/**
 * msk_percent_decode:
 * @text: a part of a URL; only its first @length bytes are read.
 *
 * A '%' that no two hexadecimal digits follow stays as it is, as in Python.
 *
 * Returns: (transfer full) (nullable) the decoded text; NULL when it would hold a NUL or would not
 *   be UTF-8.
 */
char *msk_percent_decode(const char *text, size_t length);
