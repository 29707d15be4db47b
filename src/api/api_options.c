/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_options.h"

#include "api/middleware_options.h"
#include "base/error.h"

#include <string.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NUMBER(lowest, highest)                                                                    \
    .type = MSK_OPTION_INT, .min = (lowest), .max = (highest), .has_bounds = true

#define MAX_WORKERS      1000
#define MIN_WORKERS      4u
#define WRITERS_FACTOR   4
#define DEFAULT_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define TLS12_PRIORITY   "NORMAL:-VERS-ALL:+VERS-TLS1.2"

const MskOption msk_api_options[] = {
    {.group = "DEFAULT",
     .name = "masakari_api_listen",
     .type = MSK_OPTION_HOST,
     .initial = "0.0.0.0",
     .help = "The address that the API listens on. Without Keystone (auth_strategy = noauth2) "
             "anyone who reaches it is an administrator: use 127.0.0.1 then."},
    {.group = "DEFAULT",
     .name = "masakari_api_listen_port",
     NUMBER(1, 65535),
     .initial = "15868",
     .help = "The port that the API listens on."},
    {.group = "DEFAULT",
     .name = "masakari_api_workers",
     NUMBER(1, MAX_WORKERS),
     .help = "How many requests are worked on at the same time, each in a thread; the Python "
             "service starts as many processes. The default is the number of processors, and at "
             "least 4. Requests that write have workers of their own, four times as many, as they "
             "wait for the database together."},
    {.group = "DEFAULT",
     .name = "auth_strategy",
     .type = MSK_OPTION_STRING,
     .initial = "keystone",
     .choices = WORDS("keystone", "noauth2"),
     .help = "Who may use the API. keystone asks Keystone for each caller's token, see "
             "[keystone_authtoken]; noauth2 takes every caller for an administrator."},
    {.group = "DEFAULT",
     .name = "use_ssl",
     .type = MSK_OPTION_BOOL,
     .initial = "False",
     .help = "Whether the API speaks TLS, and nothing else, on its port. It needs [wsgi] "
             "ssl_cert_file and ssl_key_file then."},
    {.group = "DEFAULT",
     .name = "osapi_max_limit",
     NUMBER(0, G_MAXINT32),
     .initial = "1000",
     .help = "How many rows one answer has at most."},
    {.group = "DEFAULT",
     .name = "osapi_masakari_link_prefix",
     .type = MSK_OPTION_STRING,
     .help = "What the links in answers begin with, such as https://ha.example.org; by default the "
             "Host that the client asked."},
    {.group = "DEFAULT",
     .name = "duplicate_notification_detection_interval",
     NUMBER(0, G_MAXINT32),
     .initial = "180",
     .unit = "seconds",
     .help = "A notification is refused as a duplicate when an equal one was generated within this "
             "time before it. A VM that fails again after its recovery has ended is no duplicate."},
    {.group = "DEFAULT",
     .name = "notification_delay_max",
     NUMBER(0, G_MAXINT32),
     .initial = "5",
     .unit = "seconds",
     .accepted_only = true,
     .help = "The Python service waits up to this long before it stores a notification, to make "
             "duplicates that arrive together less likely. Here the check and the insert are one "
             "transaction, so nothing waits."},
    {.group = "wsgi",
     .name = "client_socket_timeout",
     NUMBER(0, 86400),
     .initial = "900",
     .unit = "seconds",
     .help = "A connection without a request is closed after this time; 0 keeps it for ever."},
    {.group = "wsgi",
     .name = "default_pool_size",
     NUMBER(1, 100000),
     .initial = "1000",
     .help = "How many connections there may be at the same time."},
    {.group = "wsgi",
     .name = "max_header_line",
     NUMBER(4096, 1048576),
     .initial = "16384",
     .unit = "bytes",
     .help = "How large the head of a request may be, with all of its fields."},
    {.group = "wsgi",
     .name = "keep_alive",
     .type = MSK_OPTION_BOOL,
     .initial = "True",
     .help = "Whether a connection may carry more than one request."},
    {.group = "wsgi",
     .name = "tcp_keepidle",
     NUMBER(0, 86400),
     .initial = "600",
     .unit = "seconds",
     .help = "After this time without traffic TCP looks whether the client is still there; 0 never "
             "does."},
    {.group = "wsgi",
     .name = "ssl_cert_file",
     .type = MSK_OPTION_STRING,
     .help = "With use_ssl: the certificate of the API in PEM, followed by those between it and "
             "its root. The file is read again when it changes and on SIGHUP."},
    {.group = "wsgi",
     .name = "ssl_key_file",
     .type = MSK_OPTION_STRING,
     .help = "The private key of ssl_cert_file in PEM, without a passphrase."},
    {.group = "wsgi",
     .name = "ssl_ca_file",
     .type = MSK_OPTION_STRING,
     .help = "When it is set, a client has to show a certificate that one of the authorities in "
             "this PEM file has issued."},
    {.group = "wsgi",
     .name = "ssl_priority",
     .type = MSK_OPTION_STRING,
     .initial = DEFAULT_PRIORITY,
     .own = true,
     .help = "Which protocols and ciphers TLS may use, as a priority string of GnuTLS."},
    {.group = "ssl",
     .name = "cert_file",
     .type = MSK_OPTION_STRING,
     .deprecated = WORDS("DEFAULT.ssl_cert_file"),
     .help = "As [wsgi] ssl_cert_file. The options of this group count when [wsgi] names neither "
             "a certificate nor a key."},
    {.group = "ssl",
     .name = "key_file",
     .type = MSK_OPTION_STRING,
     .deprecated = WORDS("DEFAULT.ssl_key_file"),
     .help = "As [wsgi] ssl_key_file."},
    {.group = "ssl",
     .name = "ca_file",
     .type = MSK_OPTION_STRING,
     .deprecated = WORDS("DEFAULT.ssl_ca_file"),
     .help = "As [wsgi] ssl_ca_file."},
    {.group = "ssl",
     .name = "version",
     .type = MSK_OPTION_STRING,
     .help = "sslv23 lets both sides choose from what ssl_priority allows, tlsv1_2 allows TLS 1.2 "
             "alone. Older protocols are not offered."},
    {.group = "wsgi",
     .name = "request_timeout",
     NUMBER(1, 3600),
     .initial = "30",
     .unit = "seconds",
     .own = true,
     .help = "All of a request has to arrive within this time, and all of its answer has to be "
             "taken, or the connection is closed, however steadily bytes trickle."},
    {.group = "wsgi",
     .name = "max_queued_requests",
     NUMBER(1, 100000),
     .initial = "500",
     .own = true,
     .help = "How many requests may wait for a worker; further ones are answered 503 with "
             "Retry-After."},
};
const size_t msk_n_api_options = G_N_ELEMENTS(msk_api_options);

