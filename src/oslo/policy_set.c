/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_set.h"

#include "base/error.h"
#include "oslo/policy_parse.h"

#include <string.h>

#define MAX_CHAIN 32 /* rules that refer to rules: bounds the stack */

typedef struct {
    char *name;
    char *text;
    char *where;                   /* NULL for a default */
    const MskPolicyDefault *known; /* NULL: a name that the program does not ask for */
    MskPolicyCheck *check;
    bool redundant;
    bool referred; /* by another rule */
} Rule;

struct MskPolicySet {
    MskPolicySetOptions options;
    GPtrArray *rules;  /* of Rule */
    GPtrArray *checks; /* of const MskPolicyCheck *, in the same order */
    GHashTable *index; /* name to position + 1 */
    int default_rule;  /* -1: not defined */
    GPtrArray *warnings;
};

static void
free_rule(void *item)
{
    Rule *rule = item;

    g_free(rule->name);
    g_free(rule->text);
    g_free(rule->where);
    msk_policy_check_free(rule->check);
    g_free(rule);
}

static int
find_rule(const MskPolicySet *self, const char *name)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(self->index, name)) - 1;
}

static Rule *
rule_at(const MskPolicySet *self, int index)
{
    return g_ptr_array_index(self->rules, (guint) index);
}

static Rule *
add_rule(MskPolicySet *self, const char *name, const char *text)
{
    Rule *rule = g_new0(Rule, 1);

    rule->name = g_strdup(name);
    rule->text = g_strdup(text);
    g_ptr_array_add(self->rules, rule);
    g_hash_table_replace(self->index, rule->name, GINT_TO_POINTER((int) self->rules->len));
    return rule;
}

static void
warn(MskPolicySet *self, char *sentence)
{
    g_ptr_array_add(self->warnings, sentence);
}

static void
add_file_rules(MskPolicySet *self, GPtrArray *file_rules)
{
    for (guint i = 0; i < file_rules->len; i++) {
        MskPolicyFileRule *from = g_ptr_array_index(file_rules, i);
        int index = find_rule(self, from->name);
        Rule *rule = index >= 0 ? rule_at(self, index) : add_rule(self, from->name, NULL);

        g_clear_pointer(&rule->check, msk_policy_check_free);
        rule->check = g_steal_pointer(&from->check);
        g_free(rule->text);
        rule->text = g_strdup(from->text);
        g_free(rule->where);
        rule->where = g_strdup(from->where);
    }
}

/* A default of ours that is no rule is a bug of ours. */
static MskPolicyCheck *
parse_default(const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    MskPolicyCheck *check = msk_policy_parse(text, &error);

    if (check == NULL) {
        g_error("the default of the policy rule %s: %s", name, error->message);
    }
    return check;
}

static MskPolicyCheck *
either(MskPolicyCheck *a, MskPolicyCheck *b)
{
    GPtrArray *both = g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);

    g_ptr_array_add(both, a);
    g_ptr_array_add(both, b);
    return msk_policy_check_new_any(both);
}

/* What a rule that no file sets is, when it was something else in the past. */
static MskPolicyCheck *
deprecated_check(MskPolicySet *self, const MskPolicyDefault *known)
{
    const MskPolicyDeprecated *old = known->deprecated;
    int index = strcmp(old->name, known->name) != 0 ? find_rule(self, old->name) : -1;
    Rule *old_rule = index >= 0 ? rule_at(self, index) : NULL;

    if (old_rule != NULL && old_rule->where != NULL) {
        g_autofree char *to_new = g_strconcat("rule:", known->name, NULL);
        g_autofree char *to_old = g_strconcat("rule:", old->name, NULL);
        g_autofree char *text = msk_policy_check_to_string(old_rule->check);

        old_rule->referred = true;
        warn(self,
             g_strdup_printf("%s: the policy rule \"%s\" is called \"%s\" since %s (%s): "
                             "rename it",
                             old_rule->where, old->name, known->name, old->since, old->reason));
        /* A sample file says that the old name means the new one; that changes nothing. */
        if (strcmp(text, to_new) != 0) {
            return parse_default(known->name, to_old);
        }
    }
    if (!self->options.enforce_new_defaults && strcmp(old->check, known->check) != 0) {
        return either(parse_default(known->name, known->check),
                      parse_default(old->name, old->check));
    }
    return parse_default(known->name, known->check);
}

