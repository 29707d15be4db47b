/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_workers: threads that work on what the event thread hands to them, in its order.
 *
 * A hand-over is what a small request costs most, so it takes one call of the kernel: the thread is
 * woken once nothing is held that it needs, and it is the one that was busy last, whose data the
 * caches have. Plain pthread locks, which the thread sanitizer understands.
 *
 * Threads: any thread may push; new and free are called once.
 */

#include <glib.h>

typedef struct MskHttpWorkers MskHttpWorkers;

/**
 * msk_http_workers_new:
 * @n_threads: from 1; they all run when it returns.
 * @work: called with each item and @data, on one of the threads.
 * @error: %MSK_ERROR_INTERNAL when there is no thread to have.
 */
MskHttpWorkers *msk_http_workers_new(unsigned n_threads, void (*work)(void *item, void *data),
                                     void *data, GError **error);
/** msk_http_workers_free: Blocks until all items are worked on. @self: (nullable) */
void msk_http_workers_free(MskHttpWorkers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpWorkers, msk_http_workers_free)

/** msk_http_workers_push: @item: not NULL. Never blocks for long. */
void msk_http_workers_push(MskHttpWorkers *self, void *item);
