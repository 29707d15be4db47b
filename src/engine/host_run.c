/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_run.h"

#include "engine/engine_clock.h"
#include "engine/engine_metrics.h"
#include "engine/fence_run.h"
#include "engine/host_calls.h"
#include "engine/host_order.h"
#include "engine/planned_rows.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define RETRY_MS 500u /* after the database failed */
#define LEASE_MS 100u
#define STALE_US INT64_C(5000000) /* no order goes out on an older look */
/* A list that others have asked for as well counts as seen when it is taken, so soon. */
#define LIST_FRESH_US INT64_C(2000000)

struct MskHostRun {
    MskRunFrame *frame;
    char *host;
    char *segment_uuid;
    char *method;             /* (nullable) its segment's recovery_method */
    MskFencePlan *fence_plan; /* (nullable) */
    char *fence_error;        /* (nullable) why there is none */
    MskFenceRun *fence_run;   /* (nullable) while agents turn the host off */
    MskHostOrder order;
    MskHostRecovery state;
    int64_t complete_us; /* of the look under way: see MskHostQuestion */
    char *counted_gate;  /* (nullable) as metrics have it */
    unsigned wait_timer;
};

/* An action that has to be tried again. */
typedef struct {
    MskRunCell *cell; /* counted */
    MskHostAct act;
    int64_t decided_us;
} Again;

static void react(MskHostRun *self, MskHostEvent *event);
static void perform(MskHostRun *self, const MskHostAct *act, int64_t decided_us);
static void order_call(MskHostRun *self, const MskHostAct *act, int64_t decided_us);

static const char *
uuid_of(const MskHostRun *self)
{
    return msk_run_frame_uuid(self->frame);
}

/* ---- the database ------------------------------------------------------------------------ */

static gboolean
on_again(void *data)
{
    Again *again = data;
    MskHostRun *self = msk_run_cell_run(again->cell);

    if (self != NULL) {
        perform(self, &again->act, again->decided_us);
    }
    return G_SOURCE_REMOVE;
}

static void
free_again(void *data)
{
    Again *again = data;

    msk_run_cell_release(again->cell);
    g_free(again);
}

static void
try_again(MskHostRun *self, const MskHostAct *act, int64_t decided_us, unsigned delay_ms,
          GSourceFunc func)
{
    Again *again = g_new0(Again, 1);

    *again =
        (Again){.cell = msk_run_frame_cell(self->frame), .act = *act, .decided_us = decided_us};
    (void) g_timeout_add_full(G_PRIORITY_DEFAULT, delay_ms, func, again, free_again);
}

static MskRunJob *
new_job(MskHostRun *self, MskRunJobKind kind, const MskHostAct *act)
{
    MskRunJob *job = msk_run_frame_job(self->frame, kind);

    job->act = *act;
    job->decided_us = msk_engine_now_us();
    job->segment_uuid = g_strdup(self->segment_uuid);
    job->host = g_strdup(self->host);
    job->window_us = self->frame->context.settings->storm_window_us;
    job->wants_reserved = self->frame->context.host_changed != NULL;
    return job;
}

static void
fill(void *run, MskRunJob *job)
{
    MskHostRun *self = run;

    job->state = msk_host_recovery_save(&self->state);
    if (job->kind == MSK_RUN_JOB_FINISH) {
        msk_planned_rows_add_all(job, self->host, &self->state, true);
    }
}

/* ---- answers of the database ------------------------------------------------------------- */

static void
tell_failure(const MskHostRun *self, const MskPlannedMove *planned)
{
    if (planned->move.outcome == MSK_MOVE_FAILURE) {
        log_warning("Notification %s: instance %s was not recovered: %s", uuid_of(self),
                    planned->uuid, planned->move.message);
    }
}

static void
on_moves_saved(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskHostEvent event = {.kind = MSK_HOST_EVENT_DONE};

    if (act->kind == MSK_HOST_ACT_MOVE) {
        order_call(self, act, decided_us);
        return;
    }
    if (act->kind == MSK_HOST_ACT_STORE) {
        event.kind = MSK_HOST_EVENT_STORED;
        event.move = act->move;
        tell_failure(self, g_ptr_array_index(self->state.moves, act->move));
    }
    react(self, &event);
}

static void
on_counted(MskHostRun *self, const MskFailureCounts *counts)
{
    MskHostEvent event = {
        .kind = MSK_HOST_EVENT_GATES,
        .storm = {.failed_in_segment = counts->failed_in_segment,
                  .hosts_in_segment = counts->hosts_in_segment,
                  .failed = counts->failed,
                  .hosts = counts->hosts,
                  .begun = counts->begun,
                  .disarmed = msk_engine_settings_disarmed(self->frame->context.settings,
                                                           self->segment_uuid, g_get_real_time())}};

    msk_host_order_take_gates(&self->order, self->frame->context.settings);
    react(self, &event);
}

