/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_check.h"

#include "base/error.h"
#include "base/number.h"

#include <string.h>

typedef enum {
    CHECK_TRUE,
    CHECK_FALSE,
    CHECK_NOT,
    CHECK_ALL,
    CHECK_ANY,
    CHECK_RULE,
    CHECK_ROLE,
    CHECK_ADMIN,
    CHECK_CONSTANT,  /* 'text':match */
    CHECK_ATTRIBUTE, /* user_id:match */
    CHECK_UNKNOWN,   /* an attribute that no credentials have */
} CheckType;

struct MskPolicyCheck {
    CheckType type;
    GPtrArray *children;         /* NOT, ALL, ANY */
    char *text;                  /* of all others, as oslo.policy prints it */
    char *name;                  /* RULE: of the rule; CONSTANT: the constant */
    MskPolicyTemplate *template; /* ROLE, CONSTANT, ATTRIBUTE, UNKNOWN */
    int rule;                    /* RULE: index, -1 when not defined */
    MskPolicyAdmin admin;        /* ADMIN: what is wanted */
    unsigned attribute;          /* ATTRIBUTE: index in attributes */
};

typedef enum { TEXT, LIST, TRUTH, ADMIN, SYSTEM } AttributeType;

/* What the credentials have, by the names of oslo.context's to_policy_values. */
static const struct {
    const char *name;
    AttributeType type;
    size_t offset;
} attributes[] = {
    {"user_id", TEXT, offsetof(MskPolicyCredentials, user_id)},
    {"user_domain_id", TEXT, offsetof(MskPolicyCredentials, user_domain_id)},
    {"project_id", TEXT, offsetof(MskPolicyCredentials, project_id)},
    {"project_domain_id", TEXT, offsetof(MskPolicyCredentials, project_domain_id)},
    {"domain_id", TEXT, offsetof(MskPolicyCredentials, domain_id)},
    {"system_scope", TEXT, offsetof(MskPolicyCredentials, system_scope)},
    {"system", SYSTEM, offsetof(MskPolicyCredentials, system_scope)},
    {"service_user_id", TEXT, offsetof(MskPolicyCredentials, service_user_id)},
    {"service_user_domain_id", TEXT, offsetof(MskPolicyCredentials, service_user_domain_id)},
    {"service_project_id", TEXT, offsetof(MskPolicyCredentials, service_project_id)},
    {"service_project_domain_id", TEXT, offsetof(MskPolicyCredentials, service_project_domain_id)},
    {"is_admin_project", TRUTH, offsetof(MskPolicyCredentials, is_admin_project)},
    {"is_admin", ADMIN, offsetof(MskPolicyCredentials, is_admin)},
    {"roles", LIST, offsetof(MskPolicyCredentials, roles)},
    {"service_roles", LIST, offsetof(MskPolicyCredentials, service_roles)},
};

static MskPolicyCheck *
new_check(CheckType type)
{
    MskPolicyCheck *self = g_new0(MskPolicyCheck, 1);

    self->type = type;
    self->rule = -1;
    return self;
}

void
msk_policy_check_free(MskPolicyCheck *self)
{
    if (self != NULL) {
        g_clear_pointer(&self->children, g_ptr_array_unref);
        msk_policy_template_free(self->template);
        g_free(self->text);
        g_free(self->name);
        g_free(self);
    }
}

static MskPolicyCheck *
new_group(CheckType type, GPtrArray *checks)
{
    MskPolicyCheck *self;

    g_assert(checks->len > 0);
    if (checks->len == 1) {
        self = g_ptr_array_steal_index(checks, 0);
        g_ptr_array_unref(checks);
        return self;
    }
    self = new_check(type);
    self->children = checks;
    return self;
}

MskPolicyCheck *
msk_policy_check_new_all(GPtrArray *checks)
{
    return new_group(CHECK_ALL, checks);
}

