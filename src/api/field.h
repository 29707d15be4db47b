/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * field: members of a checked request body, and Python's and MariaDB's ideas of text.
 * Pure; any thread.
 * Source: oslo.utils strutils.bool_from_string.
 */

#include "api/json_value.h"

/**
 * msk_field_string:
 * @object: an OBJECT whose member @name, if there, is null or a string without lone surrogates and
 *   NUL (its schema says so).
 * @ret: (inout) (transfer full) replaced by a copy; NULL for null.
 *
 * Returns: whether the member is there; else @ret is untouched.
 */
bool msk_field_string(const MskJson *object, const char *name, char **ret);

/** msk_field_boolean: as msk_field_string(), for true, false, and words such as "on". */
bool msk_field_boolean(const MskJson *object, const char *name, bool *ret);

/** msk_leading_number: Returns: what MariaDB makes of @text where it compares it with a number: the
 *  decimal number that it begins with, blanks in front; 0 without one. */
double msk_leading_number(const char *text);

/** msk_boolean_parse: "1", "t", "true", "on", "y", "yes" and their opposites, in any case, blanks
 *  around. Returns: whether @text is one; else @ret is untouched. */
bool msk_boolean_parse(const char *text, bool *ret);
