/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_set: all rules in force, immutable once made: the defaults of the program, and over them
 * what the files say.
 *
 * Threads: any thread may ask. Source: oslo.policy 4 policy.py (Enforcer, Rules, RuleDefault).
 */

#include "oslo/policy_check.h"
#include "oslo/policy_file.h"

#define MSK_POLICY_MAX_RULES      2048 /* in force */
#define MSK_POLICY_MAX_OPERATIONS 2
#define MSK_POLICY_MAX_SCOPES     3

typedef struct {
    const char *method; /* "GET" */
    const char *path;   /* "/segments/{segment_id}" */
} MskPolicyOperation;

/* What a rule was before: a file that still says so is understood, and while the old default is
 * not overruled it is allowed as well (unless enforce_new_defaults). */
typedef struct {
    const char *name;
    const char *check;
    const char *reason;
    const char *since; /* a release */
} MskPolicyDeprecated;

/* A rule that the program knows, and its default. */
typedef struct {
    const char *name;
    const char *check;
    const char *description;
    MskPolicyOperation operations[MSK_POLICY_MAX_OPERATIONS]; /* unused ones are NULL */
    const char *scopes[MSK_POLICY_MAX_SCOPES]; /* "system", "domain", "project"; none: any */
    const MskPolicyDeprecated *deprecated;     /* (nullable) */
} MskPolicyDefault;

typedef struct {
    const MskPolicyDefault *defaults; /* (static) */
    size_t n_defaults;
    const char
        *default_rule; /* (nullable) stands in for a rule that is not defined; kept by no set */
    bool enforce_scope;
    bool enforce_new_defaults;
} MskPolicySetOptions;

typedef struct MskPolicySet MskPolicySet;

/**
 * msk_policy_set_new:
 * @file_rules: (transfer none) of MskPolicyFileRule, whose checks are taken out of them; of two
 *   with the same name the later one counts.
 * @error: %MSK_ERROR_INVALID: rules that refer to one another in a circle (names them), or more of
 *   them than fit.
 *
 * Returns: (transfer full) the set, or NULL.
 */
MskPolicySet *msk_policy_set_new(const MskPolicySetOptions *options, GPtrArray *file_rules,
                                 GError **error);
/** msk_policy_set_free: @self: (nullable) */
void msk_policy_set_free(MskPolicySet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskPolicySet, msk_policy_set_free)

/**
 * msk_policy_set_check:
 * @rule: a rule's name; one that is not defined is the default rule, or refuses.
 *
 * Returns: whether @rule allows @credentials to act on @target.
 */
bool msk_policy_set_check(const MskPolicySet *self, const char *rule,
                          const MskPolicyCredentials *credentials, const MskPolicyTarget *target);

/**
 * msk_policy_set_warnings: Returns: (owned by @self) NULL-terminated sentences for the log: rules
 * that are not defined but referred to, names that nothing asks for, deprecated names in use.
 */
const char *const *msk_policy_set_warnings(const MskPolicySet *self);

/* One rule in force, for tools. */
typedef struct {
    const char *name;
    const char *text;
    const char *where;             /* (nullable) "path:line"; NULL: the default */
    const MskPolicyDefault *known; /* (nullable) NULL: a name that the program does not ask for */
    bool redundant;                /* a file says what the default says anyway */
} MskPolicyRule;

size_t msk_policy_set_size(const MskPolicySet *self);
/** msk_policy_set_rule: Returns: borrowed; those of files first, then defaults in their order. */
MskPolicyRule msk_policy_set_rule(const MskPolicySet *self, size_t index);
