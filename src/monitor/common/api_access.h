/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_access: where a monitor's reports go and with which token, as [api] says: without Keystone
 * (auth_type = none), or with a token from Keystone, whose catalogue knows the API's place.
 *
 * The token is got at once and renewed before its end, on a thread of its own: a report does not
 * wait for Keystone unless Keystone was away.
 *
 * Threads: belongs to the thread that iterates the default GMainContext; nothing blocks.
 * Source: upstream masakarimonitors/conf/api.py and ha/masakari.py, keystoneauth1 loading,
 * os-service-types ("instance-ha", once "ha").
 */

#include "cloud/keystone_session.h"
#include "io/http_client.h"

typedef struct {
    MskHttpClientOptions http;   /* for the API */
    MskHttpSessionOptions cloud; /* for Keystone */
    const char *endpoint;        /* (nullable) of the API, in place of the catalogue's */
    bool has_keystone;           /* else @endpoint is set and what follows is not */
    const char *interface;
    const char *region;  /* (nullable) any */
    const char *version; /* "v1": put behind an endpoint that has none */
    MskKeystoneAuth auth;
} MskApiAccessOptions;

/** msk_api_access_add_options: all of [api]. */
void msk_api_access_add_options(MskConfigSchema *schema);

/**
 * msk_api_access_read_options:
 * @config: outlives @ret, whose strings are borrowed from it.
 * @user_agent: (static)
 * @error: %MSK_ERROR_INVALID when [api] says no way to reach the API, or names a file that cannot
 *   be read.
 *
 * Blocks (looks at files).
 */
bool msk_api_access_read_options(const MskConfig *config, const char *user_agent,
                                 MskApiAccessOptions *ret,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_api_access_endpoint_of: Returns: (transfer full) @url without slashes at its end; where no
 *   part of its path is @version, with "/" and @version behind it.
 */
char *msk_api_access_endpoint_of(const char *url, const char *version);

typedef struct {
    char *endpoint; /* such as "http://127.0.0.1:15868/v1" */
    char *token;    /* a secret */
} MskApiWay;

/** msk_api_way_clear: back to nothing. */
void msk_api_way_clear(MskApiWay *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskApiWay, msk_api_way_clear)

/**
 * MskApiAccessChanged: there is a way now that was not there before, or none could be found.
 * @error: (nullable) %NULL: msk_api_access_get() succeeds.
 */
typedef void (*MskApiAccessChanged)(const GError *error, void *data);

typedef struct MskApiAccess MskApiAccess;

/**
 * msk_api_access_new:
 * @options: copied.
 * @changed: called from the main loop only.
 * @error: %MSK_ERROR_INVALID, see msk_keystone_auth_check().
 *
 * Returns: (transfer full) (nullable)
 */
MskApiAccess *msk_api_access_new(const MskApiAccessOptions *options, MskApiAccessChanged changed,
                                 void *data, GError **error);
/** msk_api_access_free: @self: (nullable) */
void msk_api_access_free(MskApiAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskApiAccess, msk_api_access_free)

/**
 * msk_api_access_get:
 * @ret: (out) (to be cleared)
 *
 * Returns: whether there is a way now; else it is looked for, and @changed called.
 */
bool msk_api_access_get(MskApiAccess *self, MskApiWay *ret) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_api_access_reject: the API refused @token (401): another one is used from now on.
 *
 * Returns: whether to try again at once; false where there is no other token, and where the API
 *   has accepted nothing since the last one was refused.
 */
bool msk_api_access_reject(MskApiAccess *self, const char *token);

/** msk_api_access_accepted: the API took the token. */
void msk_api_access_accepted(MskApiAccess *self);
