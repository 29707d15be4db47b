/* SPDX-License-Identifier: Apache-2.0 */
#include "api/authtoken_options.h"

#include "cloud/keystone_auth.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROW(n, t)  .group = MSK_AUTHTOKEN, .name = (n), .type = MSK_OPTION_##t
#define UNUSED(n, t, default, why)                                                                 \
    {                                                                                              \
        ROW(n, t), .initial = (default), .help = (why), .accepted_only = true                      \
    }

#define MEMCACHED "Validated tokens are remembered in the process alone."
#define CATALOG   "Nothing here uses the catalogue of a caller's token."
#define VERSION   "Version 3 of Keystone's API is used."
#define SWIFT     "Only of use in the pipeline of Python's Swift."

const MskOption msk_authtoken_options[] = {
    {ROW("auth_type", STRING), .deprecated = WORDS("keystone_authtoken.auth_plugin"),
     .help = "How the service authenticates to Keystone: password, v3password, "
             "v3applicationcredential, token or v3token."},
    {ROW("auth_section", STRING),
     .help = "The section with the options of auth_type. Only this one can be named here."},
    MSK_KEYSTONE_AUTH_OPTIONS(MSK_AUTHTOKEN),
    MSK_KEYSTONE_CREDENTIAL_OPTIONS(MSK_AUTHTOKEN),
    {ROW("www_authenticate_uri", STRING), .deprecated = WORDS("keystone_authtoken.auth_uri"),
     .help = "The public URL of Keystone, which the answer 401 tells clients in WWW-Authenticate; "
             "auth_url by default."},
    {ROW("auth_uri", STRING),
     .help = "The old name of www_authenticate_uri, which goes before it."},
    {ROW("delay_auth_decision", BOOL), .initial = "false",
     .help = "Take a request whose token is no good further along, as the middleware would. Here "
             "that is 401 all the same, with another body; but a token in X-Service-Token that is "
             "no good does not count, and the user's does."},
    {ROW("http_connect_timeout", INT), .unit = "seconds", .has_bounds = true, .min = 1, .max = 3600,
     .help = "How long Keystone may take to say whether a token is good, with all tries; then the "
             "client is answered 503. 10 when unset."},
    {ROW("http_request_max_retries", INT), .initial = "3", .has_bounds = true, .min = 0, .max = 100,
     .help = "How often Keystone is tried again within that time when it cannot be reached."},
    {ROW("cafile", STRING),
     .help =
         "PEM file of certificate authorities to trust in place of the system's, or a directory "
         "of such files that 'openssl rehash' has gone over."},
    {ROW("certfile", STRING), .help = "PEM file of the client certificate for Keystone."},
    {ROW("keyfile", STRING),
     .help = "PEM file of the client certificate's key; without it, certfile holds both."},
    {ROW("insecure", BOOL), .initial = "false", .help = "Do not check Keystone's certificate."},
    {ROW("interface", STRING), .initial = "internal",
     .help = "Which of Keystone's endpoints in the catalogue tokens are validated at: internal, "
             "public or admin. Where the catalogue has none, auth_url is used."},
    {ROW("region_name", STRING), .help = "The region of that endpoint; any by default."},
    {ROW("service_token_roles", LIST), .initial = "service",
     .help =
         "A token in X-Service-Token is that of a service when its user has one of these roles."},
    {ROW("service_token_roles_required", BOOL), .initial = "false",
     .help = "Whether a service token without one of these roles is refused. It never lets an "
             "expired token of a user pass."},
    {ROW("service_type", STRING),
     .help = "The service type of this API, instance-ha, to check the access rules of application "
             "credentials by. Without it, credentials that have such rules are refused."},
    {ROW("enforce_token_bind", STRING), .initial = "permissive",
     .help = "disabled, permissive or strict, which make no difference: Keystone binds no tokens "
             "any more. Anything else would refuse every token, and is refused at start."},
    {ROW("token_cache_time", INT), .initial = "300", .unit = "seconds", .has_bounds = true,
     .min = -1, .max = 86400,
     .help = "How long a validated token is taken without asking Keystone again, and so how long a "
             "revoked one still works; 0 or less asks every time."},
    UNUSED("auth_version", STRING, NULL, VERSION),
    UNUSED("cache", STRING, NULL, SWIFT),
    UNUSED("include_service_catalog", BOOL, "true", CATALOG),
    {ROW("memcached_servers", LIST), .deprecated = WORDS("keystone_authtoken.memcache_servers"),
     .help = MEMCACHED, .accepted_only = true},
    UNUSED("memcache_pool_conn_get_timeout", INT, "10", MEMCACHED),
    UNUSED("memcache_pool_dead_retry", INT, "300", MEMCACHED),
    UNUSED("memcache_pool_maxsize", INT, "10", MEMCACHED),
    UNUSED("memcache_pool_socket_timeout", INT, "3", MEMCACHED),
    UNUSED("memcache_pool_unused_timeout", INT, "60", MEMCACHED),
    {ROW("memcache_secret_key", STRING), .help = MEMCACHED, .secret = true, .accepted_only = true},
    {ROW("memcache_security_strategy", STRING), .initial = "None",
     .choices = WORDS("None", "MAC", "ENCRYPT"), .ignore_case = true, .help = MEMCACHED,
     .accepted_only = true},
    UNUSED("memcache_use_advanced_pool", BOOL, "true", MEMCACHED),
};
const size_t msk_n_authtoken_options = G_N_ELEMENTS(msk_authtoken_options);
