/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_file.h"

#include "base/error.h"
#include "base/file.h"
#include "oslo/policy_parse.h"

#include <string.h>
#include <yaml.h>

#define MAX_RULES 1024 /* of one file */

typedef struct {
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event;  /* the present one */
    bool is_not_yaml;    /* the text, not what it says, is wrong */
    GHashTable *anchors; /* name to json_t */
    GPtrArray *rules;
} Loader;

static void
free_rule(void *item)
{
    MskPolicyFileRule *rule = item;

    g_free(rule->name);
    g_free(rule->text);
    g_free(rule->where);
    msk_policy_check_free(rule->check);
    g_free(rule);
}

static GPtrArray *
new_rules(void)
{
    return g_ptr_array_new_with_free_func(free_rule);
}

static bool
fail(const Loader *loader, const char *reason, GError **error)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s:%zu: %s", loader->path,
                loader->event.start_mark.line + 1, reason);
    return false;
}

static bool
next(Loader *loader, GError **error)
{
    yaml_event_delete(&loader->event);
    if (yaml_parser_parse(&loader->parser, &loader->event) != 0) {
        return true;
    }
    loader->is_not_yaml = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s:%zu: this is no YAML: %s", loader->path,
                loader->parser.problem_mark.line + 1,
                loader->parser.problem != NULL ? loader->parser.problem : "unknown");
    return false;
}

static bool
advance(Loader *loader, unsigned n_events, GError **error)
{
    for (unsigned i = 0; i < n_events; i++) {
        if (!next(loader, error)) {
            return false;
        }
    }
    return true;
}

static bool
add_rule(GPtrArray *rules, const char *where, const char *name, const json_t *value, GError **error)
{
    MskPolicyFileRule *rule;
    g_autoptr(MskPolicyCheck) check = NULL;

    if (rules->len >= MAX_RULES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s: more than %d rules in one file",
                    where, MAX_RULES);
        return false;
    }
    check = json_is_string(value) ? msk_policy_parse(json_string_value(value), error)
                                  : msk_policy_parse_list(value, error);
    if (check == NULL) {
        g_prefix_error(error, "%s: rule \"%s\": ", where, name);
        return false;
    }
    rule = g_new0(MskPolicyFileRule, 1);
    rule->name = g_strdup(name);
    rule->where = g_strdup(where);
    rule->check = g_steal_pointer(&check);
    if (json_is_string(value)) {
        rule->text = g_strdup(json_string_value(value));
    } else {
        char *text = json_dumps(value, 0);

        rule->text = g_strdup(text);
        free(text);
    }
    g_ptr_array_add(rules, rule);
    return true;
}

/* What a plain scalar may mean to YAML 1.1 other than its text. */
static const char *
other_meaning(const char *text)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truths[] = {"true", "yes", "on", "false", "no", "off", NULL};
    static const char base_60[] =
        "^[-+]?([1-9][0-9_]*(:[0-5]?[0-9])+|[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*)$";
    g_autofree char *folded = g_ascii_strdown(text, -1);

    if (g_strv_contains(nothing, text)) {
        return "the check is empty; write \"!\" for nobody or \"@\" for everybody, with the quotes";
    }
    if (g_strv_contains(truths, folded)) {
        return "the check is a YAML truth value; write \"@\" for everybody or \"!\" for nobody, "
               "with the quotes";
    }
    if (g_regex_match_simple(base_60, text, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT)) {
        return "the check is a number to YAML, in base 60; write it in quotes";
    }
    return NULL;
}

static json_t *
scalar_text(const Loader *loader, GError **error)
{
    const char *text = (const char *) loader->event.data.scalar.value;
    const char *tag = (const char *) loader->event.data.scalar.tag;
    const char *problem = NULL;

    if (strlen(text) != loader->event.data.scalar.length) {
        problem = "a NUL character";
    } else if (tag != NULL && strcmp(tag, YAML_STR_TAG) != 0) {
        problem = "an unquoted ! makes a YAML tag; write \"!\", with the quotes, for nobody";
    } else if (tag == NULL && loader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        problem = other_meaning(text);
    }
    if (problem != NULL) {
        (void) fail(loader, problem, error); /* the caller sees NULL */
        return NULL;
    }
    return json_string(text);
}