static void
add_default(MskPolicySet *self, const MskPolicyDefault *known)
{
    int index = find_rule(self, known->name);
    Rule *rule;

    if (index >= 0) {
        g_autoptr(MskPolicyCheck) check = parse_default(known->name, known->check);
        g_autofree char *text = msk_policy_check_to_string(check);
        g_autofree char *own_text = NULL;

        rule = rule_at(self, index);
        own_text = msk_policy_check_to_string(rule->check);
        rule->redundant = strcmp(text, own_text) == 0;
    } else {
        MskPolicyCheck *check = known->deprecated != NULL
                                    ? deprecated_check(self, known)
                                    : parse_default(known->name, known->check);

        rule = add_rule(self, known->name, known->check);
        rule->check = check;
    }
    rule->known = known;
}

typedef struct {
    MskPolicySet *set;
    GArray *path; /* of int: the rules from the first one to the present one */
    bool *done;
    uint8_t *heights; /* of each rule: of the longest chain that begins with it, without it */
    GError *error;
} Linker;

static void link_rule(Linker *linker, int index);

static void
set_circle(Linker *linker, guint from)
{
    const Rule *first = rule_at(linker->set, g_array_index(linker->path, int, from));
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = from; i < linker->path->len; i++) {
        g_string_append_printf(names, "\"%s\" to ",
                               rule_at(linker->set, g_array_index(linker->path, int, i))->name);
    }
    g_set_error(&linker->error, MSK_ERROR, MSK_ERROR_INVALID,
                "%s: rules refer to one another in a circle: %s\"%s\"",
                first->where != NULL ? first->where : "policy", names->str, first->name);
}

static void
warn_undefined(Linker *linker, const char *name)
{
    const Rule *rule =
        rule_at(linker->set, g_array_index(linker->path, int, linker->path->len - 1));
    int stand_in = linker->set->default_rule;
    g_autofree char *effect = stand_in < 0 ? g_strdup("it refuses")
                                           : g_strdup_printf("the rule \"%s\" stands in",
                                                             rule_at(linker->set, stand_in)->name);

    warn(linker->set,
         g_strdup_printf("%s: the policy rule \"%s\" refers to the rule \"%s\", which "
                         "is not defined: %s",
                         rule->where != NULL ? rule->where : "default", rule->name, name, effect));
}

static void
note_height(Linker *linker, int index)
{
    int from = g_array_index(linker->path, int, linker->path->len - 1);
    uint8_t height = (uint8_t) (linker->heights[index] + 1);

    linker->heights[from] = MAX(linker->heights[from], height);
    if (height > MAX_CHAIN && linker->error == NULL) {
        const Rule *rule = rule_at(linker->set, from);

        g_set_error(&linker->error, MSK_ERROR, MSK_ERROR_INVALID,
                    "%s: the policy rule \"%s\" begins a chain of more than %d rules",
                    rule->where != NULL ? rule->where : "default", rule->name, MAX_CHAIN);
    }
}

static int
link_name(const char *name, void *data)
{
    Linker *linker = data;
    int index = find_rule(linker->set, name);

    if (index < 0) {
        warn_undefined(linker, name);
        index = linker->set->default_rule;
    }
    if (index >= 0) {
        rule_at(linker->set, index)->referred = true;
        link_rule(linker, index);
        note_height(linker, index);
    }
    return index;
}

static void
link_rule(Linker *linker, int index)
{
    if (linker->error != NULL || linker->done[index]) {
        return;
    }
    for (guint i = 0; i < linker->path->len; i++) {
        if (g_array_index(linker->path, int, i) == index) {
            set_circle(linker, i);
            return;
        }
    }
    if (linker->path->len > MAX_CHAIN) {
        linker->heights[index] = MAX_CHAIN; /* the caller finds it too high, before the stack is */
        return;
    }
    g_array_append_val(linker->path, index);
    msk_policy_check_link(rule_at(linker->set, index)->check, link_name, linker);
    g_array_set_size(linker->path, linker->path->len - 1);
    linker->done[index] = true;
}

static bool
link_all(MskPolicySet *self, GError **error)
{
    g_autofree bool *done = g_new0(bool, self->rules->len + 1);
    g_autofree uint8_t *heights = g_new0(uint8_t, self->rules->len + 1);
    g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(int));
    Linker linker = {.set = self, .path = path, .done = done, .heights = heights};

    for (guint i = 0; i < self->rules->len; i++) {
        link_rule(&linker, (int) i);
    }
    if (linker.error != NULL) {
        g_propagate_error(error, linker.error);
        return false;
    }
    return true;
}

