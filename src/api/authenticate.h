/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * authenticate: who sends a request. With auth_strategy = keystone that is the token's owner, as
 * Keystone says, and what the client claims in X-Roles and the like counts for nothing.
 *
 * Threads: shared by all workers.
 * Source: keystonemiddleware auth_token (AuthProtocol), upstream masakari/api/auth.py.
 */

#include "api/api_call.h"
#include "oslo/config.h"

/**
 * msk_api_auth_new:
 * @ret: (out) (transfer full) NULL for auth_strategy = noauth2.
 * @error: %MSK_ERROR_INVALID when [keystone_authtoken] lacks something.
 *
 * Asks Keystone nothing yet, so that services may start in any order.
 */
bool msk_api_auth_new(const MskConfig *config, MskApiAuth **ret, GError **error);
/** msk_api_auth_free: @self: (nullable) */
void msk_api_auth_free(MskApiAuth *self);

/**
 * msk_call_authenticate: sets the caller. Blocks when Keystone has to be asked.
 *
 * Returns: false when the call was answered: 401, or 503 when Keystone does not say.
 */
bool msk_call_authenticate(MskApiCall *call);
