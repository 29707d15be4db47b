/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_mask.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MASK       "***"
#define FAR        1000u /* how far is looked around a name or a URL, for the same reason */
#define MAX_PASSES 10    /* so that time stays in proportion to the length */

/* In lower case. A name may go on with digits or one of the endings before its separator. */
static const char *const names[] = {
    "authorization", "password",  "passwd", "passphrase",  "adminpass",    "admin_pass",
    "new_pass",      "sys_pswd",  "token",  "secret_uuid", "secret",       "encrypted_key",
    "private_key",   "fernetkey", "sslkey", "api_key",     "rabbitcookie",
};
static const char *const endings[] = {"_key", "_hash", "_data"};

static bool
has_prefix_any_case(const char *text, const char *prefix)
{
    return g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

#define N_LETTERS 26u

/* By the first letter of a name: a bit for each second letter. */
typedef struct {
    uint32_t seconds[N_LETTERS];
} Beginnings;

static void
find_beginnings(Beginnings *ret)
{
    *ret = (Beginnings){{0}};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        ret->seconds[names[i][0] - 'a'] |= UINT32_C(1) << (names[i][1] - 'a');
    }
}

/* Whether the first two letters are those of a name; most text is told from names by that. */
static bool
may_be_name(const Beginnings *beginnings, const char *text)
{
    unsigned first = (unsigned char) (text[0] | 0x20) - (unsigned) 'a';
    unsigned second = (unsigned char) (text[1] | 0x20) - (unsigned) 'a';

    return first < N_LETTERS && second < N_LETTERS &&
           (beginnings->seconds[first] >> second & 1) != 0;
}

/* The length of the secret's name that @text begins with, or 0. */
static size_t
match_name(const char *text)
{
    char first = g_ascii_tolower(text[0]);
    char second = g_ascii_tolower(text[1]);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (first == names[i][0] && second == names[i][1] && has_prefix_any_case(text, names[i])) {
            size_t length = strlen(names[i]);

            for (size_t j = 0; j < G_N_ELEMENTS(endings); j++) {
                if (has_prefix_any_case(text + length, endings[j])) {
                    length += strlen(endings[j]);
                    break;
                }
            }
            return length + strspn(text + length, "0123456789");
        }
    }
    return 0;
}

static size_t
spaces(const char *text)
{
    return strspn(text, " \t");
}

/* An optional quote, which may itself be escaped inside a quoted document. */
static size_t
quote_length(const char *text)
{
    if (text[0] == '"' || text[0] == '\'') {
        return 1;
    }
    return text[0] == '\\' && (text[1] == '"' || text[1] == '\'') ? 2 : 0;
}

/* What stands between name and value, or 0 when no value follows. */
static size_t
match_separator(const char *text, bool is_argument)
{
    size_t length = quote_length(text);

    if (text[0] == '>') {
        return 1;
    }
    length += spaces(text + length);
    if (text[length] == '=' || text[length] == ':') {
        length++;
        length += text[length] == '>';
        return length + spaces(text + length);
    }
    return is_argument && quote_length(text) == 0 ? length : 0;
}

/* The length of a value that goes on to @quote, which is @quote_size bytes long. */
static size_t
quoted_length(const char *text, const char *quote, size_t quote_size)
{
    size_t length = 0;

    while (text[length] != '\0' && strncmp(text + length, quote, quote_size) != 0) {
        length += text[length] == '\\' && text[length + 1] != '\0' ? 2 : 1;
    }
    return length;
}

/* Appends the value's quotes with the mask between them. Returns the bytes it took of @text. */
static size_t
mask_value(GString *out, const char *text, const char *stops)
{
    size_t prefix = (text[0] == 'u' || text[0] == 'b') && quote_length(text + 1) > 0 ? 1 : 0;
    size_t quote = quote_length(text + prefix);
    const char *value = text + prefix + quote;
    size_t length = quote > 0 ? quoted_length(value, text + prefix, quote) : strcspn(value, stops);

    g_string_append_len(out, text, (gssize) (prefix + quote));
    if (length > 0) {
        g_string_append(out, MASK);
    }
    return prefix + quote + length;
}

/* Whether @at, a name inside @message, belongs to an argument such as --os-password. */
static bool
is_argument(const char *message, const char *at)
{
    for (size_t back = 0;
         back < FAR && at > message && (g_ascii_isalnum(at[-1]) || at[-1] == '-' || at[-1] == '_');
         back++) {
        at--;
    }
    return at[0] == '-';
}

/* Whether @text, behind "<password>", has nothing in it that could be a secret before another such
 * word begins, as in "<user>:<password>@<host>". */
static bool
is_placeholder(const char *text)
{
    size_t i = 0;

    while (i < FAR && text[i] != '<' && (g_ascii_ispunct(text[i]) || g_ascii_isspace(text[i]))) {
        i++;
    }
    return text[i] == '<' && text[i + 1] != '/';
}

/* Masks "name<separator>value" at @text. Returns the bytes it took, or 0. */
static size_t
mask_pair(GString *out, const char *message, const char *text)
{
    size_t name = match_name(text);
    size_t separator;
    bool is_header;

    if (name == 0) {
        return 0;
    }
    separator = match_separator(text + name, is_argument(message, text));
    if (separator == 0) {
        return 0;
    }
    if (text[name] == '>' && is_placeholder(text + name + 1)) {
        return 0;
    }
    is_header = has_prefix_any_case(text, "authorization");
    g_string_append_len(out, text, (gssize) (name + separator));
    return name + separator +
           mask_value(out, text + name + separator, is_header ? "\r\n\"'" : " \t\r\n,;&)]}\"'<\\");
}

