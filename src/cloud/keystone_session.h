/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * keystone_session: calls to the services of a cloud with one token for all of them. The token is
 * got when it is first needed and renewed when it nears its end: by one caller, while the others
 * use the old one as long as it is good, and wait for the new one after that. A service that
 * refuses the token (401) makes it renewed once.
 *
 * Threads: any number at once. Every call blocks, no longer than its deadline.
 * Errors: those of http_session.h; %MSK_ERROR_DENIED when Keystone refuses who we are,
 * %MSK_ERROR_NOT_FOUND when there is no Keystone v3 there or the catalogue has no such endpoint.
 * Source: keystoneauth1 session.py, identity/base.py (a token is renewed 30 s before its end).
 */

#include "cloud/keystone_auth.h"
#include "cloud/keystone_token.h"
#include "io/http_session.h"

typedef struct MskKeystoneSession MskKeystoneSession;

/**
 * msk_keystone_session_new:
 * @auth: copied.
 * @http: copied; used for Keystone and for the services.
 * @error: see msk_keystone_auth_check().
 *
 * Asks nobody yet. Returns: (transfer full) the session, or NULL.
 */
MskKeystoneSession *msk_keystone_session_new(const MskKeystoneAuth *auth,
                                             const MskHttpSessionOptions *http, GError **error);
/** msk_keystone_session_free: no call may be under way. @self: (nullable) */
void msk_keystone_session_free(MskKeystoneSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskKeystoneSession, msk_keystone_session_free)

/**
 * msk_keystone_session_token: Blocks when a token has to be got.
 *
 * Returns: (transfer full) a token that is good for a while, with its catalogue.
 */
MskKeystoneToken *msk_keystone_session_token(MskKeystoneSession *self, int64_t deadline_mono_us,
                                             GError **error);

/**
 * msk_keystone_session_peek: never blocks on Keystone.
 * @ret_is_due: (out) (nullable) whether msk_keystone_session_token() would get another one.
 *
 * Returns: (transfer full) (nullable) the token that is there, if it is good.
 */
MskKeystoneToken *msk_keystone_session_peek(MskKeystoneSession *self, bool *ret_is_due);

/** msk_keystone_session_reject: a service refused @token: the next call gets a new one. */
void msk_keystone_session_reject(MskKeystoneSession *self, const MskKeystoneToken *token);

/**
 * msk_keystone_session_identity_url: Blocks when it is not known yet.
 *
 * Returns: (transfer full) where Keystone's v3 API is, "http://host:5000/v3", by auth_url.
 */
char *msk_keystone_session_identity_url(MskKeystoneSession *self, int64_t deadline_mono_us,
                                        GError **error);

/* One call to a service; borrowed. */
typedef struct {
    const char *method;
    const MskKeystoneFilter *service; /* where it goes: an endpoint of the catalogue, */
    const char *endpoint;             /* (nullable) or this one in its place */
    const char *path; /* put behind the endpoint without its last slashes: "/servers/detail?x=y" */
    const char *const *headers; /* (nullable) further ones, NULL-terminated "Name: value" */
    const char *body;           /* (nullable) */
    size_t body_length;
    int64_t deadline_mono_us; /* of g_get_monotonic_time() */
    bool fresh_connection;    /* see MskHttpSessionRequest */
    bool *ret_sent;           /* (out) (nullable) whether the service may have read the call */
} MskKeystoneCall;

/**
 * msk_keystone_session_call:
 * @ret: (out) (to be cleared) the answer, of any status; a 401 stays one when a new token is
 *   refused as well.
 *
 * Adds X-Auth-Token, and Accept: application/json where @headers has none. Blocks.
 */
bool msk_keystone_session_call(MskKeystoneSession *self, const MskKeystoneCall *call,
                               MskHttpReply *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_keystone_session_http: Returns: (owned by @self) for calls without a token. */
MskHttpSession *msk_keystone_session_http(MskKeystoneSession *self);

/** msk_keystone_parse_catalog_info: "compute:nova:publicURL" taken apart.
 * @error: %MSK_ERROR_INVALID when it is not of that form.
 * Returns: (transfer full) type, name and interface, NULL-terminated; a name may be empty. */
char **msk_keystone_parse_catalog_info(const char *text, GError **error);
