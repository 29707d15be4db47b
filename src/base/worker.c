/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>

typedef struct {
    MskWorkFunc work;
    MskWorkFunc done;
    MskWorkFunc discard;
    void *data;
} Job;

/* Kept alive by its owner, by the thread, and by an idle source that is due. */
struct MskWorker {
    gatomicrefcount references;
    const char *name;
    bool started; /* main thread only */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    GQueue jobs;     /* of Job */
    GQueue finished; /* of Job, waiting for done */
    unsigned n_unworked;
    bool idle_due;
    bool freed;
};

static void
worker_unref(void *data)
{
    MskWorker *self = data;

    if (g_atomic_ref_count_dec(&self->references)) {
        (void) pthread_cond_destroy(&self->changed); /* nobody waits: no reference is left */
        (void) pthread_mutex_destroy(&self->lock);
        g_free(self);
    }
}

static MskWorker *
worker_ref(MskWorker *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

static void
job_discard(Job *job)
{
    if (job->discard != NULL) {
        job->discard(job->data);
    }
    g_free(job);
}

static void
lock(MskWorker *self)
{
    g_assert(pthread_mutex_lock(&self->lock) == 0);
}

static void
unlock(MskWorker *self)
{
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
}

static gboolean
deliver(void *data)
{
    MskWorker *self = data;
    GQueue finished = G_QUEUE_INIT;
    Job *job;

    lock(self);
    self->idle_due = false;
    while ((job = g_queue_pop_head(&self->finished)) != NULL) {
        g_queue_push_tail(&finished, job);
    }
    unlock(self);
    while ((job = g_queue_pop_head(&finished)) != NULL) {
        bool freed;

        lock(self);
        freed = self->freed; /* an earlier done may have freed the worker */
        unlock(self);
        if (freed) {
            job_discard(job);
        } else {
            job->done(job->data);
            g_free(job);
        }
    }
    return G_SOURCE_REMOVE;
}

/* Called locked. Returns: whether the job is to be discarded. */
static bool
hand_back(MskWorker *self, Job *job)
{
    self->n_unworked--;
    (void) pthread_cond_broadcast(&self->changed); /* cannot fail on a valid condition */
    if (self->freed || job->done == NULL) {
        return true;
    }
    g_queue_push_tail(&self->finished, job);
    if (!self->idle_due) {
        self->idle_due = true;
        (void) g_idle_add_full(G_PRIORITY_DEFAULT, deliver, worker_ref(self), worker_unref);
    }
    return false;
}

static void *
run(void *data)
{
    MskWorker *self = data;

    (void) pthread_setname_np(pthread_self(), self->name); /* a name is only a convenience */
    lock(self);
    for (;;) {
        Job *job = g_queue_pop_head(&self->jobs);

        if (job == NULL && self->freed) {
            break;
        }
        if (job == NULL) {
            (void) pthread_cond_wait(&self->changed, &self->lock); /* the loop looks again */
            continue;
        }
        unlock(self);
        job->work(job->data);
        lock(self);
        if (hand_back(self, job)) {
            unlock(self);
            job_discard(job);
            lock(self);
        }
    }
    unlock(self);
    worker_unref(self);
    return NULL;
}

MskWorker *
msk_worker_new(const char *name)
{
    MskWorker *self = g_new0(MskWorker, 1);
    pthread_condattr_t attributes;

    g_atomic_ref_count_init(&self->references);
    self->name = name;
    g_queue_init(&self->jobs);
    g_queue_init(&self->finished);
    g_assert(pthread_mutex_init(&self->lock, NULL) == 0);
    g_assert(pthread_condattr_init(&attributes) == 0);
    g_assert(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    g_assert(pthread_cond_init(&self->changed, &attributes) == 0);
    (void) pthread_condattr_destroy(&attributes); /* cannot fail on a valid one */
    return self;
}

void
msk_worker_free(MskWorker *self)
{
    Job *job;

    if (self == NULL) {
        return;
    }
    lock(self);
    self->freed = true;
    (void) pthread_cond_broadcast(&self->changed); /* as above */
    while ((job = g_queue_pop_head(&self->finished)) != NULL) {
        job_discard(job);
    }
    unlock(self);
    worker_unref(self);
}

static void
start_thread(MskWorker *self)
{
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, run, worker_ref(self));

    if (failure != 0) {
        /* As GLib does when out of memory: nothing that follows would work. */
        g_error("starting thread %s: %s", self->name, g_strerror(failure));
    }
    (void) pthread_detach(thread); /* it was created joinable a moment ago */
    self->started = true;
}

void
msk_worker_push(MskWorker *self, MskWorkFunc work, MskWorkFunc done, MskWorkFunc discard,
                void *data)
{
    Job *job = g_new0(Job, 1);

    *job = (Job){.work = work, .done = done, .discard = discard, .data = data};
    lock(self);
    g_queue_push_tail(&self->jobs, job);
    self->n_unworked++;
    (void) pthread_cond_broadcast(&self->changed); /* as above */
    unlock(self);
    if (!self->started) {
        start_thread(self);
    }
}

bool
msk_worker_wait(MskWorker *self, unsigned timeout_ms)
{
    struct timespec until;
    int failure = 0;
    bool worked;

    g_assert(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long) (timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    lock(self);
    while (self->n_unworked > 0 && failure != ETIMEDOUT) {
        failure = pthread_cond_timedwait(&self->changed, &self->lock, &until);
    }
    worked = self->n_unworked == 0;
    unlock(self);
    return worked;
}
