/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_settings.h"

#include <string.h>

#include "base/error.h"

#define GROUP "oslo_messaging_rabbit."

static MskBusSettings *
load(const char *const *overrides, GError **error)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    const MskConfigSources sources = {.overrides = overrides};

    msk_bus_add_options(schema);
    g_autoptr(MskConfig) config = msk_config_load(schema, &sources, NULL);

    g_assert_nonnull(config);
    return msk_bus_settings_new(config, NULL, error);
}

static char *
describe(const MskBusArguments *arguments)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (size_t i = 0; i < arguments->n; i++) {
        const MskAmqpArgument *item = &arguments->items[i];

        g_string_append_printf(out, "%s%s=", i == 0 ? "" : " ", item->name);
        if (item->text != NULL) {
            g_string_append(out, item->text);
        } else {
            g_string_append_printf(out, "%" G_GINT64_FORMAT, item->number);
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Source: oslo.messaging's _get_queue_arguments() for the same options. */
static const struct {
    const char *overrides[8];
    const char *topic;
    const char *fanout;
    bool durable;
} cases[] = {
    {{NULL}, "", "x-expires=1800000", false},
    {{GROUP "amqp_durable_queues=true"}, "", "x-expires=1800000", true},
    {{GROUP "rabbit_ha_queues=true"},
     "x-ha-policy=all",
     "x-ha-policy=all x-expires=1800000",
     false},
    {{GROUP "rabbit_quorum_queue=true"}, "x-queue-type=quorum", "x-expires=1800000", true},
    {{GROUP "rabbit_quorum_queue=true", GROUP "rabbit_quorum_delivery_limit=3",
      GROUP "rabbit_quroum_max_memory_length=4", GROUP "rabbit_quroum_max_memory_bytes=5"},
     "x-queue-type=quorum x-delivery-limit=3 x-max-in-memory-length=4 x-max-in-memory-bytes=5",
     "x-expires=1800000",
     true},
    {{GROUP "rabbit_transient_quorum_queue=true", GROUP "rabbit_transient_queues_ttl=7"},
     "",
     "x-queue-type=quorum x-expires=7000",
     false},
    {{GROUP "rabbit_transient_queues_ttl=0"}, "", "", false},
    {{GROUP "rabbit_stream_fanout=true", GROUP "rabbit_transient_quorum_queue=true",
      GROUP "rabbit_qos_prefetch_count=10"},
     "",
     "x-queue-type=stream x-max-age=1800s",
     false},
    {{GROUP "rabbit_stream_fanout=true", GROUP "rabbit_transient_quorum_queue=true",
      GROUP "rabbit_qos_prefetch_count=10", GROUP "rabbit_transient_queues_ttl=0"},
     "",
     "x-queue-type=stream",
     false},
    {{"DEFAULT.transport_url=rabbit://h/?rabbit_quorum_queue=1"},
     "x-queue-type=quorum",
     "x-expires=1800000",
     true},
};

static void
test_arguments(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskBusSettings) settings = load(cases[i].overrides, NULL);
        MskBusArguments arguments;

        g_test_message("case %zu", i);
        g_assert_nonnull(settings);
        msk_bus_topic_arguments(settings, &arguments);
        g_autofree char *topic = describe(&arguments);

        msk_bus_fanout_arguments(settings, &arguments);
        g_autofree char *fanout = describe(&arguments);

        g_assert_cmpstr(topic, ==, cases[i].topic);
        g_assert_cmpstr(fanout, ==, cases[i].fanout);
        g_assert_cmpint(settings->durable, ==, cases[i].durable);
    }
}

