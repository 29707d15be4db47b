/* SPDX-License-Identifier: Apache-2.0 */
#include "api/middleware_options.h"

#include "base/error.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NUMBER(lowest, highest)                                                                    \
    .type = MSK_OPTION_INT, .min = (lowest), .max = (highest), .has_bounds = true

#define DEFAULT_DISABLE_PATH "/etc/masakari/healthcheck_disable" /* of upstream's api-paste.ini */
#define BY_FILE              "disable_by_file"
#define BY_PORT              "disable_by_files_ports"

const MskOption msk_middleware_options[] = {
    {.group = "DEFAULT",
     .name = "use_forwarded_for",
     .type = MSK_OPTION_BOOL,
     .initial = "False",
     .help = "Whether log lines show the X-Forwarded-For header of a request in place of the "
             "address it came from."},
    {.group = "oslo_middleware",
     .name = "enable_proxy_headers_parsing",
     .type = MSK_OPTION_BOOL,
     .initial = "False",
     .help = "Whether the headers Forwarded, or X-Forwarded-Proto, -Host and -For, and "
             "X-Forwarded-Prefix say how the client sees this server: links in answers and the "
             "log follow them. Only for an API that every client reaches through a proxy which "
             "sets these headers."},
    {.group = "oslo_middleware",
     .name = "max_request_body_size",
     NUMBER(1, G_MAXINT32),
     .initial = "114688",
     .unit = "bytes",
     .deprecated = WORDS("DEFAULT.osapi_max_request_body_size", "DEFAULT.max_request_body_size"),
     .help = "A request with a larger body is answered 413."},
    {.group = "wsgi",
     .name = "secure_proxy_ssl_header",
     .type = MSK_OPTION_STRING,
     .help = "The header, in CGI's spelling such as HTTP_X_FORWARDED_PROTO, with the scheme that "
             "the client used with a proxy. enable_proxy_headers_parsing does this and more."},
    {.group = "cors",
     .name = "allowed_origin",
     .type = MSK_OPTION_LIST,
     .help = "The origins, such as https://horizon.example.com, whose pages may use the API from "
             "a browser; * are all. Without it nothing is said to browsers."},
    {.group = "cors",
     .name = "allow_credentials",
     .type = MSK_OPTION_BOOL,
     .initial = "True",
     .help = "Whether such a page may send credentials along."},
    {.group = "cors",
     .name = "expose_headers",
     .type = MSK_OPTION_LIST,
     .initial = "X-Auth-Token,X-Openstack-Request-Id,X-Subject-Token,X-Service-Token",
     .help = "The headers of an answer that such a page may read."},
    {.group = "cors",
     .name = "max_age",
     NUMBER(0, G_MAXINT32),
     .initial = "3600",
     .unit = "seconds",
     .help = "How long a browser may remember what it was told; 0 says nothing."},
    {.group = "cors",
     .name = "allow_methods",
     .type = MSK_OPTION_LIST,
     .initial = "GET,PUT,POST,DELETE,PATCH",
     .help = "The methods that such a page may use."},
    {.group = "cors",
     .name = "allow_headers",
     .type = MSK_OPTION_LIST,
     .initial = "X-Auth-Token,X-Openstack-Request-Id,X-Identity-Status,X-Roles,X-Service-Catalog,"
                "X-User-Id,X-Tenant-Id",
     .help = "The headers that such a page may send, besides the simple ones."},
    {.group = "healthcheck",
     .name = "backends",
     .type = MSK_OPTION_LIST,
     .help = "What /healthcheck looks at: " BY_FILE " and " BY_PORT ". By default " BY_FILE "."},
    {.group = "healthcheck",
     .name = "detailed",
     .type = MSK_OPTION_BOOL,
     .initial = "False",
     .help = "Whether /healthcheck also says which file it looked for, and on which system it "
             "runs."},
    {.group = "healthcheck",
     .name = "disable_by_file_path",
     .type = MSK_OPTION_STRING,
     .help = "While this file exists, /healthcheck answers 503, so that a load balancer takes the "
             "service out. By default " DEFAULT_DISABLE_PATH "."},
    {.group = "healthcheck",
     .name = "disable_by_file_paths",
     .type = MSK_OPTION_LIST,
     .help = "Files as of disable_by_file_path, each behind the port it is for and a colon: "
             "15868:/etc/masakari/off. For the back end " BY_PORT "."},
};
const size_t msk_n_middleware_options = G_N_ELEMENTS(msk_middleware_options);

static bool
read_backends(const MskConfig *config, MskHealthSettings *health, GError **error)
{
    const char *const *backends = msk_config_list(config, "healthcheck", "backends");

    for (size_t i = 0; backends[i] != NULL; i++) {
        if (strcmp(backends[i], BY_FILE) == 0) {
            health->by_file = true;
        } else if (strcmp(backends[i], BY_PORT) == 0) {
            health->by_port = true;
        } else {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[healthcheck] backends names '%s'; there are " BY_FILE " and " BY_PORT,
                        backends[i]);
            return false;
        }
    }
    health->by_file = health->by_file || !health->by_port;
    return true;
}

static bool
check_port_paths(const char *const *port_paths, GError **error)
{
    for (size_t i = 0; port_paths[i] != NULL; i++) {
        const char *colon = strchr(port_paths[i], ':');
        g_autofree char *port =
            colon == NULL ? NULL : g_strndup(port_paths[i], (size_t) (colon - port_paths[i]));
        guint64 number;

        if (port == NULL || !g_ascii_string_to_unsigned(port, 10, 1, G_MAXUINT16, &number, NULL)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                        "[healthcheck] disable_by_file_paths has '%s'; it has to be port:path, "
                        "such as 15868:/etc/masakari/off",
                        port_paths[i]);
            return false;
        }
    }
    return true;
}

static bool
read_health(const MskConfig *config, MskHealthSettings *ret, GError **error)
{
    const char *file_path = msk_config_string(config, "healthcheck", "disable_by_file_path");

    *ret = (MskHealthSettings){
        .file_path = file_path == NULL ? DEFAULT_DISABLE_PATH : file_path,
        .port_paths = msk_config_list(config, "healthcheck", "disable_by_file_paths"),
        .detailed = msk_config_bool(config, "healthcheck", "detailed"),
    };
    return read_backends(config, ret, error) && check_port_paths(ret->port_paths, error);
}

bool
msk_middleware_read_options(const MskConfig *config, MskApiSettings *settings, GError **error)
{
    settings->max_body_bytes = msk_config_int(config, "oslo_middleware", "max_request_body_size");
    settings->proxy = (MskProxySettings){
        .parse_headers = msk_config_bool(config, "oslo_middleware", "enable_proxy_headers_parsing"),
        .use_forwarded_for = msk_config_bool(config, "DEFAULT", "use_forwarded_for"),
        .scheme_header = msk_config_string(config, "wsgi", "secure_proxy_ssl_header"),
    };
    settings->cors = (MskCors){
        .allowed_origins = msk_config_list(config, "cors", "allowed_origin"),
        .allow_methods = msk_config_list(config, "cors", "allow_methods"),
        .allow_headers = msk_config_list(config, "cors", "allow_headers"),
        .expose_headers = msk_config_list(config, "cors", "expose_headers"),
        .max_age_s = msk_config_int(config, "cors", "max_age"),
        .allow_credentials = msk_config_bool(config, "cors", "allow_credentials"),
    };
    return read_health(config, &settings->health, error);
}
