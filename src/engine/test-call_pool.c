/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/call_pool.h"

#include "engine/engine_clock.h"
#include "engine/host_calls.h"

/*
 * Orders that have to wait for a thread: the lease they were allowed by may be over by then. The
 * pool has one thread, and the first call keeps it for a while.
 */

#define BUSY_US    200000
#define TIMEOUT_US (INT64_C(60) * G_USEC_PER_SEC)

typedef struct {
    MskCompute head;
    int n_orders; /* atomic */
    int n_named;  /* atomic: calls with the request id that they were pushed with */
} Cloud;

typedef struct {
    Cloud *cloud;
    MskCallPool *pool;
    unsigned n_answers;
    MskEventKind last;
    MskHostEventKind host_last;
    MskMoveEventKind move_last;
} Fixture;

static void
see_request_id(MskCompute *compute, const MskComputeCall *call)
{
    if (g_strcmp0(call->request_id, "req-1") == 0) {
        g_atomic_int_inc(&((Cloud *) compute)->n_named);
    }
}

static MskServer *
cloud_get(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) error;
    see_request_id(compute, call);
    g_usleep(BUSY_US);
    return msk_server_new(ref->uuid);
}

static bool
cloud_stop(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) ref;
    (void) error;
    see_request_id(compute, call);
    g_atomic_int_inc(&((Cloud *) compute)->n_orders);
    return true;
}

static bool
cloud_evacuate(MskCompute *compute, MskComputeCall *call, const char *uuid, const char *host,
               GError **error)
{
    (void) uuid;
    (void) host;
    return cloud_stop(compute, call, NULL, error);
}

static void
cloud_free(MskCompute *compute)
{
    g_free(compute);
}

static const MskComputeDriver driver = {
    .name = "test",
    .is_cloud = true,
    .get_server = cloud_get,
    .stop_server = cloud_stop,
    .evacuate = cloud_evacuate,
    .free = cloud_free,
};

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->cloud = g_new0(Cloud, 1);
    self->cloud->head.driver = &driver;
    self->pool = msk_call_pool_new(&self->cloud->head, 1);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_call_pool_free(self->pool, 60000);
}

static void
on_answer(const MskEvent *event, const GError *error, void *data)
{
    Fixture *self = data;

    g_assert_no_error(error);
    self->n_answers++;
    self->last = event->kind;
}

static void
on_host_answer(const MskHostEvent *event, void *data)
{
    Fixture *self = data;

    self->n_answers++;
    self->host_last = event->kind;
    self->move_last = event->move_event.kind;
    if (event->kind == MSK_HOST_EVENT_FAILED) {
        g_assert_cmpint(event->code, ==, MSK_ERROR_UNAVAILABLE);
        g_assert_nonnull(event->message);
    }
}

static void
keep_data(void *data)
{
    (void) data;
}

static void
push(Fixture *self, MskActionKind action, int64_t until_us)
{
    MskServerRef ref = {.uuid = "u", .host = "h"};

    msk_call_pool_push(self->pool, action, until_us, &ref, NULL, "req-1", on_answer, self,
                       keep_data);
}

static void
push_of_host(Fixture *self, MskHostActKind kind, int64_t until_us)
{
    MskHostQuestion question = {.kind = kind,
                                .host = "h",
                                .move_act = MSK_MOVE_ACT_EVACUATE,
                                .instance_uuid = "u",
                                .until_us = until_us};

    msk_host_call_push(self->pool, &question, on_host_answer, self, keep_data);
}

static void
wait_for_answers(Fixture *self, unsigned n_answers)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    while (self->n_answers < n_answers) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static void
test_an_order_that_waited_too_long_is_not_given(Fixture *self, const void *data)
{
    (void) data;
    push(self, MSK_ACTION_GET_SERVER, 0);
    push(self, MSK_ACTION_STOP_SERVER, msk_engine_now_us() + BUSY_US / 4);
    wait_for_answers(self, 2);
    g_assert_cmpint(self->last, ==, MSK_EVENT_STALE);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_orders), ==, 0);
    push(self, MSK_ACTION_STOP_SERVER, msk_engine_now_us() + TIMEOUT_US);
    wait_for_answers(self, 3);
    g_assert_cmpint(self->last, ==, MSK_EVENT_DONE);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_orders), ==, 1);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_named), ==, 2); /* the look and the order */
}

static void
test_a_look_may_wait(Fixture *self, const void *data)
{
    (void) data;
    push(self, MSK_ACTION_GET_SERVER, 0);
    push(self, MSK_ACTION_GET_SERVER, 0);
    wait_for_answers(self, 2);
    g_assert_cmpint(self->last, ==, MSK_EVENT_SERVER);
}

static void
test_an_evacuation_that_waited_too_long_is_not_given(Fixture *self, const void *data)
{
    (void) data;
    push(self, MSK_ACTION_GET_SERVER, 0);
    push_of_host(self, MSK_HOST_ACT_MOVE, msk_engine_now_us() + BUSY_US / 4);
    wait_for_answers(self, 2);
    g_assert_cmpint(self->host_last, ==, MSK_HOST_EVENT_MOVE);
    g_assert_cmpint(self->move_last, ==, MSK_MOVE_STALE);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_orders), ==, 0);
    push_of_host(self, MSK_HOST_ACT_MOVE, msk_engine_now_us() + TIMEOUT_US);
    wait_for_answers(self, 3);
    g_assert_cmpint(self->move_last, ==, MSK_MOVE_DONE);
    g_assert_cmpint(g_atomic_int_get(&self->cloud->n_orders), ==, 1);
}

static void
test_a_host_is_not_forced_down_late(Fixture *self, const void *data)
{
    (void) data;
    push_of_host(self, MSK_HOST_ACT_FORCE_DOWN, 1);
    wait_for_answers(self, 1);
    g_assert_cmpint(self->host_last, ==, MSK_HOST_EVENT_FAILED);
}

static void
add(const char *path, void (*test)(Fixture *, const void *))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/call_pool/an_order_that_waited_too_long_is_not_given",
        test_an_order_that_waited_too_long_is_not_given);
    add("/call_pool/a_look_may_wait", test_a_look_may_wait);
    add("/call_pool/an_evacuation_that_waited_too_long_is_not_given",
        test_an_evacuation_that_waited_too_long_is_not_given);
    add("/call_pool/a_host_is_not_forced_down_late", test_a_host_is_not_forced_down_late);
    return g_test_run();
}
