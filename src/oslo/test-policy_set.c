/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_set.h"

#include "base/error.h"

static const MskPolicyDeprecated old_create = {"old:create", "role:former", "clearer", "2026.1"};
static const MskPolicyDeprecated old_show = {"svc:show", "role:former", "stricter", "2026.1"};
static const MskPolicyDefault defaults[] = {
    {.name = "admin", .check = "role:admin"},
    {.name = "svc:list", .check = "rule:admin"},
    {.name = "svc:create", .check = "rule:admin", .deprecated = &old_create},
    {.name = "svc:show", .check = "rule:admin", .deprecated = &old_show},
    {.name = "svc:scoped", .check = "@", .scopes = {"system", "domain"}},
    {.name = "svc:system", .check = "@", .scopes = {"system"}},
};

static MskPolicySet *
make(const char *yaml, const MskPolicySetOptions *options, GError **error)
{
    g_autoptr(GPtrArray) rules = msk_policy_file_parse("f", yaml, strlen(yaml), error);

    g_assert_nonnull(rules);
    return msk_policy_set_new(options, rules, error);
}

static const MskPolicySetOptions plain = {
    .defaults = defaults,
    .n_defaults = G_N_ELEMENTS(defaults),
    .default_rule = "default",
};

static bool
may(const MskPolicySet *set, const char *rule, const char *role)
{
    const char *roles[] = {role, NULL};
    const MskPolicyCredentials credentials = {.roles = roles};
    static const MskPolicyTarget nothing = {0};

    return msk_policy_set_check(set, rule, &credentials, &nothing);
}

static char *
warnings_of(const MskPolicySet *set)
{
    g_autoptr(GString) all = g_string_new(NULL);
    const char *const *warnings = msk_policy_set_warnings(set);

    for (size_t i = 0; warnings[i] != NULL; i++) {
        g_string_append_printf(all, "%s\n", warnings[i]);
    }
    return g_strdup(all->str);
}

static void
test_files_overrule_defaults(void)
{
    static const struct {
        const char *yaml;
        const char *rule;
        const char *role;
        bool allowed;
    } cases[] = {
        {"", "svc:list", "admin", true},
        {"", "svc:list", "member", false},
        {"svc:list: role:member", "svc:list", "member", true},
        {"svc:list: role:member", "svc:list", "admin", false},
        {"svc:list: role:member", "svc:create", "admin", true},
        {"admin: role:boss", "svc:list", "admin", false},
        {"admin: role:boss", "svc:list", "boss", true},
        {"own: role:member\nsvc:list: rule:own", "svc:list", "member", true},
        {"svc:list: role:a\nsvc:list: role:b", "svc:list", "a", false},
        {"svc:list: role:a\nsvc:list: role:b", "svc:list", "b", true},
        {"svc:list: '!'", "svc:list", "admin", false},
        {"", "no:such", "admin", false},
        {"default: role:member", "no:such", "member", true},
        {"default: role:member", "svc:list", "member", false},
        {"svc:list: rule:gone", "svc:list", "admin", false},
        {"svc:list: rule:gone\ndefault: role:member", "svc:list", "member", true},
        {"svc:list: not rule:gone", "svc:list", "admin", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicySet) set = NULL;

        g_test_message("%s: %s as %s", cases[i].yaml, cases[i].rule, cases[i].role);
        set = make(cases[i].yaml, &plain, &error);
        g_assert_no_error(error);
        g_assert_cmpint(may(set, cases[i].rule, cases[i].role), ==, cases[i].allowed);
    }
}

static void
test_deprecated_rules(void)
{
    static const struct {
        const char *yaml;
        bool new_defaults;
        const char *rule;
        const char *role;
        bool allowed;
    } cases[] = {
        {"", false, "svc:create", "former", true},
        {"", false, "svc:create", "admin", true},
        {"", true, "svc:create", "former", false},
        {"", false, "svc:show", "former", true},
        {"", true, "svc:show", "former", false},
        {"old:create: role:x", false, "svc:create", "x", true},
        {"old:create: role:x", false, "svc:create", "admin", false},
        {"old:create: role:x", true, "svc:create", "x", true},
        {"old:create: role:x\nsvc:create: role:y", false, "svc:create", "x", false},
        {"old:create: role:x\nsvc:create: role:y", false, "svc:create", "y", true},
        {"old:create: rule:svc:create", false, "svc:create", "admin", true},
        {"old:create: rule:svc:create", false, "svc:create", "former", true},
        {"old:create: rule:svc:create", true, "svc:create", "former", false},
        {"svc:show: rule:admin", false, "svc:show", "former", false},
        {"svc:show: rule:admin", false, "svc:show", "admin", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        MskPolicySetOptions options = plain;
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicySet) set = NULL;

        options.enforce_new_defaults = cases[i].new_defaults;
        set = make(cases[i].yaml, &options, &error);
        g_test_message("%s: %s as %s", cases[i].yaml, cases[i].rule, cases[i].role);
        g_assert_no_error(error);
        g_assert_cmpint(may(set, cases[i].rule, cases[i].role), ==, cases[i].allowed);
    }
}