/* As strcspn, but not beyond FAR. */
static size_t
length_before(const char *text, const char *stops)
{
    size_t length = 0;

    while (length < FAR && text[length] != '\0' && strchr(stops, text[length]) == NULL) {
        length++;
    }
    return length;
}

/* Whether @behind, which is behind "://", belongs to a web address: its path may hold an '@', and
 * it has no password. */
static bool
is_web(const char *message, const char *behind)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        size_t length = strlen(schemes[i]);

        if ((size_t) (behind - message) >= length &&
            has_prefix_any_case(behind - length, schemes[i])) {
            return true;
        }
    }
    return false;
}

/* The end of the part of a URL that may hold user names and passwords. */
static const char *
authority_end(const char *message, const char *text)
{
    const char *end = text + strcspn(text, "/?# \t\r\n\"'<>");
    const char *url_end = text + length_before(text, " \t\r\n\"'<>");
    const char *colon = memchr(text, ':', (size_t) (end - text));
    const char *at = memrchr(text, '@', (size_t) (url_end - text));

    if (at == NULL || at < end || colon == NULL) {
        return end;
    }
    /* A password with a bare slash or question mark, be it of digits only in front of that; or the
     * port of a web address. */
    bool is_port = colon + 1 + strspn(colon + 1, "0123456789") == end;

    return is_port && *end == '/' && is_web(message, text) ? end : at + 1;
}

/* A user or a server may hide a secret of its own: odbc://u:p@host;token=x. */
static void
append_masked(GString *out, const char *text, ptrdiff_t length)
{
    g_autofree char *plain = g_strndup(text, (size_t) length);
    g_autofree char *masked = msk_mask_secrets(plain);

    g_string_append(out, masked);
}

/* @text is behind "://". Returns the bytes it took: up to the last server's user and password; what
 * follows may name other secrets. */
static size_t
mask_authority(GString *out, const char *message, const char *text)
{
    const char *end = authority_end(message, text);
    const char *part = text;

    /* Several servers may be named, each with a user: rabbit://a:b@one,c:d@two. */
    while (part < end && memchr(part, '@', (size_t) (end - part)) != NULL) {
        const char *comma = memchr(part, ',', (size_t) (end - part));
        const char *part_end = comma != NULL ? comma : end;
        const char *at = memrchr(part, '@', (size_t) (part_end - part));
        const char *colon = at != NULL ? memchr(part, ':', (size_t) (at - part)) : NULL;

        if (at == NULL && comma != NULL && memchr(comma, '@', (size_t) (end - comma)) != NULL &&
            memchr(part, ':', (size_t) (comma - part)) != NULL) {
            /* A comma inside a password; hide all of it. */
            part_end = end;
            at = memrchr(part, '@', (size_t) (end - part));
            colon = memchr(part, ':', (size_t) (at - part));
        }
        if (colon != NULL) {
            append_masked(out, part, colon + 1 - part);
            g_string_append(out, MASK);
            part = at;
        }
        part_end += part_end < end;
        append_masked(out, part, part_end - part);
        part = part_end;
    }
    return (size_t) (part - text);
}

static char *
mask_once(const char *message)
{
    GString *out = g_string_sized_new(strlen(message) + 16);
    const char *kept = message; /* from here on nothing is in @out */
    const char *next = message;
    Beginnings beginnings;

    find_beginnings(&beginnings);
    while (*next != '\0') {
        bool is_authority = next[0] == ':' && next[1] == '/' && next[2] == '/';

        if (!is_authority && !may_be_name(&beginnings, next)) {
            next++;
            continue;
        }
        size_t taken;

        g_string_append_len(out, kept, next - kept);
        kept = next;
        if (is_authority) {
            g_string_append(out, "://");
            taken = 3 + mask_authority(out, message, next + 3);
        } else {
            taken = mask_pair(out, message, next);
        }
        next += MAX(taken, 1);
        kept += taken;
    }
    g_string_append_len(out, kept, next - kept);
    return g_string_free(out, FALSE);
}

char *
msk_mask_secrets(const char *message)
{
    g_autofree char *masked = mask_once(message);

    if (strcmp(masked, message) == 0) {
        return g_steal_pointer(&masked);
    }
    /* A mask may bring a name and a value together, or end a URL earlier than before. */
    for (int i = 0; i < MAX_PASSES; i++) {
        char *again = mask_once(masked);

        if (strcmp(again, masked) == 0) {
            g_free(again);
            return g_steal_pointer(&masked);
        }
        g_free(masked);
        masked = again;
    }
    return g_strdup("(a message that holds too many secrets to be shown)");
}

static void
append_escaped(GString *out, unsigned char c)
{
    switch (c) {
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        g_string_append_printf(out, "\\x%02x", c);
        break;
    }
}

/* How many bytes of @text stay as they are for sure. */
static size_t
plain_length(const char *text)
{
    size_t length = 0;

    while (text[length] >= ' ' && text[length] < 0x7f) {
        length++;
    }
    return length;
}

char *
msk_escape_controls(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 16);
    const char *next = text;

    while (*next != '\0') {
        size_t plain = plain_length(next);

        if (plain > 0) {
            g_string_append_len(out, next, (gssize) plain);
            next += plain;
            continue;
        }
        gunichar c = g_utf8_get_char_validated(next, -1);
        size_t length = c < 0x80 || c > G_MAXINT32 ? 1 : (size_t) g_unichar_to_utf8(c, NULL);

        if (c < 0x20 || c == 0x7f || c > G_MAXINT32) {
            append_escaped(out, (unsigned char) *next);
        } else if (c >= 0x80 && c < 0xa0) {
            /* The C1 controls move a terminal's cursor as well. */
            g_string_append_printf(out, "\\x%02x", (unsigned) c);
        } else {
            g_string_append_len(out, next, (gssize) length);
        }
        next += length;
    }
    return g_string_free(out, FALSE);
}
