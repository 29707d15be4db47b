/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/accepted.h"

/*
 * Source: the option tables of masakari and of the oslo libraries it uses, as their own
 * listing shows them.
 */
#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OPTION(g, n, t, i, why)                                                                    \
    .group = (g), .name = (n), .type = MSK_OPTION_##t, .initial = (i), .help = (why),              \
    .accepted_only = true

#define WSGI     "The options of [wsgi] count."
#define PASTE    "There is no WSGI pipeline to describe."
#define CIPHERS  "The list is in OpenSSL's words; [wsgi] ssl_priority says it in those of GnuTLS."
#define PYTHON   "Only of use in Python."
#define BUS      "Of a message bus other than RabbitMQ."
#define NOCALLS  "Nothing is called over the bus; the database has the answers."
#define POOLED   "There is one connection to the bus for each purpose."
#define BEATS    "Heartbeats are sent as often as heartbeat_timeout_threshold needs them."
#define FIPS     "What the cryptographic library may do is set up for all programs of a machine."
#define TLS12    "TLS 1.2 or newer is used, as the older ones are broken."
#define COMPRESS "What is sent is not compressed; whoever receives it sees that. Read are both."
#define ROTATE   "Log files are rotated by logrotate; a moved file is made anew."
#define LOGFMT   "Messages here do not have this part."
#define LOG      "Not done by this log."
#define RATE     "Messages are not limited."
#define RECONN   "A program starts without its database, and goes on when it is there."
#define DBRETRY  "What a lost connection or another writer has undone is done again by itself."
#define STRICT   "Always strict: a value that its column cannot keep is refused, never cut off."
#define SQLLOG   "SQL is not logged."
#define NDB      "Tables are InnoDB's; there are no others."
#define BACKDOOR "There is no Python interpreter to connect to."
#define COORD    "Several engines share work by leases in the database."
#define EXT      "Extensions cannot be added or removed."
#define POLICY   "Policy checks are not sent to another server."
#define HEALTH   "The health check is always at /healthcheck."
#define TASKFLOW "Recoveries are kept in the service's own tables."
#define DIRS     "Only of use inside the values of other options."
#define MANAGER  "The classes of the Python services cannot be exchanged here."
#define PERIODIC "Periodic work has its own intervals."
#define HEADERS                                                                                    \
    "Of a middleware that no pipeline of the service has; see enable_proxy_headers_parsing."
#define UNUSED "The Python services read it nowhere."
#define ATONCE "New notifications are taken at once, whatever became of the wake-up."
#define TEMP   "No temporary files are written."
#define ONEDB  "Reads and writes use the same database."
#define SYNC                                                                                       \
    "SQLite is always written through to the disk, or accepted notifications could be lost."
#define PROJECT "The form of project ids in URLs is fixed."
#define BASIC   "There is no basic authentication."

