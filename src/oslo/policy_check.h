/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_check: one rule of the policy language, as a tree, and its answer for one request.
 *
 *   expression := conjunction {"or" conjunction}        words in any case, "(" and ")" group
 *   conjunction := term {"and" term}
 *   term := "not" term | "(" expression ")" | check
 *   check := "@" | "!" | kind ":" match
 *
 *   "" and "@"                everybody              "!"                 nobody
 *   role:NAME                 has that role, in any case
 *   rule:NAME                 what that other rule says
 *   is_admin:True             the caller is an administrator (see context_is_admin)
 *   ATTRIBUTE:VALUE           an attribute of the credentials, such as project_id or system_scope
 *   'TEXT':VALUE  True:VALUE  None:VALUE  7:VALUE          a constant
 *   %(KEY)s in NAME or VALUE  the target's KEY; a target without it refuses. %% is a percent sign
 *
 * The older form is a list of alternatives, each a list of checks that must all hold.
 * What oslo.policy takes and then refuses every request with, or fails on, is an error here: a
 * word without ":", unbalanced parentheses, http: and https: checks, any other % format.
 *
 * Threads: a tree is built and linked by one owner; then any thread may evaluate it.
 * Source: oslo.policy 4 (_parser.py, _checks.py), masakari/policy.py (is_admin).
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSK_POLICY_MAX_TEXT  16384 /* bytes of one rule */
#define MSK_POLICY_MAX_DEPTH 64    /* of nested expressions, and of rules that refer to rules */

typedef enum {
    MSK_POLICY_ADMIN_UNKNOWN, /* while context_is_admin itself is asked: neither True nor False */
    MSK_POLICY_ADMIN_NO,
    MSK_POLICY_ADMIN_YES,
} MskPolicyAdmin;

/* Who asks, as the token says. A NULL string reads as the text "None"; NULL roles are no roles. */
typedef struct {
    const char *user_id;
    const char *user_domain_id;
    const char *project_id;
    const char *project_domain_id;
    const char *domain_id;
    const char *system_scope; /* "all" or NULL */
    const char *const *roles; /* (nullable) NULL-terminated */
    const char *service_user_id;
    const char *service_user_domain_id;
    const char *service_project_id;
    const char *service_project_domain_id;
    const char *const *service_roles; /* (nullable) NULL-terminated */
    bool is_admin_project;
    MskPolicyAdmin is_admin;
} MskPolicyCredentials;

/* One attribute of what is asked for; a NULL @value reads as the text "None". */
typedef struct {
    const char *key; /* a dot in it is part of the name */
    const char *value;
} MskPolicyAttribute;

typedef struct {
    const MskPolicyAttribute *attributes;
    size_t n_attributes;
} MskPolicyTarget;

typedef struct MskPolicyCheck MskPolicyCheck;

/**
 * msk_policy_check_parse:
 * @text: one rule in the policy language, UTF-8.
 * @error: %MSK_ERROR_INVALID: what is wrong, with the word and its column (from 1).
 *
 * Returns: (transfer full) the tree, or NULL.
 */
MskPolicyCheck *msk_policy_check_parse(const char *text, GError **error);

/**
 * msk_policy_check_parse_list:
 * @list: the older form: [[s, …] | s, …].
 * @error: %MSK_ERROR_INVALID as msk_policy_check_parse, or a member of another type.
 *
 * Returns: (transfer full) the tree, or NULL.
 */
MskPolicyCheck *msk_policy_check_parse_list(const json_t *list, GError **error);

/** msk_policy_check_either: Returns: (transfer full) "@a or @b"; owns both. */
MskPolicyCheck *msk_policy_check_either(MskPolicyCheck *a, MskPolicyCheck *b);

/** msk_policy_check_free: @self: (nullable) */
void msk_policy_check_free(MskPolicyCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskPolicyCheck, msk_policy_check_free)

/** msk_policy_check_to_string: Returns: (transfer full) the rule as oslo.policy prints it. */
char *msk_policy_check_to_string(const MskPolicyCheck *self);

/** msk_policy_check_depth: Returns: levels of the tree, 1 for a single check. */
unsigned msk_policy_check_depth(const MskPolicyCheck *self);

/**
 * MskPolicyLink: called for each rule:NAME of a tree.
 * Returns: the index of that rule, or -1 when there is none: the check then refuses.
 */
typedef int (*MskPolicyLink)(const char *name, void *data);

/** msk_policy_check_link: resolves every rule:NAME. */
void msk_policy_check_link(MskPolicyCheck *self, MskPolicyLink link, void *data);

/* One request to evaluate for. @memo has a byte for each of @rules, zero at first: a rule that
 * many refer to is evaluated once. */
typedef struct {
    const MskPolicyCredentials *credentials;
    const MskPolicyTarget *target;
    const MskPolicyCheck *const *rules;
    uint8_t *memo;
} MskPolicyQuestion;

/**
 * msk_policy_check_eval:
 * @self: linked; rules must not refer to one another in a circle.
 *
 * Returns: whether the rule allows it.
 */
bool msk_policy_check_eval(const MskPolicyCheck *self, const MskPolicyQuestion *question);

/**
 * msk_policy_credentials_target:
 * @ret: (out) the attributes, borrowed from @credentials; has room for
 *   %MSK_POLICY_N_CREDENTIALS.
 *
 * Returns: the credentials as a target, which context_is_admin is asked with. Lists are left out.
 */
#define MSK_POLICY_N_CREDENTIALS 11
MskPolicyTarget msk_policy_credentials_target(const MskPolicyCredentials *credentials,
                                              MskPolicyAttribute *ret);
