/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/access_rules.h"

static void
test_paths(void)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool matches;
    } cases[] = {
        {"/v1/segments", "/v1/segments", true},
        {"/v1/segments", "/v1/segments/", false},
        {"/v1/segments", "/v1/segment", false},
        {"/v1/segments/*", "/v1/segments/a", true},
        {"/v1/segments/*", "/v1/segments/", false},
        {"/v1/segments/*", "/v1/segments/a/b", false},
        {"/v1/segments/{id}/hosts", "/v1/segments/a-b/hosts", true},
        {"/v1/segments/{id}/hosts", "/v1/segments/a/b/hosts", false},
        {"/v1/segments/{id", "/v1/segments/{id", true},
        {"/v1/**", "/v1/", true},
        {"/v1/**", "/v1/a/b/c", true},
        {"/v1/**", "/v2/a", false},
        {"/**/hosts", "/v1/a/b/hosts", true},
        {"/**/hosts", "/v1/a/b/host", false},
        {"**", "", true},
        {"*", "", false},
        {"", "", true},
        {"", "/", false},
        {"/a.c", "/abc", false}, /* a dot is a dot */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s %s", cases[i].pattern, cases[i].path);
        g_assert_cmpint(msk_access_path_matches(cases[i].pattern, cases[i].path), ==,
                        cases[i].matches);
    }
}

static void
test_a_long_pattern_matches_nothing(void)
{
    g_autofree char *pattern = g_strnfill(2000, 'a');

    g_assert_false(msk_access_path_matches(pattern, pattern));
}

static void
test_rules(void)
{
    g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(msk_access_rule_free);
    MskAccessRule *rule = g_new0(MskAccessRule, 1);

    g_assert_false(msk_access_rules_allow(rules, "instance-ha", "GET", "/v1/segments"));
    rule->service = g_strdup("instance-ha");
    rule->method = g_strdup("GET");
    rule->path = g_strdup("/v1/segments");
    g_ptr_array_add(rules, rule);
    g_assert_true(msk_access_rules_allow(rules, "instance-ha", "GET", "/v1/segments"));
    g_assert_false(msk_access_rules_allow(rules, "compute", "GET", "/v1/segments"));
    g_assert_false(msk_access_rules_allow(rules, "instance-ha", "POST", "/v1/segments"));
    g_assert_false(msk_access_rules_allow(rules, "instance-ha", "GET", "/v1/hosts"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/access_rules/paths", test_paths);
    g_test_add_func("/access_rules/a_long_pattern_matches_nothing",
                    test_a_long_pattern_matches_nothing);
    g_test_add_func("/access_rules/rules", test_rules);
    return g_test_run();
}
