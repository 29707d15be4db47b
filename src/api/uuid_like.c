/* SPDX-License-Identifier: Apache-2.0 */
#include "api/uuid_like.h"

#include <glib.h>
#include <string.h>

#define UUID_DIGITS 32

static void
take_out(GString *text, const char *part)
{
    (void) g_string_replace(text, part, "", 0); /* however often it is there */
}

bool
msk_uuid_is_like(const char *text)
{
    g_autoptr(GString) rest = g_string_new(text);

    take_out(rest, "urn:");
    take_out(rest, "uuid:");
    const char *start = rest->str + strspn(rest->str, "{}");
    size_t size = strlen(start);
    unsigned digits = 0;

    while (size > 0 && strchr("{}", start[size - 1]) != NULL) {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (g_ascii_isxdigit(start[i])) {
            digits++;
        } else if (start[i] != '-') {
            return false;
        }
    }
    return digits == UUID_DIGITS;
}
