/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_sample.h"

#include "base/wrap.h"

#include <jansson.h>

#include <string.h>

#define WIDTH 70u /* as oslo.policy's generator */

static void
append_quoted(GString *out, const char *text)
{
    json_t *string = json_string(text);
    char *quoted = json_dumps(string, JSON_ENCODE_ANY);

    g_string_append(out, quoted);
    free(quoted);
    json_decref(string);
}

static void
append_rule(GString *out, const char *name, const char *check)
{
    append_quoted(out, name);
    g_string_append(out, ": ");
    append_quoted(out, check);
    g_string_append_c(out, '\n');
}

static void
append_scopes(GString *out, const MskPolicyDefault *rule)
{
    for (size_t i = 0; i < MSK_POLICY_MAX_SCOPES && rule->scopes[i] != NULL; i++) {
        g_string_append_printf(out, "%s%s", i == 0 ? "# Intended scope(s): " : ", ",
                               rule->scopes[i]);
    }
    if (rule->scopes[0] != NULL) {
        g_string_append_c(out, '\n');
    }
}

static void
append_deprecated(GString *out, const MskPolicyDeprecated *old)
{
    g_autofree char *was = g_strdup_printf("Until %s it was \"%s\": \"%s\". %s", old->since,
                                           old->name, old->check, old->reason);

    g_string_append(out, "# DEPRECATED\n");
    msk_append_wrapped(out, "# ", WIDTH, was);
    g_string_append_c(out, '\n');
}

char *
msk_policy_sample(const MskPolicyDefault *defaults, size_t n_defaults)
{
    GString *out = g_string_new("# SPDX-License-Identifier: Apache-2.0\n"
                                "# Every policy rule with its default. Take the # away from a rule "
                                "to change it.\n\n");

    for (size_t i = 0; i < n_defaults; i++) {
        const MskPolicyDefault *rule = &defaults[i];

        msk_append_wrapped(out, "# ", WIDTH, rule->description);
        for (size_t j = 0; j < MSK_POLICY_MAX_OPERATIONS; j++) {
            if (rule->operations[j].method != NULL) {
                g_string_append_printf(out, "# %s  %s\n", rule->operations[j].method,
                                       rule->operations[j].path);
            }
        }
        append_scopes(out, rule);
        g_string_append_c(out, '#');
        append_rule(out, rule->name, rule->check);
        g_string_append_c(out, '\n');
        if (rule->deprecated != NULL) {
            append_deprecated(out, rule->deprecated);
        }
    }
    return g_string_free(out, FALSE);
}

char *
msk_policy_in_force(const MskPolicySet *set)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < msk_policy_set_size(set); i++) {
        MskPolicyRule rule = msk_policy_set_rule(set, i);

        if (rule.text[0] == '[') { /* the older form is JSON already */
            append_quoted(out, rule.name);
            g_string_append_printf(out, ": %s\n", rule.text);
        } else {
            append_rule(out, rule.name, rule.text);
        }
    }
    return g_string_free(out, FALSE);
}

char *
msk_policy_reference(const MskPolicyDefault *defaults, size_t n_defaults)
{
    GString *out = g_string_new("| Rule | Default | Asked for | Meaning |\n|---|---|---|---|\n");

    for (size_t i = 0; i < n_defaults; i++) {
        const MskPolicyDefault *rule = &defaults[i];

        g_string_append_printf(out, "| `%s` | `%s` | ", rule->name, rule->check);
        for (size_t j = 0; j < MSK_POLICY_MAX_OPERATIONS; j++) {
            if (rule->operations[j].method != NULL) {
                g_string_append_printf(out, "%s`%s %s`", j == 0 ? "" : ", ",
                                       rule->operations[j].method, rule->operations[j].path);
            }
        }
        g_string_append_printf(out, " | %s |\n", rule->description);
    }
    return g_string_free(out, FALSE);
}
