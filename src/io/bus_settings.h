/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * bus_settings: what the configuration says of the message bus, and the names, arguments and
 * durability of exchanges and queues that follow from it.
 *
 * Two services meet on a queue only when both declare it alike, so these follow oslo.messaging
 * option for option.
 *
 * Threads: settings never change once they are read; any thread may read them.
 * Source: oslo.messaging _drivers/impl_rabbit.py, _drivers/amqp.py, rpc/client.py,
 * notify/notifier.py; upstream masakari/rpc.py, masakari/conf/.
 */

#include "io/amqp.h"
#include "oslo/config.h"
#include "oslo/transport_url.h"

typedef struct {
    gatomicrefcount references;
    MskTransportUrl *url;
    bool local; /* no broker: fake://, local:// */

    char *exchange; /* [DEFAULT] control_exchange */
    char *topic;    /* [DEFAULT] masakari_topic */
    bool answers_ping;

    bool durable;
    bool auto_delete;
    bool ha_queues;
    bool quorum;
    bool transient_quorum;
    bool stream_fanout;
    bool cancel_on_failover;
    bool mandatory_replies;
    int64_t delivery_limit;
    int64_t max_memory_length;
    int64_t max_memory_bytes;
    int64_t transient_ttl_s;
    int64_t prefetch;
    char *queue_suffix; /* (nullable) of the fanout queue; NULL: a random one */

    int64_t heartbeat_s;
    int64_t retry_interval_s;
    int64_t retry_backoff_s;
    int64_t retry_max_s;
    int64_t reconnect_delay_ms;
    int64_t reconnect_splay_ms;    /* up to so much more, by chance */
    int64_t missing_reply_queue_s; /* how long a caller's queue may be missing */
    bool shuffle;
    bool external_login;
    bool ssl;
    MskAmqpTls tls; /* strings owned by this */
} MskBusSettings;

void msk_bus_add_options(MskConfigSchema *schema);

/**
 * msk_bus_settings_new:
 * @url: (nullable) instead of [DEFAULT] transport_url, for events.
 * @error: %MSK_ERROR_INVALID: a URL or an option of its query that cannot be used, or options that
 *   exclude one another; the message holds no password.
 *
 * Returns: (transfer full)
 */
MskBusSettings *msk_bus_settings_new(const MskConfig *config, const char *url, GError **error);
MskBusSettings *msk_bus_settings_ref(MskBusSettings *self);
/** msk_bus_settings_unref: @self: (nullable) */
void msk_bus_settings_unref(MskBusSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskBusSettings, msk_bus_settings_unref)

#define MSK_BUS_MAX_ARGUMENTS 6

/* The arguments with which a queue is declared. */
typedef struct {
    MskAmqpArgument items[MSK_BUS_MAX_ARGUMENTS];
    size_t n;
    char max_age[32];
} MskBusArguments;

/** msk_bus_topic_arguments: of the queues that services share. @ret: (out) borrows nothing. */
void msk_bus_topic_arguments(const MskBusSettings *self, MskBusArguments *ret);
/** msk_bus_fanout_arguments: of the queue that one process has for fanout messages. @ret: must
 *  stay where it is. */
void msk_bus_fanout_arguments(const MskBusSettings *self, MskBusArguments *ret);
