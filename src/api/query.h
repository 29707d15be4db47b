/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * query: the part of a request target behind the question mark, and percent-encoding.
 * Texts are as in unicode_print.h, with a NUL spelled in two bytes (C0 80), so that they are C
 * strings.
 * Pure; any thread.
 * Source: CPython 3.11 urllib.parse.parse_qsl with keep_blank_values, as WebOb calls it.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct MskQuery MskQuery;

/**
 * msk_query_parse:
 * @text: (nullable) such as "limit=1&sort_key=name"; NULL is empty.
 *
 * Returns: (transfer full) (nullable) NULL when a name or value is not UTF-8 once it is decoded.
 */
MskQuery *msk_query_parse(const char *text);
/** msk_query_free: @self: (nullable) */
void msk_query_free(MskQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskQuery, msk_query_free)

/** msk_query_last: Returns: (nullable) (owned by @self) the value of the last @name. */
const char *msk_query_last(const MskQuery *self, const char *name);

/** msk_query_all: Returns: (transfer container) (element-type char*) all values of @name, in order,
 *  owned by @self. */
GPtrArray *msk_query_all(const MskQuery *self, const char *name);

/**
 * msk_path_decode:
 * @text: a path as it was sent.
 *
 * Returns: (transfer full) UTF-8: each byte that the escapes stand for is one Latin-1 character,
 *   as WSGI has it.
 */
char *msk_path_decode(const char *text);

/** msk_latin1_decode: Returns: (transfer full) UTF-8: each byte of @text, such as a header's value,
 *  is one Latin-1 character, as WSGI has it. */
char *msk_latin1_decode(const char *text);

/** msk_path_encode: Returns: (transfer full) the reverse of msk_path_decode(), as WebOb quotes. */
char *msk_path_encode(const char *path);
