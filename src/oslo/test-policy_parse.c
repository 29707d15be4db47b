/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_parse.h"

#include "base/error.h"

static void
assert_reads_as(MskPolicyCheck *check, const GError *error, const char *expected)
{
    g_autoptr(MskPolicyCheck) owned = check;
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = msk_policy_check_to_string(owned);
    g_assert_cmpstr(text, ==, expected);
}

static void
test_rules(void)
{
    static const struct {
        const char *text;
        const char *reads_as;
    } cases[] = {
        {"", "@"},
        {"@", "@"},
        {"(!)", "!"},
        {"((role:a))", "role:a"},
        {"( role:a )", "role:a"},
        {"role:a and role:b or role:c", "((role:a and role:b) or role:c)"},
        {"role:a or role:b and role:c", "(role:a or (role:b and role:c))"},
        {"(role:a or role:b) and role:c", "((role:a or role:b) and role:c)"},
        {"not role:a and role:b", "(not role:a and role:b)"},
        {"not (role:a and role:b)", "not (role:a and role:b)"},
        {"not not @", "not not @"},
        {"role:a AND Not role:b oR @", "((role:a and not role:b) or @)"},
        {"role:a or role:b or role:c", "(role:a or role:b or role:c)"},
        {"project_id:%(project_id)s", "project_id:%(project_id)s"},
        {"(project_id:%(project_id)s)", "project_id:%(project_id)s"},
        {"'a':%(b)s or @", "('a':%(b)s or @)"},
        {"\t role:a\n or\xc2\xa0role:b ", "(role:a or role:b)"},
        {"rule:a:b:c", "rule:a:b:c"},
        {"role:or and role:and", "(role:or and role:and)"},
        {"role:a(b)c", "role:a(b)c"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("case %zu", i);
        assert_reads_as(msk_policy_parse(cases[i].text, &error), error, cases[i].reads_as);
    }
}

static void
test_what_is_no_rule(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {" ", "ends where a check"},
        {"role:a or", "ends where a check"},
        {"not", "ends where a check"},
        {"(role:a", "ends where \")\""},
        {"role:a)", "column 7: \"and\" or \"or\" is missing before \")\""},
        {"()", "column 2: a check is missing before \")\""},
        {"role:a role:b", "column 8: \"and\" or \"or\""},
        {"and role:a", "column 1: a check"},
        {"role:a (role:b)", "is missing before \"(\""},
        {"role:a or and role:b", "column 11: a check"},
        {"role:\xc3\xa4 or nonsense", "column 11: \"nonsense\" is no check"},
        {"'quoted'", "\"'quoted'\" is no check"},
        {"not 'a':'b'", "column 5: \"'a':'b'\" is no check"},
        {"role:\xff", "not UTF-8"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("case %zu", i);
        g_assert_null(msk_policy_parse(cases[i].text, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, cases[i].says));
    }
}

static char *
repeat(const char *part, unsigned n, const char *end, const char *after)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        g_string_append(text, part);
    }
    g_string_append(text, end);
    for (unsigned i = 0; i < n; i++) {
        g_string_append(text, after);
    }
    return g_string_free(text, FALSE);
}

static void
test_bounds(void)
{
    g_autofree char *deepest = repeat("(", MSK_POLICY_MAX_DEPTH - 1, "@", ")");
    g_autofree char *too_deep = repeat("(", MSK_POLICY_MAX_DEPTH, "@", ")");
    g_autofree char *not_too_often = repeat("not ", MSK_POLICY_MAX_DEPTH, "@", "");
    g_autofree char *abyss = repeat("(", MSK_POLICY_MAX_TEXT, "", "");
    g_autofree char *longest = repeat(" ", MSK_POLICY_MAX_TEXT - 1, "@", "");
    g_autofree char *too_long = repeat(" ", MSK_POLICY_MAX_TEXT, "@", "");
    const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {deepest, NULL},        {too_deep, "nested more"}, {not_too_often, "nested more"},
        {abyss, "nested more"}, {longest, NULL},           {too_long, "longer than"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicyCheck) check = msk_policy_parse(cases[i].text, &error);

        g_assert_cmpint(check == NULL, ==, cases[i].says != NULL);
        g_assert_true(cases[i].says == NULL || strstr(error->message, cases[i].says) != NULL);
    }
}

static void
test_lists(void)
{
    static const struct {
        const char *json;
        const char *reads_as; /* NULL: an error */
    } cases[] = {
        {"[]", "@"},
        {"[[]]", "!"},
        {"[\"\"]", "!"},
        {"[[\"role:a\"]]", "role:a"},
        {"[\"role:a\"]", "role:a"},
        {"[[\"role:a\", \"role:b\"], [], [\"role:c\"]]", "((role:a and role:b) or role:c)"},
        {"[\"role:a\", \"role:b\"]", "(role:a or role:b)"},
        {"[[\"role:a or role:b\"]]", "role:a or role:b"},
        {"[[\"\"]]", NULL},
        {"[[\"nonsense\"]]", NULL},
        {"[[[\"role:a\"]]]", NULL},
        {"[1]", NULL},
        {"[[null]]", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        json_t *list = json_loads(cases[i].json, 0, NULL);
        MskPolicyCheck *check = msk_policy_parse_list(list, &error);

        g_test_message("case %zu", i);
        json_decref(list);
        if (cases[i].reads_as != NULL) {
            assert_reads_as(check, error, cases[i].reads_as);
        } else {
            g_assert_null(check);
            g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        }
    }
}

static void
test_a_list_has_a_bound(void)
{
    g_autoptr(GError) error = NULL;
    json_t *outer = json_array();
    json_t *inner = json_array();

    for (unsigned i = 0; i < 100; i++) {
        json_array_append_new(inner, json_string("@"));
        json_array_append(outer, inner);
    }
    g_assert_null(msk_policy_parse_list(outer, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    json_decref(inner);
    json_decref(outer);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_parse/rules", test_rules);
    g_test_add_func("/policy_parse/what_is_no_rule", test_what_is_no_rule);
    g_test_add_func("/policy_parse/bounds", test_bounds);
    g_test_add_func("/policy_parse/lists", test_lists);
    g_test_add_func("/policy_parse/a_list_has_a_bound", test_a_list_has_a_bound);
    return g_test_run();
}
