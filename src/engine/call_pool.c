/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/call_pool.h"

#include "base/worker.h"
#include "engine/engine_clock.h"

typedef struct {
    MskWorker *worker;
    unsigned n_calls; /* that were pushed and have not been answered */
} Lane;

struct MskCallPool {
    MskCompute *compute;
    Lane *lanes;
    unsigned n_lanes;
};

typedef struct {
    MskCallPool *pool;
    Lane *lane;
    MskActionKind action;
    int64_t until_us;
    char *uuid;
    char *host;
    char *ha_key;
    char *request_id;
    MskAnswerFunc answer;
    void *data;
    GDestroyNotify free_data;
    MskEvent event;
    MskComputeCall call;
    GError *error;
} Call;

static void
free_call(void *data)
{
    Call *call = data;

    call->free_data(call->data);
    g_clear_error(&call->error);
    g_free(call->uuid);
    g_free(call->host);
    g_free(call->ha_key);
    g_free(call->request_id);
    g_free(call);
}

static bool
look(Call *call, const MskServerRef *ref)
{
    g_autoptr(MskServer) server =
        msk_compute_get_server(call->pool->compute, &call->call, ref, &call->error);

    if (server == NULL) {
        return false;
    }
    call->event.kind = MSK_EVENT_SERVER;
    call->event.vm_state = server->vm_state;
    call->event.stop_reason = server->stop_reason;
    call->event.busy = server->task_state != NULL;
    call->event.ha_enabled =
        call->ha_key != NULL &&
        msk_bool_from_string(g_hash_table_lookup(server->metadata, call->ha_key));
    return true;
}

static void
run_call(void *data)
{
    Call *call = data;
    MskServerRef ref = {.uuid = call->uuid, .host = call->host};
    bool done = false;

    call->call.request_id = call->request_id;
    if (call->until_us > 0 && msk_engine_now_us() >= call->until_us) {
        call->event.kind = MSK_EVENT_STALE; /* the lease may be another's by now */
        return;
    }
    call->event.kind = MSK_EVENT_DONE;
    if (call->action == MSK_ACTION_GET_SERVER) {
        done = look(call, &ref);
    } else if (call->action == MSK_ACTION_STOP_SERVER) {
        done = msk_compute_stop_server(call->pool->compute, &call->call, &ref, &call->error);
    } else {
        done = msk_compute_start_server(call->pool->compute, &call->call, &ref, &call->error);
    }
    if (!done) {
        call->event.kind = MSK_EVENT_FAILED;
        call->event.code = (MskErrorCode) call->error->code;
        call->event.retry_after_us = (int64_t) call->call.retry_after_s * G_USEC_PER_SEC;
    }
}

static void
end_call(void *data)
{
    Call *call = data;

    call->lane->n_calls--;
    call->event.now_us = g_get_monotonic_time();
    call->answer(&call->event, call->error, call->data);
    free_call(call);
}

MskCallPool *
msk_call_pool_new(MskCompute *compute, unsigned max_calls)
{
    MskCallPool *self = g_new0(MskCallPool, 1);

    self->compute = compute;
    self->n_lanes = max_calls;
    self->lanes = g_new0(Lane, max_calls);
    for (unsigned i = 0; i < max_calls; i++) {
        self->lanes[i].worker = msk_worker_new("compute");
    }
    return self;
}

void
msk_call_pool_free(MskCallPool *self, unsigned timeout_ms)
{
    int64_t deadline_us = g_get_monotonic_time() + (int64_t) timeout_ms * 1000;
    bool idle = true;

    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->n_lanes; i++) {
        int64_t left_us = MAX(deadline_us - g_get_monotonic_time(), 0);

        idle = msk_worker_wait(self->lanes[i].worker, (unsigned) (left_us / 1000)) && idle;
        msk_worker_free(self->lanes[i].worker);
    }
    if (!idle) {
        return; /* threads still use the rest; the program is about to end */
    }
    msk_compute_free(self->compute);
    g_free(self->lanes);
    g_free(self);
}

bool
msk_call_pool_live_truth(const MskCallPool *self)
{
    return self->compute->driver->live_truth;
}

/* The lanes are filled in order, so that threads are only started when they are needed. */
static Lane *
choose_lane(MskCallPool *self)
{
    Lane *lane = &self->lanes[0];

    for (unsigned i = 1; i < self->n_lanes && lane->n_calls > 0; i++) {
        if (self->lanes[i].n_calls < lane->n_calls) {
            lane = &self->lanes[i];
        }
    }
    return lane;
}

void
msk_call_pool_push(MskCallPool *self, MskActionKind action, int64_t until_us,
                   const MskServerRef *ref, const char *ha_key, const char *request_id,
                   MskAnswerFunc answer, void *data, GDestroyNotify free_data)
{
    Call *call = g_new0(Call, 1);
    Lane *lane = choose_lane(self);

    *call = (Call){.pool = self,
                   .lane = lane,
                   .action = action,
                   .until_us = until_us,
                   .uuid = g_strdup(ref->uuid),
                   .host = g_strdup(ref->host),
                   .ha_key = g_strdup(ha_key),
                   .request_id = g_strdup(request_id),
                   .answer = answer,
                   .data = data,
                   .free_data = free_data};
    lane->n_calls++;
    msk_worker_push(lane->worker, run_call, end_call, free_call, call);
}

typedef struct {
    MskCallPool *pool;
    Lane *lane;
    const MskPoolJob *job;
    void *data;
} Job;

static void
free_job(void *data)
{
    Job *self = data;

    self->job->free(self->data);
    g_free(self);
}

static void
run_job(void *data)
{
    Job *self = data;

    self->job->run(self->pool->compute, self->data);
}

static void
end_job(void *data)
{
    Job *self = data;

    self->lane->n_calls--;
    self->job->done(self->data);
    free_job(self);
}

void
msk_call_pool_run(MskCallPool *self, const MskPoolJob *job, void *data)
{
    Job *one = g_new0(Job, 1);

    *one = (Job){.pool = self, .lane = choose_lane(self), .job = job, .data = data};
    one->lane->n_calls++;
    msk_worker_push(one->lane->worker, run_job, end_job, free_job, one);
}

bool
msk_call_pool_is_cloud(const MskCallPool *self)
{
    return self->compute->driver->is_cloud;
}
