/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_value.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define MAX_INTEGER_DIGITS 4300 /* CPython's sys.get_int_max_str_digits() */
#define INDEX_FROM_MEMBERS 16   /* below, comparing with each name is faster than hashing */
#define HEX_DIGITS         4

typedef struct {
    const char *at;
    const char *end;
    unsigned depth;
} Parser;

static MskJson *parse_value(Parser *self);

static MskJson *
value_new(MskJsonType type)
{
    MskJson *self = g_new0(MskJson, 1);

    self->type = type;
    return self;
}

static void
free_value(void *value)
{
    msk_json_free(value);
}

void
msk_json_free(MskJson *self)
{
    if (self == NULL) {
        return;
    }
    g_clear_pointer(&self->names, g_ptr_array_unref);
    g_clear_pointer(&self->values, g_ptr_array_unref);
    g_free(self->text);
    g_free(self);
}

static bool
same_text(const MskJson *a, const char *text, size_t size)
{
    return a->size == size && memcmp(a->text, text, size) == 0;
}

MskJson *
msk_json_member(const MskJson *self, const char *name)
{
    size_t size = strlen(name);

    g_assert(self->type == MSK_JSON_OBJECT);
    for (unsigned i = 0; i < self->names->len; i++) {
        if (same_text(g_ptr_array_index(self->names, i), name, size)) {
            return g_ptr_array_index(self->values, i);
        }
    }
    return NULL;
}

bool
msk_json_is_string(const MskJson *self, const char *text)
{
    return self != NULL && self->type == MSK_JSON_STRING && same_text(self, text, strlen(text));
}

const char *
msk_json_plain_string(const MskJson *self)
{
    if (self == NULL || self->type != MSK_JSON_STRING ||
        !g_utf8_validate_len(self->text, self->size, NULL)) {
        return NULL;
    }
    return self->text;
}

/* ---- scanner ------------------------------------------------------------------------------ */

static void
skip_blanks(Parser *self)
{
    while (self->at < self->end && strchr(" \t\n\r", *self->at) != NULL && *self->at != '\0') {
        self->at++;
    }
}

static bool
take(Parser *self, const char *word)
{
    size_t size = strlen(word);

    if ((size_t) (self->end - self->at) < size || memcmp(self->at, word, size) != 0) {
        return false;
    }
    self->at += size;
    return true;
}

static size_t
count_digits(const Parser *self)
{
    size_t n = 0;

    while (self->at + n < self->end && g_ascii_isdigit(self->at[n])) {
        n++;
    }
    return n;
}

static bool
take_hex(Parser *self, uint32_t *ret)
{
    uint32_t c = 0;

    if (self->end - self->at < HEX_DIGITS) {
        return false;
    }
    for (unsigned i = 0; i < HEX_DIGITS; i++) {
        int digit = g_ascii_xdigit_value(self->at[i]);

        if (digit < 0) {
            return false;
        }
        c = c << 4 | (uint32_t) digit;
    }
    self->at += HEX_DIGITS;
    *ret = c;
    return true;
}

