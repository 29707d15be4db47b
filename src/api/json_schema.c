/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_schema.h"

#include "api/python_repr.h"
#include "api/unicode_print.h"
#include "api/uuid_like.h"
#include "base/datetime.h"

#include <string.h>

/* The value under check and the member of its parent that it is. */
typedef struct {
    const MskJson *name; /* (nullable) NULL for the whole body */
    const MskJson *value;
} Place;

static GString *check(const MskRule *rules, const Place *place);

/* "Invalid input for …" around @message, which is freed. */
static GString *
at_place(const Place *place, GString *message)
{
    if (place->name == NULL) {
        return message;
    }
    GString *out = g_string_new("Invalid input for field/attribute ");

    msk_python_str(out, place->name);
    g_string_append(out, ". Value: ");
    msk_python_str(out, place->value);
    g_string_append(out, ". ");
    g_string_append_len(out, message->str, (gssize) message->len);
    g_string_free(message, TRUE);
    return out;
}

static GString *
repr_of(const MskJson *value)
{
    GString *out = g_string_new(NULL);

    msk_python_repr(out, value);
    return out;
}

static void
append_repr_list(GString *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        msk_python_repr_text(out, words[i], strlen(words[i]));
    }
}

static bool
is_of_type(const MskJson *value, const char *type)
{
    switch (value->type) {
    case MSK_JSON_NULL:
        return strcmp(type, "null") == 0;
    case MSK_JSON_BOOLEAN:
        return strcmp(type, "boolean") == 0;
    case MSK_JSON_STRING:
        return strcmp(type, "string") == 0;
    case MSK_JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case MSK_JSON_INTEGER:
    case MSK_JSON_REAL:
    case MSK_JSON_ARRAY:
    default:
        return false; /* no rule asks for them */
    }
}

static GString *
check_type(const MskRule *rule, const Place *place)
{
    for (size_t i = 0; rule->words[i] != NULL; i++) {
        if (is_of_type(place->value, rule->words[i])) {
            return NULL;
        }
    }
    GString *message = repr_of(place->value);

    g_string_append(message, " is not of type ");
    append_repr_list(message, rule->words);
    return message;
}

static const MskJson *
name_of(const MskJson *object, const char *name)
{
    for (unsigned i = 0; i < object->names->len; i++) {
        if (msk_json_is_string(g_ptr_array_index(object->names, i), name)) {
            return g_ptr_array_index(object->names, i);
        }
    }
    return NULL;
}

/* The message is complete already, with the place of the member. */
static GString *
check_properties(const MskRule *rule, const MskJson *object)
{
    for (const MskProperty *property = rule->properties; property->name != NULL; property++) {
        Place member = {.value = msk_json_member(object, property->name)};

        if (member.value == NULL) {
            continue;
        }
        member.name = name_of(object, property->name);
        GString *message = check(property->rules, &member);

        if (message != NULL) {
            return message;
        }
    }
    return NULL;
}

static GString *
check_matching(const MskRule *rule, const MskJson *object)
{
    for (unsigned i = 0; i < object->names->len; i++) {
        const Place member = {.name = g_ptr_array_index(object->names, i),
                              .value = g_ptr_array_index(object->values, i)};
        GString *message = rule->pattern->matches(member.name->text, member.name->size)
                               ? check(rule->rules, &member)
                               : NULL;

        if (message != NULL) {
            return message;
        }
    }
    return NULL;
}

static GString *
check_required(const MskRule *rule, const MskJson *object)
{
    for (size_t i = 0; rule->words[i] != NULL; i++) {
        if (msk_json_member(object, rule->words[i]) == NULL) {
            GString *message = g_string_new(NULL);

            msk_python_repr_text(message, rule->words[i], strlen(rule->words[i]));
            g_string_append(message, " is a required property");
            return message;
        }
    }
    return NULL;
}

static GString *
check_any_required(const MskRule *rule, const MskJson *object)
{
    for (size_t i = 0; rule->words[i] != NULL; i++) {
        if (msk_json_member(object, rule->words[i]) != NULL) {
            return NULL;
        }
    }
    GString *message = repr_of(object);

    g_string_append(message, " is not valid under any of the given schemas");
    return message;
}

