/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * keystone_token: what Keystone says of a token: whose it is, for what, until when, and where the
 * services of the cloud are. No I/O.
 *
 *   {"token": {"user": {"id": s, "name": s, "domain": {"id": s, "name": s}},
 *     "project": {"id": s, "name": s, "domain": {…}} | "domain": {…} | "system": {"all": true},
 *     "roles": [{"id": s, "name": s}], "is_admin_project": b,
 *     "issued_at": time, "expires_at": time, "audit_ids": [s],
 *     "catalog": [{"type": s, "name": s,
 *       "endpoints": [{"interface": s, "region_id": s, "region": s, "url": s}]}]}}
 *
 * Threads: a token that is shared never changes, and is counted atomically.
 * Source: Identity API v3, "Validate and show information for token"; keystoneauth access/access.py
 * and access/service_catalog.py.
 */

#include "cloud/access_rules.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *id;
    char *name;
    char *domain_id;
    char *domain_name;
} MskKeystoneParty; /* a user or a project; all nullable */

typedef struct {
    char *interface; /* "public", "internal" or "admin" */
    char *region;    /* (nullable) */
    char *url;
} MskKeystoneEndpoint;

typedef struct {
    char *type;
    char *name;           /* (nullable) */
    GPtrArray *endpoints; /* of MskKeystoneEndpoint */
} MskKeystoneService;

typedef struct {
    gatomicrefcount references;
    char *id;              /* the secret itself: never to be logged */
    MskKeystoneParty user; /* its id is never NULL */
    MskKeystoneParty project;
    char *domain_id; /* (nullable) of a token for a domain */
    char *domain_name;
    char *system_scope; /* (nullable) "all" */
    char **roles;       /* names, NULL-terminated */
    bool is_admin_project;
    int64_t issued_us;   /* since the epoch, by Keystone's clock; 0 when not said */
    int64_t expires_us;  /* the same, always said */
    GPtrArray *services; /* of MskKeystoneService */
    /* (nullable) of MskAccessRule: all that the application credential may be used for */
    GPtrArray *access_rules;
} MskKeystoneToken;

/**
 * msk_keystone_token_parse:
 * @id: copied.
 * @body: the JSON above.
 * @error: %MSK_ERROR_UNAVAILABLE when this is no token; the message shows nothing of it.
 *
 * Returns: (transfer full) the token, or NULL.
 */
MskKeystoneToken *msk_keystone_token_parse(const char *id, const char *body, size_t length,
                                           GError **error);

MskKeystoneToken *msk_keystone_token_ref(MskKeystoneToken *self);
/** msk_keystone_token_unref: @self: (nullable) */
void msk_keystone_token_unref(MskKeystoneToken *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskKeystoneToken, msk_keystone_token_unref)

/**
 * msk_keystone_token_forget_services: before the token is shared.
 * @kept: (nullable) the type of the services that stay.
 */
void msk_keystone_token_forget_services(MskKeystoneToken *self, const char *kept);

/* Which endpoint is wanted. */
typedef struct {
    const char *type;   /* "compute" */
    const char *name;   /* (nullable) of the service, "nova"; NULL: any */
    const char *region; /* (nullable) NULL: any */
    /* (nullable) NULL-terminated, the best first: "internal", "internalURL"; NULL: public */
    const char *const *interfaces;
} MskKeystoneFilter;

/**
 * msk_keystone_token_has_service: whether the catalogue has a service of @type.
 */
bool msk_keystone_token_has_service(const MskKeystoneToken *self, const char *type);

/**
 * msk_keystone_token_endpoint:
 * @error: %MSK_ERROR_UNAVAILABLE with what is wanted and what there is: the service cannot be
 * asked, which says nothing of what it would be asked for.
 *
 * Returns: (owned by @self) the URL as the catalogue has it, or NULL.
 */
const char *msk_keystone_token_endpoint(const MskKeystoneToken *self,
                                        const MskKeystoneFilter *filter, GError **error);
