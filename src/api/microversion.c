/* SPDX-License-Identifier: Apache-2.0 */
#include "api/microversion.h"

#include <glib.h>
#include <string.h>

#define SERVICE "instance-ha"

/* The blanks that str.split() and strip() of Python know in a header, which Latin-1 is. */
static size_t
blank_size(const char *at)
{
    if (*at == ' ' || *at == '\t') {
        return 1;
    }
    return g_str_has_prefix(at, "\xc2\x85") || g_str_has_prefix(at, "\xc2\xa0") ? 2 : 0;
}

/* Returns: @text behind the blanks at its start; those at its end are cut off. */
static char *
strip(char *text)
{
    size_t size = 0; /* up to the last character that is no blank */

    while (blank_size(text) > 0) {
        text += blank_size(text);
    }
    for (size_t at = 0; text[at] != '\0';) {
        size_t blank = blank_size(text + at);

        at += blank > 0 ? blank : 1;
        size = blank > 0 ? size : at;
    }
    text[size] = '\0';
    return text;
}

/* Returns: (transfer full) (nullable) what stands behind the last "instance-ha", in any case. */
static char *
find_version(const char *header)
{
    g_auto(GStrv) parts = g_strsplit(header, ",", -1);

    for (unsigned i = g_strv_length(parts); i > 0; i--) {
        char *part = strip(parts[i - 1]);
        size_t size = strlen(SERVICE);

        if (g_ascii_strncasecmp(part, SERVICE, size) == 0 && blank_size(part + size) > 0) {
            return g_strdup(strip(part + size));
        }
    }
    return NULL;
}

/* A number without a leading zero. Returns: its length, or 0. */
static size_t
number_length(const char *text, bool zero_allowed)
{
    if (text[0] == '0') {
        return zero_allowed ? 1 : 0;
    }
    return strspn(text, "0123456789");
}

MskMicroversionResult
msk_microversion_parse(const char *header, char **ret_text, unsigned *ret_minor)
{
    g_autofree char *version = header == NULL ? NULL : find_version(header);

    if (version == NULL) {
        version = g_strdup(MSK_API_MIN_VERSION);
    } else if (strcmp(version, "latest") == 0) {
        g_free(version);
        version = g_strdup(MSK_API_MAX_VERSION);
    }
    size_t major = number_length(version, false);
    size_t minor =
        major > 0 && version[major] == '.' ? number_length(version + major + 1, true) : 0;
    bool well_formed = minor > 0 && version[major + 1 + minor] == '\0';
    MskMicroversionResult result = MSK_MICROVERSION_MALFORMED;

    if (well_formed) {
        char digit = version[major + 1];

        result = MSK_MICROVERSION_UNSUPPORTED;
        if (major == 1 && version[0] == '1' && minor == 1 && digit - '0' <= MSK_API_MAX_MINOR) {
            result = MSK_MICROVERSION_OK;
            *ret_minor = (unsigned) (digit - '0');
        }
    }
    *ret_text = g_steal_pointer(&version);
    return result;
}
