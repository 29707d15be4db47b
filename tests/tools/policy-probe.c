/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy-probe: answers questions about policy files, for the comparison with the Python library
 * in tests/functional/test_policy_parity.py. Reads an array of cases, writes an array of answers:
 *
 *     {"file": s, "defaults": [{"name": s, "check": s, "scopes": [s], "deprecated":
 *      {"name": s, "check": s}}], "enforce_scope": b, "enforce_new_defaults": b,
 *      "questions": [[rule, {"user_id": s|null, …, "roles": [s], "is_admin": b|null}, {k:
 * s|null}]]}
 *     {"error": s}  or  {"answers": [b], "warnings": [s], "redundant": [s]}
 */
#include "oslo/policy_set.h"

#include <jansson.h>

#include <string.h>

/* As long as one case is answered. */
typedef struct {
    GArray *defaults;   /* of MskPolicyDefault */
    GPtrArray *strings; /* what they point to */
} Case;

static const char *
keep(Case *self, const json_t *text)
{
    char *copy = g_strdup(json_string_value(text));

    g_ptr_array_add(self->strings, copy);
    return copy;
}

static const MskPolicyDeprecated *
read_deprecated(Case *self, const json_t *from)
{
    MskPolicyDeprecated *old;

    if (!json_is_object(from)) {
        return NULL;
    }
    old = g_new0(MskPolicyDeprecated, 1);
    g_ptr_array_add(self->strings, old);
    old->name = keep(self, json_object_get(from, "name"));
    old->check = keep(self, json_object_get(from, "check"));
    old->reason = "reason";
    old->since = "since";
    return old;
}

static void
read_default(Case *self, const json_t *from)
{
    const json_t *scopes = json_object_get(from, "scopes");
    MskPolicyDefault row = {
        .name = keep(self, json_object_get(from, "name")),
        .check = keep(self, json_object_get(from, "check")),
        .deprecated = read_deprecated(self, json_object_get(from, "deprecated")),
    };

    for (size_t i = 0; i < json_array_size(scopes) && i < MSK_POLICY_MAX_SCOPES; i++) {
        row.scopes[i] = keep(self, json_array_get(scopes, i));
    }
    g_array_append_val(self->defaults, row);
}

static char **
read_roles(const json_t *list)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (size_t i = 0; i < json_array_size(list); i++) {
        g_strv_builder_add(builder, json_string_value(json_array_get(list, i)));
    }
    return g_strv_builder_end(builder);
}

static MskPolicyAdmin
read_admin(const json_t *value)
{
    if (!json_is_boolean(value)) {
        return MSK_POLICY_ADMIN_UNKNOWN;
    }
    return json_is_true(value) ? MSK_POLICY_ADMIN_YES : MSK_POLICY_ADMIN_NO;
}

#define TEXT(name) .name = json_string_value(json_object_get(who, #name))

static bool
ask(const MskPolicySet *set, const char *rule, const json_t *who, json_t *what)
{
    g_auto(GStrv) roles = read_roles(json_object_get(who, "roles"));
    g_auto(GStrv) service_roles = read_roles(json_object_get(who, "service_roles"));
    const MskPolicyCredentials credentials = {
        TEXT(user_id),
        TEXT(user_domain_id),
        TEXT(project_id),
        TEXT(project_domain_id),
        TEXT(domain_id),
        TEXT(system_scope),
        TEXT(service_user_id),
        TEXT(service_user_domain_id),
        TEXT(service_project_id),
        TEXT(service_project_domain_id),
        .roles = (const char *const *) roles,
        .service_roles = (const char *const *) service_roles,
        .is_admin_project = json_is_true(json_object_get(who, "is_admin_project")),
        .is_admin = read_admin(json_object_get(who, "is_admin")),
    };
    g_autoptr(GArray) attributes = g_array_new(FALSE, FALSE, sizeof(MskPolicyAttribute));
    MskPolicyTarget target;
    const char *key;
    json_t *value;

    json_object_foreach(what, key, value)
    {
        const MskPolicyAttribute attribute = {key, json_string_value(value)};

        g_array_append_val(attributes, attribute);
    }
    target = (MskPolicyTarget){
        .attributes = (const MskPolicyAttribute *) (const void *) attributes->data,
        .n_attributes = attributes->len,
    };
    return msk_policy_set_check(set, rule, &credentials, &target);
}

static json_t *
describe(const MskPolicySet *set, const json_t *questions)
{
    json_t *answers = json_array();
    json_t *warnings = json_array();
    json_t *redundant = json_array();
    const char *const *sentences = msk_policy_set_warnings(set);

    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *question = json_array_get(questions, i);

        json_array_append_new(
            answers, json_boolean(ask(set, json_string_value(json_array_get(question, 0)),
                                      json_array_get(question, 1), json_array_get(question, 2))));
    }
    for (size_t i = 0; sentences[i] != NULL; i++) {
        json_array_append_new(warnings, json_string(sentences[i]));
    }
    for (size_t i = 0; i < msk_policy_set_size(set); i++) {
        MskPolicyRule rule = msk_policy_set_rule(set, i);

        if (rule.redundant) {
            json_array_append_new(redundant, json_string(rule.name));
        }
    }
    return json_pack("{s:o, s:o, s:o}", "answers", answers, "warnings", warnings, "redundant",
                     redundant);
}

static json_t *
answer(const json_t *from)
{
    const json_t *defaults = json_object_get(from, "defaults");
    const char *text = json_string_value(json_object_get(from, "file"));
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(MskPolicyDefault));
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
    Case self = {.defaults = rows, .strings = strings};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rules = msk_policy_file_parse("file", text, strlen(text), &error);
    g_autoptr(MskPolicySet) set = NULL;

    if (rules == NULL) {
        return json_pack("{s:s}", "error", error->message);
    }
    for (size_t i = 0; i < json_array_size(defaults); i++) {
        read_default(&self, json_array_get(defaults, i));
    }
    set = msk_policy_set_new(
        &(MskPolicySetOptions){
            .defaults = (const MskPolicyDefault *) (const void *) rows->data,
            .n_defaults = rows->len,
            .default_rule = "default",
            .enforce_scope = json_is_true(json_object_get(from, "enforce_scope")),
            .enforce_new_defaults = json_is_true(json_object_get(from, "enforce_new_defaults")),
        },
        rules, &error);
    return set != NULL ? describe(set, json_object_get(from, "questions"))
                       : json_pack("{s:s}", "error", error->message);
}

int
main(void)
{
    json_error_t error;
    json_t *cases = json_loadf(stdin, 0, &error);
    json_t *answers = json_array();
    bool ok;

    if (!json_is_array(cases)) {
        (void) fprintf(stderr, "policy-probe: no array of cases on standard input\n");
        return 1;
    }
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_array_append_new(answers, answer(json_array_get(cases, i)));
    }
    ok = json_dumpf(answers, stdout, 0) == 0 && fflush(stdout) == 0;
    json_decref(answers);
    json_decref(cases);
    return ok ? 0 : 1;
}
