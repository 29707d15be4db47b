/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/store_queue.h"

#include "base/worker.h"

#define LOG_NAME "masakari.engine.store"
#include "base/log.h"

#define FREE_TIMEOUT_MS 10000

struct MskStoreQueue {
    MskWorker *worker;
    MskStore *store;
    char *failure; /* (nullable) what was logged; set while the database is out of order */
};

typedef struct {
    MskStoreQueue *queue;
    const MskStoreJob *job;
    void *data;
    MskStoreResult result;
    GError *error;
} Call;

static void
free_call(void *data)
{
    Call *call = data;

    call->job->free(call->data);
    g_clear_error(&call->error);
    g_free(call);
}

static void
run_call(void *data)
{
    Call *call = data;

    call->result = call->job->run(call->queue->store, call->data, &call->error);
}

static void
log_outage(MskStoreQueue *self, const Call *call)
{
    if (call->result != MSK_STORE_FAILED) {
        if (self->failure != NULL) {
            log_info("The database answers again");
            g_clear_pointer(&self->failure, g_free);
        }
    } else if (g_strcmp0(self->failure, call->error->message) != 0) {
        log_error("The database fails, trying again until it answers: %s", call->error->message);
        g_free(self->failure);
        self->failure = g_strdup(call->error->message);
    }
}

static void
end_call(void *data)
{
    Call *call = data;

    log_outage(call->queue, call);
    call->job->done(call->result, call->error, call->data);
    free_call(call);
}

MskStoreQueue *
msk_store_queue_new(MskStore *store)
{
    MskStoreQueue *self = g_new0(MskStoreQueue, 1);

    self->store = store;
    self->worker = msk_worker_new("store");
    return self;
}

void
msk_store_queue_free(MskStoreQueue *self)
{
    if (self == NULL) {
        return;
    }
    bool idle = msk_worker_wait(self->worker, FREE_TIMEOUT_MS);

    msk_worker_free(self->worker);
    if (!idle) {
        return; /* the thread still uses the rest; the program is about to end */
    }
    msk_store_free(self->store);
    g_free(self->failure);
    g_free(self);
}

void
msk_store_queue_push(MskStoreQueue *self, const MskStoreJob *job, void *data)
{
    Call *call = g_new0(Call, 1);

    *call = (Call){.queue = self, .job = job, .data = data};
    msk_worker_push(self->worker, run_call, end_call, free_call, call);
}
