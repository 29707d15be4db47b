/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rpc_server: what an engine does for the APIs of the message bus, Python's or ours.
 *
 *   process_notification (1.0, cast)                        ─▶ look at the database now
 *   get_notification_recovery_workflow_details (1.1, call)  ─▶ the progress, from the database
 *   oslo_rpc_server_ping (1.0, call), if configured         ─▶ "pong"
 *
 * The row is the queue: a cast that is lost, or comes twice, changes nothing.
 *
 * Threads: main.
 * Source: upstream masakari/engine/manager.py, masakari/engine/rpcapi.py; oslo.messaging
 * rpc/dispatcher.py.
 */

#include "engine/store_queue.h"
#include "io/bus_settings.h"

typedef struct MskRpcServer MskRpcServer;

/**
 * msk_rpc_server_new:
 * @settings: not local.
 * @server: the host, which names the queue of this engine alone.
 * @queue: outlives it.
 * @look: for a cast.
 */
MskRpcServer *msk_rpc_server_new(MskBusSettings *settings, const char *server, MskStoreQueue *queue,
                                 void (*look)(void *data), void *data);

/** msk_rpc_server_free: @self: (nullable). Blocks for four seconds at most. */
void msk_rpc_server_free(MskRpcServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskRpcServer, msk_rpc_server_free)
