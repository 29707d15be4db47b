/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_check.h"

#include "base/error.h"

static const char *const roles[] = {"Member", "heat_stack_owner", "\xc3\x84rzte", "\xe2\x84\xaa",
                                    NULL};
static const char *const service_roles[] = {"service", NULL};
static const MskPolicyCredentials user = {
    .user_id = "u1",
    .project_id = "p1",
    .system_scope = "all",
    .roles = roles,
    .service_roles = service_roles,
    .is_admin_project = true,
    .is_admin = MSK_POLICY_ADMIN_NO,
};
static const MskPolicyAttribute attributes[] = {
    {"project_id", "p1"}, {"user_id", "u2"}, {"role", "MEMBER"},
    {"none", NULL},       {"kind", "True"},  {"domain_id", NULL},
};
static const MskPolicyTarget target = {attributes, G_N_ELEMENTS(attributes)};

static bool
eval(const char *text, const MskPolicyCredentials *credentials)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicyCheck) check = msk_policy_check_new(text, &error);
    uint8_t memo = 0;
    const MskPolicyQuestion question = {credentials, &target, NULL, &memo};

    g_assert_no_error(error);
    return msk_policy_check_eval(check, &question);
}

static void
test_single_checks(void)
{
    static const struct {
        const char *text;
        bool allowed;
    } cases[] = {
        {"@", true},
        {"!", false},
        {"role:member", true},
        {"role:MEMBER", true},
        {"role:%(role)s", true},
        {"role:%(missing)s", false},
        {"role:mem", false},
        {"role:", false},
        {"role:\xc3\xa4RZTE", true},
        {"role:k", true}, /* the Kelvin sign in lower case */
        {"role:\xff", false},
        {"user_id:u1", true},
        {"user_id:U1", false},
        {"user_id:%(user_id)s", false},
        {"project_id:%(project_id)s", true},
        {"domain_id:None", true},
        {"domain_id:%(none)s", true},
        {"domain_id:", false},
        {"project_domain_id:None", true},
        {"system_scope:all", true},
        {"system:all", true},
        {"is_admin_project:True", true},
        {"is_admin_project:true", false},
        {"roles:Member", true},
        {"roles:member", false},
        {"service_roles:service", true},
        {"service_user_id:None", true},
        {"tenant:p1", false},
        {"token.project.id:p1", false},
        {"no-such-thing:None", false},
        {"'Member':Member", true},
        {"\"Member\":member", false},
        {"'':", true},
        {"True:%(kind)s", true},
        {"None:%(none)s", true},
        {"False:False", true},
        {"False:True", false},
        {"7:7", true},
        {"-7:7", false},
        {"is_admin:False", true},
        {"is_admin:anything", true},
        {"is_admin:TRUE", false},
        {"rule:unlinked", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %zu", i);
        g_assert_cmpint(eval(cases[i].text, &user), ==, cases[i].allowed);
    }
}

static void
test_credentials_that_say_nothing(void)
{
    static const MskPolicyCredentials nobody = {.is_admin = MSK_POLICY_ADMIN_UNKNOWN};
    static const MskPolicyCredentials no_scope = {.system_scope = ""};

    g_assert_false(eval("role:member", &nobody));
    g_assert_false(eval("is_admin:True", &nobody));
    g_assert_false(eval("is_admin:False", &nobody));
    g_assert_true(eval("user_id:None", &nobody));
    g_assert_true(eval("system_scope:None", &nobody));
    g_assert_false(eval("system:None", &nobody));
    g_assert_true(eval("system_scope:", &no_scope));
    g_assert_false(eval("system:", &no_scope));
    g_assert_false(eval("roles:None", &nobody));
}

static void
test_what_is_no_check(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "no check"},
        {"admin", "no check"},
        {":x", "the kind \"\""},
        {"http://host/check", "not supported"},
        {"https://host/check", "not supported"},
        {"'a'b':x", "the kind"},
        {"'a\\n':x", "the kind"},
        {"'a:x", "the kind"},
        {"':x", "the kind"},
        {"0x10:16", "the kind"},
        {"007:7", "the kind"},
        {"1.5:1.5", "the kind"},
        {"a.:x", "the kind"},
        {".a:x", "the kind"},
        {"a b:x", "the kind"},
        {"%(a)s:x", "the kind"},
        {"[1]:x", "the kind"},
        {"user_id.name:x", "no parts"},
        {"not:x", "neither an attribute"},
        {"a.or:x", "neither an attribute"},
        {"roles.name:x", "no parts"},
        {"role:%s", "%(name)s"},
        {"user_id:100%", "%(name)s"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("case %zu", i);
        g_assert_null(msk_policy_check_new(cases[i].text, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].says));
    }
}

