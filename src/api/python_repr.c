/* SPDX-License-Identifier: Apache-2.0 */
#include "api/python_repr.h"

#include "api/unicode_print.h"

#include <math.h>
#include <string.h>

#define MAX_DIGITS      17 /* enough for every double to read back as itself */
#define FIXED_FROM_EXP  (-4)
#define FIXED_BELOW_EXP 16

static void
append_char(GString *out, uint32_t c, char quote)
{
    switch (c) {
    case '\\':
        g_string_append(out, "\\\\");
        return;
    case '\t':
        g_string_append(out, "\\t");
        return;
    case '\n':
        g_string_append(out, "\\n");
        return;
    case '\r':
        g_string_append(out, "\\r");
        return;
    default:
        break;
    }
    if (c == (unsigned char) quote) {
        g_string_append_c(out, '\\');
    }
    if (c >= ' ' && (c < 0x7f || msk_unicode_is_printable(c))) {
        g_string_append_unichar(out, c);
    } else if (c <= 0xff) {
        g_string_append_printf(out, "\\x%02x", c);
    } else if (c <= 0xffff) {
        g_string_append_printf(out, "\\u%04x", c);
    } else {
        g_string_append_printf(out, "\\U%08x", c);
    }
}

void
msk_python_repr_text(GString *out, const char *text, size_t size)
{
    bool apostrophe = memchr(text, '\'', size) != NULL;
    char quote = apostrophe && memchr(text, '"', size) == NULL ? '"' : '\'';

    g_string_append_c(out, quote);
    for (const char *at = text; at < text + size;) {
        append_char(out, msk_unicode_next(&at, text + size), quote);
    }
    g_string_append_c(out, quote);
}

/* The shortest decimal that reads back as @real. Returns: its digits, one before the point. */
static char *
shortest_digits(double real, int *ret_exponent)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    for (int precision = 0; precision < MAX_DIGITS; precision++) {
        char format[8];

        (void) g_snprintf(format, sizeof format, "%%.%de", precision); /* fits: two digits */
        (void) g_ascii_formatd(text, sizeof text, format, real);
        if (g_ascii_strtod(text, NULL) == real) {
            break;
        }
    }
    char *exponent = strchr(text, 'e');

    g_assert(exponent != NULL);
    *ret_exponent = (int) g_ascii_strtoll(exponent + 1, NULL, 10);
    *exponent = '\0';

    GString *digits = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at++) {
        if (g_ascii_isdigit(*at)) {
            g_string_append_c(digits, *at);
        }
    }
    return g_string_free(digits, FALSE);
}

static void
append_fixed(GString *out, const char *digits, int exponent)
{
    int n = (int) strlen(digits);

    if (exponent < 0) {
        g_string_append(out, "0.");
        for (int i = exponent + 1; i < 0; i++) {
            g_string_append_c(out, '0');
        }
        g_string_append(out, digits);
        return;
    }
    for (int i = 0; i <= exponent || i < n; i++) {
        if (i == exponent + 1) {
            g_string_append_c(out, '.');
        }
        g_string_append_c(out, i < n ? digits[i] : '0');
    }
    if (n <= exponent + 1) {
        g_string_append(out, ".0");
    }
}

char *
msk_python_real(double real)
{
    int exponent;

    if (isnan(real)) {
        return g_strdup("nan");
    }
    if (isinf(real)) {
        return g_strdup(real < 0 ? "-inf" : "inf");
    }
    g_autofree char *digits = shortest_digits(fabs(real), &exponent);
    GString *out = g_string_new(signbit(real) != 0 ? "-" : NULL);

    if (exponent >= FIXED_FROM_EXP && exponent < FIXED_BELOW_EXP) {
        append_fixed(out, digits, exponent);
    } else {
        g_string_append_c(out, digits[0]);
        if (digits[1] != '\0') {
            g_string_append_printf(out, ".%s", digits + 1);
        }
        g_string_append_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', ABS(exponent));
    }
    return g_string_free(out, FALSE);
}

void
msk_python_items(GString *out, const MskJson *value,
                 void (*append)(GString *out, const MskJson *item))
{
    bool object = value->type == MSK_JSON_OBJECT;

    g_string_append_c(out, object ? '{' : '[');
    for (unsigned i = 0; i < value->values->len; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        if (object) {
            append(out, g_ptr_array_index(value->names, i));
            g_string_append(out, ": ");
        }
        append(out, g_ptr_array_index(value->values, i));
    }
    g_string_append_c(out, object ? '}' : ']');
}

void
msk_python_repr(GString *out, const MskJson *value)
{
    switch (value->type) {
    case MSK_JSON_NULL:
        g_string_append(out, "None");
        break;
    case MSK_JSON_BOOLEAN:
        g_string_append(out, value->boolean ? "True" : "False");
        break;
    case MSK_JSON_INTEGER:
        g_string_append_len(out, value->text, (gssize) value->size);
        break;
    case MSK_JSON_REAL: {
        g_autofree char *text = msk_python_real(value->real);

        g_string_append(out, text);
        break;
    }
    case MSK_JSON_STRING:
        msk_python_repr_text(out, value->text, value->size);
        break;
    case MSK_JSON_ARRAY:
    case MSK_JSON_OBJECT:
        msk_python_items(out, value, msk_python_repr);
        break;
    default:
        g_assert_not_reached();
    }
}

void
msk_python_str(GString *out, const MskJson *value)
{
    if (value->type == MSK_JSON_STRING) {
        g_string_append_len(out, value->text, (gssize) value->size);
    } else {
        msk_python_repr(out, value);
    }
}
