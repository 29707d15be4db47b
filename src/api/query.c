/* SPDX-License-Identifier: Apache-2.0 */
#include "api/query.h"

#include "api/unicode_print.h"

#include <string.h>

#define NUL_SPELLED "\xc0\x80"

/* Both arrays have one entry a field. */
struct MskQuery {
    GPtrArray *names;  /* (element-type char*) */
    GPtrArray *values; /* (element-type char*) */
};

/* One byte of @text, an escape or itself. */
static unsigned char
next_byte(const char **at)
{
    const char *text = *at;

    if (text[0] == '%' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
        *at += 3;
        return (unsigned char) (g_ascii_xdigit_value(text[1]) << 4 | g_ascii_xdigit_value(text[2]));
    }
    *at += 1;
    return (unsigned char) text[0];
}

/* Returns: (transfer full) (nullable) NULL when it is not UTF-8. */
static char *
decode_field(const char *text, size_t size)
{
    g_autofree char *copy = g_strndup(text, size);
    g_autoptr(GString) bytes = g_string_new(NULL);

    g_strdelimit(copy, "+", ' ');
    for (const char *at = copy; *at != '\0';) {
        g_string_append_c(bytes, (char) next_byte(&at));
    }
    GString *decoded = g_string_new(NULL);

    for (const char *at = bytes->str; at < bytes->str + bytes->len;) {
        size_t part = strlen(at);

        if (!g_utf8_validate(at, (gssize) part, NULL)) {
            g_string_free(decoded, TRUE);
            return NULL;
        }
        g_string_append(decoded, at);
        if (at + part < bytes->str + bytes->len) {
            g_string_append(decoded, NUL_SPELLED);
        }
        at += part + 1;
    }
    return g_string_free(decoded, FALSE);
}

static bool
add_field(MskQuery *self, const char *field)
{
    const char *equals = strchr(field, '=');
    size_t name_size = equals == NULL ? strlen(field) : (size_t) (equals - field);
    const char *value = equals == NULL ? "" : equals + 1;
    g_autofree char *name = decode_field(field, name_size);
    char *decoded = name == NULL ? NULL : decode_field(value, strlen(value));

    if (decoded == NULL) {
        return false;
    }
    g_ptr_array_add(self->names, g_steal_pointer(&name));
    g_ptr_array_add(self->values, decoded);
    return true;
}

MskQuery *
msk_query_parse(const char *text)
{
    g_autoptr(MskQuery) self = g_new0(MskQuery, 1);
    g_auto(GStrv) fields = g_strsplit_set(text == NULL ? "" : text, "&;", -1);

    self->names = g_ptr_array_new_with_free_func(g_free);
    self->values = g_ptr_array_new_with_free_func(g_free);
    for (char **field = fields; *field != NULL; field++) {
        if (**field != '\0' && !add_field(self, *field)) {
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

void
msk_query_free(MskQuery *self)
{
    if (self == NULL) {
        return;
    }
    g_ptr_array_unref(self->names);
    g_ptr_array_unref(self->values);
    g_free(self);
}

const char *
msk_query_last(const MskQuery *self, const char *name)
{
    for (unsigned i = self->names->len; i > 0; i--) {
        if (strcmp(g_ptr_array_index(self->names, i - 1), name) == 0) {
            return g_ptr_array_index(self->values, i - 1);
        }
    }
    return NULL;
}

GPtrArray *
msk_query_all(const MskQuery *self, const char *name)
{
    GPtrArray *found = g_ptr_array_new();

    for (unsigned i = 0; i < self->names->len; i++) {
        if (strcmp(g_ptr_array_index(self->names, i), name) == 0) {
            g_ptr_array_add(found, g_ptr_array_index(self->values, i));
        }
    }
    return found;
}

/* How many bytes of @text, most as a rule, stand for themselves. */
static size_t
plain_length(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0' && text[length] != '%' && (text[length] & 0x80) == 0) {
        length++;
    }
    return length;
}

char *
msk_path_decode(const char *text)
{
    size_t plain = plain_length(text);
    GString *path = g_string_new_len(text, (gssize) plain);

    for (const char *at = text + plain; *at != '\0';) {
        unsigned char byte = next_byte(&at);

        if (byte == '\0') {
            g_string_append(path, NUL_SPELLED);
        } else {
            g_string_append_unichar(path, byte);
        }
    }
    return g_string_free(path, FALSE);
}

char *
msk_latin1_decode(const char *text)
{
    size_t plain = plain_length(text);
    GString *decoded = g_string_new_len(text, (gssize) plain);

    for (const char *at = text + plain; *at != '\0'; at++) {
        g_string_append_unichar(decoded, (unsigned char) *at);
    }
    return g_string_free(decoded, FALSE);
}

char *
msk_path_encode(const char *path)
{
    static const char kept[] = "/~!$&'()*+,;=:@-._";
    GString *text = g_string_new(NULL);
    const char *end = path + strlen(path);

    for (const char *at = path; at < end;) {
        uint32_t byte = msk_unicode_next(&at, end);

        if (byte < 0x80 && byte != 0 &&
            (g_ascii_isalnum((char) byte) || strchr(kept, (char) byte) != NULL)) {
            g_string_append_c(text, (char) byte);
        } else {
            g_string_append_printf(text, "%%%02X", byte & 0xff);
        }
    }
    return g_string_free(text, FALSE);
}
