/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run_frame.h"

#include "engine/engine_metrics.h"
#include "engine/recovery_log.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define RETRY_MS 500u /* after the database failed */

struct MskRunCell {
    MskRunFrame *frame; /* (nullable) only used on the main thread */
};

void
msk_run_frame_init(MskRunFrame *self, const MskRunContext *context)
{
    *self = (MskRunFrame){.context = *context};
    self->cell = g_atomic_rc_box_new0(MskRunCell);
    self->cell->frame = self;
    self->request_id = g_strconcat("req-", msk_run_frame_uuid(self), NULL);
}

void
msk_run_frame_clear(MskRunFrame *self)
{
    g_clear_handle_id(&self->timer, g_source_remove);
    msk_flow_tasks_free(self->tasks);
    self->cell->frame = NULL;
    msk_run_cell_release(self->cell);
    g_free(self->request_id);
    msk_flow_progress_free(self->flow);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    g_free(self->end_message);
    g_free(self->end_failure);
}

const char *
msk_run_frame_uuid(const MskRunFrame *self)
{
    return self->context.claim->notification->uuid;
}

/* ---- those who answer -------------------------------------------------------------------- */

MskRunCell *
msk_run_frame_cell(const MskRunFrame *self)
{
    return g_atomic_rc_box_acquire(self->cell);
}

void
msk_run_cell_release(void *cell)
{
    g_atomic_rc_box_release(cell);
}

MskRunFrame *
msk_run_cell_frame(const MskRunCell *self)
{
    return self->frame != NULL && !self->frame->ending ? self->frame : NULL;
}

void *
msk_run_cell_run(const MskRunCell *self)
{
    const MskRunFrame *frame = msk_run_cell_frame(self);

    return frame != NULL ? frame->run : NULL;
}

static void
leave(MskRunFrame *self)
{
    self->cell->frame = NULL; /* nobody answers to it any more */
    self->context.ended(self->context.data);
}

void
msk_run_frame_lose(MskRunFrame *self)
{
    msk_recovery_log_lost(msk_run_frame_uuid(self));
    leave(self);
}

/* ---- progress ---------------------------------------------------------------------------- */

void
msk_run_frame_publish(MskRunFrame *self, const char *task, double progress, const char *message)
{
    MskTaskProgress *row = msk_flow_progress_task(self->flow, task);

    log_info("Notification %s: %s", msk_run_frame_uuid(self), message);
    msk_task_progress_add(row, g_get_real_time(), progress, message);
    row->state = progress < 1.0 ? MSK_PROGRESS_RUNNING : MSK_PROGRESS_SUCCESS;
    self->flow_changed = true;
}

static void on_job_done(MskStoreResult result, MskRunJob *job);

MskRunJob *
msk_run_frame_job(MskRunFrame *self, MskRunJobKind kind)
{
    MskRunJob *job = g_new0(MskRunJob, 1);

    job->kind = kind;
    job->done = on_job_done;
    job->owner = msk_run_frame_cell(self);
    job->free_owner = msk_run_cell_release;
    job->notification_uuid = g_strdup(msk_run_frame_uuid(self));
    job->engine_uuid = g_strdup(self->context.engine_uuid);
    job->epoch = self->context.claim->epoch;
    job->book = self->kind != NULL ? self->kind->book : NULL;
    return job;
}

static void
push_save(MskRunFrame *self, char *state)
{
    MskRunJob *job = msk_run_frame_job(self, MSK_RUN_JOB_SAVE);

    job->state = state;
    if (state == NULL) {
        job->flow = msk_flow_progress_copy(self->flow);
        self->flow_changed = false;
    }
    self->saving = true;
    msk_run_job_push(self->context.queue, job);
}

void
msk_run_frame_save(MskRunFrame *self)
{
    char *state = NULL;

    if (self->saving || self->timer != 0 || self->ending) {
        return;
    }
    if (self->kind->unsaved_state != NULL) {
        state = self->kind->unsaved_state(self->run);
    }
    if (state != NULL || self->flow_changed) {
        push_save(self, state);
    }
}

static gboolean
on_save_timer(void *data)
{
    MskRunFrame *self = data;

    self->timer = 0;
    msk_run_frame_save(self);
    return G_SOURCE_REMOVE;
}

/* ---- the end ----------------------------------------------------------------------------- */

static void
stop(MskRunFrame *self)
{
    self->ending = true;
    g_clear_handle_id(&self->timer, g_source_remove);
    g_clear_pointer(&self->tasks, msk_flow_tasks_free);
    if (self->kind != NULL) {
        self->kind->stop(self->run);
    }
}

static void
push_end(MskRunFrame *self, MskRunJobKind kind)
{
    MskRunJob *job = msk_run_frame_job(self, kind);

    job->status = self->end_status;
    job->message = g_strdup(self->end_message);
    job->flow = self->flow != NULL ? msk_flow_progress_copy(self->flow) : NULL;
    if (self->kind != NULL && self->kind->fill != NULL) {
        self->kind->fill(self->run, job);
    }
    msk_run_job_push(self->context.queue, job);
}

static gboolean
on_finish_timer(void *data)
{
    MskRunFrame *self = data;

    self->timer = 0;
    push_end(self, MSK_RUN_JOB_FINISH);
    return G_SOURCE_REMOVE;
}

