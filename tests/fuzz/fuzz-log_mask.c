/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whatever is logged becomes one printable line, and a password in the middle of it is hidden
 * whatever stands before and behind it.
 */

#include "fuzz.h"

#include "oslo/log_mask.h"

#include <string.h>

#define SECRET "Hidden7"

static void
check_line(const char *line)
{
    g_assert_true(g_utf8_validate(line, -1, NULL));
    for (const char *at = line; *at != '\0'; at++) {
        g_assert_false(g_ascii_iscntrl(*at));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *before = fuzz_text(data, size / 2);
    g_autofree char *behind = fuzz_text(data + size / 2, size - size / 2);
    g_autofree char *text = g_strconcat(before, "password=" SECRET " ", behind, NULL);
    g_autofree char *line = msk_escape_controls(text);
    g_autofree char *masked = msk_mask_secrets(line);

    check_line(line);
    check_line(masked);
    if (strstr(before, SECRET) == NULL && strstr(behind, SECRET) == NULL) {
        g_assert_null(strstr(masked, SECRET));
    }
    return 0;
}