static bool
is_allowed_name(const MskRule *rule, const MskJson *name)
{
    if (rule->pattern != NULL) {
        return rule->pattern->matches(name->text, name->size);
    }
    for (const MskProperty *property = rule->properties; property->name != NULL; property++) {
        if (msk_json_is_string(name, property->name)) {
            return true;
        }
    }
    return false;
}

/* By their characters, which is the order of their bytes. */
static int
compare_names(const void *a, const void *b)
{
    const MskJson *name = *(const MskJson *const *) a;
    const MskJson *other = *(const MskJson *const *) b;
    int order = memcmp(name->text, other->text, MIN(name->size, other->size));

    return order != 0 ? order : (name->size > other->size) - (name->size < other->size);
}

/* Returns: (transfer full) "'a', 'b'" */
static char *
list_names(GPtrArray *names)
{
    g_autoptr(GPtrArray) shown = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_sort(names, compare_names);
    for (unsigned i = 0; i < names->len; i++) {
        g_ptr_array_add(shown, g_string_free(repr_of(g_ptr_array_index(names, i)), FALSE));
    }
    g_ptr_array_add(shown, NULL);
    return g_strjoinv(", ", (char **) shown->pdata);
}

static GString *
check_closed(const MskRule *rule, const MskJson *object)
{
    g_autoptr(GPtrArray) extras = g_ptr_array_new();

    for (unsigned i = 0; i < object->names->len; i++) {
        if (!is_allowed_name(rule, g_ptr_array_index(object->names, i))) {
            g_ptr_array_add(extras, g_ptr_array_index(object->names, i));
        }
    }
    if (extras->len == 0) {
        return NULL;
    }
    bool one = extras->len == 1;
    g_autofree char *list = list_names(extras);
    GString *message = g_string_new(NULL);

    if (rule->pattern != NULL) {
        const char *pattern = rule->pattern->text();

        g_string_printf(message, "%s %s not match any of the regexes: ", list, one ? "does" : "do");
        msk_python_repr_text(message, pattern, strlen(pattern));
    } else {
        g_string_printf(message, "Additional properties are not allowed (%s %s unexpected)", list,
                        one ? "was" : "were");
    }
    return message;
}

static GString *
check_enum(const MskRule *rule, const MskJson *value)
{
    size_t n = 0;

    while (rule->words[n] != NULL) {
        n++;
    }

    if (rule->booleans && value->type == MSK_JSON_BOOLEAN) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (msk_json_is_string(value, rule->words[i])) {
            return NULL;
        }
    }
    GString *message = repr_of(value);

    g_string_append(message, rule->tuple ? " is not one of (" : " is not one of [");
    for (size_t i = 0; i < n; i++) {
        if (rule->booleans && (i == 0 || i == n / 2)) {
            g_string_append(message, i == 0 ? "True, " : ", False");
        }
        if (i > 0) {
            g_string_append(message, ", ");
        }
        msk_python_repr_text(message, rule->words[i], strlen(rule->words[i]));
    }
    g_string_append_c(message, rule->tuple ? ')' : ']');
    return message;
}

static GString *
check_length(const MskRule *rule, const MskJson *value)
{
    size_t length = msk_unicode_length(value->text, value->size);
    bool minimum = rule->kind == MSK_RULE_MIN_LENGTH;

    if (minimum ? length >= rule->number : length <= rule->number) {
        return NULL;
    }
    GString *message = repr_of(value);

    g_string_append(message, minimum ? " is too short" : " is too long");
    return message;
}

static GString *
check_pattern(const MskRule *rule, const MskJson *value)
{
    if (rule->pattern->matches(value->text, value->size)) {
        return NULL;
    }
    const char *pattern = rule->pattern->text();
    GString *message = repr_of(value);

    g_string_append(message, " does not match ");
    msk_python_repr_text(message, pattern, strlen(pattern));
    return message;
}