MskPolicyCheck *
msk_policy_check_new_any(GPtrArray *checks)
{
    return new_group(CHECK_ANY, checks);
}

MskPolicyCheck *
msk_policy_check_new_not(MskPolicyCheck *check)
{
    MskPolicyCheck *self = new_check(CHECK_NOT);

    self->children = g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);
    g_ptr_array_add(self->children, check);
    return self;
}

/* Python's literals, as far as a policy has use for them. Returns: (nullable) str(literal). */
static char *
read_constant(const char *kind)
{
    size_t length = strlen(kind);
    int64_t number;

    if (strcmp(kind, "True") == 0 || strcmp(kind, "False") == 0 || strcmp(kind, "None") == 0) {
        return g_strdup(kind);
    }
    if (length >= 2 && (kind[0] == '\'' || kind[0] == '"') && kind[length - 1] == kind[0]) {
        const char reserved[] = {kind[0], '\\', '\0'};
        g_autofree char *inner = g_strndup(kind + 1, length - 2);

        return strpbrk(inner, reserved) == NULL ? g_steal_pointer(&inner) : NULL;
    }
    if (msk_parse_int64(kind, INT64_MIN, INT64_MAX, &number)) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

        return strcmp(text, kind) == 0 ? g_steal_pointer(&text) : NULL;
    }
    return NULL;
}

/* Whether @kind is words of letters, digits and "_", joined by "." or "-". */
static bool
is_path(const char *kind)
{
    bool starts = true;

    for (const char *c = kind; *c != '\0'; c++) {
        if (starts ? !g_ascii_isalpha(*c) && *c != '_'
                   : !g_ascii_isalnum(*c) && strchr("_.-", *c) == NULL) {
            return false;
        }
        starts = *c == '.' || *c == '-';
    }
    return !starts;
}

/* Whether a word of @kind means something to Python, which then reads no attribute: most likely
 * "not:x" was to be "not x". */
static bool
has_keyword(const char *kind)
{
    static const char *const keywords[] = {
        "and",    "as",   "assert", "async",  "await", "break", "class",    "continue", "def",
        "del",    "elif", "else",   "except", "for",   "from",  "finally",  "global",   "if",
        "import", "in",   "is",     "lambda", "not",   "or",    "nonlocal", "pass",     "raise",
        "return", "try",  "while",  "with",   "yield", NULL};
    g_auto(GStrv) words = g_strsplit_set(kind, ".-", -1);

    for (size_t i = 0; words[i] != NULL; i++) {
        if (g_strv_contains(keywords, words[i])) {
            return true;
        }
    }
    return false;
}

static bool
set_attribute(MskPolicyCheck *self, const char *kind, GError **error)
{
    size_t first = strcspn(kind, ".");

    if (!is_path(kind) || has_keyword(kind)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the kind \"%s\" is neither an attribute of the credentials, such as "
                    "project_id, nor a constant, such as 'text', True or 7",
                    kind);
        return false;
    }
    self->type = CHECK_UNKNOWN;
    for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++) {
        if (strlen(attributes[i].name) != first || strncmp(kind, attributes[i].name, first) != 0) {
            continue;
        }
        if (kind[first] != '\0') {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "\"%s\" looks inside of %s, which has no parts", kind, attributes[i].name);
            return false;
        }
        self->type = CHECK_ATTRIBUTE;
        self->attribute = i;
    }
    return true;
}

static bool
set_generic(MskPolicyCheck *self, const char *kind, const char *match, GError **error)
{
    if (strcmp(kind, "role") == 0) {
        self->type = CHECK_ROLE;
    } else if ((self->name = read_constant(kind)) != NULL) {
        self->type = CHECK_CONSTANT;
    } else if (!set_attribute(self, kind, error)) {
        return false;
    }
    self->template = msk_policy_template_new(match, error);
    return self->template != NULL;
}

