/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/instance_options.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>

/* keystoneauth's "none" plugin sends this; the API's noauth2 wants a token of any kind. */
#define TOKEN_OF_NO_AUTH "notused"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    MAX_ANSWER_BYTES = 64 * 1024,
    MAX_CONNECTIONS = 8,
};

static const MskOption options[] = {
    {.group = "libvirt",
     .name = "connection_uri",
     .type = MSK_OPTION_STRING,
     .initial = "qemu:///system",
     .help = "Which libvirt to watch."},
    {.group = "callback",
     .name = "retry_max",
     .type = MSK_OPTION_INT,
     .initial = "12",
     .help = "After so many failed tries in a row to report to the API, an error is logged. "
             "Nothing is given up."},
    {.group = "callback",
     .name = "retry_interval",
     .type = MSK_OPTION_INT,
     .initial = "10",
     .unit = "seconds",
     .help = "The longest pause between tries; the first ones are shorter."},
    {.group = "callback",
     .name = "spool_max_reports",
     .type = MSK_OPTION_INT,
     .initial = "10000",
     .has_bounds = true,
     .min = 1,
     .max = 1000000,
     .own = true,
     .help = "How many reports are kept while the API does not answer. When there are more, those "
             "on which nobody recovers are given up first, and the log says so."},
    {.group = "callback",
     .name = "spool_max_bytes",
     .type = MSK_OPTION_INT,
     .initial = "16777216",
     .unit = "bytes",
     .has_bounds = true,
     .min = 4096,
     .max = 1073741824,
     .own = true,
     .help = "The same as a size."},
    {.group = "api",
     .name = "auth_type",
     .type = MSK_OPTION_STRING,
     .initial = "password",
     .help = "How to authenticate to the API. This release knows 'none', for an API with "
             "auth_strategy = noauth2; endpoint has to be set then."},
    {.group = "api",
     .name = "endpoint",
     .type = MSK_OPTION_URI,
     .help = "The URL of the API with its version, such as http://127.0.0.1:15868/v1, for "
             "auth_type = none."},
    {.group = "api",
     .name = "cafile",
     .type = MSK_OPTION_STRING,
     .help = "PEM file of certificate authorities to trust in place of the system's."},
    {.group = "api",
     .name = "certfile",
     .type = MSK_OPTION_STRING,
     .help = "PEM file of the client certificate."},
    {.group = "api",
     .name = "keyfile",
     .type = MSK_OPTION_STRING,
     .help = "PEM file of the client certificate's key; without it, certfile holds both."},
    {.group = "api",
     .name = "insecure",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .help = "Do not check the certificate of the API."},
    {.group = "api",
     .name = "timeout",
     .type = MSK_OPTION_INT,
     .unit = "seconds",
     .help = "How long one request may take; 30 when unset."},
};

void
msk_instance_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static unsigned
seconds_of(const MskConfig *config, const char *group, const char *name, unsigned initial)
{
    int64_t value = initial;

    if (msk_config_is_set(config, group, name)) {
        value = msk_config_int(config, group, name);
    }
    return (unsigned) CLAMP(value, 1, 3600);
}

static bool
check_endpoint(const char *endpoint, GError **error)
{
    const char *host = NULL;

    if (endpoint == NULL || endpoint[0] == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[api] endpoint is not set: auth_type = none needs the URL of the API, such "
                    "as http://127.0.0.1:15868/v1");
        return false;
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
    const char *path = msk_config_string(config, "api", name);

    if (path != NULL && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "[api] %s = %s: %s", name, path,
                    g_strerror(errno));
        return false;
    }
    return true;
}

bool
msk_instance_read_options(const MskConfig *config, const char *state_dir,
                          MskInstanceMonitorOptions *ret, GError **error)
{
    const char *auth_type = msk_config_string(config, "api", "auth_type");
    const char *endpoint = msk_config_string(config, "api", "endpoint");

    if (g_strcmp0(auth_type, "none") != 0 && g_strcmp0(auth_type, "noauth") != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[api] auth_type = %s: this release can reach the API without Keystone only; "
                    "set auth_type = none and endpoint",
                    auth_type != NULL ? auth_type : "(unset)");
        return false;
    }
    if (!check_endpoint(endpoint, error) || !check_file(config, "cafile", error) ||
        !check_file(config, "certfile", error) || !check_file(config, "keyfile", error)) {
        return false;
    }
    *ret = (MskInstanceMonitorOptions){
        .hostname = msk_config_string(config, "DEFAULT", "hostname"),
        .connection_uri = msk_config_string(config, "libvirt", "connection_uri"),
        .state_dir = state_dir,
        .http = {.user_agent = "masakari-instancemonitor masakari-c/" MSK_VERSION,
                 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                 .timeout_ms = seconds_of(config, "api", "timeout", 30) * 1000,
                 .max_answer_bytes = MAX_ANSWER_BYTES,
                 .max_connections = MAX_CONNECTIONS,
                 .cafile = msk_config_string(config, "api", "cafile"),
                 .certfile = msk_config_string(config, "api", "certfile"),
                 .keyfile = msk_config_string(config, "api", "keyfile"),
                 .insecure = msk_config_bool(config, "api", "insecure")},
        .notifier = {.endpoint = endpoint,
                     .token = TOKEN_OF_NO_AUTH,
                     .retry_max = (unsigned) CLAMP(msk_config_int(config, "callback", "retry_max"),
                                                   0, 1000000),
                     .retry_interval_s = seconds_of(config, "callback", "retry_interval", 10)},
        .spool = {.max_reports = (unsigned) msk_config_int(config, "callback", "spool_max_reports"),
                  .max_bytes = (size_t) msk_config_int(config, "callback", "spool_max_bytes")},
    };
    return true;
}
