/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * caller: who sends a request, as its headers say. Where a proxy or a stage in front of the API
 * has verified a token it sets them; without one (noauth2) they are what the client claims.
 *
 * Threads: a caller belongs to the thread that answers the request.
 * Source: oslo.context 5 (from_environ).
 */

#include "io/http_server.h"
#include "oslo/policy_check.h"

typedef struct {
    MskPolicyCredentials credentials; /* strings owned by the request, lists by this */
    char **roles;
    char **service_roles;
} MskCaller;

/**
 * msk_caller_read:
 * @is_admin: what is known of it already.
 * @ret: (out) borrows from @request.
 */
void msk_caller_read(const MskHttpRequest *request, MskPolicyAdmin is_admin, MskCaller *ret);

void msk_caller_clear(MskCaller *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskCaller, msk_caller_clear)