static MskPolicyCheck *
group(MskPolicyCheck *(*make)(GPtrArray *), const char *a, const char *b)
{
    GPtrArray *checks = g_ptr_array_new_with_free_func((GDestroyNotify) msk_policy_check_free);

    g_ptr_array_add(checks, msk_policy_check_new(a, NULL));
    if (b != NULL) {
        g_ptr_array_add(checks, msk_policy_check_new(b, NULL));
    }
    return make(checks);
}

static void
test_groups(void)
{
    static const MskPolicyQuestion question = {&user, &target, NULL, NULL};
    static const struct {
        const char *a;
        const char *b;
        bool all;
        bool any;
    } cases[] = {
        {"@", "@", true, true},   {"@", "!", false, true}, {"!", "@", false, true},
        {"!", "!", false, false}, {"@", NULL, true, true}, {"!", NULL, false, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskPolicyCheck) all = group(msk_policy_check_new_all, cases[i].a, cases[i].b);
        g_autoptr(MskPolicyCheck) any = group(msk_policy_check_new_any, cases[i].a, cases[i].b);
        g_autoptr(MskPolicyCheck) none =
            msk_policy_check_new_not(group(msk_policy_check_new_any, cases[i].a, cases[i].b));

        g_assert_cmpint(msk_policy_check_eval(all, &question), ==, cases[i].all);
        g_assert_cmpint(msk_policy_check_eval(any, &question), ==, cases[i].any);
        g_assert_cmpint(msk_policy_check_eval(none, &question), ==, !cases[i].any);
    }
}

static void
test_to_string(void)
{
    g_autoptr(MskPolicyCheck) both = group(msk_policy_check_new_all, "role:a", "is_admin:whatever");
    g_autoptr(MskPolicyCheck) not_either =
        msk_policy_check_new_not(group(msk_policy_check_new_any, "@", "project_id:%(project_id)s"));
    g_autofree char *both_text = msk_policy_check_to_string(both);
    g_autofree char *not_either_text = msk_policy_check_to_string(not_either);

    g_assert_cmpstr(both_text, ==, "(role:a and is_admin:False)");
    g_assert_cmpstr(not_either_text, ==, "not (@ or project_id:%(project_id)s)");
}

static int
link_to_second(const char *name, void *data)
{
    GString *names = data;

    g_string_append(names, name);
    return strcmp(name, "second") == 0 ? 1 : -1;
}

static void
test_rules_refer_to_rules(void)
{
    g_autoptr(MskPolicyCheck) first = group(msk_policy_check_new_all, "rule:second", "rule:second");
    g_autoptr(MskPolicyCheck) second = msk_policy_check_new("role:member", NULL);
    g_autoptr(MskPolicyCheck) third = msk_policy_check_new("rule:nowhere", NULL);
    const MskPolicyCheck *rules[] = {first, second};
    g_autoptr(GString) names = g_string_new(NULL);
    uint8_t memo[2] = {0};
    MskPolicyQuestion question = {&user, &target, rules, memo};

    msk_policy_check_link(first, link_to_second, names);
    msk_policy_check_link(third, link_to_second, names);
    g_assert_cmpstr(names->str, ==, "secondsecondnowhere");
    g_assert_true(msk_policy_check_eval(first, &question));
    g_assert_cmpint(memo[1], !=, 0);
    g_assert_false(msk_policy_check_eval(third, &question));
}

static void
test_credentials_as_a_target(void)
{
    MskPolicyAttribute room[MSK_POLICY_N_CREDENTIALS];
    MskPolicyTarget self = msk_policy_credentials_target(&user, room);
    g_autoptr(MskPolicyTemplate) template = msk_policy_template_new(
        "%(user_id)s %(system)s %(domain_id)s %(is_admin)s %(is_admin_project)s", NULL);
    g_autoptr(MskPolicyTemplate) lists = msk_policy_template_new("%(roles)s", NULL);
    g_autofree char *storage = NULL;
    g_autofree char *lists_storage = NULL;

    g_assert_cmpint(self.n_attributes, ==, MSK_POLICY_N_CREDENTIALS);
    g_assert_cmpstr(msk_policy_template_expand(template, &self, &storage), ==,
                    "u1 all None False True");
    g_assert_null(msk_policy_template_expand(lists, &self, &lists_storage));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_check/single_checks", test_single_checks);
    g_test_add_func("/policy_check/credentials_that_say_nothing",
                    test_credentials_that_say_nothing);
    g_test_add_func("/policy_check/what_is_no_check", test_what_is_no_check);
    g_test_add_func("/policy_check/groups", test_groups);
    g_test_add_func("/policy_check/to_string", test_to_string);
    g_test_add_func("/policy_check/rules_refer_to_rules", test_rules_refer_to_rules);
    g_test_add_func("/policy_check/credentials_as_a_target", test_credentials_as_a_target);
    return g_test_run();
}
