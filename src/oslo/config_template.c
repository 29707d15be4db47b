/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_template.h"

#include "base/error.h"

#include <stdbool.h>

static bool
is_first(char c)
{
    return g_ascii_isalpha(c) || c == '_';
}

static bool
is_next(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '.';
}

static size_t
name_length(const char *text)
{
    size_t n = 0;

    if (is_first(text[0])) {
        while (is_next(text[n])) {
            n++;
        }
    }
    return n;
}

/*
 * @text is behind a dollar sign. Returns the number of bytes that the placeholder takes, with the
 * name in @ret_name, or 0 when there is none.
 */
static size_t
parse_placeholder(const char *text, char **ret_name)
{
    bool braced = text[0] == '{';
    size_t length = name_length(text + braced);

    if (length == 0 || (braced && text[1 + length] != '}')) {
        return 0;
    }
    *ret_name = g_strndup(text + braced, length);
    return length + (braced ? 2 : 0);
}

static bool
append_value(GString *out, const char *name, MskConfigLookup lookup, void *data, GError **error)
{
    g_autofree char *value = lookup(name, data, error);

    if (value == NULL) {
        return false;
    }
    g_string_append(out, value);
    return true;
}

/* Appends what @text begins with to @out. Returns its length in bytes, or 0 on failure. */
static size_t
expand_one(GString *out, const char *text, MskConfigLookup lookup, void *data, GError **error)
{
    g_autofree char *name = NULL;
    size_t length;

    if (text[0] == '$' && text[1] == '$') {
        g_string_append_c(out, '$');
        return 2;
    }
    length = text[0] == '$' ? parse_placeholder(text + 1, &name) : 0;
    if (length == 0) {
        g_string_append_c(out, text[0]);
        return 1;
    }
    return append_value(out, name, lookup, data, error) ? 1 + length : 0;
}

char *
msk_config_expand(const char *text, MskConfigLookup lookup, void *data, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    /* oslo's order: "\\$" becomes "$$" before anything is read as a placeholder. */
    g_auto(GStrv) parts = g_strsplit(text, "\\$", -1);
    g_autofree char *plain = g_strjoinv("$$", parts);
    const char *next = plain;

    while (*next != '\0' && out->len <= MSK_CONFIG_VALUE_MAX_BYTES) {
        size_t length = expand_one(out, next, lookup, data, error);

        if (length == 0) {
            return NULL;
        }
        next += length;
    }
    if (out->len > MSK_CONFIG_VALUE_MAX_BYTES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "longer than %zu bytes",
                    MSK_CONFIG_VALUE_MAX_BYTES);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