static void
test_scope(void)
{
    static const struct {
        MskPolicyCredentials credentials;
        bool allowed;
    } cases[] = {
        {{.system_scope = "all"}, true},
        {{.domain_id = "d"}, true},
        {{.project_id = "p"}, false},
        {{.system_scope = "", .domain_id = ""}, false},
    };
    static const MskPolicyTarget nothing = {0};
    MskPolicySetOptions strict = plain;
    g_autoptr(MskPolicySet) lax_set = make("", &plain, NULL);
    g_autoptr(MskPolicySet) strict_set = NULL;

    strict.enforce_scope = true;
    strict_set = make("", &strict, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MskPolicyCredentials *who = &cases[i].credentials;

        g_assert_true(msk_policy_set_check(lax_set, "svc:scoped", who, &nothing));
        g_assert_cmpint(msk_policy_set_check(strict_set, "svc:scoped", who, &nothing), ==,
                        cases[i].allowed);
    }
    g_assert_true(may(strict_set, "svc:list", "admin"));
    g_assert_false(may(strict_set, "svc:system", "admin"));
}

static void
test_circles_and_chains_are_refused(void)
{
    static const struct {
        const char *yaml;
        const char *says;
    } cases[] = {
        {"a: rule:a", "f:1: rules refer to one another in a circle: \"a\" to \"a\""},
        {"a: rule:b\nb: rule:c\nc: rule:b", "f:2: rules refer to one another in a circle: \"b\" to "
                                            "\"c\" to \"b\""},
        {"a: '@ or not rule:a'", "in a circle"},
        {"default: rule:gone",
         "in a circle: \"default\" to \"default\""}, /* stands in for itself */
        {"admin: rule:svc:list", "in a circle: \"admin\" to \"svc:list\" to \"admin\""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(make(cases[i].yaml, &plain, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].says));
    }
}

/* Rules r0 to rN, each referring to the next one, or to the one before. */
static void
test_the_length_of_a_chain(void)
{
    for (int backwards = 0; backwards <= 1; backwards++) {
        for (unsigned n = 32; n <= 33; n++) {
            g_autoptr(GString) yaml = g_string_new(NULL);
            g_autoptr(GError) error = NULL;
            g_autoptr(MskPolicySet) set = NULL;

            for (unsigned i = 0; i < n; i++) {
                unsigned from = backwards ? n - 1 - i : i;

                g_string_append_printf(yaml, "r%u: rule:r%u\n", from, from + 1);
            }
            g_string_append_printf(yaml, "r%u: role:admin\n", n);
            set = make(yaml->str, &plain, &error);
            g_assert_cmpint(set != NULL, ==, n == 32);
            g_assert_true(set != NULL || strstr(error->message, "chain of more than 32") != NULL);
            g_assert_true(set == NULL || may(set, "r0", "admin"));
        }
    }
}

