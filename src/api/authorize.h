/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * authorize: whether the caller may do what is asked, by the rules of policy_rules.h and the files
 * that overrule them.
 *
 * Source: upstream masakari/context.py (can), masakari/policy.py (authorize).
 */

#include "api/api_call.h"

/**
 * msk_call_may:
 * @rule: one of policy_rules.h.
 *
 * Returns: whether @rule admits the caller.
 */
bool msk_call_may(const MskApiCall *call, const char *rule);

/**
 * msk_call_authorize:
 * @rule: (nullable) NULL is open to all.
 *
 * Reads changed policy files first. Returns: false when the call was answered, with 403.
 */
bool msk_call_authorize(MskApiCall *call, const char *rule);

/**
 * msk_api_reload_policy:
 * @policy: of the running API.
 *
 * Reads the files now, and logs what came of it. Blocks.
 */
void msk_api_reload_policy(MskPolicy *policy);

/** msk_api_log_policy: logs what looks wrong in the rules in force. */
void msk_api_log_policy(MskPolicy *policy);
