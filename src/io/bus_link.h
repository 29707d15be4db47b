/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * bus_link: a connection to one of several brokers, made again when it is lost.
 *
 *   connect ──failed──▶ next broker at once … after the last one: wait, then the first again
 *
 * The wait begins at rabbit_retry_interval and grows by rabbit_retry_backoff up to
 * rabbit_interval_max; kombu_reconnect_delay and up to kombu_reconnect_splay are added. Losing and
 * finding the bus are logged once.
 *
 * Threads: belongs to one thread.
 * Source: oslo.messaging _drivers/impl_rabbit.py (Connection.ensure), kombu's failover.
 */

#include "io/bus_settings.h"

typedef struct MskBusLink MskBusLink;

/** msk_bus_link_new: @settings: outlives it. @purpose: (static) for the log. */
MskBusLink *msk_bus_link_new(const MskBusSettings *settings, const char *purpose);
/** msk_bus_link_free: @self: (nullable). Blocks for a second at most. */
void msk_bus_link_free(MskBusLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskBusLink, msk_bus_link_free)

/** msk_bus_link_amqp: Returns: (nullable) (owned by @self) the connection, if there is one. */
MskAmqp *msk_bus_link_amqp(const MskBusLink *self);

/** msk_bus_link_connect: tries the next broker, unless there is a connection. Blocks. Returns: NULL
 *  after a failure, which was logged; then call msk_bus_link_wait_ms(). */
MskAmqp *msk_bus_link_connect(MskBusLink *self);

/** msk_bus_link_settled: what the connection is for works: the next failure is a new one. */
void msk_bus_link_settled(MskBusLink *self);

/** msk_bus_link_drop: closes the connection because of @why, and logs it. */
void msk_bus_link_drop(MskBusLink *self, const GError *why);

/** msk_bus_link_wait_ms: Returns: how long to wait now before connecting. */
int64_t msk_bus_link_wait_ms(MskBusLink *self);
