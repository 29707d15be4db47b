/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The headers of a request, one a line, name and value parted by the first ": ". Heads that could
 * be cut in two ways are refused whatever else is in them.
 */

#include "fuzz.h"

#include "io/http_head.h"

#include <stdbool.h>

#define MAX_HEADERS 64

static bool
is_named(const MskHttpHeader *header, const char *name)
{
    return g_ascii_strcasecmp(header->name, name) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_HEADERS);
    MskHttpHeader headers[MAX_HEADERS];
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned hosts = 0;
    size_t n = 0;

    for (; lines[n] != NULL; n++) {
        char *colon = strstr(lines[n], ": ");

        if (colon != NULL) {
            *colon = '\0';
        }
        headers[n] = (MskHttpHeader){lines[n], colon != NULL ? colon + 2 : ""};
        lengths += is_named(&headers[n], "Content-Length");
        codings += is_named(&headers[n], "Transfer-Encoding");
        hosts += is_named(&headers[n], "Host");
    }
    if (lengths > 1 || codings > 1 || hosts > 1 || (lengths > 0 && codings > 0)) {
        g_assert_nonnull(msk_http_head_check(headers, n));
    } else {
        (void) msk_http_head_check(headers, n); /* any answer will do */
    }
    return 0;
}
