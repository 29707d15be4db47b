/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_check: one rule of the policy language, as a tree, and its answer for one request. The
 * checks it is made of (policy_parse.h has "and", "or" and "not"):
 *
 *   "" and "@"                everybody              "!"                 nobody
 *   role:NAME                 has that role, in any case
 *   rule:NAME                 what that other rule says
 *   is_admin:True             the caller is an administrator (see context_is_admin)
 *   ATTRIBUTE:VALUE           an attribute of the credentials, such as project_id or system_scope
 *   'TEXT':VALUE  True:VALUE  None:VALUE  7:VALUE          a constant
 *   %(KEY)s in NAME or VALUE  the target's KEY; a target without it refuses. %% is a percent sign
 *
 * What oslo.policy takes and then fails on, or refuses every request for, is an error here: a word
 * without ":", http: and https: checks, any other % format.
 *
 * Threads: a tree is built and linked by one owner; then any thread may evaluate it.
 * Source: oslo.policy 4 (_checks.py), masakari/policy.py (is_admin).
 */

#include "oslo/policy_template.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

typedef struct MskPolicyCheck MskPolicyCheck;

/**
 * msk_policy_check_new:
 * @text: one check, "@", "!" or "kind:match"; ASCII outside of the match.
 * @error: %MSK_ERROR_INVALID: why it is no check.
 *
 * Returns: (transfer full) the check, or NULL.
 */
MskPolicyCheck *msk_policy_check_new(const char *text, GError **error);

/** msk_policy_check_new_not: @check: (transfer full) */
MskPolicyCheck *msk_policy_check_new_not(MskPolicyCheck *check);

/**
 * msk_policy_check_new_all:
 * @checks: (transfer full) one or more; its free function is msk_policy_check_free.
 *
 * Returns: (transfer full) "all of them"; the check itself when there is only one.
 */
MskPolicyCheck *msk_policy_check_new_all(GPtrArray *checks);
/** msk_policy_check_new_any: as msk_policy_check_new_all, for "one of them". */
MskPolicyCheck *msk_policy_check_new_any(GPtrArray *checks);

/** msk_policy_check_free: @self: (nullable) */
void msk_policy_check_free(MskPolicyCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskPolicyCheck, msk_policy_check_free)

/** msk_policy_check_to_string: Returns: (transfer full) the rule as oslo.policy prints it. */
char *msk_policy_check_to_string(const MskPolicyCheck *self);

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

#define MSK_POLICY_N_CREDENTIALS 13

/**
 * msk_policy_credentials_target:
 * @ret: (out) room for %MSK_POLICY_N_CREDENTIALS attributes, borrowed from @credentials.
 *
 * Returns: the credentials as a target, which context_is_admin is asked with; the roles are left
 *   out.
 */
MskPolicyTarget msk_policy_credentials_target(const MskPolicyCredentials *credentials,
                                              MskPolicyAttribute *ret);
