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

void
msk_json_append_text(GString *out, const char *text, size_t size)
{
    if (text == NULL) {
        g_string_append(out, "null");
        return;
    }
    const char *end = text + size;
    const char *at = text;

    g_string_append_c(out, '"');
    while (at < end) {
        const char *start = at;

        while (at < end && *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\') {
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

void
msk_json_append_name(GString *out, const char *name)
{
    if (out->len > 0 && out->str[out->len - 1] != '{') {
        g_string_append(out, ", ");
    }
    g_string_append_c(out, '"');
    g_string_append(out, name);
    g_string_append(out, "\": ");
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
    msk_json_append_name(out, name);
    msk_json_append_string(out, value);
}

void
msk_json_add_integer(GString *out, const char *name, int64_t value)
{
    msk_json_append_name(out, name);
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
}

void
msk_json_add_boolean(GString *out, const char *name, bool value)
{
    msk_json_append_name(out, name);
    g_string_append(out, value ? "true" : "false");
}

void
msk_json_add_time(GString *out, const char *name, int64_t time_us)
{
    g_autofree char *text = time_us == 0 ? NULL : msk_datetime_format_rest(time_us);

    msk_json_add_string(out, name, text);
}
