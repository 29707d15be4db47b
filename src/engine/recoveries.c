/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recoveries.h"

#include "engine/engine_events.h"
#include "engine/engine_metrics.h"
#include "engine/host_run.h"
#include "engine/instance_run.h"
#include "engine/process_run.h"
#include "engine/recovery_log.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define RETRY_MS      500u /* after the database failed */
#define BUSY_FIRST_MS 50   /* doubles up to BUSY_LAST_MS while another recovery has the instance */
#define BUSY_LAST_MS  1600

typedef struct {
    MskRecoveries *owner;
    char *engine_uuid;
    MskClaim *claim;
    MskRunFrame frame;
    unsigned timer; /* until it is prepared */
    unsigned busy_ms;
    bool tells;                   /* whether there are events of it */
    bool recovers;                /* whether it calls for a recovery */
    MskInstanceRun *instance_run; /* (nullable) one of these, once it is prepared */
    MskHostRun *host_run;
    MskProcessRun *process_run;
} Recovery;

struct MskRecoveries {
    MskRecoveriesContext context;
    MskSharedLooks *looks;
    GHashTable *all; /* a set of Recovery */
};

static void
recovery_free(void *data)
{
    Recovery *self = data;

    g_clear_handle_id(&self->timer, g_source_remove);
    msk_instance_run_free(self->instance_run);
    msk_host_run_free(self->host_run);
    msk_process_run_free(self->process_run);
    msk_run_frame_clear(&self->frame);
    g_free(self->engine_uuid);
    msk_claim_free(self->claim);
    g_free(self);
}

static const char *
uuid_of(const Recovery *self)
{
    return self->claim->notification->uuid;
}

/* ---- what the runs tell ------------------------------------------------------------------ */

static void
on_finished(MskNotificationStatus status, const char *why, void *data)
{
    Recovery *self = data;

    msk_engine_count_end(self->claim->notification->type, status,
                         self->frame.context.claimed_mono_us);
    if (self->tells) {
        msk_engine_tell_end(self->owner->context.events, self->claim->notification, self->recovers,
                            status, why);
    }
}

static void
on_host_changed(const MskHost *host, void *data)
{
    const Recovery *self = data;

    msk_engine_tell_host(self->owner->context.events, host);
}

/* The recovery is over for this engine. Frees it. */
static void
on_ended(void *data)
{
    Recovery *self = data;
    MskRecoveries *owner = self->owner;

    g_hash_table_remove(owner->all, self);
    owner->context.ended(owner->context.data);
}

static void
init_frame(Recovery *self)
{
    const MskRecoveriesContext *context = &self->owner->context;
    MskRunContext run = {
        .queue = context->queue,
        .pool = context->pool,
        .looks = self->owner->looks,
        .settings = context->settings,
        .claim = self->claim,
        .claimed_mono_us = g_get_monotonic_time(),
        .engine_uuid = self->engine_uuid,
        .may_act = context->may_act,
        .act_data = context->data,
        .finished = on_finished,
        .host_changed = msk_event_notifier_wanted(context->events) ? on_host_changed : NULL,
        .ended = on_ended,
        .data = self,
    };

    msk_run_frame_init(&self->frame, &run);
}

/* ---- the beginning ----------------------------------------------------------------------- */

static void push_prepare(Recovery *self);

static gboolean
on_prepare_timer(void *data)
{
    Recovery *self = data;

    self->timer = 0;
    push_prepare(self);
    return G_SOURCE_REMOVE;
}

static void
wait_for_other(Recovery *self, const MskPrepareJob *job)
{
    if (self->busy_ms == 0) {
        log_info("Notification %s waits: %s %s is being recovered already", uuid_of(self),
                 job->triage.instance_uuid != NULL ? "instance" : "host",
                 job->triage.instance_uuid != NULL ? job->triage.instance_uuid : job->host);
    }
    self->busy_ms = CLAMP(self->busy_ms * 2, BUSY_FIRST_MS, BUSY_LAST_MS);
    self->timer = g_timeout_add(self->busy_ms, on_prepare_timer, self);
}

static void
tell_begin(Recovery *self, const MskPrepareJob *job)
{
    MskEventNotifier *events = self->owner->context.events;
    MskTriageKind kind = job->triage.kind;

    self->tells = msk_engine_tells(&job->triage);
    self->recovers = kind != MSK_TRIAGE_END;
    if (self->tells) {
        msk_engine_tell_begin(events, self->claim);
    }
    if ((kind == MSK_TRIAGE_RECOVER_HOST || kind == MSK_TRIAGE_RECOVER_PROCESS) &&
        !self->claim->taken_over) {
        msk_engine_tell_host(events, job->row); /* it is on maintenance now */
    }
}

