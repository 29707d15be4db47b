/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rpc_context: who asked for something, as the Python services tell one another in messages and
 * events.
 *
 * Pure; any thread.
 * Source: upstream masakari/context.py (RequestContext.to_dict), oslo.context 5; oslo.messaging
 * notify/notifier.py (what events leave out).
 */

#include <glib.h>
#include <jansson.h>
#include <stdint.h>

#include "oslo/policy_check.h"

/* All strings are (nullable) and lent. */
typedef struct {
    const MskPolicyCredentials *credentials; /* (nullable) NULL: a service by itself, an admin */
    const char *user_name;
    const char *project_name;
    const char *request_id;
    const char *global_request_id;
    const char *auth_token;     /* of requests only */
    const char *remote_address; /* of requests only */
    int64_t time_us;
} MskRpcContext;

/** msk_rpc_context_credentials: Returns: (owned by @self, or static) its own, or a service's. */
const MskPolicyCredentials *msk_rpc_context_credentials(const MskRpcContext *self);

/** msk_rpc_context_of_request: Returns: (transfer full) an object for msk_rpc_add_context(). */
json_t *msk_rpc_context_of_request(const MskRpcContext *self);

/** msk_rpc_context_of_event: the same without the token, the address and the catalog. */
json_t *msk_rpc_context_of_event(const MskRpcContext *self);
