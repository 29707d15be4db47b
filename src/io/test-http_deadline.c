/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_deadline.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#define MILLISECOND INT64_C(1000)
#define PATIENCE_MS 5000

typedef struct {
    int ours;
    int peer;
    MskHttpDeadline *entry;
} Pair;

static void
pair_open(MskHttpDeadlines *deadlines, Pair *ret)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    ret->ours = fds[0];
    ret->peer = fds[1];
    ret->entry = msk_http_deadlines_add(deadlines, fds[0]);
}

static void
pair_close(MskHttpDeadlines *deadlines, Pair *pair)
{
    msk_http_deadlines_remove(deadlines, pair->entry);
    close(pair->ours);
    close(pair->peer);
}

/* Whether the peer sees the end of the stream within @timeout_ms. */
static bool
is_cut(const Pair *pair, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = pair->peer, .events = POLLIN};

    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void
test_only_the_overdue_are_cut(void)
{
    g_autoptr(MskHttpDeadlines) deadlines = msk_http_deadlines_new();
    Pair without;
    Pair late;
    Pair soon;
    Pair taken_back;
    int64_t now_us = g_get_monotonic_time();

    pair_open(deadlines, &without);
    pair_open(deadlines, &late);
    pair_open(deadlines, &soon);
    pair_open(deadlines, &taken_back);
    msk_http_deadlines_set(deadlines, late.entry, now_us + (int64_t) 3600 * G_USEC_PER_SEC);
    msk_http_deadlines_set(deadlines, taken_back.entry, now_us + 30 * MILLISECOND);
    msk_http_deadlines_set(deadlines, taken_back.entry, 0);
    /* Earlier than what the thread waits for at this moment. */
    msk_http_deadlines_set(deadlines, soon.entry, now_us + 50 * MILLISECOND);
    g_assert_true(is_cut(&soon, PATIENCE_MS));
    g_assert_cmpint(g_get_monotonic_time() - now_us, >=, 50 * MILLISECOND);
    g_assert_false(is_cut(&without, 0));
    g_assert_false(is_cut(&late, 0));
    g_assert_false(is_cut(&taken_back, 50));
    pair_close(deadlines, &without);
    pair_close(deadlines, &late);
    pair_close(deadlines, &soon);
    pair_close(deadlines, &taken_back);
}

static void
test_a_past_deadline_cuts_at_once(void)
{
    g_autoptr(MskHttpDeadlines) deadlines = msk_http_deadlines_new();
    Pair pair;

    pair_open(deadlines, &pair);
    msk_http_deadlines_set(deadlines, pair.entry, g_get_monotonic_time() - 1);
    g_assert_true(is_cut(&pair, PATIENCE_MS));
    pair_close(deadlines, &pair);
}

static void
test_freeing_null_is_fine(void)
{
    msk_http_deadlines_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_deadline/only_the_overdue_are_cut", test_only_the_overdue_are_cut);
    g_test_add_func("/http_deadline/a_past_deadline_cuts_at_once",
                    test_a_past_deadline_cuts_at_once);
    g_test_add_func("/http_deadline/freeing_null_is_fine", test_freeing_null_is_fine);
    return g_test_run();
}
