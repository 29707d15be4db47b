/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_workers.h"

#include <sched.h>
#include <stdbool.h>

#define N_THREADS   4
#define N_ITEMS     5000
#define PAUSE_US    1000
#define PATIENCE_US ((int64_t) 60 * G_USEC_PER_SEC)

typedef struct {
    GMutex lock;
    GCond changed;
    unsigned in_work;
    bool go;
    GArray *done; /* of unsigned, in the order of the work */
    int policy;   /* of the thread that worked last */
} Fixture;

static int n_ended; /* atomic: threads that had worked on something */

static void
count_end(G_GNUC_UNUSED void *value)
{
    g_atomic_int_inc(&n_ended);
}

static GPrivate worked = G_PRIVATE_INIT(count_end);

static void
setup(Fixture *fixture, bool go)
{
    *fixture = (Fixture){.go = go, .done = g_array_new(FALSE, FALSE, sizeof(unsigned))};
    g_mutex_init(&fixture->lock);
    g_cond_init(&fixture->changed);
}

static void
clear(Fixture *fixture)
{
    g_mutex_clear(&fixture->lock);
    g_cond_clear(&fixture->changed);
    g_array_unref(fixture->done);
}

/* An item is a number from 1 on. */
static void
work(void *item, void *data)
{
    Fixture *fixture = data;
    unsigned number = GPOINTER_TO_UINT(item);

    g_mutex_lock(&fixture->lock);
    g_private_set(&worked, fixture);
    fixture->policy = sched_getscheduler(0);
    fixture->in_work++;
    g_cond_broadcast(&fixture->changed);
    while (!fixture->go) {
        g_cond_wait(&fixture->changed, &fixture->lock);
    }
    fixture->in_work--;
    g_array_append_val(fixture->done, number);
    g_cond_broadcast(&fixture->changed);
    g_mutex_unlock(&fixture->lock);
}

static void
push_some(MskHttpWorkers *workers, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        msk_http_workers_push(workers, GUINT_TO_POINTER(i));
    }
}

static MskHttpWorkers *
start(Fixture *fixture, unsigned n_threads)
{
    g_autoptr(GError) error = NULL;
    MskHttpWorkers *workers = msk_http_workers_new(n_threads, work, fixture, &error);

    g_assert_no_error(error);
    g_assert_nonnull(workers);
    return workers;
}

static void
test_one_thread_keeps_the_order(void)
{
    Fixture fixture;

    setup(&fixture, true);
    MskHttpWorkers *workers = start(&fixture, 1);

    push_some(workers, 1, N_ITEMS);
    msk_http_workers_free(workers);
    g_assert_cmpuint(fixture.done->len, ==, N_ITEMS);
    for (unsigned i = 0; i < N_ITEMS; i++) {
        g_assert_cmpuint(g_array_index(fixture.done, unsigned, i), ==, i + 1);
    }
    clear(&fixture);
}

/* Returns once as many items are in work. */
static void
wait_in_work(Fixture *fixture, unsigned wanted)
{
    g_mutex_lock(&fixture->lock);
    while (fixture->in_work != wanted) {
        g_cond_wait(&fixture->changed, &fixture->lock);
    }
    g_mutex_unlock(&fixture->lock);
}

static void
let_go(Fixture *fixture)
{
    g_mutex_lock(&fixture->lock);
    fixture->go = true;
    g_cond_broadcast(&fixture->changed);
    g_mutex_unlock(&fixture->lock);
}

static void
test_all_threads_work_and_the_rest_is_worked_off_at_the_end(void)
{
    Fixture fixture;

    setup(&fixture, false);
    MskHttpWorkers *workers = start(&fixture, N_THREADS);

    for (unsigned i = 1; i <= N_THREADS; i++) {
        push_some(workers, i, i);
        wait_in_work(&fixture, i);
    }
    push_some(workers, N_THREADS + 1, N_ITEMS);
    let_go(&fixture);
    msk_http_workers_free(workers);
    g_assert_cmpuint(fixture.done->len, ==, N_ITEMS);
    clear(&fixture);
}