/* Without a memory of answers this takes 2^30 checks. */
static void
test_a_wide_tree_takes_no_time(void)
{
    g_autoptr(GString) yaml = g_string_new("r0: role:nobody\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicySet) set = NULL;

    for (unsigned i = 1; i <= 30; i++) {
        g_string_append_printf(yaml, "r%u: rule:r%u or rule:r%u\n", i, i - 1, i - 1);
    }
    set = make(yaml->str, &plain, &error);
    g_assert_no_error(error);
    g_assert_false(may(set, "r30", "admin"));
}

static void
test_warnings(void)
{
    static const struct {
        const char *yaml;
        const char *says; /* NULL: nothing */
    } cases[] = {
        {"", NULL},
        {"own: role:x\nsvc:list: rule:own", NULL},
        {"default: '!'", NULL},
        {"svc:typo: role:x", "f:1: the policy rule \"svc:typo\" has no effect"},
        {"svc:list: rule:gone", "f:1: the policy rule \"svc:list\" refers to the rule \"gone\", "
                                "which is not defined: it refuses"},
        {"default: '!'\nsvc:list: rule:gone", "the rule \"default\" stands in"},
        {"svc:list: rule:gone\ndefault: '!'", "the rule \"default\" stands in"},
        {"old:create: role:x", "f:1: the policy rule \"old:create\" is called \"svc:create\" since "
                               "2026.1 (clearer): rename it"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicySet) set = make(cases[i].yaml, &plain, &error);
        g_autofree char *all = NULL;

        g_assert_no_error(error);
        all = warnings_of(set);
        g_test_message("%s", all);
        if (cases[i].says == NULL) {
            g_assert_cmpstr(all, ==, "");
        } else {
            g_assert_nonnull(strstr(all, cases[i].says));
            g_assert_true(strchr(all, '\n') == all + strlen(all) - 1); /* one warning */
        }
    }
}

static void
test_the_rules_can_be_listed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicySet) set = make(
        "own: role:y\nown: [[role:x]]\nsvc:list: (rule:admin)\nadmin: role:x\n", &plain, &error);
    static const struct {
        const char *name;
        const char *text;
        const char *where;
        bool known;
        bool redundant;
    } rows[] = {
        {"own", "[[\"role:x\"]]", "f:2", false, false},
        {"svc:list", "(rule:admin)", "f:3", true, true},
        {"admin", "role:x", "f:4", true, false},
        {"svc:create", "rule:admin", NULL, true, false},
        {"svc:show", "rule:admin", NULL, true, false},
        {"svc:scoped", "@", NULL, true, false},
        {"svc:system", "@", NULL, true, false},
    };

    g_assert_no_error(error);
    g_assert_cmpint(msk_policy_set_size(set), ==, G_N_ELEMENTS(rows));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MskPolicyRule rule = msk_policy_set_rule(set, i);

        g_assert_cmpstr(rule.name, ==, rows[i].name);
        g_assert_cmpstr(rule.text, ==, rows[i].text);
        g_assert_cmpstr(rule.where, ==, rows[i].where);
        g_assert_cmpint(rule.known != NULL, ==, rows[i].known);
        g_assert_cmpint(rule.redundant, ==, rows[i].redundant);
    }
}

static void
test_there_is_room_for_so_many(void)
{
    for (unsigned n = 2042; n <= 2043; n++) {
        g_autoptr(GPtrArray) all =
            g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);
        g_autoptr(GPtrArray) rules = g_ptr_array_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicySet) set = NULL;

        for (unsigned i = 0; i < n; i++) {
            g_autofree char *yaml = g_strdup_printf("r%u: '@'", i);
            GPtrArray *one = msk_policy_file_parse("f", yaml, strlen(yaml), NULL);

            g_ptr_array_add(all, one);
            g_ptr_array_extend(rules, one, NULL, NULL);
        }
        set = msk_policy_set_new(&plain, rules, &error);
        g_assert_cmpint(set != NULL, ==, n + G_N_ELEMENTS(defaults) <= MSK_POLICY_MAX_RULES);
        g_assert_cmpint(set == NULL, ==, g_error_matches(error, MSK_ERROR, MSK_ERROR_INVALID));
        g_assert_true(set == NULL || may(set, "r2041", "x"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_set/files_overrule_defaults", test_files_overrule_defaults);
    g_test_add_func("/policy_set/deprecated_rules", test_deprecated_rules);
    g_test_add_func("/policy_set/scope", test_scope);
    g_test_add_func("/policy_set/circles_and_chains_are_refused",
                    test_circles_and_chains_are_refused);
    g_test_add_func("/policy_set/the_length_of_a_chain", test_the_length_of_a_chain);
    g_test_add_func("/policy_set/a_wide_tree_takes_no_time", test_a_wide_tree_takes_no_time);
    g_test_add_func("/policy_set/warnings", test_warnings);
    g_test_add_func("/policy_set/the_rules_can_be_listed", test_the_rules_can_be_listed);
    g_test_add_func("/policy_set/there_is_room_for_so_many", test_there_is_room_for_so_many);
    return g_test_run();
}
