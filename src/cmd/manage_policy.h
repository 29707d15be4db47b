/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * manage_policy: masakari-manage's commands about policy rules, in the place of oslo.policy's
 * tools (oslopolicy-sample-generator, -policy-generator, -validator, -list-redundant).
 *
 * Each writes to standard output. @argument: (nullable) must be NULL.
 */

#include "cmd/program.h"

/** msk_manage_policy_sample: every rule and its default, commented out. */
bool msk_manage_policy_sample(MskProgram *program, const char *argument, GError **error);

/** msk_manage_policy_show: the rules in force. @error: a policy file is bad. */
bool msk_manage_policy_show(MskProgram *program, const char *argument, GError **error);

/**
 * msk_manage_policy_validate: what looks wrong in the policy files, and what is redundant.
 * @error: a policy file is bad, or something looks wrong.
 */
bool msk_manage_policy_validate(MskProgram *program, const char *argument, GError **error);

/** msk_manage_policy_reference: the table of docs/user/policy.md. */
bool msk_manage_policy_reference(MskProgram *program, const char *argument, GError **error);
