/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_settings.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RABBIT       "oslo_messaging_rabbit"
#define OPTION(g, n, t, i, why)                                                                    \
    .group = (g), .name = (n), .type = MSK_OPTION_##t, .initial = (i), .help = (why)
#define FROM(low) .has_bounds = true, .min = (low), .max = INT32_MAX

static const MskOption options[] = {
    {OPTION("DEFAULT", "transport_url", STRING, "rabbit://",
            "The message bus: rabbit://user:password@host:port,user:password@host:port/"
            "virtual_host, several hosts being brokers to choose from. User, password and virtual "
            "host are percent-encoded. Options of [oslo_messaging_rabbit] may follow as "
            "?ssl=1&heartbeat_rate=3. local:// and fake:// use no broker: the API wakes the "
            "engines of its own machine. The database is the queue in any case; a message only "
            "says that there is work."),
     .secret = true},
    {OPTION("DEFAULT", "control_exchange", STRING, "masakari",
            "The exchange of the services' messages.")},
    {OPTION("DEFAULT", "masakari_topic", STRING, "ha_engine", "The name of the engines' queues.")},
    {OPTION("DEFAULT", "rpc_ping_enabled", BOOL, "false",
            "Whether an engine answers oslo_rpc_server_ping.")},
    {OPTION(RABBIT, "amqp_durable_queues", BOOL, "false",
            "Whether queues outlive a restart of the broker.")},
    {OPTION(RABBIT, "amqp_auto_delete", BOOL, "false",
            "Whether queues vanish with their last consumer."),
     .deprecated = STRINGS("DEFAULT.amqp_auto_delete")},
    {OPTION(RABBIT, "ssl", BOOL, "false", "Whether to use TLS (1.2 or newer)."),
     .deprecated = STRINGS("oslo_messaging_rabbit.rabbit_use_ssl")},
    {OPTION(RABBIT, "ssl_ca_file", STRING, "",
            "Certificate authorities, PEM. Empty: the broker's certificate is not checked."),
     .deprecated = STRINGS("oslo_messaging_rabbit.kombu_ssl_ca_certs")},
    {OPTION(RABBIT, "ssl_cert_file", STRING, "", "Our certificate, PEM."),
     .deprecated = STRINGS("oslo_messaging_rabbit.kombu_ssl_certfile")},
    {OPTION(RABBIT, "ssl_key_file", STRING, "", "Its key, PEM. Empty: it is in ssl_cert_file."),
     .deprecated = STRINGS("oslo_messaging_rabbit.kombu_ssl_keyfile")},
    {OPTION(RABBIT, "ssl_enforce_hostname_verification", BOOL, "false",
            "With ssl_ca_file: whether the broker's certificate must be for its host.")},
    {OPTION(RABBIT, "heartbeat_timeout_threshold", INT, "60",
            "How long a broker may be silent before the connection counts as lost; 0 turns "
            "heartbeats off."),
     .unit = "seconds", FROM(0)},
    {OPTION(RABBIT, "direct_mandatory_flag", BOOL, "true",
            "Whether to learn that a caller's reply queue is missing.")},
    {OPTION(RABBIT, "enable_cancel_on_failover", BOOL, "false",
            "Whether the broker ends a delivery when a mirrored queue moves.")},
    {OPTION(RABBIT, "kombu_failover_strategy", STRING, "round-robin",
            "The order in which brokers are tried."),
     .choices = STRINGS("round-robin", "shuffle")},
    {OPTION(RABBIT, "kombu_missing_consumer_retry_timeout", INT, "60",
            "How long a reply waits for the queue of a caller that reconnects."),
     .unit = "seconds", .deprecated = STRINGS("oslo_messaging_rabbit.kombu_reconnect_timeout"),
     FROM(0)},
    {OPTION(RABBIT, "kombu_reconnect_delay", FLOAT, "1.0",
            "Added to every wait before a new connection."),
     .unit = "seconds", .deprecated = STRINGS("DEFAULT.kombu_reconnect_delay")},
    {OPTION(RABBIT, "kombu_reconnect_splay", FLOAT, "0.0",
            "Up to so much is added as well, by chance, so that not all connect at once."),
     .unit = "seconds", .own = true},
    {OPTION(RABBIT, "rabbit_ha_queues", BOOL, "false",
            "Whether queues have x-ha-policy: all, as mirrored queues of old brokers want it."),
     .deprecated = STRINGS("DEFAULT.rabbit_ha_queues")},
    {OPTION(RABBIT, "rabbit_interval_max", INT, "30", "The longest wait between two attempts."),
     .unit = "seconds", FROM(1)},
    {OPTION(RABBIT, "rabbit_login_method", STRING, "AMQPLAIN",
            "EXTERNAL logs in by the certificate. The others send user and password, which is "
            "always done as PLAIN."),
     .choices = STRINGS("PLAIN", "AMQPLAIN", "EXTERNAL", "RABBIT-CR-DEMO"),
     .deprecated = STRINGS("DEFAULT.rabbit_login_method")},
    {OPTION(RABBIT, "rabbit_qos_prefetch_count", INT, "0",
            "How many messages may be under way to a process; 0 is any number."),
     .has_bounds = true, .min = 0, .max = UINT16_MAX},
    {OPTION(RABBIT, "rabbit_quorum_delivery_limit", INT, "0",
            "How often a quorum queue delivers a message; 0 sets no limit."),
     FROM(0)},
    {OPTION(RABBIT, "rabbit_quroum_max_memory_bytes", INT, "0",
            "The memory of a quorum queue in bytes; 0 sets no limit."),
     .deprecated = STRINGS("oslo_messaging_rabbit.rabbit_quorum_max_memory_bytes"),
     .has_bounds = true, .min = 0, .max = INT64_MAX},
    {OPTION(RABBIT, "rabbit_quroum_max_memory_length", INT, "0",
            "The messages of a quorum queue that are kept in memory; 0 sets no limit."),
     .deprecated = STRINGS("oslo_messaging_rabbit.rabbit_quorum_max_memory_length"),
     .has_bounds = true, .min = 0, .max = INT64_MAX},
    {OPTION(RABBIT, "rabbit_quorum_queue", BOOL, "false",
            "Whether the services' queues are quorum queues, which are durable.")},
    {OPTION(RABBIT, "rabbit_retry_backoff", INT, "2",
            "How much longer each further attempt to connect waits."),
     .unit = "seconds", .deprecated = STRINGS("DEFAULT.rabbit_retry_backoff"), FROM(0)},
    {OPTION(RABBIT, "rabbit_retry_interval", INT, "1", "The first wait between two attempts."),
     .unit = "seconds", FROM(1)},
    {OPTION(RABBIT, "rabbit_stream_fanout", BOOL, "false",
            "Whether the engines share a stream for fanout messages instead of a queue each. "
            "Needs rabbit_transient_quorum_queue and rabbit_qos_prefetch_count."),
     .own = true},
    {OPTION(RABBIT, "rabbit_transient_queues_ttl", INT, "1800",
            "How long a queue of one process outlives it; with rabbit_stream_fanout, how long "
            "the stream keeps messages. 0 is for ever."),
     .unit = "seconds", FROM(0)},
    {OPTION(RABBIT, "rabbit_transient_quorum_queue", BOOL, "false",
            "Whether queues of one process are quorum queues, too."),
     .own = true},
    {OPTION(RABBIT, "use_queue_manager", BOOL, "false",
            "Whether queues of one process have the same name after each start."),
     .own = true},
    {OPTION(RABBIT, "hostname", STRING, MSK_OPTION_HOST_NAME,
            "With use_queue_manager: the host in the names."),
     .own = true},
    {OPTION(RABBIT, "processname", STRING, "masakari-engine",
            "With use_queue_manager: the process in the names."),
     .own = true},
};

