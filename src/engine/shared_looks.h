/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * shared_looks: the recoveries of hosts that look at their VMs at about the same time share one
 * list of what has changed in the cloud.
 *
 *   one asks ─▶ the others are offered it, some ask, too ─▶ one list, since the earliest of their
 *   times ─▶ each is answered
 *
 * Threads: the main thread; the list is asked for on a thread of the call pool.
 */

#include "engine/call_pool.h"

typedef struct MskSharedLooks MskSharedLooks;

/* What became of a list. Valid during the answer, but for the servers of whom counts them. */
typedef struct {
    GPtrArray *servers;  /* (nullable) MskServer: only read */
    int64_t asked_us;    /* when the cloud was asked, on msk_engine_now_us() */
    const GError *error; /* (nullable) why there are no servers */
    int64_t retry_after_us;
} MskSharedList;

typedef void (*MskSharedListFunc)(const MskSharedList *list, void *data);

/** MskSharedOfferFunc: another's list is about to be asked for: who calls msk_shared_looks_ask()
 * now has its answer from that. It adds and removes nobody. */
typedef void (*MskSharedOfferFunc)(void *owner);

/** msk_shared_looks_new: @pool: outlives every call but free. */
MskSharedLooks *msk_shared_looks_new(MskCallPool *pool);

/** msk_shared_looks_free: @self: (nullable) */
void msk_shared_looks_free(MskSharedLooks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskSharedLooks, msk_shared_looks_free)

/** msk_shared_looks_add: @owner is offered each list from now on. */
void msk_shared_looks_add(MskSharedLooks *self, MskSharedOfferFunc offer, void *owner);

/** msk_shared_looks_remove: one that is not there is none. */
void msk_shared_looks_remove(MskSharedLooks *self, const void *owner);

/**
 * msk_shared_looks_ask: the servers of the cloud that changed since @since_us, or before.
 * @since_us: see msk_compute_list_changed_servers().
 * @request_id: see MskComputeCall; that of who asks first is used.
 * @data: (transfer full) freed by @free_data after @answer, or without it when the pool was freed
 *   before, on any thread.
 */
void msk_shared_looks_ask(MskSharedLooks *self, int64_t since_us, const char *request_id,
                          MskSharedListFunc answer, void *data, GDestroyNotify free_data);