static void
begin(Recovery *self, MskPrepareJob *job)
{
    MskRunEnd end = {.outcome = job->triage.status,
                     .reason = job->triage.reason,
                     .message = job->triage.message};

    tell_begin(self, job);
    switch (job->triage.kind) {
    case MSK_TRIAGE_END:
        msk_run_frame_end(&self->frame, &end);
        return;
    case MSK_TRIAGE_RECOVER_INSTANCE:
        self->instance_run = msk_instance_run_new(&self->frame, job);
        return;
    case MSK_TRIAGE_RECOVER_HOST:
        self->host_run = msk_host_run_new(&self->frame, job);
        return;
    case MSK_TRIAGE_RECOVER_PROCESS:
        self->process_run = msk_process_run_new(&self->frame, job);
        return;
    }
    g_assert_not_reached();
}

static void
on_prepared(MskStoreResult result, MskPrepareJob *job)
{
    const MskRunFrame *frame = msk_run_cell_frame(job->owner);

    if (frame == NULL) {
        return;
    }
    Recovery *self = frame->context.data;

    if (result == MSK_STORE_BUSY) {
        wait_for_other(self, job);
    } else if (result == MSK_STORE_FAILED) {
        self->timer = g_timeout_add(RETRY_MS, on_prepare_timer, self);
    } else if (result != MSK_STORE_DONE) {
        msk_run_frame_lose(&self->frame);
    } else {
        begin(self, job);
    }
}

static void
push_prepare(Recovery *self)
{
    const MskRecoveriesContext *context = &self->owner->context;
    MskPrepareJob *job = g_new0(MskPrepareJob, 1);

    job->done = on_prepared;
    job->owner = msk_run_frame_cell(&self->frame);
    job->free_owner = msk_run_cell_release;
    job->live_truth = msk_call_pool_live_truth(context->pool);
    job->is_cloud = msk_call_pool_is_cloud(context->pool);
    job->fence_file = context->settings->fence_file;
    msk_prepare_job_push(context->queue, job, self->claim, self->engine_uuid);
}

/* ---- the set ----------------------------------------------------------------------------- */

MskRecoveries *
msk_recoveries_new(const MskRecoveriesContext *context)
{
    MskRecoveries *self = g_new0(MskRecoveries, 1);

    self->context = *context;
    self->looks = msk_shared_looks_new(context->pool);
    self->all = g_hash_table_new_full(NULL, NULL, recovery_free, NULL);
    return self;
}

void
msk_recoveries_free(MskRecoveries *self)
{
    if (self != NULL) {
        g_hash_table_unref(self->all);
        msk_shared_looks_free(self->looks);
        g_free(self);
    }
}

void
msk_recoveries_add(MskRecoveries *self, const char *engine_uuid, MskClaim *claim)
{
    Recovery *recovery = g_new0(Recovery, 1);
    const MskNotification *notification = claim->notification;

    recovery->owner = self;
    recovery->engine_uuid = g_strdup(engine_uuid);
    recovery->claim = claim;
    init_frame(recovery);
    (void) g_hash_table_add(self->all, recovery);
    log_info("Processing notification %s of type: %s%s%s, generated %.3f s ago", notification->uuid,
             notification->type, claim->taken_over ? ", taken over from another engine" : "",
             claim->attempt > 1 ? ", once more after an error" : "",
             (double) (g_get_real_time() - notification->generated_time_us) / G_USEC_PER_SEC);
    msk_engine_count_claim(claim);
    push_prepare(recovery);
}

unsigned
msk_recoveries_count(const MskRecoveries *self)
{
    return g_hash_table_size(self->all);
}

GStrv
msk_recoveries_list(const MskRecoveries *self)
{
    g_autoptr(GStrvBuilder) uuids = g_strv_builder_new();
    GHashTableIter iter;
    void *recovery = NULL;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, &recovery, NULL)) {
        g_strv_builder_add(uuids, uuid_of(recovery));
    }
    return g_strv_builder_end(uuids);
}

void
msk_recoveries_drop_all(MskRecoveries *self)
{
    g_hash_table_remove_all(self->all);
}

void
msk_recoveries_release_all(MskRecoveries *self)
{
    GHashTableIter iter;
    void *data = NULL;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, &data, NULL)) {
        Recovery *recovery = data;

        g_clear_handle_id(&recovery->timer, g_source_remove);
        msk_run_frame_release(&recovery->frame);
    }
}