void
msk_bus_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

/* ---- options that the query of the URL may overrule -------------------------------------- */

typedef struct {
    const MskConfig *config;
    GHashTable *query;
    GError *error; /* (nullable) of the first one that cannot be used */
} Reader;

static void
refuse(Reader *self, const char *name, const char *wanted)
{
    if (self->error == NULL) {
        g_set_error(&self->error, MSK_ERROR, MSK_ERROR_INVALID,
                    "transport_url: %s in the query is not %s", name, wanted);
    }
}

static bool
read_bool(Reader *self, const char *name)
{
    static const char *const yes[] = {"1", "true", "yes", "on", NULL};
    static const char *const no[] = {"0", "false", "no", "off", NULL};
    const char *text = g_hash_table_lookup(self->query, name);
    g_autofree char *word = text == NULL ? NULL : g_ascii_strdown(text, -1);

    if (word == NULL) {
        return msk_config_bool(self->config, RABBIT, name);
    }
    if (!g_strv_contains(yes, word) && !g_strv_contains(no, word)) {
        refuse(self, name, "true or false");
    }
    return g_strv_contains(yes, word);
}

/* A misspelt ssl=1 must not lead to a connection without it. Names that have no effect are those of
 * oslo.messaging. */
static void
check_query(Reader *self)
{
    static const char *const others[] = {"conn_pool_min_size",
                                         "conn_pool_ttl",
                                         "heartbeat_in_pthread",
                                         "heartbeat_rate",
                                         "kombu_compression",
                                         "rabbit_quorum_max_memory_bytes",
                                         "rabbit_quorum_max_memory_length",
                                         "rpc_conn_pool_size",
                                         "ssl_enforce_fips_mode",
                                         "ssl_version",
                                         NULL};
    GHashTableIter iter;
    void *name = NULL;

    g_hash_table_iter_init(&iter, self->query);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        bool known = g_strv_contains(others, name);

        for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
            known = known ||
                    (g_str_equal(options[i].group, RABBIT) && g_str_equal(options[i].name, name));
        }
        if (!known) {
            refuse(self, name, "an option of [" RABBIT "]");
        }
    }
}