static void
warn_without_effect(MskPolicySet *self)
{
    for (guint i = 0; i < self->rules->len; i++) {
        const Rule *rule = rule_at(self, (int) i);

        if (rule->known == NULL && !rule->referred && (int) i != self->default_rule) {
            warn(self, g_strdup_printf("%s: the policy rule \"%s\" has no effect: nothing asks for "
                                       "it and no rule refers to it",
                                       rule->where, rule->name));
        }
    }
}

MskPolicySet *
msk_policy_set_new(const MskPolicySetOptions *options, GPtrArray *file_rules, GError **error)
{
    g_autoptr(MskPolicySet) self = g_new0(MskPolicySet, 1);

    self->options = *options;
    self->rules = g_ptr_array_new_with_free_func(free_rule);
    self->checks = g_ptr_array_new();
    self->index = g_hash_table_new(g_str_hash, g_str_equal);
    self->warnings = g_ptr_array_new_with_free_func(g_free);
    if (file_rules->len + options->n_defaults > MSK_POLICY_MAX_RULES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the policy files have %u rules, more than %zu", file_rules->len,
                    MSK_POLICY_MAX_RULES - options->n_defaults);
        return NULL;
    }
    add_file_rules(self, file_rules);
    for (size_t i = 0; i < options->n_defaults; i++) {
        add_default(self, &options->defaults[i]);
    }
    self->default_rule =
        options->default_rule != NULL ? find_rule(self, options->default_rule) : -1;
    self->options.default_rule = NULL; /* borrowed for this call */
    if (!link_all(self, error)) {
        return NULL;
    }
    warn_without_effect(self);
    g_ptr_array_add(self->warnings, NULL);
    for (guint i = 0; i < self->rules->len; i++) {
        g_ptr_array_add(self->checks, rule_at(self, (int) i)->check);
    }
    return g_steal_pointer(&self);
}

void
msk_policy_set_free(MskPolicySet *self)
{
    if (self != NULL) {
        g_hash_table_unref(self->index);
        g_ptr_array_unref(self->checks);
        g_ptr_array_unref(self->rules);
        g_ptr_array_unref(self->warnings);
        g_free(self);
    }
}

static const char *
token_scope(const MskPolicyCredentials *credentials)
{
    if (credentials->system_scope != NULL && *credentials->system_scope != '\0') {
        return "system";
    }
    if (credentials->domain_id != NULL && *credentials->domain_id != '\0') {
        return "domain";
    }
    return "project";
}

static bool
has_scope(const MskPolicyDefault *known, const MskPolicyCredentials *credentials)
{
    const char *scope = token_scope(credentials);

    if (known == NULL || known->scopes[0] == NULL) {
        return true;
    }
    for (size_t i = 0; i < MSK_POLICY_MAX_SCOPES && known->scopes[i] != NULL; i++) {
        if (strcmp(known->scopes[i], scope) == 0) {
            return true;
        }
    }
    return false;
}

bool
msk_policy_set_check(const MskPolicySet *self, const char *rule,
                     const MskPolicyCredentials *credentials, const MskPolicyTarget *target)
{
    uint8_t memo[MSK_POLICY_MAX_RULES];
    int index = find_rule(self, rule);
    MskPolicyQuestion question = {
        .credentials = credentials,
        .target = target,
        .rules = (const MskPolicyCheck *const *) self->checks->pdata,
        .memo = memo,
    };

    if (index < 0) {
        index = self->default_rule;
    }
    if (index < 0) {
        return false;
    }
    if (self->options.enforce_scope && !has_scope(rule_at(self, index)->known, credentials)) {
        return false;
    }
    memset(memo, 0, self->rules->len);
    return msk_policy_check_eval(question.rules[index], &question);
}

const char *const *
msk_policy_set_warnings(const MskPolicySet *self)
{
    return (const char *const *) self->warnings->pdata;
}

size_t
msk_policy_set_size(const MskPolicySet *self)
{
    return self->rules->len;
}

MskPolicyRule
msk_policy_set_rule(const MskPolicySet *self, size_t index)
{
    const Rule *rule = rule_at(self, (int) index);

    return (MskPolicyRule){
        .name = rule->name,
        .text = rule->text,
        .where = rule->where,
        .known = rule->known,
        .redundant = rule->redundant,
    };
}