static void
on_stored(void *run, MskRunJob *job)
{
    MskHostRun *self = run;
    MskHostEvent reserved = {.kind = MSK_HOST_EVENT_RESERVED, .name = job->name};

    if (job->kind == MSK_RUN_JOB_COUNT) {
        on_counted(self, &job->counts);
    } else if (job->kind == MSK_RUN_JOB_MOVES) {
        on_moves_saved(self, &job->act, job->decided_us);
    } else if (job->kind == MSK_RUN_JOB_RESERVE) {
        if (job->reserved != NULL) {
            self->frame->context.host_changed(job->reserved, self->frame->context.data);
        }
        react(self, &reserved);
    }
}

static void
on_failed(void *run, const MskRunJob *job)
{
    try_again(run, &job->act, job->decided_us, RETRY_MS, on_again);
}

/* ---- the cloud --------------------------------------------------------------------------- */

static void
on_answer(const MskHostEvent *event, void *data)
{
    MskHostRun *self = msk_run_cell_run(data);
    MskHostEvent copy = *event;
    const char *message =
        event->kind == MSK_HOST_EVENT_FAILED ? event->message : event->move_event.message;

    if (self == NULL) {
        return;
    }
    if (message != NULL) {
        log_warning("Notification %s: %s", uuid_of(self), message);
    }
    react(self, &copy);
}

static bool
way_is_reserved(const MskHostRun *self)
{
    MskRecoveryMethod method = self->order.method;

    return method == MSK_METHOD_RESERVED_HOST ||
           (method == MSK_METHOD_AUTO_PRIORITY && self->state.second) ||
           (method == MSK_METHOD_RH_PRIORITY && !self->state.second);
}

static void
push_question(MskHostRun *self, MskHostQuestion *question)
{
    const MskEngineSettings *settings = self->frame->context.settings;

    question->host = self->host;
    question->request_id = self->frame->request_id;
    question->reason = settings->host_disable_reason;
    question->ha_key = settings->host_ha_key;
    msk_host_call_push(self->frame->context.pool, question, on_answer,
                       msk_run_frame_cell(self->frame), msk_run_cell_release);
}

static void
push_call(MskHostRun *self, const MskHostAct *act, int64_t until_us)
{
    bool moving = act->kind == MSK_HOST_ACT_MOVE;
    MskHostQuestion question = {
        .kind = act->kind,
        .reserved = !moving || way_is_reserved(self) ? self->state.reserved : NULL,
        .move = act->move,
        .move_act = act->call.kind,
        .until_us = until_us,
    };

    if (moving) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, act->move);

        question.instance_uuid = planned->uuid;
        log_debug("Notification %s: %s %s", uuid_of(self), msk_move_act_name(act->call.kind),
                  planned->uuid);
    }
    push_question(self, &question);
}

static void
push_look(MskHostRun *self, MskHostQuestion question)
{
    g_autoptr(GPtrArray) uuids = msk_host_order_served(&self->state);

    question.kind = MSK_HOST_ACT_LOOK;
    question.complete_us = self->complete_us;
    question.uuids = (char **) uuids->pdata;
    push_question(self, &question);
}

static void
on_list(const MskSharedList *list, void *data)
{
    MskHostRun *self = msk_run_cell_run(data);

    if (self != NULL && list->error != NULL) {
        on_answer(&(MskHostEvent){.kind = MSK_HOST_EVENT_FAILED,
                                  .code = (MskErrorCode) list->error->code,
                                  .message = list->error->message,
                                  .retry_after_us = list->retry_after_us},
                  data);
    } else if (self != NULL) {
        push_look(self, (MskHostQuestion){.changed = list->servers,
                                          .asked_us = list->asked_us,
                                          .until_us = msk_engine_now_us() + LIST_FRESH_US});
    }
}

/* Migrations are of one host, and have to be asked for before the VMs. */
static void
look(MskHostRun *self, const MskHostAct *act)
{
    self->complete_us = act->since_us;
    int64_t since_us = msk_host_order_since(&self->state, &self->complete_us);

    if (since_us > 0 && !act->migrations) {
        msk_shared_looks_ask(self->frame->context.looks, since_us, self->frame->request_id, on_list,
                             msk_run_frame_cell(self->frame), msk_run_cell_release);
    } else {
        push_look(self, (MskHostQuestion){.since_us = since_us, .migrations = act->migrations});
    }
}

static gboolean
on_lease(void *data)
{
    Again *again = data;
    MskHostRun *self = msk_run_cell_run(again->cell);

    if (self != NULL) {
        order_call(self, &again->act, again->decided_us);
    }
    return G_SOURCE_REMOVE;
}