/* Newer releases spell two options right. */
static const char *
right_name(const char *name)
{
    if (g_str_equal(name, "rabbit_quroum_max_memory_bytes")) {
        return "rabbit_quorum_max_memory_bytes";
    }
    return g_str_equal(name, "rabbit_quroum_max_memory_length") ? "rabbit_quorum_max_memory_length"
                                                                : name;
}

static int64_t
read_int(Reader *self, const char *name)
{
    const char *text = g_hash_table_lookup(self->query, name);
    int64_t value = 0;

    if (text == NULL) {
        text = g_hash_table_lookup(self->query, right_name(name));
    }
    if (text == NULL) {
        return msk_config_int(self->config, RABBIT, name);
    }
    if (!msk_parse_int64(text, 0, INT32_MAX, &value)) {
        refuse(self, name, "a whole number from 0");
    }
    return value;
}

static double
read_float(Reader *self, const char *name)
{
    const char *text = g_hash_table_lookup(self->query, name);
    char *end = NULL;
    double value = text != NULL ? g_ascii_strtod(text, &end) : 0.0;

    if (text == NULL) {
        return msk_config_float(self->config, RABBIT, name);
    }
    if (end == text || *end != '\0' || !(value >= 0.0)) {
        refuse(self, name, "a number from 0");
    }
    return value;
}

/* Returns: (transfer full) (nullable) NULL when it is empty. */
static char *
read_text(const Reader *self, const char *name)
{
    const char *text = g_hash_table_lookup(self->query, name);

    if (text == NULL) {
        text = msk_config_string(self->config, RABBIT, name);
    }
    return text == NULL || text[0] == '\0' ? NULL : g_strdup(text);
}

