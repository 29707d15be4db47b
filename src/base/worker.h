/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * worker: one thread for calls that block, so that the main loop never does.
 *
 *   main loop ── push ──▶ [jobs, in order] ──▶ thread: work(data) ──▶ main loop: done(data)
 *
 * The thread starts with the first job. It is a plain pthread with a pthread mutex, which the
 * thread sanitizer understands (GLib's own queues are opaque to it).
 *
 * Threads: all functions belong to the thread that iterates the default GMainContext; the data of
 * a job belongs to the worker from push until done.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct MskWorker MskWorker;

typedef void (*MskWorkFunc)(void *data);

/** msk_worker_new: @name: (static) at most 15 bytes, shown by ps -T. */
MskWorker *msk_worker_new(const char *name);

/**
 * msk_worker_free: jobs that wait are still worked on, by a thread that nobody waits for; their
 * done is not called but their @discard is, on that thread.
 * @self: (nullable)
 */
void msk_worker_free(MskWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskWorker, msk_worker_free)

/**
 * msk_worker_push:
 * @work: runs on the thread.
 * @done: (nullable) runs on the main loop afterwards; frees @data.
 * @discard: (nullable) frees @data when done will not be called, because it is NULL or the worker
 *   was freed.
 */
void msk_worker_push(MskWorker *self, MskWorkFunc work, MskWorkFunc done, MskWorkFunc discard,
                     void *data);

/**
 * msk_worker_wait: Blocks until every job pushed so far was worked on; its done may still be due.
 *
 * Returns: false when that takes longer than @timeout_ms.
 */
bool msk_worker_wait(MskWorker *self, unsigned timeout_ms) G_GNUC_WARN_UNUSED_RESULT;