static unsigned
count_workers(const MskConfig *config)
{
    if (msk_config_is_set(config, "DEFAULT", "masakari_api_workers")) {
        return (unsigned) msk_config_int(config, "DEFAULT", "masakari_api_workers");
    }
    return CLAMP(g_get_num_processors(), MIN_WORKERS, MAX_WORKERS);
}

static unsigned
wsgi_number(const MskConfig *config, const char *name)
{
    return (unsigned) msk_config_int(config, "wsgi", name); /* never negative, see the table */
}

/* [ssl] version as a priority string. */
static bool
read_version(const MskConfig *config, const char **priority, GError **error)
{
    const char *version = msk_config_string(config, "ssl", "version");

    if (version == NULL || g_ascii_strcasecmp(version, "sslv23") == 0) {
        return true;
    }
    if (g_ascii_strcasecmp(version, "tlsv1_2") == 0) {
        *priority = TLS12_PRIORITY;
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[ssl] version = %s is not offered: allowed are sslv23 (TLS 1.2 and 1.3) and "
                "tlsv1_2",
                version);
    return false;
}

bool
msk_api_read_tls(const MskConfig *config, MskTlsFiles *ret, GError **error)
{
    MskTlsFiles files = {
        .cert_file = msk_config_string(config, "wsgi", "ssl_cert_file"),
        .key_file = msk_config_string(config, "wsgi", "ssl_key_file"),
        .ca_file = msk_config_string(config, "wsgi", "ssl_ca_file"),
        .priority = msk_config_string(config, "wsgi", "ssl_priority"),
    };

    if (files.cert_file == NULL && files.key_file == NULL) {
        files.cert_file = msk_config_string(config, "ssl", "cert_file");
        files.key_file = msk_config_string(config, "ssl", "key_file");
        files.ca_file = msk_config_string(config, "ssl", "ca_file");
        if (!read_version(config, &files.priority, error)) {
            return false;
        }
    }
    if (files.cert_file == NULL || files.key_file == NULL) {
        g_set_error_literal(error, MSK_ERROR, MSK_ERROR_INVALID,
                            "[DEFAULT] use_ssl = true needs both a certificate and its key: set "
                            "[wsgi] ssl_cert_file and [wsgi] ssl_key_file");
        return false;
    }
    *ret = files;
    return true;
}

bool
msk_api_read_options(const MskConfig *config, MskHttpServerOptions *ret_server,
                     MskApiSettings *ret_settings, GError **error)
{
    *ret_server = (MskHttpServerOptions){
        .address = msk_config_string(config, "DEFAULT", "masakari_api_listen"),
        .port = (uint16_t) msk_config_int(config, "DEFAULT", "masakari_api_listen_port"),
        .workers = count_workers(config),
        .writers = count_workers(config) * WRITERS_FACTOR,
        .queue_size = wsgi_number(config, "max_queued_requests"),
        .max_connections = wsgi_number(config, "default_pool_size"),
        .max_body_bytes =
            (size_t) msk_config_int(config, "oslo_middleware", "max_request_body_size"),
        .max_header_bytes = wsgi_number(config, "max_header_line"),
        .idle_timeout_s = wsgi_number(config, "client_socket_timeout"),
        .request_timeout_s = wsgi_number(config, "request_timeout"),
        .tcp_keepidle_s = wsgi_number(config, "tcp_keepidle"),
        .keep_alive = msk_config_bool(config, "wsgi", "keep_alive"),
    };
    *ret_settings = (MskApiSettings){
        .link_prefix = msk_config_string(config, "DEFAULT", "osapi_masakari_link_prefix"),
        .max_limit = msk_config_int(config, "DEFAULT", "osapi_max_limit"),
        .duplicate_interval_s =
            msk_config_int(config, "DEFAULT", "duplicate_notification_detection_interval"),
        .port = ret_server->port,
    };
    return msk_middleware_read_options(config, ret_settings, error);
}
