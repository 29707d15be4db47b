/* SPDX-License-Identifier: Apache-2.0 */
#include "base/percent.h"

#include <string.h>

char *
msk_percent_decode(const char *text, size_t length)
{
    g_autoptr(GString) out = g_string_sized_new(length);

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && length - i > 2 && g_ascii_isxdigit(text[i + 1]) &&
            g_ascii_isxdigit(text[i + 2])) {
            int byte = g_ascii_xdigit_value(text[i + 1]) << 4 | g_ascii_xdigit_value(text[i + 2]);

            g_string_append_c(out, (char) byte);
            i += 2;
        } else {
            g_string_append_c(out, text[i]);
        }
    }
    if (memchr(out->str, '\0', out->len) != NULL ||
        !g_utf8_validate(out->str, (gssize) out->len, NULL)) {
        return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