static void
read_queues(MskBusSettings *self, Reader *reader)
{
    self->quorum = read_bool(reader, "rabbit_quorum_queue");
    self->durable = read_bool(reader, "amqp_durable_queues") || self->quorum;
    self->auto_delete = read_bool(reader, "amqp_auto_delete");
    self->ha_queues = read_bool(reader, "rabbit_ha_queues");
    self->transient_quorum = read_bool(reader, "rabbit_transient_quorum_queue");
    self->stream_fanout = read_bool(reader, "rabbit_stream_fanout");
    self->cancel_on_failover = read_bool(reader, "enable_cancel_on_failover");
    self->mandatory_replies = read_bool(reader, "direct_mandatory_flag");
    self->delivery_limit = read_int(reader, "rabbit_quorum_delivery_limit");
    self->max_memory_length = read_int(reader, "rabbit_quroum_max_memory_length");
    self->max_memory_bytes = read_int(reader, "rabbit_quroum_max_memory_bytes");
    self->transient_ttl_s = read_int(reader, "rabbit_transient_queues_ttl");
    self->prefetch = MIN(read_int(reader, "rabbit_qos_prefetch_count"), UINT16_MAX);
    if (read_bool(reader, "use_queue_manager")) {
        g_autofree char *host = read_text(reader, "hostname");
        g_autofree char *process = read_text(reader, "processname");

        self->queue_suffix =
            g_strdup_printf("%s:%s:1", host == NULL ? "" : host, process == NULL ? "" : process);
    }
}

/* What is no number is no pause. */
static int64_t
to_pause_ms(double seconds)
{
    return seconds > 0.0 ? (int64_t) (MIN(seconds, 3600.0) * 1000) : 0;
}

static void
read_connection(MskBusSettings *self, Reader *reader)
{
    g_autofree char *login = read_text(reader, "rabbit_login_method");
    g_autofree char *strategy = read_text(reader, "kombu_failover_strategy");

    self->heartbeat_s = read_int(reader, "heartbeat_timeout_threshold");
    self->retry_interval_s = MAX(read_int(reader, "rabbit_retry_interval"), 1);
    self->retry_backoff_s = read_int(reader, "rabbit_retry_backoff");
    self->retry_max_s = MAX(read_int(reader, "rabbit_interval_max"), 1);
    self->reconnect_delay_ms = to_pause_ms(read_float(reader, "kombu_reconnect_delay"));
    self->reconnect_splay_ms = to_pause_ms(read_float(reader, "kombu_reconnect_splay"));
    self->missing_reply_queue_s = read_int(reader, "kombu_missing_consumer_retry_timeout");
    self->shuffle = g_strcmp0(strategy, "shuffle") == 0;
    self->external_login = g_strcmp0(login, "EXTERNAL") == 0;
    self->ssl = read_bool(reader, "ssl");
    self->tls.ca_file = read_text(reader, "ssl_ca_file");
    self->tls.cert_file = read_text(reader, "ssl_cert_file");
    self->tls.key_file = read_text(reader, "ssl_key_file");
    if (self->tls.key_file == NULL) {
        self->tls.key_file =
            g_strdup(self->tls.cert_file); /* as OpenSSL has it: one file for both */
    }
    self->tls.check_host = read_bool(reader, "ssl_enforce_hostname_verification");
}

static bool
check(const MskBusSettings *self, GError **error)
{
    if ((self->quorum || self->transient_quorum) && self->ha_queues) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[oslo_messaging_rabbit] rabbit_ha_queues excludes rabbit_quorum_queue and "
                    "rabbit_transient_quorum_queue: a queue is a quorum queue or a mirrored one");
        return false;
    }
    if (self->stream_fanout && (self->prefetch == 0 || !self->transient_quorum)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[oslo_messaging_rabbit] rabbit_stream_fanout needs rabbit_qos_prefetch_count "
                    "above 0 and rabbit_transient_quorum_queue = true");
        return false;
    }
    return true;
}

