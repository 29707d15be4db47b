/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* wrap: words into lines. Pure; any thread. */

#include <glib.h>
#include <stddef.h>

/**
 * msk_append_wrapped:
 * @prefix: (not NULL) of every line.
 * @width: columns (bytes) of a line with its prefix; a longer word has a line of its own.
 * @text: words with spaces and newlines between them.
 *
 * Appends the words to @out, each line with its newline; nothing for no words.
 */
void msk_append_wrapped(GString *out, const char *prefix, size_t width, const char *text);
