/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_workers.h"

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct Worker Worker;

struct Worker {
    MskHttpWorkers *pool;
    GThread *thread;
    pthread_cond_t given;
    Worker *next; /* of those that rest */
    void *item;   /* (nullable) given to it */
};

struct MskHttpWorkers {
    void (*work)(void *item, void *data);
    void *data;
    Worker *workers;
    unsigned n_workers; /* that run */

    pthread_mutex_t lock; /* guards what follows, and of each worker next and item */
    Worker *resting;      /* (nullable) the last to rest first */
    GQueue queue;         /* of items; empty while one rests */
    bool stopping;
};

static void
lock(MskHttpWorkers *self)
{
    g_assert(pthread_mutex_lock(&self->lock) == 0);
}

static void
unlock(MskHttpWorkers *self)
{
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
}

/* With the lock held. Returns: (nullable) NULL at the end. */
static void *
next_item(Worker *self)
{
    MskHttpWorkers *pool = self->pool;
    void *item = g_queue_pop_head(&pool->queue);

    if (item != NULL || pool->stopping) {
        return item;
    }
    self->next = pool->resting;
    pool->resting = self;
    while (self->item == NULL && !pool->stopping) {
        g_assert(pthread_cond_wait(&self->given, &pool->lock) == 0);
    }
    return g_steal_pointer(&self->item);
}

static void *
run(void *data)
{
    Worker *self = data;
    MskHttpWorkers *pool = self->pool;

    lock(pool);
    for (void *item = next_item(self); item != NULL; item = next_item(self)) {
        unlock(pool);
        pool->work(item, pool->data);
        lock(pool);
    }
    unlock(pool);
    return NULL;
}

MskHttpWorkers *
msk_http_workers_new(unsigned n_threads, void (*work)(void *item, void *data), void *data,
                     GError **error)
{
    g_autoptr(MskHttpWorkers) self = g_new0(MskHttpWorkers, 1);

    self->work = work;
    self->data = data;
    self->workers = g_new0(Worker, n_threads);
    g_assert(pthread_mutex_init(&self->lock, NULL) == 0);
    g_queue_init(&self->queue);
    while (self->n_workers < n_threads) {
        Worker *worker = &self->workers[self->n_workers];
        g_autoptr(GError) failure = NULL;

        worker->pool = self;
        g_assert(pthread_cond_init(&worker->given, NULL) == 0);
        worker->thread = g_thread_try_new("http-worker", run, worker, &failure);
        if (worker->thread == NULL) {
            (void) pthread_cond_destroy(&worker->given); /* nobody waits */
            g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                        "the HTTP server gets no thread for worker %u of %u: %s",
                        self->n_workers + 1, n_threads, failure->message);
            return NULL;
        }
        self->n_workers++;
    }
    return g_steal_pointer(&self);
}

void
msk_http_workers_push(MskHttpWorkers *self, void *item)
{
    lock(self);
    g_assert(!self->stopping);
    Worker *worker = self->resting;

    if (worker != NULL) {
        self->resting = worker->next;
        worker->item = item;
    } else {
        g_queue_push_tail(&self->queue, item);
    }
    unlock(self);
    /* Not before: it would wake up only to wait for the lock. */
    if (worker != NULL) {
        g_assert(pthread_cond_signal(&worker->given) == 0);
    }
}

void
msk_http_workers_free(MskHttpWorkers *self)
{
    if (self == NULL) {
        return;
    }
    lock(self);
    self->stopping = true;
    for (Worker *worker = self->resting; worker != NULL; worker = worker->next) {
        g_assert(pthread_cond_signal(&worker->given) == 0);
    }
    unlock(self);
    for (unsigned i = 0; i < self->n_workers; i++) {
        (void) g_thread_join(self->workers[i].thread);
        (void) pthread_cond_destroy(&self->workers[i].given); /* nobody waits any more */
    }
    (void) pthread_mutex_destroy(&self->lock);
    g_queue_clear(&self->queue); /* of nothing: it was worked off */
    g_free(self->workers);
    g_free(self);
}
