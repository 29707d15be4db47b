/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * json_text: writes JSON byte for byte as Python's json.dumps() does: ", " and ": " between, all
 * but ASCII as \uXXXX.
 * Pure; any thread.
 * Source: CPython 3.11 Lib/json/encoder.py.
 */

#include "api/json_value.h"

#include <stdint.h>

/** msk_json_append_text: @text: (nullable) see unicode_print.h; NULL is written as null. */
void msk_json_append_text(GString *out, const char *text, size_t size);
/** msk_json_append_string: as msk_json_append_text, up to the NUL. */
void msk_json_append_string(GString *out, const char *text);
/** msk_json_append_name: `"name": `, with ", " before it unless it is the first of its object. */
void msk_json_append_name(GString *out, const char *name);
/** msk_json_append_value: any value as it was parsed. */
void msk_json_append_value(GString *out, const MskJson *value);

/* Members `"name": value`. */
void msk_json_add_string(GString *out, const char *name, const char *value);
void msk_json_add_integer(GString *out, const char *name, int64_t value);
void msk_json_add_boolean(GString *out, const char *name, bool value);
/** msk_json_add_time: @time_us: 0 is written as null, others as "2026-01-02T03:04:05.000000". */
void msk_json_add_time(GString *out, const char *name, int64_t time_us);
