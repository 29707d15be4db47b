/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "monitor/common/api_access.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define GROUP      "api"
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROW(n, t)  .group = GROUP, .name = (n), .type = MSK_OPTION_##t

enum {
    CONNECT_TIMEOUT_MS = 5000,
    TIMEOUT_S = 30,
    MAX_TIMEOUT_S = 3600,
    MAX_ANSWER_BYTES = 64 * 1024,
    MAX_TOKEN_BYTES = 16 * 1024 * 1024, /* with the catalogue of a large cloud */
    MAX_CONNECTIONS = 8,
};

static const MskOption options[] = {
    {ROW("auth_type", STRING), .initial = "password", .deprecated = WORDS(GROUP ".auth_plugin"),
     .help = "How to authenticate to the API: password, v3password, v3applicationcredential, token "
             "or v3token, with Keystone; or none, for an API with auth_strategy = noauth2, with "
             "endpoint."},
    {ROW("auth_section", STRING),
     .help = "The section with the options of auth_type. Only this one can be named here."},
    MSK_KEYSTONE_AUTH_OPTIONS(GROUP),
    MSK_KEYSTONE_CREDENTIAL_OPTIONS(GROUP),
    {ROW("endpoint", URI), .deprecated = WORDS(GROUP ".endpoint_override"),
     .help = "The URL of the API, such as http://127.0.0.1:15868/v1, in place of the one in "
             "Keystone's catalogue; auth_type = none needs it."},
    {ROW("region", STRING), .initial = "RegionOne",
     .help = "The region of the API's endpoint in the catalogue; any when empty."},
    {ROW("api_interface", STRING), .initial = "public",
     .choices = WORDS("public", "internal", "admin"),
     .help = "Which of the API's endpoints in the catalogue is used."},
    {ROW("api_version", STRING), .initial = "v1",
     .help = "The version of the API, put behind an endpoint that has none."},
    {ROW("cafile", STRING),
     .help = "PEM file of certificate authorities to trust in place of the system's, for Keystone "
             "and the API, or a directory of such files that 'openssl rehash' has gone over."},
    {ROW("certfile", STRING), .help = "PEM file of the client certificate."},
    {ROW("keyfile", STRING),
     .help = "PEM file of the client certificate's key; without it, certfile holds both."},
    {ROW("insecure", BOOL), .initial = "false",
     .help = "Do not check the certificates of Keystone and the API."},
    {ROW("timeout", INT), .unit = "seconds",
     .help = "How long one request may take; 30 when unset."},
};

void
msk_api_access_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static const char *
text_of(const MskConfig *config, const char *name)
{
    const char *value = msk_config_string(config, GROUP, name);

    return value == NULL || *value == '\0' ? NULL : value;
}

static bool
check_endpoint(const char *endpoint, bool has_keystone, GError **error)
{
    const char *host = NULL;

    if (endpoint == NULL) {
        if (!has_keystone) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[api] endpoint is not set: auth_type = none needs the URL of the API, "
                        "such as http://127.0.0.1:15868/v1");
        }
        return has_keystone;
    }
    if (g_str_has_prefix(endpoint, "http://") || g_str_has_prefix(endpoint, "https://")) {
        host = strstr(endpoint, "://") + 3;
    }
    if (host == NULL || host[0] == '\0' || host[0] == '/' || strpbrk(endpoint, " ?#") != NULL) {
        /* Not shown: it could hold a password. */
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[api] endpoint is not a usable URL: it has to be http:// or https://, a host, "
                    "and a path such as /v1, without a query");
        return false;
    }
    return true;
}

/* A file that is missing now would fail each report later. */
static bool
check_file(const MskConfig *config, const char *name, GError **error)
{
    const char *path = text_of(config, name);

    if (path != NULL && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "[api] %s = %s: %s", name, path,
                    g_strerror(errno));
        return false;
    }
    return true;
}

static bool
check_section(const MskConfig *config, GError **error)
{
    const char *section = text_of(config, "auth_section");

    if (section != NULL && strcmp(section, GROUP) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[api] auth_section = %s: the options of auth_type are read from [api] only; "
                    "put them there and remove auth_section",
                    section);
        return false;
    }
    return true;
}

static unsigned
timeout_ms_of(const MskConfig *config)
{
    int64_t seconds = TIMEOUT_S;

    if (msk_config_is_set(config, GROUP, "timeout")) {
        seconds = msk_config_int(config, GROUP, "timeout");
    }
    return (unsigned) CLAMP(seconds, 1, MAX_TIMEOUT_S) * 1000;
}

bool
msk_api_access_read_options(const MskConfig *config, const char *user_agent,
                            MskApiAccessOptions *ret, GError **error)
{
    const char *auth_type = text_of(config, "auth_type");
    const char *version = text_of(config, "api_version");
    MskApiAccessOptions found = {
        .endpoint = text_of(config, "endpoint"),
        .has_keystone = g_strcmp0(auth_type, "none") != 0 && g_strcmp0(auth_type, "noauth") != 0,
        .interface = text_of(config, "api_interface"),
        .region = text_of(config, "region"),
        .version = version != NULL ? version : "v1",
        .http = {.user_agent = user_agent,
                 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                 .timeout_ms = timeout_ms_of(config),
                 .max_answer_bytes = MAX_ANSWER_BYTES,
                 .max_connections = MAX_CONNECTIONS,
                 .cafile = text_of(config, "cafile"),
                 .certfile = text_of(config, "certfile"),
                 .keyfile = text_of(config, "keyfile"),
                 .insecure = msk_config_bool(config, GROUP, "insecure")},
    };

    if (!check_section(config, error) ||
        !check_endpoint(found.endpoint, found.has_keystone, error) ||
        !check_file(config, "cafile", error) || !check_file(config, "certfile", error) ||
        !check_file(config, "keyfile", error)) {
        return false;
    }
    msk_keystone_auth_read(config, GROUP, &found.auth);
    if (found.has_keystone && !msk_keystone_auth_check(&found.auth, error)) {
        return false;
    }
    found.cloud = (MskHttpSessionOptions){
        .user_agent = user_agent,
        .cafile = found.http.cafile,
        .certfile = found.http.certfile,
        .keyfile = found.http.keyfile,
        .insecure = found.http.insecure,
        .connect_timeout_ms = found.http.connect_timeout_ms,
        .timeout_ms = found.http.timeout_ms,
        .max_answer_bytes = MAX_TOKEN_BYTES,
        .max_idle = 1,
    };
    *ret = found;
    return true;
}
