/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * caller: who sends a request: as the token says that Keystone has validated, or, without Keystone
 * (noauth2), as the client claims in headers.
 *
 * Threads: a caller belongs to the thread that answers the request.
 * Source: oslo.context 5 (from_environ); keystonemiddleware auth_token (_request.py).
 */

#include "cloud/keystone_token.h"
#include "io/http_server.h"
#include "oslo/policy_check.h"

typedef struct {
    MskPolicyCredentials credentials; /* strings owned by the request or by what follows */
    MskKeystoneToken *token;          /* (nullable) */
    MskKeystoneToken *service_token;  /* (nullable) of the service that asks for the user */
    const char *user_name;            /* (nullable) both are owned as those of the credentials */
    const char *project_name;         /* (nullable) */
    char **roles;
    char **service_roles;
} MskCaller;

/**
 * msk_caller_read:
 * @is_admin: what is known of it already.
 * @ret: (out) borrows from @request.
 */
void msk_caller_read(const MskHttpRequest *request, MskPolicyAdmin is_admin, MskCaller *ret);

/**
 * msk_caller_from_tokens:
 * @token: (transfer full)
 * @service_token: (transfer full) (nullable)
 * @ret: (out) whether it is an administrator is left unknown.
 */
void msk_caller_from_tokens(MskKeystoneToken *token, MskKeystoneToken *service_token,
                            MskCaller *ret);

void msk_caller_clear(MskCaller *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskCaller, msk_caller_clear)
