/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * exit: the status a program ends with. One table, beside api/fault.c for HTTP.
 * Source: sysexits(3).
 */

#include <glib.h>

/**
 * msk_exit_code:
 * @error: (nullable) why the program ends; of another domain than MSK_ERROR it is EX_SOFTWARE.
 *
 * Returns: EX_OK for NULL, or the status of sysexits.h for the error's code.
 */
int msk_exit_code(const GError *error);
