/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_value.h"

#include "base/number.h"
#include "oslo/config_file.h"
#include "oslo/config_flow.h"
#include "oslo/config_host.h"

#include <inttypes.h>
#include <math.h>

static char *
join(const char *separator, const char *const *items)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; items[i] != NULL; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? separator : "", items[i]);
    }
    return g_string_free(out, FALSE);
}

static bool
is_choice(const MskOption *option, const char *text)
{
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) == 0 ||
            (option->ignore_case && g_ascii_strcasecmp(option->choices[i], text) == 0)) {
            return true;
        }
    }
    return false;
}

static bool
parse_string(const MskOption *option, const char *text, MskConfigValue *ret, char **ret_allowed)
{
    if (option->choices != NULL && !is_choice(option, text)) {
        g_autofree char *names = join(", ", option->choices);

        *ret_allowed = g_strdup_printf("one of: %s", names);
        return false;
    }
    if (option->type == MSK_OPTION_HOST && !msk_is_host_address(text)) {
        *ret_allowed = g_strdup("an IP address or a host name of letters, digits, '-' and '.'");
        return false;
    }
    if (option->type == MSK_OPTION_URI && !msk_is_uri(text)) {
        *ret_allowed = g_strdup("a URI such as http://host:port/path");
        return false;
    }
    ret->string = g_strdup(text);
    if (option->type == MSK_OPTION_HOST && g_str_has_suffix(text, ".")) {
        ret->string[strlen(text) - 1] = '\0'; /* as oslo returns it */
    }
    ret->is_set = true;
    return true;
}

static bool
parse_bool(const char *text, MskConfigValue *ret, char **ret_allowed)
{
    static const char *const yes[] = {"true", "1", "on", "yes", NULL};
    static const char *const no[] = {"false", "0", "off", "no", NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);

    ret->boolean = g_strv_contains(yes, lower);
    ret->is_set = ret->boolean || g_strv_contains(no, lower);
    if (!ret->is_set) {
        *ret_allowed = g_strdup("true or false (also 1, yes, on; 0, no, off)");
    }
    return ret->is_set;
}

/* Python takes 1_000 for 1000; an underscore stands between digits only. */
static char *
drop_underscores(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '_' && p > text && g_ascii_isdigit(p[-1]) && g_ascii_isdigit(p[1])) {
            continue;
        }
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static char *
describe_number(const MskOption *option, const char *what)
{
    const char *unit = option->unit != NULL ? " in " : "";
    const char *unit_name = option->unit != NULL ? option->unit : "";

    if (option->type == MSK_OPTION_PORT && !option->has_bounds) {
        return g_strdup("a port number from 0 to 65535");
    }
    if (!option->has_bounds || (option->min == INT64_MIN && option->max == INT64_MAX)) {
        return g_strdup_printf("%s%s%s", what, unit, unit_name);
    }
    if (option->max == INT64_MAX) {
        return g_strdup_printf("%s of at least %" PRId64 "%s%s", what, option->min, unit,
                               unit_name);
    }
    if (option->min == INT64_MIN) {
        return g_strdup_printf("%s of at most %" PRId64 "%s%s", what, option->max, unit, unit_name);
    }
    return g_strdup_printf("%s from %" PRId64 " to %" PRId64 "%s%s", what, option->min, option->max,
                           unit, unit_name);
}

static bool
parse_integer(const MskOption *option, const char *text, int64_t *ret)
{
    g_autofree char *plain = drop_underscores(text);
    int64_t min = option->type == MSK_OPTION_PORT ? 0 : INT64_MIN;
    int64_t max = option->type == MSK_OPTION_PORT ? 65535 : INT64_MAX;

    if (option->has_bounds) {
        min = option->min;
        max = option->max;
    }
    return msk_parse_int64(plain, min, max, ret);
}

