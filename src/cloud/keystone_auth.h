/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * keystone_auth: the ways to ask Keystone for a token, as the options of a section say, and the
 * request that does it. No I/O.
 *
 * Threads: any.
 * Source: keystoneauth1 loading and identity plug-ins (v3, generic, application_credential);
 * Identity API v3, "Password authentication".
 */

#include "oslo/config.h"

#include <glib.h>

/* What to say to Keystone; strings are borrowed and nullable. */
typedef struct {
    const char *section; /* for messages: "[keystone_authtoken]" */
    const char *auth_type;
    const char *auth_url;
    const char *username;
    const char *user_id;
    const char *password;
    const char *user_domain_id;
    const char *user_domain_name;
    const char *project_id;
    const char *project_name;
    const char *project_domain_id;
    const char *project_domain_name;
    const char *domain_id;
    const char *domain_name;
    const char *default_domain_id;
    const char *default_domain_name;
    const char *system_scope; /* "all" */
    const char *trust_id;
    const char *application_credential_id;
    const char *application_credential_name;
    const char *application_credential_secret;
    const char *token;
} MskKeystoneAuth;

/* The rows of one section; MSK_KEYSTONE_AUTH_OPTIONS("api") stands in a table of MskOption. */
#define MSK_KEYSTONE_AUTH_ROW(g, n, t)                                                             \
    .group = (g), .name = (n), .type = MSK_OPTION_STRING, .help = (t)
#define MSK_KEYSTONE_OLD(...)                                                                      \
    .deprecated = (const char *const[])                                                            \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define MSK_KEYSTONE_AUTH_OPTIONS(g)                                                               \
    {MSK_KEYSTONE_AUTH_ROW(g, "auth_url", "The URL of Keystone, with or without /v3.")},           \
        {MSK_KEYSTONE_AUTH_ROW(g, "username", "The name of the user."),                            \
         MSK_KEYSTONE_OLD(g ".user-name", g ".user_name")},                                        \
        {MSK_KEYSTONE_AUTH_ROW(g, "user_id", "The id of the user, in place of its name.")},        \
        {MSK_KEYSTONE_AUTH_ROW(g, "password", "The user's password."), .secret = true},            \
        {MSK_KEYSTONE_AUTH_ROW(g, "user_domain_id", "The id of the user's domain.")},              \
        {MSK_KEYSTONE_AUTH_ROW(g, "user_domain_name", "The name of the user's domain.")},          \
        {MSK_KEYSTONE_AUTH_ROW(g, "project_id", "The id of the project that the token is for."),   \
         MSK_KEYSTONE_OLD(g ".tenant-id", g ".tenant_id")},                                        \
        {MSK_KEYSTONE_AUTH_ROW(g, "project_name", "The project's name, in place of its id."),      \
         MSK_KEYSTONE_OLD(g ".tenant-name", g ".tenant_name")},                                    \
        {MSK_KEYSTONE_AUTH_ROW(g, "project_domain_id", "The id of the project's domain.")},        \
        {MSK_KEYSTONE_AUTH_ROW(g, "project_domain_name", "The name of the project's domain.")},    \
        {MSK_KEYSTONE_AUTH_ROW(g, "domain_id", "The id of the domain that the token is for.")},    \
        {MSK_KEYSTONE_AUTH_ROW(g, "domain_name", "The name of the domain that it is for.")},       \
        {MSK_KEYSTONE_AUTH_ROW(g, "default_domain_id",                                             \
                               "The id of the domain of user and project, where they have none "   \
                               "of their own.")},                                                  \
        {MSK_KEYSTONE_AUTH_ROW(g, "default_domain_name", "The same, by its name.")},               \
        {MSK_KEYSTONE_AUTH_ROW(g, "system_scope", "'all' for a token of the whole system.")},      \
    {                                                                                              \
        MSK_KEYSTONE_AUTH_ROW(g, "trust_id", "The id of the trust that the token is for.")         \
    }
/* More rows, which keystoneauth has for other values of auth_type. */
#define MSK_KEYSTONE_CREDENTIAL_OPTIONS(g)                                                         \
    {MSK_KEYSTONE_AUTH_ROW(g, "application_credential_id",                                         \
                           "The id of the application credential, for auth_type = "                \
                           "v3applicationcredential.")},                                           \
        {MSK_KEYSTONE_AUTH_ROW(g, "application_credential_name",                                   \
                               "Its name, in place of its id; the user is needed then.")},         \
        {MSK_KEYSTONE_AUTH_ROW(g, "application_credential_secret", "Its secret."),                 \
         .secret = true},                                                                          \
    {                                                                                              \
        MSK_KEYSTONE_AUTH_ROW(g, "token", "The token, for auth_type = v3token."), .secret = true   \
    }

/**
 * msk_keystone_auth_read: what both macros' rows and auth_type say.
 * @group: (static)
 * @ret: (out) borrows from @config.
 */
void msk_keystone_auth_read(const MskConfig *config, const char *group, MskKeystoneAuth *ret);

/**
 * msk_keystone_auth_check: whether a token can be asked for.
 * @error: %MSK_ERROR_INVALID with the option that is missing or of no use.
 */
bool msk_keystone_auth_check(const MskKeystoneAuth *self, GError **error);

/** msk_keystone_auth_body: Returns: (transfer full) the JSON of POST /v3/auth/tokens; it holds
 * secrets. @self: checked. */
char *msk_keystone_auth_body(const MskKeystoneAuth *self);

/** msk_keystone_auth_who: Returns: (transfer full) "user 'x'", for messages. */
char *msk_keystone_auth_who(const MskKeystoneAuth *self);

/**
 * msk_keystone_v3_url: the v3 API that a versions document leads to.
 * @auth_url: where it was read.
 * @document: (nullable) {"versions": {"values": [{"id": "v3.14", "links": [{"rel": "self",
 *   "href": s}]}]}} or {"version": {…}}.
 *
 * Scheme and host stay those of @auth_url: behind a proxy a document often names others.
 * Returns: (transfer full) the URL without a slash at its end, ".../v3".
 */
char *msk_keystone_v3_url(const char *auth_url, const char *document, size_t length);
