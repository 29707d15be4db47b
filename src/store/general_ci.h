/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * general_ci: text in the order of MariaDB's utf8mb3_general_ci, for a database that lacks it:
 * without case and accents, and a shorter text as if blanks followed it.
 * Pure; any thread.
 * Source: WEIGHT_STRING() of every character of the plane in MariaDB 10.11.
 */

#include <stddef.h>

/** msk_general_ci_compare: @a, @b: UTF-8, not NUL-terminated. Returns: -1, 0 or 1. */
int msk_general_ci_compare(const char *a, size_t a_length, const char *b, size_t b_length);
