/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_file.h"

#include "base/error.h"

#include <glib/gstdio.h>

/* Every rule as "name=check@where;". */
static char *
flatten(const GPtrArray *rules)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < rules->len; i++) {
        const MskPolicyFileRule *rule = g_ptr_array_index(rules, i);
        g_autofree char *check = msk_policy_check_to_string(rule->check);

        g_string_append_printf(all, "%s=%s@%s;", rule->name, check, rule->where);
    }
    return g_string_free(all, FALSE);
}

static void
test_what_files_say(void)
{
    static const struct {
        const char *text;
        const char *rules;
    } cases[] = {
        {"", ""},
        {"# only a comment\n", ""},
        {"---\n", ""},
        {"{}", ""},
        {"null\n...\n", ""},
        {"~", ""},
        {"''\n", ""},
        {"[]\n", ""},
        {"!!str \"\"", ""},
        {"a: role:x\n", "a=role:x@f:1;"},
        {"\xef\xbb\xbf"
         "a: role:x\n",
         "a=role:x@f:1;"},
        {"# c\n\"a:b\": \"role:x\"\n'c': '!'\n", "a:b=role:x@f:2;c=!@f:3;"},
        {"a: ''\nb: \"\"\n", "a=@@f:1;b=@@f:2;"},
        {"a: >\n  role:x\n  or role:y\n", "a=(role:x or role:y)@f:1;"},
        {"a: role:x\n   and role:y\n", "a=(role:x and role:y)@f:1;"},
        {"a: [[role:x, role:y], [role:z]]\n", "a=((role:x and role:y) or role:z)@f:1;"},
        {"a:\n- - role:x\n  - role:y\n- role:z\n", "a=((role:x and role:y) or role:z)@f:1;"},
        {"a: []\n", "a=@@f:1;"},
        {"a: !!str role:x\n", "a=role:x@f:1;"},
        {"a: &adm role:x\nb: *adm\n", "a=role:x@f:1;b=role:x@f:2;"},
        {"a: &l [role:x]\nb: *l\nc: [*l]\n", "a=role:x@f:1;b=role:x@f:2;c=role:x@f:3;"},
        {"a: role:x\na: role:y\n", "a=role:x@f:1;a=role:y@f:2;"},
        {"{\"a\": \"role:x\",\n \"b\": [[\"@\"]]}", "a=role:x@f:1;b=@@f:2;"},
        {"{\n\t\"a\": \"role:x\"\n}", "a=role:x@f:2;"},
        {"{\"a\": \"role:\\ud83d\\ude00\"}", "a=role:\xf0\x9f\x98\x80@f;"},
        {"1: role:x\n", "1=role:x@f:1;"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) rules =
            msk_policy_file_parse("f", cases[i].text, strlen(cases[i].text), &error);
        g_autofree char *all = NULL;

        g_test_message("case %zu", i);
        g_assert_no_error(error);
        all = flatten(rules);
        g_assert_cmpstr(all, ==, cases[i].rules);
    }
}

static void
test_what_is_refused(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"a: role:x\nb: nonsense\n", "f:2: rule \"b\": column 1: \"nonsense\" is no check"},
        {"a: !\n", "f:1: an unquoted !"},
        {"a: ! role:x\n", "f:1: an unquoted !"},
        {"a: @\n", "f:1: this is no YAML"},
        {"a:\n", "f:1: the check is empty"},
        {"a: ~\n", "f:1: the check is empty"},
        {"a: null\n", "f:1: the check is empty"},
        {"a: yes\n", "f:1: the check is a YAML truth value"},
        {"a: 1:1\n", "f:1: the check is a number to YAML"},
        {"a: -12:30:59.5\n", "f:1: the check is a number to YAML"},
        {"a: 7\n", "f:1: rule \"a\": column 1: \"7\" is no check"},
        {"a: {b: c}\n", "f:1: a check must be text"},
        {"a: [[[role:x]]]\n", "f:1: a check must be text"},
        {"a: [~]\n", "f:1: the check is empty"},
        {"a: *b\n", "f:1: no anchor &b"},
        {"a: \"role:\\0\"\n", "f:1: a NUL"},
        {"\"a\\0\": role:x\n", "f:1: the name of a rule"},
        {"? [a]\n: role:x\n", "f:1: the name of a rule"},
        {"'': role:x\n", "f:1: the name of a rule"},
        {"<<: {a: role:x}\n", "f:1: merge keys"},
        {"[[]]\n", "f:1: a policy file has one"},
        {"!x\n", "f:1: a policy file has one"},
        {"'null'\n", "f:1: a policy file has one"},
        {"- a\n", "f:1: a policy file has one"},
        {"text\n", "f:1: a policy file has one"},
        {"a: role:x\n---\nb: role:x\n", "f:2: a policy file has only one"},
        {"a: role:x\n\tb: role:y\n", "this is no YAML"},
        {"{\"a\": \"role:x\"", "this is no YAML"},
        {"{\n\"a\": \"\\ud83d\\ude00\", \"b\": 1}", "f: rule \"a\": column 1:"},
        {"{\n\"a\": 1, \"b\": \"role:\\ud83d\\ude00\"}", "f:2: rule \"a\""},
        {"a: \xff\n", "this is no YAML"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("case %zu", i);
        g_assert_null(msk_policy_file_parse("f", cases[i].text, strlen(cases[i].text), &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].says));
    }
}

static void
test_bounds(void)
{
    g_autoptr(GString) many = g_string_new(NULL);
    g_autoptr(GString) bomb = g_string_new("a: &a [");
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 1025; i++) {
        g_string_append_printf(many, "r%u: '@'\n", i);
        g_string_append(bomb, "'@',");
    }
    g_assert_null(msk_policy_file_parse("f", many->str, many->len, &error));
    g_assert_nonnull(strstr(error->message, "more than 1024 rules"));
    g_clear_error(&error);
    g_string_append(bomb, "]\nb: [");
    for (unsigned i = 0; i < 10000; i++) {
        g_string_append(bomb, "*a,");
    }
    g_string_append(bomb, "]\n");
    g_assert_null(msk_policy_file_parse("f", bomb->str, bomb->len, &error));
    g_assert_nonnull(strstr(error->message, "more than 4096 checks"));
}

static void
test_read(void)
{
    g_autofree char *directory = g_dir_make_tmp("msk-policy-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "policy.yaml", NULL);
    g_autofree char *all = NULL;
    g_autofree char *expected = g_strdup_printf("a=role:x@%s:1;", path);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rules = NULL;

    g_assert_null(msk_policy_file_read(path, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(path, "a: role:x", -1, NULL));
    rules = msk_policy_file_read(path, &error);
    g_assert_no_error(error);
    all = flatten(rules);
    g_assert_cmpstr(all, ==, expected);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_file/what_files_say", test_what_files_say);
    g_test_add_func("/policy_file/what_is_refused", test_what_is_refused);
    g_test_add_func("/policy_file/bounds", test_bounds);
    g_test_add_func("/policy_file/read", test_read);
    return g_test_run();
}
