/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_parse: the policy language.
 *
 *   rule        := "" | expression                      the empty rule allows everybody
 *   expression  := conjunction {"or" conjunction}
 *   conjunction := term {"and" term}
 *   term        := "not" term | "(" expression ")" | check
 *
 * Words are parted by white space; "and", "or" and "not" are the same in any case. A parenthesis
 * counts at the beginning and the end of a word only, as checks contain some: "%(user_id)s".
 * The older form is a list of alternatives, each of them a list of checks that must all hold.
 *
 * Where oslo.policy cannot parse a rule it logs that and refuses every request; here it is an
 * error, for the caller to tell the operator.
 *
 * Pure; any thread. Source: oslo.policy 4 _parser.py.
 */

#include "oslo/policy_check.h"

#include <jansson.h>

#define MSK_POLICY_MAX_TEXT   16384 /* bytes of one rule */
#define MSK_POLICY_MAX_DEPTH  32    /* of nested expressions */
#define MSK_POLICY_MAX_CHECKS 4096  /* of one rule in the older form */

/**
 * msk_policy_parse:
 * @text: one rule, UTF-8.
 * @error: %MSK_ERROR_INVALID: what is wrong, with the word and its column (from 1).
 *
 * Returns: (transfer full) the rule, or NULL.
 */
MskPolicyCheck *msk_policy_parse(const char *text, GError **error);

/**
 * msk_policy_parse_list:
 * @list: a rule in the older form, [[s, …] | s, …].
 * @error: %MSK_ERROR_INVALID as msk_policy_parse, or a member of another type.
 *
 * Returns: (transfer full) the rule, or NULL.
 */
MskPolicyCheck *msk_policy_parse_list(const json_t *list, GError **error);