void
msk_run_frame_end(MskRunFrame *self, const MskRunEnd *end)
{
    self->end_status = msk_notification_end_status(end->outcome, self->context.claim->attempt);
    self->end_reason = end->reason;
    self->end_message = g_strdup(end->message);
    self->end_failure = g_strdup(end->failure);
    stop(self);
    if (self->flow != NULL) {
        msk_flow_progress_end(self->flow, end->reverted);
    }
    push_end(self, MSK_RUN_JOB_FINISH);
}

void
msk_run_frame_release(MskRunFrame *self)
{
    if (!self->ending) {
        stop(self);
        push_end(self, MSK_RUN_JOB_RELEASE);
    }
}

static void
on_finished(MskRunFrame *self)
{
    const char *why = self->end_message != NULL ? self->end_message : self->end_reason;

    msk_recovery_log_end(msk_run_frame_uuid(self), self->end_status, self->context.claimed_mono_us,
                         self->end_reason, self->end_failure);
    self->context.finished(self->end_status, why, self->context.data);
    leave(self);
}

static void
on_released(MskRunFrame *self, bool done)
{
    msk_recovery_log_release(msk_run_frame_uuid(self), done);
    leave(self);
}

/* ---- answers of the database ------------------------------------------------------------- */

static void
on_stored(MskRunFrame *self, MskRunJob *job)
{
    if (job->kind == MSK_RUN_JOB_FINISH) {
        on_finished(self);
        return;
    }
    if (job->kind == MSK_RUN_JOB_RELEASE) {
        on_released(self, true);
        return;
    }
    if (job->kind == MSK_RUN_JOB_SAVE) {
        self->saving = false;
    }
    if (self->ending) {
        return;
    }
    if (self->kind->stored != NULL) {
        self->kind->stored(self->run, job);
    }
    if (job->kind == MSK_RUN_JOB_SAVE) {
        msk_run_frame_save(self);
    }
}

static void
on_failed(MskRunFrame *self, const MskRunJob *job)
{
    if (job->kind == MSK_RUN_JOB_FINISH) {
        self->timer = g_timeout_add(RETRY_MS, on_finish_timer, self);
    } else if (job->kind == MSK_RUN_JOB_RELEASE) {
        on_released(self, false);
    } else if (self->ending) {
        return;
    } else if (job->kind == MSK_RUN_JOB_SAVE) {
        self->saving = false;
        self->flow_changed = self->flow_changed || job->flow != NULL;
        self->timer = g_timeout_add(RETRY_MS, on_save_timer, self);
    } else {
        self->kind->failed(self->run, job);
    }
}

static void
on_job_done(MskStoreResult result, MskRunJob *job)
{
    MskRunFrame *self = ((MskRunCell *) job->owner)->frame;

    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_FAILED) {
        on_failed(self, job);
    } else if (result != MSK_STORE_DONE) {
        msk_run_frame_lose(self);
    } else {
        on_stored(self, job);
    }
}

/* ---- orders ------------------------------------------------------------------------------ */

bool
msk_run_frame_may_act(const MskRunFrame *self, int64_t *ret_until_us)
{
    return self->context.may_act(self->context.act_data, ret_until_us);
}

void
msk_run_frame_count_order(MskRunFrame *self)
{
    if (!self->ordered) {
        self->ordered = true;
        msk_engine_count_order(self->context.claim->notification->type,
                               self->context.claimed_mono_us);
    }
}

/* ---- programs, and the beginning --------------------------------------------------------- */

static void
on_flow_changed(void *data)
{
    MskRunFrame *self = data;

    self->flow_changed = true;
    msk_run_frame_save(self);
}

static void
on_tasks_done(MskFlowTasksResult result, const char *message, void *data)
{
    MskRunFrame *self = data;

    if (result == MSK_FLOW_TASKS_LOST) {
        msk_run_frame_lose(self);
    } else {
        self->kind->tasks_done(self->run, result == MSK_FLOW_TASKS_FAILED, message);
    }
}

static void
describe(json_t *input, void *data)
{
    const MskRunFrame *self = data;

    if (self->kind->describe != NULL) {
        self->kind->describe(self->run, input);
    }
}

void
msk_run_frame_begin(MskRunFrame *self, const MskRunKind *kind, void *run, MskPrepareJob *job)
{
    MskFlowKind flow_kind = kind->flow_kind(run);
    const MskRecoveryFlow *flow = self->context.settings->flows->flows[flow_kind];

    self->kind = kind;
    self->run = run;
    self->earlier = g_steal_pointer(&job->earlier);
    self->flow =
        job->flow != NULL ? g_steal_pointer(&job->flow) : msk_flow_progress_new(kind->flow);
    for (unsigned task = 0; task < kind->n_tasks; task++) {
        if (msk_recovery_flow_has(flow, task)) { /* pending at first */
            (void) msk_flow_progress_task(self->flow, kind->task_name(task));
        }
    }
    MskFlowTasksContext tasks = {
        .run = self->context,
        .book = kind->book,
        .flow = self->flow,
        .earlier = self->earlier,
        .subject = kind->subject(run),
        .describe = describe,
        .changed = on_flow_changed,
        .done = on_tasks_done,
        .data = self,
    };

    self->tasks = msk_flow_tasks_new(&tasks, flow_kind);
}
