/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * bus_listener: a thread that receives requests from the queues of a server.
 *
 *   <topic>, <topic>.<server>, <topic>_fanout_<…> ──▶ thread: acknowledge, check, drop what came
 *   twice ──▶ main loop: func(request)
 *
 * A request is acknowledged when it arrives, as in the Python services. When the main loop is
 * behind, the thread stops reading, and the messages wait at the broker.
 *
 * Threads: new and free on the thread that runs the default main context.
 * Source: oslo.messaging _drivers/amqpdriver.py (AMQPListener, listen), _drivers/impl_rabbit.py.
 */

#include "io/bus_settings.h"
#include "oslo/rpc_envelope.h"

typedef struct MskBusListener MskBusListener;

/** MskBusRequestFunc: on the main loop. @request: (transfer full). */
typedef void (*MskBusRequestFunc)(MskRpcRequest *request, void *data);

/**
 * msk_bus_listener_new:
 * @settings: (transfer full) not local.
 * @server: names the queue of this server, such as the host.
 */
MskBusListener *msk_bus_listener_new(MskBusSettings *settings, const char *server,
                                     MskBusRequestFunc func, void *data);

/** msk_bus_listener_free: @self: (nullable). func is not called any more. Blocks for two seconds at
 *  most. */
void msk_bus_listener_free(MskBusListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskBusListener, msk_bus_listener_free)