/* ^(?![not a sign])[sign or space]*(?<![not a sign])$, where $ also stands before a last \n. */
static bool
is_name(const char *text, size_t size)
{
    const char *end = text + size;
    bool first = true;
    bool space = false;

    for (const char *at = text; at < end;) {
        bool last_byte = at + 1 == end;
        uint32_t c = msk_unicode_next(&at, end);

        if (c == '\n' && last_byte && !first) {
            break;
        }
        space = msk_unicode_is_space(c);
        if (!msk_unicode_is_name_char(c) || (first && space)) {
            return false;
        }
        first = false;
    }
    return !space;
}

/* @ret_final: (out) whether the message stands alone, without the place. */
static GString *
check_format(const MskRule *rule, const MskJson *value, bool *ret_final)
{
    const char *format = rule->words[0];
    const char *plain = msk_json_plain_string(value);
    int64_t time_us;

    if (strcmp(format, "name") == 0) {
        *ret_final = true;
        return is_name(value->text, value->size)
                   ? NULL
                   : g_string_new("An invalid 'name' value was provided. The name must be: "
                                  "printable characters. Can not start or end with whitespace.");
    }
    if (plain != NULL && (strcmp(format, "uuid") == 0 ? msk_uuid_is_like(plain)
                                                      : msk_datetime_parse(plain, &time_us))) {
        return NULL;
    }
    GString *message = repr_of(value);

    g_string_append(message, " is not a ");
    msk_python_repr_text(message, format, strlen(format));
    return message;
}

/* Keywords look only at values of their type; others pass. @ret_final: see check_format(). */
static GString *
check_string(const MskRule *rule, const MskJson *value, bool *ret_final)
{
    if (value->type != MSK_JSON_STRING) {
        return NULL;
    }
    switch ((int) rule->kind) {
    case MSK_RULE_MIN_LENGTH:
    case MSK_RULE_MAX_LENGTH:
        return check_length(rule, value);
    case MSK_RULE_PATTERN:
        return check_pattern(rule, value);
    default:
        return check_format(rule, value, ret_final);
    }
}

static GString *
check_object(const MskRule *rule, const MskJson *value, bool *ret_final)
{
    if (value->type != MSK_JSON_OBJECT) {
        return NULL;
    }
    switch ((int) rule->kind) {
    case MSK_RULE_PROPERTIES:
        *ret_final = true;
        return check_properties(rule, value);
    case MSK_RULE_MATCHING:
        *ret_final = true;
        return check_matching(rule, value);
    case MSK_RULE_REQUIRED:
        return check_required(rule, value);
    case MSK_RULE_ANY_REQUIRED:
        return check_any_required(rule, value);
    default:
        return check_closed(rule, value);
    }
}

static GString *
check_rule(const MskRule *rule, const Place *place, bool *ret_final)
{
    switch (rule->kind) {
    case MSK_RULE_TYPE:
        return check_type(rule, place);
    case MSK_RULE_ENUM:
        return check_enum(rule, place->value);
    case MSK_RULE_MIN_LENGTH:
    case MSK_RULE_MAX_LENGTH:
    case MSK_RULE_PATTERN:
    case MSK_RULE_FORMAT:
        return check_string(rule, place->value, ret_final);
    case MSK_RULE_PROPERTIES:
    case MSK_RULE_REQUIRED:
    case MSK_RULE_ANY_REQUIRED:
    case MSK_RULE_CLOSED:
    case MSK_RULE_MATCHING:
        return check_object(rule, place->value, ret_final);
    case MSK_RULE_END:
    default:
        g_assert_not_reached();
    }
}

static GString *
check(const MskRule *rules, const Place *place)
{
    for (const MskRule *rule = rules; rule->kind != MSK_RULE_END; rule++) {
        bool final = false;
        GString *message = check_rule(rule, place, &final);

        if (message != NULL) {
            return final ? message : at_place(place, message);
        }
    }
    return NULL;
}

GString *
msk_schema_check(const MskRule *rules, const MskJson *value)
{
    const Place whole = {.value = value};

    return check(rules, &whole);
}
