/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * unicode_print: which characters Python calls printable, and text as Python's str holds it.
 *
 * Text here is UTF-8 that may also hold lone surrogates (three bytes each) and NUL, because JSON
 * can spell both and Python takes them; so it comes with a size. Pure; any thread. Source:
 * Unicode 14.0 (Python 3.11's unicodedata); upstream masakari/api/validation/ parameter_types.py;
 * Python's str.isprintable.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * msk_unicode_next:
 * @at: (inout) the start of a character before @end; moved behind it. Bytes that start no
 *   character count as one each.
 *
 * Returns: the code point.
 */
uint32_t msk_unicode_next(const char **at, const char *end);

/** msk_unicode_length: Returns: how many code points @text has. */
size_t msk_unicode_length(const char *text, size_t size);

/** msk_unicode_is_printable: whether Python's repr() shows @c as it is. */
bool msk_unicode_is_printable(uint32_t c);

/** msk_unicode_is_name_char: whether @c may be part of a name: printable, in the first plane, any
 *  horizontal space included. */
bool msk_unicode_is_name_char(uint32_t c);

/** msk_unicode_is_space: whether @c is a horizontal space (category Zs). */
bool msk_unicode_is_space(uint32_t c);

/**
 * msk_unicode_description_pattern:
 *
 * Returns: (static) the regular expression of descriptions as text: all ranges of name characters
 *   and the line feed. Error messages quote it.
 */
const char *msk_unicode_description_pattern(void);