static json_t *
alias_value(const Loader *loader, GError **error)
{
    const char *name = (const char *) loader->event.data.alias.anchor;
    json_t *value = g_hash_table_lookup(loader->anchors, name);

    if (value == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s:%zu: no anchor &%s before this *%s",
                    loader->path, loader->event.start_mark.line + 1, name, name);
    }
    return json_incref(value);
}

static void
keep_anchor(Loader *loader, const char *anchor, json_t *value)
{
    if (anchor != NULL && value != NULL) {
        g_hash_table_replace(loader->anchors, g_strdup(anchor), json_incref(value));
    }
}

static json_t *load_value(Loader *loader, unsigned depth, GError **error);

static json_t *
load_list(Loader *loader, unsigned depth, GError **error)
{
    json_t *list = json_array();

    for (;;) {
        json_t *member;

        if (!next(loader, error)) {
            break;
        }
        if (loader->event.type == YAML_SEQUENCE_END_EVENT) {
            return list;
        }
        member = load_value(loader, depth + 1, error);
        if (member == NULL) {
            break;
        }
        json_array_append_new(list, member);
    }
    json_decref(list);
    return NULL;
}

/* The value that begins with the present event; ends at its last event. */
static json_t *
load_value(Loader *loader, unsigned depth, GError **error)
{
    g_autofree char *anchor = NULL;
    json_t *value;

    if (loader->event.type == YAML_ALIAS_EVENT) {
        return alias_value(loader, error);
    }
    if (loader->event.type == YAML_SCALAR_EVENT) {
        value = scalar_text(loader, error);
        keep_anchor(loader, (const char *) loader->event.data.scalar.anchor, value);
        return value;
    }
    if (loader->event.type != YAML_SEQUENCE_START_EVENT || depth >= 2) {
        (void) fail(loader,
                    "a check must be text, or a list of lists of texts: \"rule name\": "
                    "\"role:admin\"",
                    error); /* the caller sees NULL */
        return NULL;
    }
    anchor = g_strdup((const char *) loader->event.data.sequence_start.anchor);
    value = load_list(loader, depth, error);
    keep_anchor(loader, anchor, value);
    return value;
}

static char *
load_name(Loader *loader, GError **error)
{
    const char *text = (const char *) loader->event.data.scalar.value;

    if (loader->event.type != YAML_SCALAR_EVENT || *text == '\0' ||
        strlen(text) != loader->event.data.scalar.length) {
        (void) fail(loader, "the name of a rule must be text", error); /* the caller sees NULL */
        return NULL;
    }
    if (strcmp(text, "<<") == 0) {
        (void) fail(loader, "merge keys are not supported; write the rules out", error); /* same */
        return NULL;
    }
    return g_strdup(text);
}

static bool
load_rules(Loader *loader, GError **error)
{
    for (;;) {
        g_autofree char *name = NULL;
        g_autofree char *where = NULL;
        json_t *value;
        bool ok;

        if (!next(loader, error)) {
            return false;
        }
        if (loader->event.type == YAML_MAPPING_END_EVENT) {
            return true;
        }
        name = load_name(loader, error);
        if (name == NULL) {
            return false;
        }
        where = g_strdup_printf("%s:%zu", loader->path, loader->event.start_mark.line + 1);
        if (!next(loader, error)) {
            return false;
        }
        value = load_value(loader, 0, error);
        ok = value != NULL && add_rule(loader->rules, where, name, value, error);
        json_decref(value);
        if (!ok) {
            return false;
        }
    }
}