const MskOption msk_accepted_masakari[] = {
    {OPTION("DEFAULT", "api_paste_config", STRING, "api-paste.ini", PASTE)},
    {OPTION("DEFAULT", "backdoor_port", STRING, NULL, BACKDOOR)},
    {OPTION("DEFAULT", "backdoor_socket", STRING, NULL, BACKDOOR)},
    {OPTION("DEFAULT", "bindir", STRING, "/opt/masakari/venv/local/bin", DIRS)},
    {OPTION("DEFAULT", "client_socket_timeout", INT, "900", WSGI)},
    {OPTION("DEFAULT", "conn_pool_min_size", INT, "2", POOLED)},
    {OPTION("DEFAULT", "conn_pool_ttl", INT, "1200", POOLED)},
    {OPTION("DEFAULT", "engine_manager", STRING, "masakari.engine.manager.MasakariManager",
            MANAGER)},
    {OPTION("DEFAULT", "executor_thread_pool_size", INT, "64", PYTHON),
     .deprecated = STRINGS("DEFAULT.rpc_thread_pool_size")},
    {OPTION("DEFAULT", "fatal_deprecations", BOOL, "false", PYTHON)},
    {OPTION("DEFAULT", "fatal_exception_format_errors", BOOL, "false", PYTHON)},
    {OPTION("DEFAULT", "instance_format", STRING, "[instance: %(uuid)s] ", LOGFMT)},
    {OPTION("DEFAULT", "instance_uuid_format", STRING, "[instance: %(uuid)s] ", LOGFMT)},
    {OPTION("DEFAULT", "log_config_append", STRING, NULL, LOG),
     .deprecated = STRINGS("DEFAULT.log-config", "DEFAULT.log_config")},
    {OPTION("DEFAULT", "log_rotate_interval", INT, "1", ROTATE)},
    {OPTION("DEFAULT", "log_rotate_interval_type", STRING, "days", ROTATE)},
    {OPTION("DEFAULT", "log_rotation_type", STRING, "none", ROTATE)},
    {OPTION("DEFAULT", "logging_debug_format_suffix", STRING,
            "%(funcName)s %(pathname)s:%(lineno)d", LOGFMT)},
    {OPTION("DEFAULT", "logging_exception_prefix", STRING,
            "%(asctime)s.%(msecs)03d %(process)d ERROR %(name)s %(instance)s", LOGFMT)},
    {OPTION("DEFAULT", "logging_user_identity_format", STRING,
            "%(user)s %(project)s %(domain)s %(system_scope)s %(user_domain)s %(project_domain)s",
            LOGFMT)},
    {OPTION("DEFAULT", "max_header_line", INT, "16384", WSGI)},
    {OPTION("DEFAULT", "max_logfile_count", INT, "30", ROTATE)},
    {OPTION("DEFAULT", "max_logfile_size_mb", INT, "200", ROTATE)},
    {OPTION("DEFAULT", "monkey_patch", BOOL, "false", PYTHON)},
    {OPTION("DEFAULT", "monkey_patch_modules", LIST, "masakari.api:masakari.cmd", PYTHON)},
    {OPTION("DEFAULT", "notification_driver", STRING, "taskflow_driver", MANAGER)},
    {OPTION("DEFAULT", "periodic_enable", BOOL, "true", PERIODIC)},
    {OPTION("DEFAULT", "periodic_fuzzy_delay", INT, "60", PERIODIC)},
    {OPTION("DEFAULT", "periodic_interval_max", INT, "300", PERIODIC)},
    {OPTION("DEFAULT", "publish_errors", BOOL, "false", LOG)},
    {OPTION("DEFAULT", "pybasedir", STRING, "/usr/lib/python3/dist-packages", DIRS)},
    {OPTION("DEFAULT", "rate_limit_burst", INT, "0", RATE)},
    {OPTION("DEFAULT", "rate_limit_except_level", STRING, "CRITICAL", RATE)},
    {OPTION("DEFAULT", "rate_limit_interval", INT, "0", RATE)},
    {OPTION("DEFAULT", "report_interval", INT, "10", UNUSED)},
    {OPTION("DEFAULT", "retry_notification_new_status_interval", INT, "60", ATONCE)},
    {OPTION("DEFAULT", "rpc_conn_pool_size", INT, "30", POOLED), .has_bounds = true, .min = 1,
     .max = INT64_MAX},
    {OPTION("DEFAULT", "rpc_response_timeout", INT, "60", NOCALLS)},
    {OPTION("DEFAULT", "service_down_time", INT, "60", UNUSED)},
    {OPTION("DEFAULT", "tcp_keepidle", INT, "600", WSGI)},
    {OPTION("DEFAULT", "tempdir", STRING, NULL, TEMP)},
    {OPTION("DEFAULT", "use_json", BOOL, "false", LOG)},
    {OPTION("DEFAULT", "use_eventlog", BOOL, "false", LOG)},
    {OPTION("DEFAULT", "watch_log_file", BOOL, "false", ROTATE)},
    {OPTION("DEFAULT", "wsgi_default_pool_size", INT, "100", WSGI)},
    {OPTION("DEFAULT", "wsgi_keep_alive", BOOL, "true", WSGI)},
    {OPTION("DEFAULT", "wsgi_log_format", STRING,
            "%(client_ip)s \"%(request_line)s\" status: %(status_code)s  len: %(body_length)s "
            "time: %(wall_seconds).7f",
            LOG)},
    {OPTION("DEFAULT", "wsgi_server_debug", BOOL, "false", WSGI)},
    {OPTION("coordination", "backend_url", STRING, NULL, COORD), .secret = true},
    {OPTION("database", "backend", STRING, "sqlalchemy", PYTHON),
     .deprecated = STRINGS("DEFAULT.db_backend")},
    {OPTION("database", "connection_debug", INT, "0", SQLLOG), .has_bounds = true, .min = INT64_MIN,
     .max = 100, .deprecated = STRINGS("DEFAULT.sql_connection_debug")},
    {OPTION("database", "connection_trace", BOOL, "false", SQLLOG),
     .deprecated = STRINGS("DEFAULT.sql_connection_trace")},
    {OPTION("database", "db_inc_retry_interval", BOOL, "true", DBRETRY)},
    {OPTION("database", "db_max_retries", INT, "20", DBRETRY)},
    {OPTION("database", "db_max_retry_interval", INT, "10", DBRETRY)},
    {OPTION("database", "db_retry_interval", INT, "1", DBRETRY)},
    {OPTION("database", "max_retries", INT, "10", RECONN),
     .deprecated = STRINGS("DEFAULT.sql_max_retries", "database.sql_max_retries")},
    {OPTION("database", "mysql_enable_ndb", BOOL, "false", NDB)},
    {OPTION("database", "mysql_sql_mode", STRING, "TRADITIONAL", STRICT)},
    {OPTION("database", "retry_interval", INT, "10", RECONN),
     .deprecated = STRINGS("DEFAULT.sql_retry_interval", "database.reconnect_interval")},
    {OPTION("database", "slave_connection", STRING, NULL, ONEDB), .secret = true},
    {OPTION("database", "sqlite_synchronous", BOOL, "true", SYNC),
     .deprecated = STRINGS("DEFAULT.sqlite_synchronous")},
    {OPTION("database", "use_db_reconnect", BOOL, "false", DBRETRY)},
    {OPTION("database", "use_tpool", BOOL, "false", PYTHON),
     .deprecated = STRINGS("DEFAULT.dbapi_use_tpool")},
    {OPTION("healthcheck", "path", STRING, "/healthcheck", HEALTH)},
    {OPTION("osapi_v1", "extensions_blacklist", LIST, "", EXT)},
    {OPTION("osapi_v1", "extensions_whitelist", LIST, "", EXT)},
    {OPTION("osapi_v1", "project_id_regex", STRING, NULL, PROJECT)},
    {OPTION("oslo_messaging_amqp", "addressing_mode", STRING, "dynamic", BUS)},
    {OPTION("oslo_messaging_amqp", "anycast_address", STRING, "anycast", BUS)},
    {OPTION("oslo_messaging_amqp", "broadcast_prefix", STRING, "broadcast", BUS),
     .deprecated = STRINGS("amqp1.broadcast_prefix")},
    {OPTION("oslo_messaging_amqp", "connection_retry_backoff", INT, "2", BUS)},
    {OPTION("oslo_messaging_amqp", "connection_retry_interval", INT, "1", BUS), .has_bounds = true,
     .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "connection_retry_interval_max", INT, "30", BUS),
     .has_bounds = true, .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "container_name", STRING, NULL, BUS),
     .deprecated = STRINGS("amqp1.container_name")},
    {OPTION("oslo_messaging_amqp", "default_notification_exchange", STRING, NULL, BUS)},
    {OPTION("oslo_messaging_amqp", "default_notify_timeout", INT, "30", BUS), .has_bounds = true,
     .min = 5, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "default_reply_retry", INT, "0", BUS), .has_bounds = true,
     .min = -1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "default_reply_timeout", INT, "30", BUS), .has_bounds = true,
     .min = 5, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "default_rpc_exchange", STRING, NULL, BUS)},
    {OPTION("oslo_messaging_amqp", "default_send_timeout", INT, "30", BUS), .has_bounds = true,
     .min = 5, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "default_sender_link_timeout", INT, "600", BUS),
     .has_bounds = true, .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "group_request_prefix", STRING, "unicast", BUS),
     .deprecated = STRINGS("amqp1.group_request_prefix")},
    {OPTION("oslo_messaging_amqp", "idle_timeout", INT, "0", BUS),
     .deprecated = STRINGS("amqp1.idle_timeout")},
    {OPTION("oslo_messaging_amqp", "link_retry_delay", INT, "10", BUS), .has_bounds = true,
     .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "multicast_address", STRING, "multicast", BUS)},
    {OPTION("oslo_messaging_amqp", "notify_address_prefix", STRING, "openstack.org/om/notify",
            BUS)},
    {OPTION("oslo_messaging_amqp", "notify_server_credit", INT, "100", BUS), .has_bounds = true,
     .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "pre_settled", MULTI, "rpc-cast\nrpc-reply", BUS)},
    {OPTION("oslo_messaging_amqp", "pseudo_vhost", BOOL, "true", BUS)},
    {OPTION("oslo_messaging_amqp", "reply_link_credit", INT, "200", BUS), .has_bounds = true,
     .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "rpc_address_prefix", STRING, "openstack.org/om/rpc", BUS)},
    {OPTION("oslo_messaging_amqp", "rpc_server_credit", INT, "100", BUS), .has_bounds = true,
     .min = 1, .max = INT64_MAX},
    {OPTION("oslo_messaging_amqp", "sasl_config_dir", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.sasl_config_dir")},
    {OPTION("oslo_messaging_amqp", "sasl_config_name", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.sasl_config_name")},
    {OPTION("oslo_messaging_amqp", "sasl_default_realm", STRING, "", BUS)},
    {OPTION("oslo_messaging_amqp", "sasl_mechanisms", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.sasl_mechanisms")},
    {OPTION("oslo_messaging_amqp", "server_request_prefix", STRING, "exclusive", BUS),
     .deprecated = STRINGS("amqp1.server_request_prefix")},
    {OPTION("oslo_messaging_amqp", "ssl", BOOL, "false", BUS)},
    {OPTION("oslo_messaging_amqp", "ssl_ca_file", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.ssl_ca_file")},
    {OPTION("oslo_messaging_amqp", "ssl_cert_file", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.ssl_cert_file")},
    {OPTION("oslo_messaging_amqp", "ssl_key_file", STRING, "", BUS),
     .deprecated = STRINGS("amqp1.ssl_key_file")},
    {OPTION("oslo_messaging_amqp", "ssl_key_password", STRING, NULL, BUS), .secret = true,
     .deprecated = STRINGS("amqp1.ssl_key_password")},
    {OPTION("oslo_messaging_amqp", "ssl_verify_vhost", BOOL, "false", BUS)},
    {OPTION("oslo_messaging_amqp", "trace", BOOL, "false", BUS),
     .deprecated = STRINGS("amqp1.trace")},
    {OPTION("oslo_messaging_amqp", "unicast_address", STRING, "unicast", BUS)},
    {OPTION("oslo_messaging_kafka", "compression_codec", STRING, "none", BUS),
     .choices = STRINGS("none", "gzip", "snappy", "lz4", "zstd")},
    {OPTION("oslo_messaging_kafka", "conn_pool_min_size", INT, "2", BUS)},
    {OPTION("oslo_messaging_kafka", "conn_pool_ttl", INT, "1200", BUS)},
    {OPTION("oslo_messaging_kafka", "consumer_group", STRING, "oslo_messaging_consumer", BUS)},
    {OPTION("oslo_messaging_kafka", "enable_auto_commit", BOOL, "false", BUS)},
    {OPTION("oslo_messaging_kafka", "kafka_consumer_timeout", FLOAT, "1.0", BUS)},
    {OPTION("oslo_messaging_kafka", "kafka_max_fetch_bytes", INT, "1048576", BUS)},
    {OPTION("oslo_messaging_kafka", "max_poll_records", INT, "500", BUS)},
    {OPTION("oslo_messaging_kafka", "pool_size", INT, "10", BUS)},
    {OPTION("oslo_messaging_kafka", "producer_batch_size", INT, "16384", BUS)},
    {OPTION("oslo_messaging_kafka", "producer_batch_timeout", FLOAT, "0.0", BUS)},
    {OPTION("oslo_messaging_kafka", "sasl_mechanism", STRING, "PLAIN", BUS)},
    {OPTION("oslo_messaging_kafka", "security_protocol", STRING, "PLAINTEXT", BUS),
     .choices = STRINGS("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL")},
    {OPTION("oslo_messaging_kafka", "ssl_cafile", STRING, "", BUS)},
    {OPTION("oslo_messaging_kafka", "ssl_client_cert_file", STRING, "", BUS)},
    {OPTION("oslo_messaging_kafka", "ssl_client_key_file", STRING, "", BUS)},
    {OPTION("oslo_messaging_kafka", "ssl_client_key_password", STRING, "", BUS)},
    {OPTION("oslo_messaging_notifications", "topics", LIST, "notifications", UNUSED),
     .deprecated = STRINGS("rpc_notifier2.topics", "DEFAULT.notification_topics")},
    {OPTION("oslo_messaging_rabbit", "heartbeat_in_pthread", BOOL, "false", PYTHON)},
    {OPTION("oslo_messaging_rabbit", "heartbeat_rate", INT, "2", BEATS)},
    {OPTION("oslo_messaging_rabbit", "kombu_compression", STRING, NULL, COMPRESS)},
    {OPTION("oslo_messaging_rabbit", "ssl_enforce_fips_mode", BOOL, "false", FIPS)},
    {OPTION("oslo_messaging_rabbit", "ssl_version", STRING, "", TLS12),
     .deprecated = STRINGS("oslo_messaging_rabbit.kombu_ssl_version")},
    {OPTION("oslo_middleware", "http_basic_auth_user_file", STRING, "/etc/htpasswd", BASIC)},
    {OPTION("oslo_middleware", "secure_proxy_ssl_header", STRING, "X-Forwarded-Proto", HEADERS)},
    {OPTION("oslo_policy", "remote_content_type", STRING, "application/x-www-form-urlencoded",
            POLICY),
     .choices = STRINGS("application/x-www-form-urlencoded", "application/json")},
    {OPTION("oslo_policy", "remote_ssl_ca_crt_file", STRING, NULL, POLICY)},
    {OPTION("oslo_policy", "remote_ssl_client_crt_file", STRING, NULL, POLICY)},
    {OPTION("oslo_policy", "remote_ssl_client_key_file", STRING, NULL, POLICY)},
    {OPTION("oslo_policy", "remote_ssl_verify_server_crt", BOOL, "false", POLICY)},
    {OPTION("oslo_versionedobjects", "fatal_exception_format_errors", BOOL, "false", PYTHON)},
    {OPTION("ssl", "ciphers", STRING, NULL, CIPHERS)},
    {OPTION("taskflow", "connection", STRING, NULL, TASKFLOW), .secret = true},
    {OPTION("wsgi", "api_paste_config", STRING, "api-paste.ini", PASTE)},
    {OPTION("wsgi", "wsgi_log_format", STRING,
            "%(client_ip)s \"%(request_line)s\" status: %(status_code)s len: %(body_length)s time: "
            "%(wall_seconds).7f",
            LOG)},
};
const size_t msk_n_accepted_masakari = G_N_ELEMENTS(msk_accepted_masakari);
