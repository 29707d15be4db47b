/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shared_looks.h"

#include <string.h>

#include "base/error.h"

/* Who is answered by which list, also when it fails, or when the pool is freed before. */

#define TIMEOUT_US (INT64_C(60) * G_USEC_PER_SEC)
#define N_OWNERS   5u

/* Written by the threads of the pool; the atomics are read meanwhile. */
typedef struct {
    MskCompute head;
    int n_lists; /* atomic */
    int held;    /* atomic: lists are not answered */
    bool fails;
    int64_t since_us; /* of the last list */
    char *request_id; /* of it */
} Cloud;

typedef struct Fixture Fixture;

/* A recovery: it takes each list that it is offered, if it wants one. */
typedef struct {
    Fixture *fixture;
    int64_t since_us; /* 0: wants none */
    bool asks_again;  /* once, when it is answered */
    bool asking;
    unsigned n_answers;
    int n_freed;     /* atomic */
    int list_number; /* of the last answer */
    GPtrArray *servers;
    MskErrorCode code;
    int64_t retry_after_us;
} Owner;

struct Fixture {
    Cloud *cloud;
    MskCallPool *pool;
    MskSharedLooks *looks;
    Owner owners[N_OWNERS];
};

static void
free_server(void *data)
{
    msk_server_free(data);
}

static GPtrArray *
cloud_changed(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    Cloud *self = (Cloud *) compute;
    GPtrArray *servers = NULL;

    self->since_us = since_us;
    g_free(self->request_id);
    self->request_id = g_strdup(call->request_id);
    g_atomic_int_inc(&self->n_lists);
    while (g_atomic_int_get(&self->held) != 0) {
        g_usleep(500);
    }
    if (self->fails) {
        call->retry_after_s = 7;
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "out of order");
        return NULL;
    }
    servers = g_ptr_array_new_with_free_func(free_server);
    g_ptr_array_add(servers, msk_server_new("a"));
    return servers;
}

static void
cloud_free(MskCompute *compute)
{
    g_free(((Cloud *) compute)->request_id);
    g_free(compute);
}

static const MskComputeDriver driver = {
    .name = "test",
    .is_cloud = true,
    .list_changed_servers = cloud_changed,
    .free = cloud_free,
};

static void ask(Owner *self);

static void
on_list(const MskSharedList *list, void *data)
{
    Owner *self = data;

    self->n_answers++;
    self->asking = false;
    self->list_number = g_atomic_int_get(&self->fixture->cloud->n_lists);
    self->code = list->error != NULL ? (MskErrorCode) list->error->code : MSK_ERROR_INTERNAL;
    self->retry_after_us = list->retry_after_us;
    g_assert_true((list->servers == NULL) == (list->error != NULL));
    g_assert_cmpint(list->asked_us, >, 0);
    g_clear_pointer(&self->servers, g_ptr_array_unref);
    self->servers = list->servers != NULL ? g_ptr_array_ref(list->servers) : NULL;
    if (self->asks_again) {
        self->asks_again = false;
        ask(self);
    }
}

static void
on_freed(void *data)
{
    g_atomic_int_inc(&((Owner *) data)->n_freed);
}

static void
ask(Owner *self)
{
    g_autofree char *request_id =
        g_strdup_printf("req-%u", (unsigned) (self - self->fixture->owners));

    self->asking = true;
    msk_shared_looks_ask(self->fixture->looks, self->since_us, request_id, on_list, self, on_freed);
}

static void
on_offer(void *data)
{
    Owner *self = data;

    if (self->since_us > 0 && !self->asking) {
        ask(self);
    }
}

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->cloud = g_new0(Cloud, 1);
    self->cloud->head.driver = &driver;
    self->pool = msk_call_pool_new(&self->cloud->head, 4);
    self->looks = msk_shared_looks_new(self->pool);
    for (unsigned i = 0; i < N_OWNERS; i++) {
        self->owners[i].fixture = self;
        self->owners[i].since_us = 100 - i;
        msk_shared_looks_add(self->looks, on_offer, &self->owners[i]);
    }
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_call_pool_free(self->pool, 60000);
    msk_shared_looks_free(self->looks);
    for (unsigned i = 0; i < N_OWNERS; i++) {
        g_clear_pointer(&self->owners[i].servers, g_ptr_array_unref);
    }
}

static void
work_until_answered(const Owner *owner, unsigned n_answers)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    while (owner->n_answers < n_answers) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
    }
}

static void
wait_for_lists(const Fixture *self, int n_lists)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    while (g_atomic_int_get(&self->cloud->n_lists) < n_lists) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        g_usleep(500);
    }
}

