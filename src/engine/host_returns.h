/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_returns: takes hosts back that live again after their failure was recovered, as
 * model/recovery/host_return decides, where [host_failure] auto_return asks for it.
 *
 *   every few seconds: list (database) ─▶ look (cloud), for each host ─▶ step ─▶ one action ─┐
 *          ▲────────────────────────── soon, when something was changed ◀───────────────────┘
 *
 * One engine takes a host back; another goes on when it is gone. No order goes out when the lease
 * is short or the look that led to it is old.
 *
 * Threads: the main thread.
 */

#include "engine/call_pool.h"
#include "engine/engine_settings.h"
#include "engine/store_queue.h"
#include "io/event_notifier.h"

typedef struct MskHostReturns MskHostReturns;

typedef struct {
    MskStoreQueue *queue; /* all of these outlive it */
    MskCallPool *pool;
    const MskEngineSettings *settings;
    MskEventNotifier *events; /* (nullable) */
    /* See MskRecoveriesContext. */
    bool (*may_act)(void *data, int64_t *ret_until_us);
    /* Returns: (nullable) who we are, while we are registered. */
    const char *(*engine_uuid)(void *data);
    void *data;
} MskHostReturnsContext;

MskHostReturns *msk_host_returns_new(const MskHostReturnsContext *context);

/** msk_host_returns_stop: begins nothing any more. */
void msk_host_returns_stop(MskHostReturns *self);

/** msk_host_returns_free: @self: (nullable); after the queue and the pool, which answer to it. */
void msk_host_returns_free(MskHostReturns *self);
