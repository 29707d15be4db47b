/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_text.h"

#include "api/python_repr.h"
#include "api/unicode_print.h"
#include "base/datetime.h"

#include <string.h>

static void
append_escape(GString *out, uint32_t c)
{
    switch (c) {
    case '"':
        g_string_append(out, "\\\"");
        break;
    case '\\':
        g_string_append(out, "\\\\");
        break;
    case '\b':
        g_string_append(out, "\\b");
        break;
    case '\f':
        g_string_append(out, "\\f");
        break;
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
        if (c >= 0x10000) {
            c -= 0x10000;
            g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
        } else {
            g_string_append_printf(out, "\\u%04x", c);
        }
        break;
    }
}

/* Makes @out longer. Most of a list's time would go into many small appends of GLib 2.74, so a word
 * and what stands around it are put together in one.
 * Returns: where the @size new bytes are. */
static char *
extend(GString *out, size_t size)
{
    size_t before = out->len;

    g_string_set_size(out, before + size);
    return out->str + before;
}

static char *
put(char *at, const char *text, size_t size)
{
    return (char *) memcpy(at, text, size) + size;
}

static bool
is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* In the highest bit of each byte: whether a byte of @word is less than @c; bits above the first
 * one that is set mean nothing. */
static uint64_t
less_than(uint64_t word, unsigned char c)
{
    return (word - EACH_BYTE(c)) & ~word & EACH_BYTE(0x80);
}

/* How many bytes of @text are plain for sure, eight at a time: most text is all of it. */
static size_t
plain_words(const char *text, size_t size)
{
    size_t done = 0;

    for (; done + sizeof(uint64_t) <= size; done += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text + done, sizeof word);
        uint64_t above = (word | (word + EACH_BYTE(1))) & EACH_BYTE(0x80);

        if ((above | less_than(word, ' ') | less_than(word ^ EACH_BYTE('"'), 1) |
             less_than(word ^ EACH_BYTE('\\'), 1)) != 0) {
            break;
        }
    }
    return done;
}

/* How many bytes of @text are plain before the first that is not. */
static size_t
plain_length(const char *text, size_t size)
{
    size_t done = plain_words(text, size);

    while (done < size && is_plain(text[done])) {
        done++;
    }
    return done;
}

void
msk_json_append_text(GString *out, const char *text, size_t size)
{
    if (text == NULL) {
        g_string_append_len(out, "null", strlen("null"));
        return;
    }
    const char *end = text + size;
    const char *at = text + plain_length(text, size);
    char *to = extend(out, (size_t) (at - text) + (at == end ? 2 : 1));

    *to++ = '"';
    to = put(to, text, (size_t) (at - text));
    if (at == end) {
        *to = '"';
        return;
    }
    while (at < end) {
        const char *start = at;

        while (at < end && is_plain(*at)) {
            at++;
        }
        g_string_append_len(out, start, at - start);
        if (at < end) {
            append_escape(out, msk_unicode_next(&at, end));
        }
    }
    g_string_append_c(out, '"');
}

void
msk_json_append_string(GString *out, const char *text)
{
    msk_json_append_text(out, text, text == NULL ? 0 : strlen(text));
}

/* Appends the name and makes room for a value of @size bytes. Returns: where it is to be written.
 */
static char *
extend_by_member(GString *out, const char *name, size_t size)
{
    bool is_first = out->len == 0 || out->str[out->len - 1] == '{';
    size_t name_size = strlen(name);
    size_t around = is_first ? strlen("\"\": ") : strlen(", \"\": ");
    char *at = extend(out, name_size + around + size);

    at = is_first ? at : put(at, ", ", 2);
    *at++ = '"';
    at = put(at, name, name_size);
    return put(at, "\": ", 3);
}

void
msk_json_append_name(GString *out, const char *name)
{
    (void) extend_by_member(out, name, 0); /* the value is still to come */
}

static void
append_real(GString *out, double real)
{
    g_autofree char *text = msk_python_real(real);

    if (strcmp(text, "nan") == 0) {
        g_string_append(out, "NaN");
    } else if (strcmp(text, "inf") == 0) {
        g_string_append(out, "Infinity");
    } else if (strcmp(text, "-inf") == 0) {
        g_string_append(out, "-Infinity");
    } else {
        g_string_append(out, text);
    }
}

void
msk_json_append_value(GString *out, const MskJson *value)
{
    switch (value->type) {
    case MSK_JSON_NULL:
        g_string_append(out, "null");
        break;
    case MSK_JSON_BOOLEAN:
        g_string_append(out, value->boolean ? "true" : "false");
        break;
    case MSK_JSON_INTEGER:
        g_string_append_len(out, value->text, (gssize) value->size);
        break;
    case MSK_JSON_REAL:
        append_real(out, value->real);
        break;
    case MSK_JSON_STRING:
        msk_json_append_text(out, value->text, value->size);
        break;
    case MSK_JSON_ARRAY:
    case MSK_JSON_OBJECT:
        msk_python_items(out, value, msk_json_append_value);
        break;
    default:
        g_assert_not_reached();
    }
}

void
msk_json_add_string(GString *out, const char *name, const char *value)
{
    size_t size = value == NULL ? 0 : strlen(value);

    if (value == NULL || plain_length(value, size) < size) {
        msk_json_append_name(out, name);
        msk_json_append_text(out, value, size);
        return;
    }
    char *at = extend_by_member(out, name, size + 2);

    *at++ = '"';
    at = put(at, value, size);
    *at = '"';
}

/* The decimal digits of @value, the last of them before @end. Returns: the first. */
static char *
write_digits(uint64_t value, char *end)
{
    do {
        *--end = (char) ('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

void
msk_json_add_integer(GString *out, const char *name, int64_t value)
{
    char text[24]; /* of 20 at most */
    char *end = text + sizeof text;
    char *first = write_digits(value < 0 ? -(uint64_t) value : (uint64_t) value, end);

    if (value < 0) {
        *--first = '-';
    }
    (void) put(extend_by_member(out, name, (size_t) (end - first)), first, (size_t) (end - first));
}

void
msk_json_add_boolean(GString *out, const char *name, bool value)
{
    const char *word = value ? "true" : "false";
    size_t size = strlen(word);

    (void) put(extend_by_member(out, name, size), word, size);
}

void
msk_json_add_time(GString *out, const char *name, int64_t time_us)
{
    enum { SIZE = MSK_DATETIME_BYTES - 1 }; /* without the NUL, in whose place the quote comes */

    if (time_us == 0) {
        (void) put(extend_by_member(out, name, strlen("null")), "null", strlen("null"));
        return;
    }
    char *at = extend_by_member(out, name, SIZE + 2);

    at[0] = '"';
    msk_datetime_write_rest(time_us, at + 1);
    at[SIZE + 1] = '"';
}
