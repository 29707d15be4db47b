/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * bus_thread: a thread that may hang on a broker when its owner wants to go, and the lock between
 * the two. The owner waits for it a while and then leaves it behind.
 *
 * Threads: whoever of the two ends last calls msk_bus_thread_clear().
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define MSK_BUS_THREAD_PATIENCE_US INT64_C(2000000)

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool finished; /* guarded by @lock */
    pthread_t thread;
} MskBusThread;

/** msk_bus_thread_start: @run: calls msk_bus_thread_finish() at its end. @name: for ps. */
void msk_bus_thread_start(MskBusThread *self, const char *name, void *(*run)(void *), void *data);
void msk_bus_thread_lock(MskBusThread *self);
void msk_bus_thread_unlock(MskBusThread *self);
/** msk_bus_thread_wait: with the lock held, until a wake-up, @until_us of the monotonic clock, or
 *  for no reason. */
void msk_bus_thread_wait(MskBusThread *self, int64_t until_us);
/** msk_bus_thread_wake: with the lock held. */
void msk_bus_thread_wake(MskBusThread *self);
/** msk_bus_thread_finish: the last that the thread does with what its owner waits for. */
void msk_bus_thread_finish(MskBusThread *self);
/** msk_bus_thread_leave: waits MSK_BUS_THREAD_PATIENCE_US for the thread's end; then it goes on
 *  alone. */
void msk_bus_thread_leave(MskBusThread *self);
void msk_bus_thread_clear(MskBusThread *self);
