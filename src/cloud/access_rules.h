/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * access_rules: what an application credential may be used for. No I/O.
 *
 * A path may have {name} or * for one part, and ** for anything:
 * "/v1/segments/{id}/hosts".
 *
 * Threads: any.
 * Source: keystonemiddleware auth_token (validate_allowed_request); Identity API v3, "Access
 * rules".
 */

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *service; /* a service type */
    char *method;
    char *path;
} MskAccessRule;

/** msk_access_rule_free: @self: (nullable) */
void msk_access_rule_free(void *self);

/** msk_access_path_matches: whether @path is one of @pattern; both are bounded by the callers. */
bool msk_access_path_matches(const char *pattern, const char *path);

/** msk_access_rules_allow: @rules: of MskAccessRule. @path: without a query. */
bool msk_access_rules_allow(const GPtrArray *rules, const char *service, const char *method,
                            const char *path);
