/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_rules: every policy rule of the API with its default, as a policy.yaml may overrule it.
 * Constant; any thread. Source: upstream masakari/policies.
 */

#include "oslo/policy_set.h"

extern const MskPolicyDefault msk_policy_rules[];
extern const size_t msk_n_policy_rules;
