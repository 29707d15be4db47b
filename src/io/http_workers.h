/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_workers: threads that work on what the event thread hands to them, in its order.
 *
 * A hand-over is what a small request costs most, so it takes one call of the kernel: the thread is
 * woken once nothing is held that it needs, and it is the one that was busy last, whose data the
 * caches have. Plain pthread locks, which the thread sanitizer understands.
 *
 * A thread is started when an item would wait. Each keeps memory for itself: its stack, and what
 * was freed in it (malloc's cache of the thread), which neither others nor malloc_trim() get at. So
 * those that are not needed any more are to end.
 *
 * Threads: new and free are called once; push and rest by one thread, the server's event thread,
 * and not beside free: push wakes a thread that the others might have ended by then.
 */

#include <glib.h>

typedef struct MskHttpWorkers MskHttpWorkers;

/**
 * msk_http_workers_new:
 * @most: how many threads there may be, from 1; the first runs when it returns.
 * @work: called with each item and @data, on one of the threads.
 * @error: %MSK_ERROR_INTERNAL when there is no thread to have.
 */
MskHttpWorkers *msk_http_workers_new(unsigned most, void (*work)(void *item, void *data),
                                     void *data, GError **error);
/** msk_http_workers_free: Blocks until all items are worked on. @self: (nullable) */
void msk_http_workers_free(MskHttpWorkers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpWorkers, msk_http_workers_free)

/** msk_http_workers_push: @item: not NULL. Never blocks for long. It is worked on even when no
 *  further thread starts. */
void msk_http_workers_push(MskHttpWorkers *self, void *item);

/** msk_http_workers_rest: ends the threads that rest, but for one, and waits for that. @self:
 *  (nullable) */
void msk_http_workers_rest(MskHttpWorkers *self);