static void
test_one_list_is_for_all(Fixture *self, const void *data)
{
    (void) data;
    self->owners[3].since_us = 0; /* nothing of it is under way */
    ask(&self->owners[2]);
    work_until_answered(&self->owners[4], 1);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_lists), ==, 1);
    g_assert_cmpint(self->cloud->since_us, ==, 96); /* the earliest */
    g_assert_cmpstr(self->cloud->request_id, ==, "req-2");
    for (unsigned i = 0; i < N_OWNERS; i++) {
        const Owner *owner = &self->owners[i];

        g_assert_cmpuint(owner->n_answers, ==, i == 3 ? 0 : 1);
        g_assert_cmpint(owner->n_freed, ==, i == 3 ? 0 : 1);
        g_assert_true(i == 3 || owner->servers == self->owners[0].servers);
    }
    g_assert_cmpuint(self->owners[0].servers->len, ==, 1);
}

static void
test_all_hear_of_a_failure(Fixture *self, const void *data)
{
    (void) data;
    self->cloud->fails = true;
    self->owners[0].asks_again = true; /* as who tries again at once */
    ask(&self->owners[1]);
    work_until_answered(&self->owners[0], 1);
    for (unsigned i = 1; i < N_OWNERS; i++) {
        work_until_answered(&self->owners[i], 1);
        g_assert_cmpint(self->owners[i].code, ==, MSK_ERROR_UNAVAILABLE);
        g_assert_cmpint(self->owners[i].retry_after_us, ==, INT64_C(7) * G_USEC_PER_SEC);
        g_assert_null(self->owners[i].servers);
    }
    work_until_answered(&self->owners[0], 2);
}

/* The list that is on its way is too old for who asks now. */
static void
test_who_asks_later_has_another_list(Fixture *self, const void *data)
{
    (void) data;
    for (unsigned i = 1; i < N_OWNERS; i++) {
        self->owners[i].since_us = 0;
    }
    g_atomic_int_set(&self->cloud->held, 1);
    ask(&self->owners[0]);
    wait_for_lists(self, 1);
    self->owners[1].since_us = 50;
    ask(&self->owners[1]);
    wait_for_lists(self, 2);
    g_atomic_int_set(&self->cloud->held, 0);
    work_until_answered(&self->owners[0], 1);
    work_until_answered(&self->owners[1], 1);
    g_assert_true(self->owners[0].servers != self->owners[1].servers);
    g_assert_cmpuint(self->owners[0].n_answers, ==, 1);
    g_assert_cmpuint(self->owners[1].n_answers, ==, 1);
}

static void
test_who_is_gone_is_offered_nothing(Fixture *self, const void *data)
{
    (void) data;
    msk_shared_looks_remove(self->looks, &self->owners[0]);
    msk_shared_looks_remove(self->looks, &self->owners[0]);
    msk_shared_looks_remove(self->looks, &self->owners[4]);
    ask(&self->owners[1]);
    work_until_answered(&self->owners[3], 1);
    g_assert_cmpuint(self->owners[0].n_answers, ==, 0);
    g_assert_cmpuint(self->owners[2].n_answers, ==, 1);
    g_assert_cmpuint(self->owners[4].n_answers, ==, 0);
    g_assert_cmpint(self->cloud->since_us, ==, 97);
}

/* The engine ends while a list is on its way: nobody is answered, and nothing is left. */
static void
test_the_pool_may_go_first(Fixture *self, const void *data)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    (void) data;
    g_atomic_int_set(&self->cloud->held, 1);
    ask(&self->owners[0]);
    wait_for_lists(self, 1);
    g_atomic_int_set(&self->cloud->held, 0);
    msk_call_pool_free(g_steal_pointer(&self->pool), 60000);
    while (g_atomic_int_get(&self->owners[N_OWNERS - 1].n_freed) == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(500);
    }
    for (unsigned i = 0; i < N_OWNERS; i++) {
        g_assert_cmpuint(self->owners[i].n_answers, ==, 0);
        g_assert_cmpint(g_atomic_int_get(&self->owners[i].n_freed), ==, 1);
    }
}

static void
add(const char *path, void (*test)(Fixture *self, const void *data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/shared_looks/one_list_is_for_all", test_one_list_is_for_all);
    add("/shared_looks/all_hear_of_a_failure", test_all_hear_of_a_failure);
    add("/shared_looks/who_asks_later_has_another_list", test_who_asks_later_has_another_list);
    add("/shared_looks/who_is_gone_is_offered_nothing", test_who_is_gone_is_offered_nothing);
    add("/shared_looks/the_pool_may_go_first", test_the_pool_may_go_first);
    return g_test_run();
}
