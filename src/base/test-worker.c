/* SPDX-License-Identifier: Apache-2.0 */
#include "base/worker.h"

typedef struct {
    GString *log;    /* what happened, one letter each */
    GThread *worked; /* where */
    GMutex *gate;    /* (nullable) held by the test to make the job wait */
    int *n_discarded;
    char letter;
} Task;

static Task *
task_new(GString *log, char letter)
{
    Task *task = g_new0(Task, 1);

    task->log = log;
    task->letter = letter;
    return task;
}

static void
work(void *data)
{
    Task *task = data;

    if (task->gate != NULL) {
        g_mutex_lock(task->gate);
        g_mutex_unlock(task->gate);
    }
    task->worked = g_thread_self();
}

static void
done(void *data)
{
    Task *task = data;

    g_assert_true(task->worked != NULL && task->worked != g_thread_self());
    (void) g_string_append_c(task->log, task->letter);
    g_free(task);
}

static void
discard(void *data)
{
    Task *task = data;

    if (task->n_discarded != NULL) {
        g_atomic_int_inc(task->n_discarded);
    }
    g_free(task);
}

static void
test_order_is_kept(void)
{
    g_autoptr(MskWorker) worker = msk_worker_new("test");
    g_autoptr(GString) log = g_string_new(NULL);

    for (int letter = 'a'; letter <= 'z'; letter++) {
        msk_worker_push(worker, work, done, discard, task_new(log, (char) letter));
    }
    while (log->len < 26) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpstr(log->str, ==, "abcdefghijklmnopqrstuvwxyz");
}

static void
test_wait(void)
{
    g_autoptr(MskWorker) worker = msk_worker_new("test");
    g_autoptr(GString) log = g_string_new(NULL);
    Task *task = task_new(log, 'x');
    GMutex gate;

    g_mutex_init(&gate);
    g_assert_true(msk_worker_wait(worker, 0));
    g_mutex_lock(&gate);
    task->gate = &gate;
    msk_worker_push(worker, work, done, discard, task);
    g_assert_false(msk_worker_wait(worker, 20));
    g_mutex_unlock(&gate);
    g_assert_true(msk_worker_wait(worker, 60000));
    g_assert_cmpstr(log->str, ==, "");
    while (log->len < 1) {
        (void) g_main_context_iteration(NULL, TRUE);
    }
    g_mutex_clear(&gate);
}

static void
test_free_leaves_nothing(void)
{
    MskWorker *worker = msk_worker_new("test");
    g_autoptr(GString) log = g_string_new(NULL);
    int n_discarded = 0;
    GMutex gate;

    g_mutex_init(&gate);
    g_mutex_lock(&gate);
    for (int i = 0; i < 3; i++) {
        Task *task = task_new(log, 'x');

        task->gate = i == 1 ? &gate : NULL;
        task->n_discarded = &n_discarded;
        msk_worker_push(worker, work, i == 2 ? NULL : done, discard, task);
    }
    msk_worker_free(worker);
    g_mutex_unlock(&gate);
    for (int tries = 0; g_atomic_int_get(&n_discarded) < 3 && tries < 6000; tries++) {
        (void) g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
    g_assert_cmpint(g_atomic_int_get(&n_discarded), ==, 3);
    g_assert_cmpstr(log->str, ==, "");
    g_mutex_clear(&gate);
    msk_worker_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/worker/order_is_kept", test_order_is_kept);
    g_test_add_func("/worker/wait", test_wait);
    g_test_add_func("/worker/free_leaves_nothing", test_free_leaves_nothing);
    return g_test_run();
}
