/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * recoveries: the claimed notifications that this engine works on. Each is prepared, and then has a
 * run of its kind:
 *
 *   claim ─▶ prepare (host, triage, hold) ─▶ instance_run, host_run or process_run ─▶ finished ─▶
 * gone │ nothing to recover ────────────────────────────────────────────────▲
 *
 * A recovery whose claim is lost is dropped without another word; its new owner goes on with it.
 *
 * Threads: the main thread.
 */

#include "engine/call_pool.h"
#include "engine/engine_settings.h"
#include "engine/store_queue.h"
#include "io/event_notifier.h"

typedef struct MskRecoveries MskRecoveries;

typedef struct {
    MskStoreQueue *queue;              /* outlived by the recoveries' users, see free */
    MskCallPool *pool;                 /* the same */
    const MskEngineSettings *settings; /* the same */
    MskEventNotifier *events;          /* (nullable) the same */
    /* Whether the engine's lease is long enough for a call that changes something, and when it is
     * over, on msk_engine_now_us(). */
    bool (*may_act)(void *data, int64_t *ret_until_us);
    /* A recovery came to its end, or was dropped. */
    void (*ended)(void *data);
    void *data;
} MskRecoveriesContext;

MskRecoveries *msk_recoveries_new(const MskRecoveriesContext *context);

/** msk_recoveries_free: @self: (nullable); after the queue and the pool, which answer to it. */
void msk_recoveries_free(MskRecoveries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskRecoveries, msk_recoveries_free)

/** msk_recoveries_add: @claim: (transfer full), of the engine @engine_uuid. */
void msk_recoveries_add(MskRecoveries *self, const char *engine_uuid, MskClaim *claim);

unsigned msk_recoveries_count(const MskRecoveries *self);

/** msk_recoveries_list: Returns: (transfer full) the uuids of their notifications. */
GStrv msk_recoveries_list(const MskRecoveries *self);

/** msk_recoveries_drop_all: their claims are lost; nothing is written for them any more. */
void msk_recoveries_drop_all(MskRecoveries *self);

/** msk_recoveries_release_all: hands back what is not at its end yet, for others to take over. */
void msk_recoveries_release_all(MskRecoveries *self);
