/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever is logged becomes one printable line, and masking does not change what it masked. */

#include "fuzz.h"

#include "oslo/log_mask.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autofree char *line = msk_escape_controls(text);
    g_autofree char *masked = msk_mask_secrets(line);
    g_autofree char *again = msk_mask_secrets(masked);

    g_assert_true(g_utf8_validate(line, -1, NULL));
    for (const char *at = line; *at != '\0'; at++) {
        g_assert_false(g_ascii_iscntrl(*at));
    }
    g_assert_true(g_utf8_validate(masked, -1, NULL));
    g_assert_cmpstr(again, ==, masked);
    return 0;
}
