/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A policy file either is refused with a reason or becomes rules that answer, the same way each
 * time, and that read the same when they are printed and read again.
 */

#include "fuzz.h"

#include "base/error.h"
#include "oslo/policy_parse.h"
#include "oslo/policy_set.h"

static const char *const roles[] = {"admin", "r", NULL};
static const MskPolicyCredentials credentials = {
    .user_id = "u", .system_scope = "all", .roles = roles, .is_admin = MSK_POLICY_ADMIN_NO};
static const MskPolicyAttribute attributes[] = {{"user_id", "u"}, {"project_id", NULL}};
static const MskPolicyTarget target = {attributes, G_N_ELEMENTS(attributes)};
static const MskPolicyDefault defaults[] = {
    {.name = "a", .check = "role:admin"},
    {.name = "b", .check = "rule:a or @"},
};

/* A check of the older form may print as text that the language reads in another way. */
static bool
is_text(const MskPolicyFileRule *rule)
{
    return rule->text[0] != '[';
}

static void
print_and_read_again(const MskPolicyFileRule *rule)
{
    g_autofree char *once = msk_policy_check_to_string(rule->check);
    g_autofree char *twice = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicyCheck) again = msk_policy_parse(once, &error);

    /* Printing adds parentheses, which may make it too long or too deep. */
    if (again != NULL) {
        twice = msk_policy_check_to_string(again);
        g_assert_cmpstr(once, ==, twice);
    } else {
        g_assert_nonnull(error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const MskPolicySetOptions options = {
        .defaults = defaults, .n_defaults = G_N_ELEMENTS(defaults), .default_rule = "default"};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rules =
        msk_policy_file_parse("f", size == 0 ? "" : (const char *) data, size, &error);
    g_autoptr(MskPolicySet) set = NULL;

    if (rules == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        return 0;
    }
    for (guint i = 0; i < rules->len; i++) {
        const MskPolicyFileRule *rule = g_ptr_array_index(rules, i);

        if (is_text(rule)) {
            print_and_read_again(rule);
        }
    }
    set = msk_policy_set_new(&options, rules, &error);
    if (set == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        return 0;
    }
    for (size_t i = 0; i < msk_policy_set_size(set); i++) {
        const char *name = msk_policy_set_rule(set, i).name;
        bool once = msk_policy_set_check(set, name, &credentials, &target);

        g_assert_cmpint(msk_policy_set_check(set, name, &credentials, &target), ==, once);
    }
    return 0;
}