static bool
set_kind(MskPolicyCheck *self, const char *kind, const char *match, GError **error)
{
    if (strcmp(kind, "rule") == 0) {
        self->type = CHECK_RULE;
        self->name = g_strdup(match);
        return true;
    }
    if (strcmp(kind, "is_admin") == 0) {
        bool wanted = g_ascii_strcasecmp(match, "true") == 0;

        self->type = CHECK_ADMIN;
        self->admin = wanted ? MSK_POLICY_ADMIN_YES : MSK_POLICY_ADMIN_NO;
        g_free(self->text);
        self->text = g_strdup(wanted ? "is_admin:True" : "is_admin:False");
        return true;
    }
    if (strcmp(kind, "http") == 0 || strcmp(kind, "https") == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "%s: checks, which ask another server, are not supported: write the rule with "
                    "roles and attributes",
                    kind);
        return false;
    }
    return set_generic(self, kind, match, error);
}

MskPolicyCheck *
msk_policy_check_new(const char *text, GError **error)
{
    g_autoptr(MskPolicyCheck) self = new_check(CHECK_TRUE);
    g_autofree char *kind = NULL;
    const char *colon = strchr(text, ':');

    self->text = g_strdup(text);
    if (strcmp(text, "@") == 0 || strcmp(text, "!") == 0) {
        self->type = *text == '@' ? CHECK_TRUE : CHECK_FALSE;
        return g_steal_pointer(&self);
    }
    if (colon == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "\"%s\" is no check: write kind:match, such as role:admin", text);
        return NULL;
    }
    kind = g_strndup(text, (size_t) (colon - text));
    return set_kind(self, kind, colon + 1, error) ? g_steal_pointer(&self) : NULL;
}

static void
append_string(const MskPolicyCheck *self, GString *ret)
{
    if (self->text != NULL) {
        g_string_append(ret, self->text);
        return;
    }
    g_string_append(ret, self->type == CHECK_NOT ? "not " : "(");
    for (unsigned i = 0; i < self->children->len; i++) {
        if (i > 0) {
            g_string_append(ret, self->type == CHECK_ALL ? " and " : " or ");
        }
        append_string(g_ptr_array_index(self->children, i), ret);
    }
    if (self->type != CHECK_NOT) {
        g_string_append_c(ret, ')');
    }
}

char *
msk_policy_check_to_string(const MskPolicyCheck *self)
{
    GString *text = g_string_new(NULL);

    append_string(self, text);
    return g_string_free(text, FALSE);
}

void
msk_policy_check_link(MskPolicyCheck *self, MskPolicyLink link, void *data)
{
    if (self->type == CHECK_RULE) {
        self->rule = link(self->name, data);
    }
    for (unsigned i = 0; self->children != NULL && i < self->children->len; i++) {
        msk_policy_check_link(g_ptr_array_index(self->children, i), link, data);
    }
}

static char *
lower(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return g_utf8_strdown(valid, -1);
}

static bool
is_same_role(const char *a, const char *b)
{
    g_autofree char *lower_a = NULL;
    g_autofree char *lower_b = NULL;

    /* The common case, without copies. */
    if (g_str_is_ascii(a) && g_str_is_ascii(b)) {
        return g_ascii_strcasecmp(a, b) == 0;
    }
    lower_a = lower(a);
    lower_b = lower(b);
    return strcmp(lower_a, lower_b) == 0;
}

static bool
has_role(const char *const *roles, const char *wanted)
{
    for (size_t i = 0; roles != NULL && roles[i] != NULL; i++) {
        if (is_same_role(roles[i], wanted)) {
            return true;
        }
    }
    return false;
}