/* A call that changes something waits until nobody else can be at it, too. */
static void
order_call(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskHostEvent stale = {
        .kind = MSK_HOST_EVENT_MOVE, .move = act->move, .move_event = {.kind = MSK_MOVE_STALE}};
    int64_t until_us = 0;

    if (!msk_run_frame_may_act(self->frame, &until_us)) {
        try_again(self, act, decided_us, LEASE_MS, on_lease);
    } else if (act->kind == MSK_HOST_ACT_MOVE && msk_engine_now_us() - decided_us > STALE_US) {
        react(self, &stale);
    } else {
        bool moving = act->kind == MSK_HOST_ACT_MOVE;

        msk_run_frame_count_order(self->frame);
        push_call(self, act, moving ? MIN(until_us, decided_us + STALE_US) : until_us);
    }
}

/* ---- steps ------------------------------------------------------------------------------- */

static gboolean
on_wait_over(void *data)
{
    MskHostRun *self = data;
    MskHostEvent event = {.kind = MSK_HOST_EVENT_TIMER};

    self->wait_timer = 0;
    react(self, &event);
    return G_SOURCE_REMOVE;
}

static void
on_fence_ended(bool confirmed, const char *note_text, void *data)
{
    MskHostRun *self = data;
    MskHostEvent event = {.kind = MSK_HOST_EVENT_FENCED, .fenced = confirmed, .message = note_text};

    g_clear_pointer(&self->fence_run, msk_fence_run_free);
    react(self, &event);
}

static void
fence(MskHostRun *self)
{
    MskFenceRunContext context = {
        .agents_dir = self->frame->context.settings->fence_agents_dir,
        .host = self->host,
        .subject = uuid_of(self),
        .reason = self->fence_error,
        .may_act = self->frame->context.may_act,
        .act_data = self->frame->context.act_data,
        .done = on_fence_ended,
        .data = self,
    };

    msk_run_frame_count_order(self->frame);
    self->fence_run = msk_fence_run_new(&context, self->fence_plan);
}

static void
stop_wait(MskHostRun *self)
{
    g_clear_handle_id(&self->wait_timer, g_source_remove);
}

static void
save_moves(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    MskRunJob *job = new_job(self, MSK_RUN_JOB_MOVES, act);

    if (act->kind == MSK_HOST_ACT_STORE_PLAN) {
        job->state = msk_host_recovery_save(&self->state);
        job->moves = msk_planned_rows_new();
        msk_planned_rows_add_all(job, self->host, &self->state, false);
    } else {
        msk_planned_rows_add(job, self->host, g_ptr_array_index(self->state.moves, act->move));
    }
    job->decided_us = decided_us;
    msk_run_job_push(self->frame->context.queue, job);
}

static void
finish(MskHostRun *self, const MskHostAct *act)
{
    MskRunEnd end = {.outcome = msk_outcome_status(act->outcome),
                     .reason = act->reason,
                     .message = self->state.message,
                     .failure = self->state.message,
                     .reverted = act->reverted};

    msk_run_frame_end(self->frame, &end);
}

static void
perform(MskHostRun *self, const MskHostAct *act, int64_t decided_us)
{
    switch (act->kind) {
    case MSK_HOST_ACT_ASK_GATES:
        msk_run_job_push(self->frame->context.queue, new_job(self, MSK_RUN_JOB_COUNT, act));
        return;
    case MSK_HOST_ACT_TAKE_RESERVED:
        msk_run_job_push(self->frame->context.queue, new_job(self, MSK_RUN_JOB_RESERVE, act));
        return;
    case MSK_HOST_ACT_STORE_PLAN:
    case MSK_HOST_ACT_STORE:
        save_moves(self, act, decided_us);
        return;
    case MSK_HOST_ACT_MOVE:
        if (act->call.durable) {
            save_moves(self, act, decided_us);
            return;
        }
        order_call(self, act, decided_us);
        return;
    case MSK_HOST_ACT_FORCE_DOWN:
    case MSK_HOST_ACT_JOIN:
    case MSK_HOST_ACT_ENABLE:
        order_call(self, act, decided_us);
        return;
    case MSK_HOST_ACT_FENCE:
        fence(self);
        return;
    case MSK_HOST_ACT_GET_SERVICE:
    case MSK_HOST_ACT_LIST:
        push_call(self, act, 0);
        return;
    case MSK_HOST_ACT_LOOK:
        look(self, act);
        return;
    case MSK_HOST_ACT_WAIT:
        stop_wait(self);
        self->wait_timer =
            g_timeout_add((unsigned) ((act->delay_us + 999) / 1000), on_wait_over, self);
        return;
    case MSK_HOST_ACT_RUN_TASKS:
        msk_flow_tasks_run(self->frame->tasks, act->slot);
        return;
    case MSK_HOST_ACT_FINISH:
        finish(self, act);
        return;
    }
    g_assert_not_reached();
}