/* Each item is given to a thread that rests, or is about to. */
static void
test_items_that_come_one_by_one_are_all_worked_on(void)
{
    Fixture fixture;

    setup(&fixture, true);
    MskHttpWorkers *workers = start(&fixture, N_THREADS);

    for (unsigned i = 1; i <= N_ITEMS; i++) {
        push_some(workers, i, i);
        g_mutex_lock(&fixture.lock);
        while (fixture.done->len < i) {
            g_cond_wait(&fixture.changed, &fixture.lock);
        }
        g_mutex_unlock(&fixture.lock);
    }
    msk_http_workers_free(workers);
    for (unsigned i = 0; i < N_ITEMS; i++) {
        g_assert_cmpuint(g_array_index(fixture.done, unsigned, i), ==, i + 1);
    }
    clear(&fixture);
}

static void
test_threads_that_rest_end(void)
{
    Fixture fixture;

    setup(&fixture, true);
    msk_http_workers_free(start(&fixture, N_THREADS));
    msk_http_workers_free(NULL);
    g_assert_cmpuint(fixture.done->len, ==, 0);
    clear(&fixture);
}

/* One item for each thread, all at work together. */
static void
use_all(MskHttpWorkers *workers, Fixture *fixture)
{
    fixture->go = false;
    push_some(workers, 1, N_THREADS);
    wait_in_work(fixture, N_THREADS);
}

static void
test_all_but_one_end_when_there_is_nothing_to_do(void)
{
    Fixture fixture;
    const int64_t until_us = g_get_monotonic_time() + PATIENCE_US;
    int expected = 0;

    setup(&fixture, false);
    MskHttpWorkers *workers = start(&fixture, N_THREADS);

    g_atomic_int_set(&n_ended, 0);
    for (int round = 0; round < 3; round++) {
        use_all(workers, &fixture);
        msk_http_workers_rest(workers); /* those that work go on */
        g_assert_cmpint(g_atomic_int_get(&n_ended), ==, expected);
        expected += N_THREADS - 1;
        let_go(&fixture);
        wait_in_work(&fixture, 0);
        /* Some may still be on their way to rest. */
        while (g_atomic_int_get(&n_ended) < expected) {
            g_assert_cmpint(g_get_monotonic_time(), <, until_us);
            msk_http_workers_rest(workers);
            g_usleep(PAUSE_US);
        }
        msk_http_workers_rest(workers);
        g_assert_cmpint(g_atomic_int_get(&n_ended), ==, expected);
    }
    msk_http_workers_free(workers);
    msk_http_workers_rest(NULL);
    g_assert_cmpuint(fixture.done->len, ==, (size_t) 3 * N_THREADS);
    clear(&fixture);
}

static void
test_those_that_are_started_later_have_the_same_policy(void)
{
    const struct sched_param none = {0};
    Fixture fixture;

    if (sched_getscheduler(0) != SCHED_OTHER) {
        g_test_skip("the tests run with a policy of their own");
        return;
    }
    setup(&fixture, false);
    MskHttpWorkers *workers = start(&fixture, N_THREADS);

    g_assert_cmpint(sched_setscheduler(0, SCHED_BATCH, &none), ==, 0);
    for (unsigned i = 1; i <= N_THREADS; i++) {
        push_some(workers, i, i);
        wait_in_work(&fixture, i);
        g_assert_cmpint(fixture.policy, ==, SCHED_OTHER);
    }
    g_assert_cmpint(sched_setscheduler(0, SCHED_OTHER, &none), ==, 0);
    let_go(&fixture);
    msk_http_workers_free(workers);
    clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_workers/one_thread_keeps_the_order", test_one_thread_keeps_the_order);
    g_test_add_func("/http_workers/all_threads_work_and_the_rest_is_worked_off_at_the_end",
                    test_all_threads_work_and_the_rest_is_worked_off_at_the_end);
    g_test_add_func("/http_workers/items_that_come_one_by_one_are_all_worked_on",
                    test_items_that_come_one_by_one_are_all_worked_on);
    g_test_add_func("/http_workers/threads_that_rest_end", test_threads_that_rest_end);
    g_test_add_func("/http_workers/all_but_one_end_when_there_is_nothing_to_do",
                    test_all_but_one_end_when_there_is_nothing_to_do);
    g_test_add_func("/http_workers/those_that_are_started_later_have_the_same_policy",
                    test_those_that_are_started_later_have_the_same_policy);
    return g_test_run();
}
