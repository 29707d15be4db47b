/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run_jobs.h"

static void
free_job(void *data)
{
    MskRunJob *self = data;

    self->free_owner(self->owner);
    g_free(self->notification_uuid);
    g_free(self->engine_uuid);
    g_free(self->segment_uuid);
    g_free(self->host);
    g_clear_pointer(&self->moves, g_ptr_array_unref);
    g_free(self->state);
    msk_flow_progress_free(self->flow);
    g_free(self->message);
    g_free(self->name);
    msk_host_free(self->reserved);
    g_free(self);
}

static MskStoreResult
save_moves(MskStore *store, const MskRunJob *self, const MskClaimRef *ref, GError **error)
{
    if (self->moves == NULL) {
        return MSK_STORE_DONE;
    }
    return msk_store_moves_save(store, ref, self->moves, self->state, error);
}

static MskStoreResult
take_reserved(MskStore *store, MskRunJob *self, const MskClaimRef *ref, GError **error)
{
    g_autofree char *taken = NULL;
    MskStoreResult result =
        msk_store_reserved_take(store, ref, self->segment_uuid, &self->name, &taken, error);

    /* It is taken in any case. */
    if (result == MSK_STORE_DONE && taken != NULL && self->wants_reserved &&
        msk_store_host_get(store, NULL, taken, &self->reserved, NULL) != MSK_STORE_DONE) {
        g_clear_pointer(&self->reserved, msk_host_free);
    }
    return result == MSK_STORE_NOT_FOUND ? MSK_STORE_DONE : result;
}

static MskStoreResult
finish(MskStore *store, const MskRunJob *self, const MskClaimRef *ref, GError **error)
{
    MskStoreResult result = save_moves(store, self, ref, error);

    return result != MSK_STORE_DONE
               ? result
               : msk_store_claim_finish(store, ref, self->status, self->message, self->book,
                                        self->flow, error);
}

static MskStoreResult
save(MskStore *store, const MskRunJob *self, const MskClaimRef *ref, GError **error)
{
    MskStoreResult result = MSK_STORE_DONE;

    if (self->state != NULL) {
        result = msk_store_claim_save_state(store, ref, self->state, error);
    }
    if (result == MSK_STORE_DONE && self->flow != NULL) {
        result = msk_store_progress_save(store, ref, self->book, self->flow, error);
    }
    return result;
}

static MskStoreResult
release(MskStore *store, const MskRunJob *self, const MskClaimRef *ref, GError **error)
{
    MskStoreResult result = save(store, self, ref, error);

    return result == MSK_STORE_DONE ? msk_store_claim_release(store, ref, error) : result;
}

static MskStoreResult
run_job(MskStore *store, void *data, GError **error)
{
    MskRunJob *self = data;
    MskClaimRef ref = {.notification_uuid = self->notification_uuid,
                       .engine_uuid = self->engine_uuid,
                       .epoch = self->epoch};

    switch (self->kind) {
    case MSK_RUN_JOB_COUNT:
        return msk_store_count_failures(store, self->segment_uuid, self->host,
                                        g_get_real_time() - self->window_us, &self->counts, error);
    case MSK_RUN_JOB_MOVES:
        return save_moves(store, self, &ref, error);
    case MSK_RUN_JOB_RESERVE:
        return take_reserved(store, self, &ref, error);
    case MSK_RUN_JOB_SAVE:
        return save(store, self, &ref, error);
    case MSK_RUN_JOB_FINISH:
        return finish(store, self, &ref, error);
    case MSK_RUN_JOB_RELEASE:
        return release(store, self, &ref, error);
    }
    g_assert_not_reached();
}

static void
end_job(MskStoreResult result, const GError *error, void *data)
{
    MskRunJob *self = data;

    (void) error; /* was logged by the queue */
    self->done(result, self);
}

void
msk_run_job_push(MskStoreQueue *queue, MskRunJob *job)
{
    static const MskStoreJob kind = {run_job, end_job, free_job};

    msk_store_queue_push(queue, &kind, job);
}
