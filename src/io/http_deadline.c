/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_deadline.h"

#include <stdbool.h>
#include <sys/socket.h>

struct MskHttpDeadline {
    GList link; /* in the list of all entries; guarded by the lock */
    int fd;
    int64_t mono_us; /* atomic; 0: none */
};

struct MskHttpDeadlines {
    GMutex lock;
    GCond changed;
    GQueue entries;
    int64_t wakes_at; /* atomic; when the thread looks next, INT64_MAX: not by itself */
    bool quitting;
    GThread *thread;
};

/* With the lock held. Returns: the earliest deadline that is left, or INT64_MAX. */
static int64_t
cut_the_overdue(MskHttpDeadlines *self, int64_t now_us)
{
    int64_t earliest = INT64_MAX;

    for (GList *at = self->entries.head; at != NULL; at = at->next) {
        MskHttpDeadline *entry = at->data;
        int64_t mono_us = __atomic_load_n(&entry->mono_us, __ATOMIC_SEQ_CST);

        if (mono_us == 0) {
            continue;
        }
        if (mono_us <= now_us) {
            __atomic_store_n(&entry->mono_us, 0, __ATOMIC_RELAXED);
            /* The peer may be gone already; the owner sees the end of the stream either way. */
            (void) shutdown(entry->fd, SHUT_RDWR);
        } else {
            earliest = MIN(earliest, mono_us);
        }
    }
    return earliest;
}

static void *
run(void *data)
{
    MskHttpDeadlines *self = data;

    g_mutex_lock(&self->lock);
    while (!self->quitting) {
        /* Looked at by set() without the lock: from here on it wakes us for any deadline. It sets
         * and then looks, we do so the other way round: in one order for all, nobody misses both.
         */
        __atomic_store_n(&self->wakes_at, INT64_MAX, __ATOMIC_SEQ_CST);
        int64_t next = cut_the_overdue(self, g_get_monotonic_time());

        __atomic_store_n(&self->wakes_at, next, __ATOMIC_SEQ_CST);
        if (next == INT64_MAX) {
            g_cond_wait(&self->changed, &self->lock);
        } else {
            (void) g_cond_wait_until(&self->changed, &self->lock, next); /* either way, look */
        }
    }
    g_mutex_unlock(&self->lock);
    return NULL;
}

MskHttpDeadlines *
msk_http_deadlines_new(void)
{
    MskHttpDeadlines *self = g_new0(MskHttpDeadlines, 1);

    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    g_queue_init(&self->entries);
    self->wakes_at = INT64_MAX;
    self->thread = g_thread_new("http-deadline", run, self);
    return self;
}

void
msk_http_deadlines_free(MskHttpDeadlines *self)
{
    if (self == NULL) {
        return;
    }
    g_mutex_lock(&self->lock);
    self->quitting = true;
    g_cond_signal(&self->changed);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    g_assert(self->entries.length == 0);
    g_cond_clear(&self->changed);
    g_mutex_clear(&self->lock);
    g_free(self);
}

MskHttpDeadline *
msk_http_deadlines_add(MskHttpDeadlines *self, int fd)
{
    MskHttpDeadline *entry = g_new0(MskHttpDeadline, 1);

    entry->fd = fd;
    entry->link.data = entry;
    g_mutex_lock(&self->lock);
    g_queue_push_tail_link(&self->entries, &entry->link);
    g_mutex_unlock(&self->lock);
    return entry;
}

void
msk_http_deadlines_set(MskHttpDeadlines *self, MskHttpDeadline *entry, int64_t mono_us)
{
    __atomic_store_n(&entry->mono_us, mono_us, __ATOMIC_SEQ_CST);
    if (mono_us != 0 && mono_us < __atomic_load_n(&self->wakes_at, __ATOMIC_SEQ_CST)) {
        g_mutex_lock(&self->lock);
        g_cond_signal(&self->changed);
        g_mutex_unlock(&self->lock);
    }
}

void
msk_http_deadlines_remove(MskHttpDeadlines *self, MskHttpDeadline *entry)
{
    g_mutex_lock(&self->lock);
    g_queue_unlink(&self->entries, &entry->link);
    g_mutex_unlock(&self->lock);
    g_free(entry);
}