/* What a tool may write that has no rules, and what Python takes for it. */
static bool
is_nothing(const yaml_event_t *event)
{
    static const char *const words[] = {"",      "~",     "null", "Null", "NULL", "false",
                                        "False", "FALSE", "no",   "No",   "NO",   "off",
                                        "Off",   "OFF",   "0",    NULL};
    const char *tag = (const char *) event->data.scalar.tag;

    if (event->type != YAML_SCALAR_EVENT ||
        (tag != NULL && strcmp(tag, "!") != 0 && strcmp(tag, YAML_STR_TAG) != 0)) {
        return false;
    }
    return event->data.scalar.length == 0 ||
           (tag == NULL && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
            g_strv_contains(words, (const char *) event->data.scalar.value));
}

/* The rest of a document that is no mapping. */
static bool
load_no_rules(Loader *loader, GError **error)
{
    bool is_list = loader->event.type == YAML_SEQUENCE_START_EVENT;

    if (is_list && !next(loader, error)) {
        return false;
    }
    return (is_list ? loader->event.type == YAML_SEQUENCE_END_EVENT : is_nothing(&loader->event)) ||
           fail(loader, "a policy file has one \"rule name\": \"check\" after another", error);
}

static bool
load_document(Loader *loader, GError **error)
{
    if (loader->event.type == YAML_STREAM_END_EVENT) {
        return true;
    }
    if (!next(loader, error)) {
        return false;
    }
    if (loader->event.type == YAML_MAPPING_START_EVENT ? !load_rules(loader, error)
                                                       : !load_no_rules(loader, error)) {
        return false;
    }
    /* The end of the document, then what follows it. */
    if (!advance(loader, 2, error)) {
        return false;
    }
    return loader->event.type == YAML_STREAM_END_EVENT ||
           fail(loader, "a policy file has only one YAML document", error);
}

static bool
load_yaml(Loader *loader, const char *data, size_t length, GError **error)
{
    bool ok;

    if (yaml_parser_initialize(&loader->parser) == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL, "%s: cannot make a YAML parser",
                    loader->path);
        return false;
    }
    yaml_parser_set_encoding(&loader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&loader->parser, (const unsigned char *) data, length);
    loader->anchors =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_decref);
    /* The start of the stream, then that of the document, if any. */
    ok = advance(loader, 2, error) && load_document(loader, error);
    g_hash_table_unref(loader->anchors);
    yaml_event_delete(&loader->event);
    yaml_parser_delete(&loader->parser);
    return ok;
}

/* Returns: (transfer full) (nullable) the rules; NULL without an error when @data is no JSON. */
static GPtrArray *
load_json(const char *path, const char *data, size_t length, GError **error)
{
    g_autoptr(GPtrArray) rules = new_rules();
    json_t *root = json_loadb(data, length, 0, NULL);
    const char *name;
    json_t *value;
    bool ok = json_is_object(root);

    json_object_foreach(root, name, value)
    {
        if (!json_is_string(value) && !json_is_array(value)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "%s: rule \"%s\": the check must be text", path, name);
            ok = false;
        }
        ok = ok && add_rule(rules, path, name, value, error);
        if (!ok) {
            break;
        }
    }
    json_decref(root);
    return ok ? g_steal_pointer(&rules) : NULL;
}

GPtrArray *
msk_policy_file_parse(const char *path, const char *data, size_t length, GError **error)
{
    g_autoptr(GPtrArray) rules = new_rules();
    g_autoptr(GError) yaml_error = NULL;
    GError *json_error = NULL;
    GPtrArray *json_rules;
    Loader loader = {.path = path, .rules = rules};

    if (load_yaml(&loader, data, length, &yaml_error)) {
        return g_steal_pointer(&rules);
    }
    json_rules = loader.is_not_yaml ? load_json(path, data, length, &json_error) : NULL;
    if (json_error != NULL) {
        g_propagate_error(error, json_error);
    } else if (json_rules == NULL) {
        g_propagate_error(error, g_steal_pointer(&yaml_error));
    }
    return json_rules;
}

GPtrArray *
msk_policy_file_read(const char *path, GError **error)
{
    size_t length;
    g_autofree char *data = msk_file_read(path, MSK_POLICY_FILE_MAX_BYTES, &length, error);

    return data != NULL ? msk_policy_file_parse(path, data, length, error) : NULL;
}