static bool
read_url(MskBusSettings *self, const MskConfig *config, const char *url, GError **error)
{
    const char *text = url != NULL ? url : msk_config_string(config, "DEFAULT", "transport_url");

    /* An empty one is none: there is no broker to talk to. */
    self->url = msk_transport_url_parse(text == NULL || text[0] == '\0' ? "local://" : text, error);
    if (self->url == NULL) {
        g_prefix_error(error, "transport_url: ");
        return false;
    }
    self->local = msk_transport_url_is_local(self->url);
    if (!self->local && strcmp(self->url->transport, "rabbit") != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "transport_url: '%s' is no transport of this program; it has rabbit://, "
                    "local:// and fake://",
                    self->url->transport);
        return false;
    }
    return true;
}

MskBusSettings *
msk_bus_settings_new(const MskConfig *config, const char *url, GError **error)
{
    g_autoptr(MskBusSettings) self = g_new0(MskBusSettings, 1);
    Reader reader = {.config = config};

    g_atomic_ref_count_init(&self->references);
    if (!read_url(self, config, url, error)) {
        return NULL;
    }
    reader.query = self->url->query;
    self->exchange = g_strdup(msk_config_string(config, "DEFAULT", "control_exchange"));
    self->topic = g_strdup(msk_config_string(config, "DEFAULT", "masakari_topic"));
    self->answers_ping = msk_config_bool(config, "DEFAULT", "rpc_ping_enabled");
    if (!self->local) {
        check_query(&reader);
    }
    read_queues(self, &reader);
    read_connection(self, &reader);
    if (reader.error != NULL) {
        g_propagate_error(error, reader.error);
        return NULL;
    }
    return check(self, error) ? g_steal_pointer(&self) : NULL;
}

MskBusSettings *
msk_bus_settings_ref(MskBusSettings *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void
msk_bus_settings_unref(MskBusSettings *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references)) {
        return;
    }
    msk_transport_url_free(self->url);
    g_free(self->exchange);
    g_free(self->topic);
    g_free(self->queue_suffix);
    g_free((void *) (uintptr_t) self->tls.ca_file);
    g_free((void *) (uintptr_t) self->tls.cert_file);
    g_free((void *) (uintptr_t) self->tls.key_file);
    g_free(self);
}

/* ---- arguments of queues ----------------------------------------------------------------- */

static void
add_text(MskBusArguments *self, const char *name, const char *text)
{
    g_assert(self->n < MSK_BUS_MAX_ARGUMENTS);
    self->items[self->n++] = (MskAmqpArgument){.name = name, .text = text};
}

static void
add_number(MskBusArguments *self, const char *name, int64_t number)
{
    if (number > 0) {
        g_assert(self->n < MSK_BUS_MAX_ARGUMENTS);
        self->items[self->n++] = (MskAmqpArgument){.name = name, .number = number};
    }
}

static void
add_kind(const MskBusSettings *self, bool quorum, MskBusArguments *ret)
{
    if (self->ha_queues) {
        add_text(ret, "x-ha-policy", "all");
    }
    if (quorum) {
        add_text(ret, "x-queue-type", "quorum");
        add_number(ret, "x-delivery-limit", self->delivery_limit);
        add_number(ret, "x-max-in-memory-length", self->max_memory_length);
        add_number(ret, "x-max-in-memory-bytes", self->max_memory_bytes);
    }
}

void
msk_bus_topic_arguments(const MskBusSettings *self, MskBusArguments *ret)
{
    ret->n = 0;
    add_kind(self, self->quorum, ret);
}

void
msk_bus_fanout_arguments(const MskBusSettings *self, MskBusArguments *ret)
{
    ret->n = 0;
    if (!self->stream_fanout) {
        add_kind(self, self->transient_quorum, ret);
        add_number(ret, "x-expires", self->transient_ttl_s * 1000);
        return;
    }
    add_text(ret, "x-queue-type", "stream");
    if (self->transient_ttl_s > 0) {
        g_snprintf(ret->max_age, sizeof ret->max_age, "%" G_GINT64_FORMAT "s",
                   self->transient_ttl_s);
        add_text(ret, "x-max-age", ret->max_age);
    }
}
