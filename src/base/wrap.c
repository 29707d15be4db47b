/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wrap.h"

#include <string.h>

void
msk_append_wrapped(GString *out, const char *prefix, size_t width, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
    size_t column = 0;

    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0') {
            continue;
        }
        if (column > 0 && column + 1 + strlen(*word) > width) {
            g_string_append_c(out, '\n');
            column = 0;
        }
        g_string_append_printf(out, "%s%s", column == 0 ? prefix : " ", *word);
        column += strlen(*word) + (column == 0 ? strlen(prefix) : 1);
    }
    if (column > 0) {
        g_string_append_c(out, '\n');
    }
}
