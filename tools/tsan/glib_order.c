/* SPDX-License-Identifier: Apache-2.0 */

/*
 * glib_order: tells ThreadSanitizer what GLib's locks, queues and counts order.
 *
 * GLib is not built with ThreadSanitizer and its locks are futexes of its own, so that every use of
 * a GMutex looks like a race. Builds with -Db_sanitize=thread put these functions in front of
 * GLib's: each calls the real one and says which accesses come before which. Nothing is hidden:
 * what no lock orders is still reported.
 *
 * Source: sanitizer/tsan_interface.h; GLib 2.74's gthread.h, gthreadpool.h, grefcount.h.
 */

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

/* GLib has checking macros in front of these two functions. */
#undef g_atomic_ref_count_dec
#undef g_once_init_leave

/* POSIX lets a pointer to data be used as one to a function; ISO C has no way to say so. */
#define REAL(name)                                                                                 \
    static void *found;                                                                            \
    __typeof__(&name) real;                                                                        \
    void *symbol = __atomic_load_n(&found, __ATOMIC_RELAXED);                                      \
    if (symbol == NULL) {                                                                          \
        symbol = dlsym(RTLD_NEXT, #name);                                                          \
        g_assert(symbol != NULL);                                                                  \
        __atomic_store_n(&found, symbol, __ATOMIC_RELAXED);                                        \
    }                                                                                              \
    *(void **) &real = symbol;

#define LOCK(name, Type)                                                                           \
    void name(Type *lock)                                                                          \
    {                                                                                              \
        REAL(name)                                                                                 \
        real(lock);                                                                                \
        __tsan_acquire(lock);                                                                      \
    }

#define TRYLOCK(name, Type)                                                                        \
    gboolean name(Type *lock)                                                                      \
    {                                                                                              \
        REAL(name)                                                                                 \
        gboolean locked = real(lock);                                                              \
                                                                                                   \
        if (locked) {                                                                              \
            __tsan_acquire(lock);                                                                  \
        }                                                                                          \
        return locked;                                                                             \
    }

#define UNLOCK(name, Type)                                                                         \
    void name(Type *lock)                                                                          \
    {                                                                                              \
        REAL(name)                                                                                 \
        __tsan_release(lock);                                                                      \
        real(lock);                                                                                \
    }

LOCK(g_mutex_lock, GMutex)
TRYLOCK(g_mutex_trylock, GMutex)
UNLOCK(g_mutex_unlock, GMutex)
LOCK(g_rec_mutex_lock, GRecMutex)
TRYLOCK(g_rec_mutex_trylock, GRecMutex)
UNLOCK(g_rec_mutex_unlock, GRecMutex)
LOCK(g_rw_lock_writer_lock, GRWLock)
TRYLOCK(g_rw_lock_writer_trylock, GRWLock)
UNLOCK(g_rw_lock_writer_unlock, GRWLock)
LOCK(g_rw_lock_reader_lock, GRWLock)
TRYLOCK(g_rw_lock_reader_trylock, GRWLock)
UNLOCK(g_rw_lock_reader_unlock, GRWLock)

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    REAL(g_cond_wait)
    __tsan_release(mutex);
    real(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, int64_t end_time)
{
    REAL(g_cond_wait_until)
    __tsan_release(mutex);
    gboolean signalled = real(cond, mutex, end_time);

    __tsan_acquire(mutex);
    return signalled;
}

void
g_async_queue_push(GAsyncQueue *queue, void *data)
{
    REAL(g_async_queue_push)
    __tsan_release(queue);
    real(queue, data);
}

void *
g_async_queue_pop(GAsyncQueue *queue)
{
    REAL(g_async_queue_pop)
    void *data = real(queue);

    __tsan_acquire(queue);
    return data;
}

void *
g_async_queue_try_pop(GAsyncQueue *queue)
{
    REAL(g_async_queue_try_pop)
    void *data = real(queue);

    __tsan_acquire(queue);
    return data;
}

void *
g_async_queue_timeout_pop(GAsyncQueue *queue, uint64_t timeout_us)
{
    REAL(g_async_queue_timeout_pop)
    void *data = real(queue, timeout_us);

    __tsan_acquire(queue);
    return data;
}

/* ---- sources: a callback comes after it was posted ------------------------------------------- */

typedef struct {
    GSourceFunc func;
    GDestroyNotify notify;
    void *data;
} Posted;

static gboolean
run_posted(void *data)
{
    Posted *posted = data;

    __tsan_acquire(posted);
    return posted->func(posted->data);
}

static void
drop_posted(void *data)
{
    Posted *posted = data;

    __tsan_acquire(posted);
    if (posted->notify != NULL) {
        posted->notify(posted->data);
    }
    g_free(posted);
}

static Posted *
posted_new(GSourceFunc func, void *data, GDestroyNotify notify)
{
    Posted *posted = g_new(Posted, 1);

    *posted = (Posted){func, notify, data};
    __tsan_release(posted);
    return posted;
}

void
g_main_context_invoke_full(GMainContext *context, int priority, GSourceFunc func, void *data,
                           GDestroyNotify notify)
{
    REAL(g_main_context_invoke_full)
    real(context, priority, run_posted, posted_new(func, data, notify), drop_posted);
}

void
g_main_context_invoke(GMainContext *context, GSourceFunc func, void *data)
{
    g_main_context_invoke_full(context, G_PRIORITY_DEFAULT, func, data, NULL);
}

/* ---- counts: the last one out comes after all others ----------------------------------------- */

gboolean
g_atomic_ref_count_dec(gatomicrefcount *count)
{
    REAL(g_atomic_ref_count_dec)
    __tsan_release(count);
    gboolean last = real(count);

    if (last) {
        __tsan_acquire(count);
    }
    return last;
}

/* libvirt counts references to its objects with GObject's, and frees their locks with the last. The
 * program itself has no GObjects, so the declaration is here. */
void g_object_unref(void *object);

void
g_object_unref(void *object)
{
    REAL(g_object_unref)
    __tsan_release(object);
    __tsan_acquire(object); /* which one is the last is not known before it is freed */
    real(object);
}

typedef struct {
    GDestroyNotify clear;
} Box;

static GPrivate box_of_thread = G_PRIVATE_INIT(NULL);

static void
clear_box(void *data)
{
    const Box *box = g_private_get(&box_of_thread);

    __tsan_acquire(data);
    if (box->clear != NULL) {
        box->clear(data);
    }
}

void
g_atomic_rc_box_release_full(void *data, GDestroyNotify clear)
{
    REAL(g_atomic_rc_box_release_full)
    Box *outer = g_private_get(&box_of_thread); /* a box may hold another */
    Box box = {clear};

    __tsan_release(data);
    g_private_set(&box_of_thread, &box);
    real(data, clear_box);
    g_private_set(&box_of_thread, outer);
}

/* ---- once ------------------------------------------------------------------------------------ */

void
g_once_init_leave(volatile void *location, size_t result)
{
    REAL(g_once_init_leave)
    __tsan_release((void *) (uintptr_t) location);
    real(location, result);
}

void *
g_once_impl(GOnce *once, GThreadFunc func, void *data)
{
    REAL(g_once_impl)
    void *result = real(once, func, data);

    __tsan_acquire(once);
    __tsan_release(once);
    return result;
}

/* ---- locks that GLib makes at their first use --------------------------------------------------
 */

/* The one of the error domains is a POSIX lock behind a pointer that GLib sets without telling. */
__attribute__((constructor)) static void
make_lock_of_error_domains(void)
{
    g_error_free(g_error_new_literal(G_FILE_ERROR, 0, "the first"));
}
