/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/prepare_job.h"

#include "base/error.h"
#include "engine/flow_tasks.h"

/* How far back another recovery of the same instance is looked for. */
#define LOOK_BACK_US  (24LL * 3600 * G_USEC_PER_SEC)
#define MAX_LOOKED_AT 200

static MskNotification *
copy_notification(const MskNotification *other)
{
    MskNotification *self = g_new0(MskNotification, 1);

    self->uuid = g_strdup(other->uuid);
    self->type = g_strdup(other->type);
    self->payload = g_strdup(other->payload);
    self->source_host_uuid = g_strdup(other->source_host_uuid);
    self->generated_time_us = other->generated_time_us;
    self->status = other->status;
    return self;
}

static void
free_job(void *data)
{
    MskPrepareJob *self = data;

    self->free_owner(self->owner);
    g_free(self->engine_uuid);
    msk_flow_progress_free(self->flow);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    msk_notification_free(self->notification);
    g_free(self->host);
    msk_host_free(self->row);
    msk_fence_plan_free(self->fence_plan);
    g_free(self->fence_error);
    g_free(self->segment_uuid);
    g_free(self->method);
    g_clear_pointer(&self->moves, g_ptr_array_unref);
    msk_triage_clear(&self->triage);
    g_free(self);
}

static void
end_job(MskStoreResult result, const GError *error, void *data)
{
    MskPrepareJob *self = data;

    (void) error; /* was logged by the queue */
    self->done(result, self);
}

static MskClaimRef
ref_of(const MskPrepareJob *self)
{
    return (MskClaimRef){.notification_uuid = self->notification->uuid,
                         .engine_uuid = self->engine_uuid,
                         .epoch = self->epoch};
}

/* ---- prepare ----------------------------------------------------------------------------- */

static void
find_devices(MskPrepareJob *self, const MskHost *host)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&self->fence_plan, msk_fence_plan_free);
    g_clear_pointer(&self->fence_error, g_free);
    if (!msk_fence_file_load(self->fence_file, host->name, host->control_attributes,
                             &self->fence_plan, &error)) {
        self->fence_error =
            g_strdup_printf("Host '%s' cannot be fenced: %s", host->name, error->message);
    }
}

static MskStoreResult
find_host(MskStore *store, MskPrepareJob *self, GError **error)
{
    g_autoptr(MskHost) host = NULL;
    MskStoreResult result =
        msk_store_host_get(store, NULL, self->notification->source_host_uuid, &host, error);

    msk_triage_clear(&self->triage);
    g_clear_pointer(&self->host, g_free);
    if (result == MSK_STORE_DONE) {
        self->host = g_strdup(host->name);
        find_devices(self, host);
        g_free(self->segment_uuid);
        self->segment_uuid = g_strdup(host->failover_segment_id);
        g_free(self->method);
        self->method = g_strdup(host->segment != NULL ? host->segment->recovery_method : NULL);
        self->triage = msk_notification_triage(
            self->notification, host->segment == NULL || host->segment->enabled, self->is_cloud);
        msk_host_free(self->row);
        self->row = g_steal_pointer(&host);
    } else if (result == MSK_STORE_NOT_FOUND) {
        self->triage = (MskTriage){.kind = MSK_TRIAGE_END,
                                   .status = MSK_NOTIFICATION_ERROR,
                                   .message = "The host of this notification does not exist.",
                                   .reason = "its host does not exist"};
        result = MSK_STORE_DONE;
    }
    return result;
}

static MskStoreResult
hold_instance(MskStore *store, const MskPrepareJob *self, GError **error)
{
    MskClaimRef ref = ref_of(self);
    g_autofree char *subject = g_strconcat("instance ", self->triage.instance_uuid, NULL);

    return msk_store_claim_hold(store, &ref, subject, error);
}

/* Did the recovery behind @other start the instance after our report was made? */
static MskStoreResult
look_at_other(MskStore *store, MskPrepareJob *self, const MskNotification *other, GError **error)
{
    g_autoptr(GPtrArray) flows = NULL;
    MskStoreResult result = MSK_STORE_DONE;

    /* updated_at knows whole seconds only; the flow knows better. */
    if (g_strcmp0(other->uuid, self->notification->uuid) == 0 ||
        other->meta.updated_at_us + G_USEC_PER_SEC <= self->notification->generated_time_us ||
        !msk_notification_is_of_instance(other, self->triage.instance_uuid)) {
        return MSK_STORE_DONE;
    }
    result = msk_store_progress_list(store, other->uuid, &flows, error);
    for (unsigned i = 0; result == MSK_STORE_DONE && i < flows->len; i++) {
        self->superseded = self->superseded ||
                           msk_flow_started_instance_since(g_ptr_array_index(flows, i),
                                                           self->notification->generated_time_us);
    }
    return result;
}

