/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_sample: policy rules for people.
 *
 * Pure; any thread. Source: oslo.policy 4 generator.py (the forms of its files).
 */

#include "oslo/policy_set.h"

/** msk_policy_sample: Returns: (transfer full) a policy.yaml with every rule and its default, all
 * commented out. */
char *msk_policy_sample(const MskPolicyDefault *defaults, size_t n_defaults);

/** msk_policy_in_force: Returns: (transfer full) a policy.yaml that says what @set says. */
char *msk_policy_in_force(const MskPolicySet *set);

/** msk_policy_reference: Returns: (transfer full) Markdown: a table of all rules. */
char *msk_policy_reference(const MskPolicyDefault *defaults, size_t n_defaults);