static void
count_gate(MskHostRun *self, const char *gate)
{
    msk_engine_count_gate(self->counted_gate, gate);
    g_free(self->counted_gate);
    self->counted_gate = g_strdup(gate);
}

static void
react(MskHostRun *self, MskHostEvent *event)
{
    if (self->frame->ending) {
        return;
    }
    int64_t decided_us = msk_engine_now_us();

    event->now_us = g_get_monotonic_time();

    g_auto(MskHostStep) step = msk_host_recovery_step(&self->state, &self->order, event);

    for (unsigned i = 0; i < step.notes->len; i++) {
        const MskHostNote *note = &g_array_index(step.notes, MskHostNote, i);

        msk_run_frame_publish(self->frame, msk_host_task_name(note->task), note->progress,
                              note->message);
    }
    for (unsigned i = 0; i < step.acts->len; i++) {
        perform(self, &g_array_index(step.acts, MskHostAct, i), decided_us);
    }
    count_gate(self, self->state.phase < MSK_HOST_PHASE_DISABLING ? self->state.held : NULL);
    msk_run_frame_save(self->frame);
}

/* ---- programs ---------------------------------------------------------------------------- */

static json_t *
subject(const void *run)
{
    const MskHostRun *self = run;

    return json_pack("{s:{s:s}, s:{s:s, s:s?}}", "host", "name", self->host, "segment", "uuid",
                     self->segment_uuid, "recovery_method", self->method);
}

static void
describe(const void *run, json_t *input)
{
    const MskHostRun *self = run;

    (void) json_object_set_new(input, "instances", msk_host_order_describe(&self->state));
}

static void
on_tasks_done(void *run, bool failed, const char *failure)
{
    MskHostEvent event = {.kind = failed ? MSK_HOST_EVENT_TASKS_FAILED : MSK_HOST_EVENT_TASKS,
                          .message = failure};

    react(run, &event);
}

/* ---- the beginning and the end ----------------------------------------------------------- */

static const char *
task_name(unsigned task)
{
    return msk_host_task_name((MskHostTask) task);
}

static MskFlowKind
flow_kind(const void *run)
{
    const MskHostRun *self = run;

    return msk_host_order_flow(&self->order);
}

static void
on_offered(void *run)
{
    react(run, &(MskHostEvent){.kind = MSK_HOST_EVENT_OFFERED});
}

static void
stop(void *run)
{
    MskHostRun *self = run;

    msk_shared_looks_remove(self->frame->context.looks, self);
    stop_wait(self);
    g_clear_pointer(&self->fence_run, msk_fence_run_free);
}

MskHostRun *
msk_host_run_new(MskRunFrame *frame, MskPrepareJob *job)
{
    static const MskRunKind kind = {.book = "instance:evacuate", /* upstream's names */
                                    .flow = "instance_evacuate_engine",
                                    .n_tasks = MSK_N_HOST_TASKS,
                                    .task_name = task_name,
                                    .flow_kind = flow_kind,
                                    .subject = subject,
                                    .describe = describe,
                                    .tasks_done = on_tasks_done,
                                    .fill = fill,
                                    .stored = on_stored,
                                    .failed = on_failed,
                                    .stop = stop};
    MskHostRun *self = g_new0(MskHostRun, 1);
    MskHostEvent begin = {.kind = MSK_HOST_EVENT_BEGIN};

    self->frame = frame;
    self->host = g_steal_pointer(&job->host);
    self->segment_uuid = g_steal_pointer(&job->segment_uuid);
    self->order = msk_host_order_make(frame->context.settings, self->host, job);
    self->method = g_steal_pointer(&job->method);
    self->fence_plan = g_steal_pointer(&job->fence_plan);
    self->fence_error = g_steal_pointer(&job->fence_error);
    msk_host_recovery_init(&self->state, frame->context.claim->attempt);
    msk_host_recovery_load(&self->state, frame->context.claim->state);
    msk_planned_rows_load(&self->state, job->moves);
    msk_run_frame_begin(frame, &kind, self, job);
    msk_shared_looks_add(frame->context.looks, on_offered, self);
    react(self, &begin);
    return self;
}

void
msk_host_run_free(MskHostRun *self)
{
    if (self == NULL) {
        return;
    }
    stop(self);
    count_gate(self, NULL);
    msk_fence_plan_free(self->fence_plan);
    g_free(self->fence_error);
    g_free(self->host);
    g_free(self->segment_uuid);
    g_free(self->method);
    msk_host_recovery_clear(&self->state);
    g_free(self);
}