static bool
parse_real(const MskOption *option, const char *text, double *ret)
{
    g_autofree char *plain = drop_underscores(text);
    char *end = NULL;
    double value;

    /* strtod also knows hexadecimal and names, which are no finite decimal number. */
    if (plain[strspn(plain, "+-0123456789.eE")] != '\0') {
        return false;
    }
    value = g_ascii_strtod(plain, &end);
    if (end == plain || *end != '\0' || !isfinite(value)) {
        return false;
    }
    if (option->has_bounds && (value < (double) option->min || value > (double) option->max)) {
        return false;
    }
    *ret = value;
    return true;
}

static bool
parse_number(const MskOption *option, const char *text, MskConfigValue *ret, char **ret_allowed)
{
    g_autofree char *stripped = msk_python_strip(text);
    bool is_float = option->type == MSK_OPTION_FLOAT;

    if (stripped[0] == '\0' && option->initial == NULL) {
        return true;
    }
    ret->is_set = is_float ? parse_real(option, stripped, &ret->real)
                           : parse_integer(option, stripped, &ret->integer);
    if (!ret->is_set) {
        *ret_allowed = describe_number(option, is_float ? "a number" : "a whole number");
    }
    return ret->is_set;
}

static bool
parse_list(const MskOption *option, const char *text, MskConfigValue *ret, char **ret_allowed)
{
    g_autofree char *stripped = msk_python_strip(text);
    g_auto(GStrv) items = NULL;
    size_t length = strlen(stripped);

    while (length > 0 && stripped[length - 1] == ',') {
        stripped[--length] = '\0';
    }
    items = g_strsplit(stripped, ",", -1);
    for (char **item = items; *item != NULL; item++) {
        char *clean = msk_python_strip(*item);
        int64_t number;

        g_free(*item);
        *item = clean;
        if (option->has_bounds && !parse_integer(option, clean, &number)) {
            *ret_allowed = describe_number(option, "a list of whole numbers, each");
            return false;
        }
    }
    ret->list = g_steal_pointer(&items);
    ret->is_set = true;
    return true;
}

/*
 * The way of oslo's Dict with text values: parts between commas are joined until there is a colon,
 * so a part without one belongs to the key behind it.
 */
static bool
parse_dict(const char *text, MskConfigValue *ret, char **ret_allowed)
{
    g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *stripped = msk_python_strip(text);
    const char *next = stripped;

    while (*stripped != '\0' && next != NULL) {
        const char *colon = strchr(next, ':');
        const char *comma = colon != NULL ? strchr(colon, ',') : NULL;
        g_autofree char *raw_key = NULL;
        g_autofree char *raw_value = NULL;
        g_autofree char *key = NULL;

        if (colon == NULL) {
            *ret_allowed = g_strdup("NAME:VALUE pairs separated by ','");
            return false;
        }
        raw_key = g_strndup(next, (size_t) (colon - next));
        raw_value = comma != NULL ? g_strndup(colon + 1, (size_t) (comma - colon - 1))
                                  : g_strdup(colon + 1);
        key = msk_python_strip(raw_key);
        if (*key == '\0' || g_hash_table_contains(table, key)) {
            *ret_allowed = g_strdup("NAME:VALUE pairs, each with a name of its own");
            return false;
        }
        g_hash_table_insert(table, g_steal_pointer(&key), msk_python_strip(raw_value));
        next = comma != NULL ? comma + 1 : NULL;
    }
    ret->table = g_steal_pointer(&table);
    ret->is_set = true;
    return true;
}

static bool
parse_multi(char **texts, MskConfigValue *ret)
{
    ret->list = g_strdupv(texts);
    ret->is_set = true;
    return true;
}

static bool
parse_flow(const char *text, MskConfigValue *ret, char **ret_allowed)
{
    ret->table = msk_config_flow_parse(text);
    ret->is_set = ret->table != NULL;
    if (!ret->is_set) {
        *ret_allowed = g_strdup("{'pre': ['task', ...], 'main': [...], 'post': [...]}");
    }
    return ret->is_set;
}

