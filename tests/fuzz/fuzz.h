/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* fuzz: the entry of a fuzz target, under the name by which libFuzzer calls it. */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/**
 * LLVMFuzzerTestOneInput:
 * @data: (nullable) the input; NULL when @size is 0. Not terminated.
 *
 * Gives the input to the code under test and asserts what must hold for every input.
 * Returns: 0.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_text: Returns: (transfer full) the input up to its first NUL, as a string. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
    return size == 0 ? g_strdup("") : g_strndup((const char *) data, size);
}
