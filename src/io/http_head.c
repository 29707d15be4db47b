/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_head.h"

#include <string.h>
#include <strings.h>

/* The characters of a field name, RFC 9110 section 5.6.2. */
static bool
is_token(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr("!#$%&'*+-.^_`|~", *at) == NULL) {
            return false;
        }
    }
    return true;
}

static bool
is_field_value(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char) *at < 0x20 && *at != '\t') {
            return false;
        }
    }
    return strchr(text, 0x7f) == NULL;
}

/* No sign, no blank, no base, and small enough for anyone's integer. */
static bool
is_length(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 19 && text[digits] == '\0';
}

const char *
msk_http_head_check(const MskHttpHeader *headers, size_t n_headers)
{
    unsigned hosts = 0;
    unsigned lengths = 0;
    unsigned encodings = 0;

    for (size_t i = 0; i < n_headers; i++) {
        const MskHttpHeader *header = &headers[i];

        if (!is_token(header->name)) {
            return "A header field name has characters that are not allowed there.";
        }
        if (!is_field_value(header->value)) {
            return "A header field value has control characters.";
        }
        if (strcasecmp(header->name, "Host") == 0) {
            hosts++;
        } else if (strcasecmp(header->name, "Content-Length") == 0) {
            lengths++;
            if (!is_length(header->value)) {
                return "Content-Length is not a decimal number.";
            }
        } else if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
            encodings++;
            if (strcasecmp(header->value, "chunked") != 0) {
                return "The only transfer encoding that is understood is chunked.";
            }
        }
    }
    if (hosts > 1) {
        return "There is more than one Host.";
    }
    if (lengths + encodings > 1) {
        return "The length of the body is given more than once.";
    }
    return NULL;
}