bool
msk_config_value_parse(const MskOption *option, char **texts, MskConfigValue *ret,
                       char **ret_allowed)
{
    const char *text = texts[0] != NULL ? texts[0] : "";
    bool ok = false;

    *ret = (MskConfigValue){.option = option};
    switch (option->type) {
    case MSK_OPTION_STRING:
    case MSK_OPTION_HOST:
    case MSK_OPTION_URI:
        ok = parse_string(option, text, ret, ret_allowed);
        break;
    case MSK_OPTION_BOOL:
        ok = parse_bool(text, ret, ret_allowed);
        break;
    case MSK_OPTION_INT:
    case MSK_OPTION_PORT:
    case MSK_OPTION_FLOAT:
        ok = parse_number(option, text, ret, ret_allowed);
        break;
    case MSK_OPTION_LIST:
        ok = parse_list(option, text, ret, ret_allowed);
        break;
    case MSK_OPTION_DICT:
        ok = parse_dict(text, ret, ret_allowed);
        break;
    case MSK_OPTION_FLOW:
        ok = parse_flow(text, ret, ret_allowed);
        break;
    case MSK_OPTION_MULTI:
        ok = parse_multi(texts, ret);
        break;
    }
    if (ok) {
        ret->text = g_strjoinv("\n", texts);
    }
    return ok;
}

void
msk_config_value_clear(MskConfigValue *value)
{
    if (value->option != NULL) {
        switch (value->option->type) {
        case MSK_OPTION_STRING:
        case MSK_OPTION_HOST:
        case MSK_OPTION_URI:
            g_free(value->string);
            break;
        case MSK_OPTION_LIST:
        case MSK_OPTION_MULTI:
            g_strfreev(value->list);
            break;
        case MSK_OPTION_DICT:
        case MSK_OPTION_FLOW:
            g_clear_pointer(&value->table, g_hash_table_unref);
            break;
        case MSK_OPTION_BOOL:
        case MSK_OPTION_INT:
        case MSK_OPTION_FLOAT:
        case MSK_OPTION_PORT:
            break;
        }
    }
    g_free(value->text);
    *value = (MskConfigValue){0};
}

/* "['a', 'b']" */
static char *
render_list(char *const *items)
{
    GString *out = g_string_new("[");

    for (size_t i = 0; items[i] != NULL; i++) {
        g_string_append_printf(out, "%s'%s'", i > 0 ? ", " : "", items[i]);
    }
    g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}

char *
msk_config_value_render(const MskConfigValue *value)
{
    if (!value->is_set) {
        return g_strdup("");
    }
    switch (value->option->type) {
    case MSK_OPTION_BOOL:
        return g_strdup(value->boolean ? "True" : "False");
    case MSK_OPTION_INT:
    case MSK_OPTION_PORT:
        return g_strdup_printf("%" PRId64, value->integer);
    case MSK_OPTION_LIST:
    case MSK_OPTION_MULTI:
        return render_list(value->list);
    case MSK_OPTION_STRING:
    case MSK_OPTION_HOST:
    case MSK_OPTION_URI:
        return g_strdup(value->string);
    case MSK_OPTION_FLOAT:
    case MSK_OPTION_DICT:
    case MSK_OPTION_FLOW:
        break;
    }
    return g_strdup(value->text);
}

const char *
msk_config_type_name(const MskOption *option)
{
    static const char *const names[] = {
        [MSK_OPTION_STRING] = "string", [MSK_OPTION_BOOL] = "boolean", [MSK_OPTION_INT] = "integer",
        [MSK_OPTION_FLOAT] = "number",  [MSK_OPTION_PORT] = "port",    [MSK_OPTION_LIST] = "list",
        [MSK_OPTION_DICT] = "dict",     [MSK_OPTION_FLOW] = "flow",    [MSK_OPTION_MULTI] = "multi",
        [MSK_OPTION_HOST] = "host",     [MSK_OPTION_URI] = "URI",
    };

    g_assert((unsigned) option->type < G_N_ELEMENTS(names));
    return names[option->type];
}
