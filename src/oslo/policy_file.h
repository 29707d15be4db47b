/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_file: policy.yaml, policy.json and the files of policy.d:
 *
 *     "rule name": "check"            in the policy language
 *     "rule name": [["a:b", "c:d"]]   in the older form
 *
 * YAML is read as PyYAML's safe loader does, anchors included; JSON is YAML but for tabs and some
 * escapes, so what is no YAML is tried as JSON. Of two rules with one name the later counts.
 *
 * What oslo.policy takes as "everybody may" though it hardly means that is refused: a value that is
 * empty without quotes, or an unquoted !, which is a tag to YAML.
 *
 * Any thread. Source: oslo.policy 4 policy.py (parse_file_contents, Rules.load).
 */

#include "oslo/policy_check.h"

#define MSK_POLICY_FILE_MAX_BYTES 1048576

/* A rule as a file has it. */
typedef struct {
    char *name;
    char *text;  /* the check as written; JSON for the older form */
    char *where; /* "path:line", or "path" when it had to be read as JSON */
    MskPolicyCheck *check;
} MskPolicyFileRule;

/**
 * msk_policy_file_parse:
 * @path: for messages.
 * @data, @length: what the file holds.
 * @error: %MSK_ERROR_INVALID: "path:line: rule "name": why".
 *
 * Returns: (transfer full) of MskPolicyFileRule, in their order, with a free function; or NULL.
 */
GPtrArray *msk_policy_file_parse(const char *path, const char *data, size_t length, GError **error);

/**
 * msk_policy_file_read:
 * @error: as msk_policy_file_parse, and as msk_file_read.
 *
 * Blocks. Returns: (transfer full) as msk_policy_file_parse.
 */
GPtrArray *msk_policy_file_read(const char *path, GError **error);