static void
test_refused(void)
{
    static const char *const refused[][4] = {
        {GROUP "rabbit_quorum_queue=true", GROUP "rabbit_ha_queues=true"},
        {GROUP "rabbit_transient_quorum_queue=true", GROUP "rabbit_ha_queues=true"},
        {"DEFAULT.transport_url=rabbit://u:secret@h/?kombu_reconnect_delay=soon"},
        {"DEFAULT.transport_url=rabbit://u:secret@h/?kombu_reconnect_delay=nan"},
        {GROUP "rabbit_stream_fanout=true"},
        {GROUP "rabbit_stream_fanout=true", GROUP "rabbit_qos_prefetch_count=1"},
        {"DEFAULT.transport_url=kafka://h/"},
        {"DEFAULT.transport_url=rabbit://u:secret@h:x/"},
        {"DEFAULT.transport_url=rabbit://u:secret@h/?ssl=maybe"},
        {"DEFAULT.transport_url=rabbit://u:secret@h/?ssll=1"},
        {"DEFAULT.transport_url=rabbit://u:secret@h/?heartbeat_timeout_threshold=-1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(load(refused[i], &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_null(strstr(error->message, "secret"));
    }
}

static void
test_local(void)
{
    static const char *const local[][2] = {{"DEFAULT.transport_url=fake://"},
                                           {"DEFAULT.transport_url="},
                                           {"DEFAULT.transport_url=local://"}};

    for (size_t i = 0; i < G_N_ELEMENTS(local); i++) {
        g_autoptr(MskBusSettings) settings = load(local[i], NULL);

        g_assert_true(settings->local);
    }
    static const char *const none[] = {NULL};
    g_autoptr(MskBusSettings) usual = load(none, NULL);

    g_assert_false(usual->local);
    g_assert_cmpstr(usual->exchange, ==, "masakari");
    g_assert_cmpstr(usual->topic, ==, "ha_engine");
    g_assert_null(usual->queue_suffix);
}

/* One that oslo.messaging knows does not keep a program from its start. */
static void
test_query_without_effect(void)
{
    static const char *const names[] = {"conn_pool_min_size",
                                        "conn_pool_ttl",
                                        "heartbeat_in_pthread",
                                        "heartbeat_rate",
                                        "kombu_compression",
                                        "rabbit_quorum_max_memory_bytes",
                                        "rabbit_quorum_max_memory_length",
                                        "rpc_conn_pool_size",
                                        "ssl_enforce_fips_mode",
                                        "ssl_version"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *url = g_strdup_printf("DEFAULT.transport_url=rabbit://h/?%s=3", names[i]);
        const char *const overrides[] = {url, NULL};
        g_autoptr(GError) error = NULL;
        g_autoptr(MskBusSettings) settings = load(overrides, &error);

        g_assert_no_error(error);
        g_assert_nonnull(settings);
    }
}

static void
test_query_overrules(void)
{
    static const char *const overrides[] = {
        "DEFAULT.transport_url=rabbit://h/?ssl=1&ssl_ca_file=/a&rabbit_login_method=EXTERNAL"
        "&heartbeat_timeout_threshold=0&heartbeat_rate=3&rabbit_quorum_max_memory_bytes=7&kombu_"
        "reconnect_delay=0.5&ssl_cert_file=/both",
        GROUP "use_queue_manager=true", GROUP "hostname=n", GROUP "processname=p", NULL};
    g_autoptr(MskBusSettings) settings = load(overrides, NULL);

    g_assert_true(settings->ssl);
    g_assert_true(settings->external_login);
    g_assert_cmpstr(settings->tls.ca_file, ==, "/a");
    g_assert_cmpint(settings->heartbeat_s, ==, 0);
    g_assert_cmpint(settings->reconnect_delay_ms, ==, 500);
    g_assert_cmpint(settings->max_memory_bytes, ==, 7);
    g_assert_cmpstr(settings->tls.cert_file, ==, "/both");
    g_assert_cmpstr(settings->tls.key_file, ==, "/both");
    g_assert_cmpstr(settings->queue_suffix, ==, "n:p:1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus_settings/arguments", test_arguments);
    g_test_add_func("/bus_settings/refused", test_refused);
    g_test_add_func("/bus_settings/local", test_local);
    g_test_add_func("/bus_settings/query", test_query_overrules);
    g_test_add_func("/bus_settings/query_without_effect", test_query_without_effect);
    return g_test_run();
}