/* Returns: (nullable) the text of an attribute that is no list; NULL when it does not exist. */
static const char *
attribute_text(const MskPolicyCredentials *credentials, unsigned index)
{
    const char *field = (const char *) credentials + attributes[index].offset;
    const char *text = NULL;

    switch (attributes[index].type) {
    case TRUTH:
        return *(const bool *) field ? "True" : "False";
    case ADMIN:
        switch (*(const MskPolicyAdmin *) (const void *) field) {
        case MSK_POLICY_ADMIN_NO:
            return "False";
        case MSK_POLICY_ADMIN_YES:
            return "True";
        case MSK_POLICY_ADMIN_UNKNOWN:
        default:
            return "None";
        }
    case SYSTEM:
        text = *(const char *const *) (const void *) field;
        return text != NULL && *text != '\0' ? text : NULL;
    case TEXT:
        text = *(const char *const *) (const void *) field;
        return text != NULL ? text : "None";
    case LIST:
    default:
        return NULL;
    }
}

static bool
attribute_is(const MskPolicyCredentials *credentials, unsigned index, const char *wanted)
{
    if (attributes[index].type == LIST) {
        const char *field = (const char *) credentials + attributes[index].offset;
        const char *const *list = *(const char *const *const *) (const void *) field;

        return list != NULL && g_strv_contains(list, wanted);
    }
    return g_strcmp0(attribute_text(credentials, index), wanted) == 0;
}

static bool
eval_match(const MskPolicyCheck *self, const MskPolicyQuestion *question)
{
    g_autofree char *storage = NULL;
    const char *wanted = msk_policy_template_expand(self->template, question->target, &storage);

    if (wanted == NULL || self->type == CHECK_UNKNOWN) {
        return false;
    }
    if (self->type == CHECK_ROLE) {
        return has_role(question->credentials->roles, wanted);
    }
    if (self->type == CHECK_CONSTANT) {
        return strcmp(self->name, wanted) == 0;
    }
    return attribute_is(question->credentials, self->attribute, wanted);
}

enum { MEMO_NONE, MEMO_REFUSED, MEMO_ALLOWED };

static bool
eval_rule(int rule, const MskPolicyQuestion *question)
{
    if (rule < 0) {
        return false;
    }
    if (question->memo[rule] == MEMO_NONE) {
        bool allowed = msk_policy_check_eval(question->rules[rule], question);

        question->memo[rule] = allowed ? MEMO_ALLOWED : MEMO_REFUSED;
    }
    return question->memo[rule] == MEMO_ALLOWED;
}

/* Whether one of the children answers @wanted. */
static bool
any_child_is(const MskPolicyCheck *self, const MskPolicyQuestion *question, bool wanted)
{
    for (unsigned i = 0; i < self->children->len; i++) {
        if (msk_policy_check_eval(g_ptr_array_index(self->children, i), question) == wanted) {
            return true;
        }
    }
    return false;
}

bool
msk_policy_check_eval(const MskPolicyCheck *self, const MskPolicyQuestion *question)
{
    switch (self->type) {
    case CHECK_TRUE:
        return true;
    case CHECK_FALSE:
        return false;
    case CHECK_NOT:
    case CHECK_ALL:
        return !any_child_is(self, question, self->type == CHECK_NOT);
    case CHECK_ANY:
        return any_child_is(self, question, true);
    case CHECK_RULE:
        return eval_rule(self->rule, question);
    case CHECK_ADMIN:
        return question->credentials->is_admin == self->admin;
    case CHECK_ROLE:
    case CHECK_CONSTANT:
    case CHECK_ATTRIBUTE:
    case CHECK_UNKNOWN:
        return eval_match(self, question);
    default:
        g_assert_not_reached();
    }
}

MskPolicyTarget
msk_policy_credentials_target(const MskPolicyCredentials *credentials, MskPolicyAttribute *ret)
{
    MskPolicyTarget target = {.attributes = ret};

    for (unsigned i = 0; i < G_N_ELEMENTS(attributes); i++) {
        const char *text = attribute_text(credentials, i);

        if (text != NULL) {
            g_assert(target.n_attributes < MSK_POLICY_N_CREDENTIALS);
            ret[target.n_attributes++] =
                (MskPolicyAttribute){.key = attributes[i].name, .value = text};
        }
    }
    return target;
}