static MskStoreResult
look_for_later_recovery(MskStore *store, MskPrepareJob *self, GError **error)
{
    MskNotificationFilter filter = {
        .source_host_uuid = self->notification->source_host_uuid,
        .type = "VM",
        .statuses = MSK_STATUS_BIT(MSK_NOTIFICATION_FINISHED),
        .generated_since_us = self->notification->generated_time_us - LOOK_BACK_US,
    };
    MskPage page = {.limit = MAX_LOOKED_AT};
    g_autoptr(GPtrArray) others = NULL;
    MskStoreResult result = msk_store_notification_list(store, &filter, &page, &others, error);

    self->superseded = false;
    for (unsigned i = 0; result == MSK_STORE_DONE && i < others->len; i++) {
        result = look_at_other(store, self, g_ptr_array_index(others, i), error);
    }
    return result;
}

/* The story that a dead engine began is told on; of those of earlier attempts only the programs
 * count. */
static MskStoreResult
find_flow(MskStore *store, MskPrepareJob *self, GError **error)
{
    g_autoptr(GPtrArray) flows = NULL;
    const MskFlowProgress *last = NULL;

    if (!self->taken_over && self->attempt <= 1) {
        return MSK_STORE_DONE;
    }
    MskStoreResult result = msk_store_progress_list(store, self->notification->uuid, &flows, error);

    if (result == MSK_STORE_DONE && flows->len > 0) {
        g_clear_pointer(&self->earlier, g_hash_table_unref);
        self->earlier = msk_flow_tasks_earlier(flows);
        last = g_ptr_array_index(flows, flows->len - 1);
        if (self->taken_over && last->state == MSK_PROGRESS_RUNNING) {
            self->flow = msk_flow_progress_copy(last);
        }
    }
    return result;
}

/* One recovery of a host at a time, of its services as well; the host is no place for others any
 * more. */
static MskStoreResult
prepare_host(MskStore *store, MskPrepareJob *self, GError **error)
{
    MskClaimRef ref = ref_of(self);
    const char *uuid = self->notification->source_host_uuid;
    bool whole = self->triage.kind == MSK_TRIAGE_RECOVER_HOST;
    g_autofree char *subject = g_strconcat("host ", uuid, NULL);
    MskStoreResult result = msk_store_claim_hold(store, &ref, subject, error);

    if (result == MSK_STORE_DONE) {
        result = whole ? msk_store_host_failed(store, &ref, uuid, error)
                       : msk_store_host_impaired(store, &ref, uuid, error);
    }
    if (result == MSK_STORE_DONE) {
        self->row->on_maintenance = true;
        self->row->reserved = self->row->reserved && !whole;
    }
    if (result == MSK_STORE_DONE && whole) {
        g_clear_pointer(&self->moves, g_ptr_array_unref);
        result = msk_store_moves_list(store, self->notification->uuid, &self->moves, error);
    }
    if (result == MSK_STORE_DONE) {
        result = find_flow(store, self, error);
    }
    return result;
}

static MskStoreResult
run_prepare(MskStore *store, void *data, GError **error)
{
    MskPrepareJob *self = data;
    MskStoreResult result = find_host(store, self, error);

    if (result != MSK_STORE_DONE || self->triage.kind == MSK_TRIAGE_END) {
        return result;
    }
    if (self->triage.kind != MSK_TRIAGE_RECOVER_INSTANCE) {
        return prepare_host(store, self, error);
    }
    result = hold_instance(store, self, error);
    /* Otherwise the VM's own state tells an old report from a new one. */
    if (result == MSK_STORE_DONE &&
        (self->triage.incident == MSK_INCIDENT_IMPAIRED || !self->live_truth)) {
        result = look_for_later_recovery(store, self, error);
    }
    if (result == MSK_STORE_DONE) {
        result = find_flow(store, self, error);
    }
    return result;
}

void
msk_prepare_job_push(MskStoreQueue *queue, MskPrepareJob *job, const MskClaim *claim,
                     const char *engine_uuid)
{
    static const MskStoreJob prepare = {run_prepare, end_job, free_job};

    job->notification = copy_notification(claim->notification);
    job->engine_uuid = g_strdup(engine_uuid);
    job->epoch = claim->epoch;
    job->taken_over = claim->taken_over;
    job->attempt = claim->attempt;
    msk_store_queue_push(queue, &prepare, job);
}
