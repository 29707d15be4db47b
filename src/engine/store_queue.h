/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * store_queue: the engine's calls to the database, one after the other on one thread, so that what
 * is written stays in order. An outage of the database is logged once when it begins, and once
 * when it ends.
 *
 * Threads: the functions belong to the main thread; @run is called on the queue's thread.
 */

#include "store/store.h"

typedef struct MskStoreQueue MskStoreQueue;

typedef struct {
    /* On the queue's thread. */
    MskStoreResult (*run)(MskStore *store, void *data, GError **error);
    /* On the main thread; @error is set when @result is %MSK_STORE_FAILED, and was logged. */
    void (*done)(MskStoreResult result, const GError *error, void *data);
    /* On any thread, after done, or without done when the queue was freed before. */
    GDestroyNotify free;
} MskStoreJob;

/** msk_store_queue_new: @store: (transfer full) */
MskStoreQueue *msk_store_queue_new(MskStore *store);

/** msk_store_queue_free: @self: (nullable). Waits for the call under way; those that wait are
 *  dropped. Blocks for the store's busy timeout at most. */
void msk_store_queue_free(MskStoreQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskStoreQueue, msk_store_queue_free)

/** msk_store_queue_push: @job: (static); @data: (transfer full) belongs to the queue until done. */
void msk_store_queue_push(MskStoreQueue *self, const MskStoreJob *job, void *data);