/* Behind "\u". Two escapes that make a pair become one character. */
static bool
take_unicode_escape(Parser *self, GString *text)
{
    uint32_t c;
    uint32_t low;

    if (!take_hex(self, &c)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        Parser ahead = *self;

        if (take(&ahead, "\\u") && take_hex(&ahead, &low) && low >= 0xdc00 && low < 0xe000) {
            self->at = ahead.at;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    g_string_append_unichar(text, c); /* also writes a lone surrogate, in three bytes */
    return true;
}

static bool
take_escape(Parser *self, GString *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    if (self->at == self->end) {
        return false;
    }
    char letter = *self->at++;

    if (letter == 'u') {
        return take_unicode_escape(self, text);
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);

    if (found == NULL) {
        return false;
    }
    g_string_append_c(text, meanings[found - letters]);
    return true;
}

/* Behind the opening quote. */
static MskJson *
parse_string(Parser *self)
{
    GString *text = g_string_new(NULL);

    while (self->at < self->end) {
        const char *start = self->at;

        while (self->at < self->end && *self->at != '"' && *self->at != '\\' &&
               (unsigned char) *self->at >= 0x20) {
            self->at++;
        }
        g_string_append_len(text, start, self->at - start);
        if (take(self, "\"")) {
            MskJson *value = value_new(MSK_JSON_STRING);

            value->size = text->len;
            value->text = g_string_free(text, FALSE);
            return value;
        }
        if (!take(self, "\\") || !take_escape(self, text)) {
            break;
        }
    }
    g_string_free(text, TRUE);
    return NULL;
}

static MskJson *
real_new(double real)
{
    MskJson *value = value_new(MSK_JSON_REAL);

    value->real = real;
    return value;
}

static MskJson *
integer_new(const char *digits, size_t n, bool negative)
{
    MskJson *value = value_new(MSK_JSON_INTEGER);
    bool zero = n == 1 && digits[0] == '0';

    value->text = g_strdup_printf("%s%.*s", negative && !zero ? "-" : "", (int) n, digits);
    value->size = strlen(value->text);
    return value;
}

/* Moves behind a fraction and an exponent. Returns: whether there was one. */
static bool
skip_real_part(Parser *self)
{
    bool real = false;
    Parser ahead = *self;

    if (take(&ahead, ".") && count_digits(&ahead) > 0) {
        self->at = ahead.at + count_digits(&ahead);
        real = true;
    }
    ahead = *self;
    if (take(&ahead, "e") || take(&ahead, "E")) {
        if (!take(&ahead, "+")) {
            (void) take(&ahead, "-"); /* either sign, or none */
        }
        if (count_digits(&ahead) > 0) {
            self->at = ahead.at + count_digits(&ahead);
            real = true;
        }
    }
    return real;
}

static MskJson *
parse_number(Parser *self)
{
    const char *start = self->at;
    bool negative = take(self, "-");

    if (negative && take(self, "Infinity")) {
        return real_new(-INFINITY);
    }
    const char *digits = self->at;
    size_t n = count_digits(self);

    if (n > 0 && digits[0] == '0') {
        n = 1; /* what follows is not part of the number, so the text is refused later */
    }
    if (n == 0) {
        return NULL;
    }
    self->at += n;
    if (skip_real_part(self)) {
        g_autofree char *text = g_strndup(start, (size_t) (self->at - start));

        return real_new(g_ascii_strtod(text, NULL));
    }
    return n > MAX_INTEGER_DIGITS ? NULL : integer_new(digits, n, negative);
}

/* ---- arrays and objects ------------------------------------------------------------------- */

static MskJson *
parse_array(Parser *self)
{
    g_autoptr(MskJson) array = value_new(MSK_JSON_ARRAY);

    array->values = g_ptr_array_new_with_free_func(free_value);
    skip_blanks(self);
    if (take(self, "]")) {
        return g_steal_pointer(&array);
    }
    do {
        MskJson *item = parse_value(self);

        if (item == NULL) {
            return NULL;
        }
        g_ptr_array_add(array->values, item);
    } while (take(self, ","));
    return take(self, "]") ? g_steal_pointer(&array) : NULL;
}

static unsigned
hash_string(const void *key)
{
    const MskJson *value = key;
    unsigned hash = 5381;

    for (size_t i = 0; i < value->size; i++) {
        hash = hash * 33 + (unsigned char) value->text[i];
    }
    return hash;
}

static gboolean
equal_strings(const void *a, const void *b)
{
    const MskJson *other = b;

    return same_text(a, other->text, other->size);
}

/* Finds a name in an object under construction. Returns: its place, or -1. */
static int
find_name(const MskJson *object, GHashTable *index, const MskJson *name)
{
    if (index != NULL) {
        return GPOINTER_TO_INT(g_hash_table_lookup(index, name)) - 1;
    }
    for (unsigned i = 0; i < object->names->len; i++) {
        if (equal_strings(g_ptr_array_index(object->names, i), name)) {
            return (int) i;
        }
    }
    return -1;
}

/* @index: (inout) (nullable) name to its place plus 1; made once there are many. */
static void
add_member(MskJson *object, GHashTable **index, MskJson *name, MskJson *value)
{
    int place = find_name(object, *index, name);

    if (place >= 0) {
        msk_json_free(object->values->pdata[place]);
        object->values->pdata[place] = value;
        msk_json_free(name);
        return;
    }
    g_ptr_array_add(object->names, name);
    g_ptr_array_add(object->values, value);
    if (*index != NULL) {
        g_hash_table_insert(*index, name, GINT_TO_POINTER((int) object->names->len));
    } else if (object->names->len == INDEX_FROM_MEMBERS) {
        *index = g_hash_table_new(hash_string, equal_strings);
        for (unsigned i = 0; i < object->names->len; i++) {
            g_hash_table_insert(*index, g_ptr_array_index(object->names, i),
                                GINT_TO_POINTER((int) i + 1));
        }
    }
}

static bool
parse_member(Parser *self, MskJson *object, GHashTable **index)
{
    skip_blanks(self);
    g_autoptr(MskJson) name = take(self, "\"") ? parse_string(self) : NULL;

    if (name == NULL) {
        return false;
    }
    skip_blanks(self);
    MskJson *value = take(self, ":") ? parse_value(self) : NULL;

    if (value == NULL) {
        return false;
    }
    add_member(object, index, g_steal_pointer(&name), value);
    return true;
}

static MskJson *
parse_object(Parser *self)
{
    g_autoptr(MskJson) object = value_new(MSK_JSON_OBJECT);
    g_autoptr(GHashTable) index = NULL;

    object->names = g_ptr_array_new_with_free_func(free_value);
    object->values = g_ptr_array_new_with_free_func(free_value);
    skip_blanks(self);
    if (take(self, "}")) {
        return g_steal_pointer(&object);
    }
    do {
        if (!parse_member(self, object, &index)) {
            return NULL;
        }
    } while (take(self, ","));
    return take(self, "}") ? g_steal_pointer(&object) : NULL;
}

static MskJson *
parse_word(Parser *self)
{
    MskJson *value = NULL;

    if (take(self, "null")) {
        return value_new(MSK_JSON_NULL);
    }
    if (take(self, "NaN")) {
        return real_new(NAN);
    }
    if (take(self, "Infinity")) {
        return real_new(INFINITY);
    }
    if (take(self, "true")) {
        value = value_new(MSK_JSON_BOOLEAN);
        value->boolean = true;
    } else if (take(self, "false")) {
        value = value_new(MSK_JSON_BOOLEAN);
    }
    return value;
}

/* With the blanks on both sides. */
static MskJson *
parse_value(Parser *self)
{
    MskJson *value;

    if (self->depth >= MSK_JSON_MAX_DEPTH) {
        return NULL;
    }
    self->depth++;
    skip_blanks(self);
    if (take(self, "\"")) {
        value = parse_string(self);
    } else if (take(self, "{")) {
        value = parse_object(self);
    } else if (take(self, "[")) {
        value = parse_array(self);
    } else if (self->at < self->end && (*self->at == '-' || g_ascii_isdigit(*self->at))) {
        value = parse_number(self);
    } else {
        value = parse_word(self);
    }
    skip_blanks(self);
    self->depth--;
    return value;
}

MskJson *
msk_json_parse(const char *text, size_t size)
{
    Parser parser = {.at = text, .end = text + size};

    if (!g_utf8_validate_len(text, size, NULL)) {
        return NULL;
    }
    g_autoptr(MskJson) value = parse_value(&parser);

    return parser.at == parser.end ? g_steal_pointer(&value) : NULL;
}
