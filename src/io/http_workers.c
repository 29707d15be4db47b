/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_workers.h"

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>

typedef struct Worker Worker;

struct Worker {
    MskHttpWorkers *pool;
    GThread *thread;
    sem_t given;  /* counts one when it is to rest no more */
    Worker *next; /* of those that rest, or that are told to end */
    void *item;   /* (nullable) given to it; NULL: it is to end */
};

struct MskHttpWorkers {
    void (*work)(void *item, void *data);
    void *data;
    unsigned most;
    int policy; /* of the thread that made the pool */

    pthread_mutex_t lock; /* guards what follows, and of each worker next */
    GPtrArray *workers;   /* of Worker: that run */
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

/* Not with a condition: whoever is woken by one takes its lock in a way that asks the kernel once
 * more. Returns: (nullable) */
static void *
rest(Worker *self)
{
    while (sem_wait(&self->given) != 0) {
        g_assert(errno == EINTR);
    }
    return g_steal_pointer(&self->item);
}

/* Returns: (nullable) NULL at the end. */
static void *
next_item(Worker *self)
{
    MskHttpWorkers *pool = self->pool;

    lock(pool);
    void *item = g_queue_pop_head(&pool->queue);
    bool rests = item == NULL && !pool->stopping;

    if (rests) {
        self->next = pool->resting;
        pool->resting = self;
    }
    unlock(pool);
    return rests ? rest(self) : item;
}

/* Who starts a thread when it is needed may have chosen a policy for itself alone. */
static void
take_policy(const MskHttpWorkers *pool)
{
    const struct sched_param none = {0};

    if (pool->policy == SCHED_OTHER && sched_getscheduler(0) == SCHED_BATCH) {
        (void) sched_setscheduler(0, SCHED_OTHER, &none); /* whoever refuses it is slower */
    }
}

static void *
run(void *data)
{
    Worker *self = data;
    MskHttpWorkers *pool = self->pool;

    take_policy(pool);
    for (void *item = next_item(self); item != NULL; item = next_item(self)) {
        pool->work(item, pool->data);
    }
    return NULL;
}

static void
worker_free(Worker *self)
{
    (void) sem_destroy(&self->given); /* nobody waits any more */
    g_free(self);
}

/* With the lock held. */
static bool
start_worker(MskHttpWorkers *self, GError **error)
{
    Worker *worker = g_new0(Worker, 1);

    worker->pool = self;
    g_assert(sem_init(&worker->given, 0, 0) == 0);
    worker->thread = g_thread_try_new("http-worker", run, worker, error);
    if (worker->thread == NULL) {
        worker_free(worker);
        return false;
    }
    g_ptr_array_add(self->workers, worker);
    return true;
}

MskHttpWorkers *
msk_http_workers_new(unsigned most, void (*work)(void *item, void *data), void *data,
                     GError **error)
{
    g_autoptr(MskHttpWorkers) self = g_new0(MskHttpWorkers, 1);
    g_autoptr(GError) failure = NULL;

    self->work = work;
    self->data = data;
    self->most = most;
    self->policy = sched_getscheduler(0);
    self->workers = g_ptr_array_new();
    g_assert(pthread_mutex_init(&self->lock, NULL) == 0);
    g_queue_init(&self->queue);
    lock(self);
    bool started = start_worker(self, &failure);

    unlock(self);
    if (!started) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                    "the HTTP server gets no thread for a worker: %s", failure->message);
        return NULL;
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
        if (self->workers->len < self->most) {
            (void) start_worker(self, NULL); /* else those that there are take it in their turn */
        }
    }
    unlock(self);
    /* Not before: it would wake up only to wait for the lock. */
    if (worker != NULL) {
        g_assert(sem_post(&worker->given) == 0);
    }
}

/* Of workers that were told to end. */
static void
join(Worker *self)
{
    g_assert(sem_post(&self->given) == 0);
    (void) g_thread_join(self->thread); /* run() has nothing to say */
    worker_free(self);
}

void
msk_http_workers_rest(MskHttpWorkers *self)
{
    Worker *surplus = NULL;

    if (self == NULL) {
        return;
    }
    lock(self);
    if (self->resting != NULL) {
        surplus = g_steal_pointer(&self->resting->next);
    }
    for (Worker *worker = surplus; worker != NULL; worker = worker->next) {
        g_assert(g_ptr_array_remove_fast(self->workers, worker));
    }
    unlock(self);
    while (surplus != NULL) {
        Worker *worker = surplus;

        surplus = worker->next;
        join(worker);
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
    unlock(self);
    for (unsigned i = 0; i < self->workers->len; i++) {
        join(g_ptr_array_index(self->workers, i));
    }
    (void) pthread_mutex_destroy(&self->lock);
    g_queue_clear(&self->queue); /* of nothing: it was worked off */
    g_ptr_array_unref(self->workers);
    g_free(self);
}
