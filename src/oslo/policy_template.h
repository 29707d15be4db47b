/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * policy_template: the text after the ":" of a check, in which %(KEY)s stands for the target's KEY
 * and %% for a percent sign.
 *
 * Pure; any thread may expand a template. Source: Python's "text" % mapping, of which only these
 * two forms are taken.
 */

#include <glib.h>
#include <stddef.h>

/* One attribute of what is asked for; a NULL @value reads as the text "None". */
typedef struct {
    const char *key; /* a dot in it is part of the name */
    const char *value;
} MskPolicyAttribute;

typedef struct {
    const MskPolicyAttribute *attributes;
    size_t n_attributes;
} MskPolicyTarget;

typedef struct MskPolicyTemplate MskPolicyTemplate;

/**
 * msk_policy_template_new:
 * @error: %MSK_ERROR_INVALID: a "%" that begins neither form.
 *
 * Returns: (transfer full) the template, or NULL.
 */
MskPolicyTemplate *msk_policy_template_new(const char *text, GError **error);
/** msk_policy_template_free: @self: (nullable) */
void msk_policy_template_free(MskPolicyTemplate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskPolicyTemplate, msk_policy_template_free)

/**
 * msk_policy_template_expand:
 * @ret_storage: (out) holds the text when it had to be put together, else NULL; g_free it.
 *
 * Returns: (nullable) the text, valid as long as @self, @target and *@ret_storage; NULL when
 *   @target lacks a key.
 */
const char *msk_policy_template_expand(const MskPolicyTemplate *self, const MskPolicyTarget *target,
                                       char **ret_storage);
