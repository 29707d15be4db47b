/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/manage_policy.h"

#include "api/policy_rules.h"
#include "base/error.h"
#include "oslo/policy.h"
#include "oslo/policy_sample.h"

#include <stdio.h>

static bool
refuse_argument(const char *argument, GError **error)
{
    if (argument != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the policy commands take no argument, not '%s'", argument);
        return false;
    }
    return true;
}

static bool
print(const char *text, GError **error)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "cannot write to standard output");
        return false;
    }
    return true;
}

static MskPolicySet *
load(MskProgram *program, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_auto(GStrv) search_dirs = msk_program_search_dirs(program);
    const MskPolicySettings settings = msk_policy_settings(
        config, (const char *const *) search_dirs, msk_policy_rules, msk_n_policy_rules);

    return msk_policy_load(&settings, error);
}

bool
msk_manage_policy_sample(MskProgram *program, const char *argument, GError **error)
{
    g_autofree char *text = msk_policy_sample(msk_policy_rules, msk_n_policy_rules);

    (void) program;
    return refuse_argument(argument, error) && print(text, error);
}

bool
msk_manage_policy_reference(MskProgram *program, const char *argument, GError **error)
{
    g_autofree char *text = msk_policy_reference(msk_policy_rules, msk_n_policy_rules);

    (void) program;
    return refuse_argument(argument, error) && print(text, error);
}

bool
msk_manage_policy_show(MskProgram *program, const char *argument, GError **error)
{
    g_autoptr(MskPolicySet) set = NULL;
    g_autofree char *text = NULL;

    if (!refuse_argument(argument, error) || (set = load(program, error)) == NULL) {
        return false;
    }
    text = msk_policy_in_force(set);
    return print(text, error);
}

bool
msk_manage_policy_validate(MskProgram *program, const char *argument, GError **error)
{
    g_autoptr(MskPolicySet) set = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const char *const *warnings;
    unsigned n_from_files = 0;
    unsigned n_wrong = 0;

    if (!refuse_argument(argument, error) || (set = load(program, error)) == NULL) {
        return false;
    }
    warnings = msk_policy_set_warnings(set);
    for (; warnings[n_wrong] != NULL; n_wrong++) {
        g_string_append_printf(text, "%s\n", warnings[n_wrong]);
    }
    for (size_t i = 0; i < msk_policy_set_size(set); i++) {
        MskPolicyRule rule = msk_policy_set_rule(set, i);

        n_from_files += rule.where != NULL;
        if (rule.redundant) {
            g_string_append_printf(text, "%s: the policy rule \"%s\" says what its default says\n",
                                   rule.where, rule.name);
        }
    }
    g_string_append_printf(text, "%zu rules in force, %u of them from files, %u wrong\n",
                           msk_policy_set_size(set), n_from_files, n_wrong);
    if (!print(text->str, error)) {
        return false;
    }
    if (n_wrong > 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%u policy rules are not what they seem",
                    n_wrong);
        return false;
    }
    return true;
}
