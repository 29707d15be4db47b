/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy: who may do what: policy.yaml and policy.d over the defaults, read again when they change.
 *
 *   policy.yaml ─┐
 *   policy.d     ─┼─▶ MskPolicySet A ─▶ check (any thread, no lock)
 *   defaults    ─┘   MskPolicySet B ◀─ a changed file; then the two change places
 *
 * A file that is bad at the start is an error. One that becomes bad later, or vanishes, leaves the
 * rules as they are.
 *
 * Threads: all functions but _new and _free may be called from any thread.
 * Source: oslo.policy 4 (policy.py Enforcer.load_rules, opts.py).
 */

#include "oslo/config.h"
#include "oslo/policy_set.h"

/* [oslo_policy] */
extern const MskOption msk_policy_options[];
extern const size_t msk_n_policy_options;

typedef struct {
    MskPolicySetOptions rules;
    const char *const *search_dirs; /* NULL-terminated; where relative names are looked up */
    const char *file;
    bool file_is_default;    /* nobody has named it: where it is not there, policy.json is taken */
    const char *const *dirs; /* NULL-terminated */
    int64_t refresh_interval_us; /* how often, at most, the files are looked at */
} MskPolicySettings;

/**
 * msk_policy_settings:
 * @search_dirs: NULL-terminated; kept by the result, as are strings of @config.
 * @defaults: (static)
 *
 * Returns: what [oslo_policy] of @config says.
 */
MskPolicySettings msk_policy_settings(const MskConfig *config, const char *const *search_dirs,
                                      const MskPolicyDefault *defaults, size_t n_defaults);

/**
 * msk_policy_load:
 * @error: %MSK_ERROR_INVALID with "path:line: rule "name": why" for a bad file, %MSK_ERROR_DENIED
 *   or %MSK_ERROR_UNAVAILABLE for one that cannot be read.
 *
 * Blocks (reads files). For tools; a program that checks uses msk_policy_new.
 * Returns: (transfer full) the rules in force, or NULL.
 */
MskPolicySet *msk_policy_load(const MskPolicySettings *settings, GError **error);

typedef struct MskPolicy MskPolicy;

/**
 * msk_policy_new:
 * @settings: copied.
 * @error: as msk_policy_load.
 *
 * Blocks (reads files). Returns: (transfer full) the policy, or NULL.
 */
MskPolicy *msk_policy_new(const MskPolicySettings *settings, GError **error);
/** msk_policy_free: @self: (nullable) no other thread may use it any more. */
void msk_policy_free(MskPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskPolicy, msk_policy_free)

/**
 * msk_policy_check: as msk_policy_set_check, by the rules that are in force now.
 */
bool msk_policy_check(MskPolicy *self, const char *rule, const MskPolicyCredentials *credentials,
                      const MskPolicyTarget *target);

/**
 * msk_policy_is_admin: what the rule context_is_admin says. Its value belongs in
 * @credentials->is_admin afterwards.
 */
bool msk_policy_is_admin(MskPolicy *self, const MskPolicyCredentials *credentials);

typedef enum {
    MSK_POLICY_UNCHANGED,
    MSK_POLICY_RELOADED,
    MSK_POLICY_KEPT, /* the files changed and are bad: the rules stay, @error says why, once */
} MskPolicyRefresh;

/**
 * msk_policy_refresh:
 * @error: set with %MSK_POLICY_KEPT only, as msk_policy_load.
 *
 * Reads changed files again. Meant to be called before each check: more often than
 * refresh_interval_us, or while another thread is at it, it returns at once.
 */
MskPolicyRefresh msk_policy_refresh(MskPolicy *self, GError **error);

/**
 * msk_policy_reload:
 * @error: as msk_policy_load.
 *
 * Reads the files now, changed or not; a policy file that has vanished means the defaults.
 * Returns: whether the new rules are in force; the old ones stay otherwise.
 */
bool msk_policy_reload(MskPolicy *self, GError **error);

/** msk_policy_warnings: Returns: (transfer full) as msk_policy_set_warnings. */
char **msk_policy_warnings(MskPolicy *self);
