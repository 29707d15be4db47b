/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * json_value: a JSON text as Python's json.loads() reads it. A general JSON library does not do:
 * the service's answers quote what the client sent in Python's words, so NaN, Infinity, integers of
 * any size, 1 beside 1.0, lone surrogates and the order of members have to survive.
 *
 * As in Python: NaN and ±Infinity are numbers, too large a real is infinite, of two members of one
 * name the last value counts in the first one's place, control characters in strings, a byte order
 * mark and text after the value are errors, an integer has at most 4300 digits.
 * Unlike Python: nesting deeper than %MSK_JSON_MAX_DEPTH is an error of the client, not of ours.
 *
 * Pure; any thread; a value belongs to one thread at a time.
 * Source: CPython 3.11 Lib/json/decoder.py and scanner.py; oslo.serialization jsonutils.loads.
 */

#include <glib.h>
#include <stdbool.h>

#define MSK_JSON_MAX_DEPTH 500

typedef enum {
    MSK_JSON_NULL,
    MSK_JSON_BOOLEAN,
    MSK_JSON_INTEGER,
    MSK_JSON_REAL,
    MSK_JSON_STRING,
    MSK_JSON_ARRAY,
    MSK_JSON_OBJECT,
} MskJsonType;

typedef struct MskJson MskJson;

struct MskJson {
    MskJsonType type;
    bool boolean;
    double real;
    char *text;        /* of a STRING: see unicode_print.h, and a NUL behind it; of an INTEGER: its
                          digits without leading zeros, with '-' when below 0 */
    size_t size;       /* of @text */
    GPtrArray *names;  /* of an OBJECT: (element-type MskJson) STRINGs, in order */
    GPtrArray *values; /* of an ARRAY or OBJECT: (element-type MskJson) */
};

/**
 * msk_json_parse:
 * @text: bytes.
 *
 * Returns: (transfer full) (nullable) the value; NULL when @text is not one JSON value in UTF-8.
 */
MskJson *msk_json_parse(const char *text, size_t size);

/** msk_json_free: @self: (nullable) */
void msk_json_free(MskJson *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskJson, msk_json_free)

/** msk_json_member: @self: an OBJECT. Returns: (nullable) (owned by @self) */
MskJson *msk_json_member(const MskJson *self, const char *name);

/** msk_json_is_string: whether @self is the STRING @text; @self: (nullable) */
bool msk_json_is_string(const MskJson *self, const char *text);

/**
 * msk_json_plain_string:
 *
 * Returns: (nullable) (owned by @self) the text of a STRING that is valid UTF-8 without NUL; NULL
 *   for another one and for NULL itself.
 */
const char *msk_json_plain_string(const MskJson *self);
