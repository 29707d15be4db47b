/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_thread.h"

#include <glib.h>

void
msk_bus_thread_start(MskBusThread *self, const char *name, void *(*run)(void *), void *data)
{
    pthread_condattr_t clock;

    g_assert(pthread_mutex_init(&self->lock, NULL) == 0);
    g_assert(pthread_condattr_init(&clock) == 0);
    g_assert(pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0);
    g_assert(pthread_cond_init(&self->changed, &clock) == 0);
    (void) pthread_condattr_destroy(&clock); /* cannot fail */
    g_assert(pthread_create(&self->thread, NULL, run, data) == 0);
    (void) pthread_setname_np(self->thread, name); /* for ps */
}

void
msk_bus_thread_lock(MskBusThread *self)
{
    g_assert(pthread_mutex_lock(&self->lock) == 0);
}

void
msk_bus_thread_unlock(MskBusThread *self)
{
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
}

void
msk_bus_thread_wait(MskBusThread *self, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / G_USEC_PER_SEC,
                                   .tv_nsec = until_us % G_USEC_PER_SEC * 1000};

    (void) pthread_cond_timedwait(&self->changed, &self->lock, &until); /* looked at again */
}

void
msk_bus_thread_wake(MskBusThread *self)
{
    (void) pthread_cond_broadcast(&self->changed); /* cannot fail */
}

void
msk_bus_thread_finish(MskBusThread *self)
{
    msk_bus_thread_lock(self);
    self->finished = true;
    msk_bus_thread_wake(self);
    msk_bus_thread_unlock(self);
}

void
msk_bus_thread_leave(MskBusThread *self)
{
    int64_t until_us = g_get_monotonic_time() + MSK_BUS_THREAD_PATIENCE_US;

    msk_bus_thread_lock(self);
    while (!self->finished && g_get_monotonic_time() < until_us) {
        msk_bus_thread_wait(self, until_us);
    }
    bool finished = self->finished;

    msk_bus_thread_unlock(self);
    if (finished) {
        /* What libraries keep for a thread is gone only once it has ended. */
        g_assert(pthread_join(self->thread, NULL) == 0);
    } else {
        (void) pthread_detach(self->thread); /* it holds a reference of its own */
    }
}

void
msk_bus_thread_clear(MskBusThread *self)
{
    (void) pthread_cond_destroy(&self->changed); /* nobody waits any more */
    (void) pthread_mutex_destroy(&self->lock);
}
