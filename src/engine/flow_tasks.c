/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/flow_tasks.h"

#include <string.h>

#include "base/datetime.h"
#include "engine/engine_clock.h"
#include "engine/exec_run.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define TICK_MS  200u
#define RETRY_MS 500u /* after the database failed */

/* What outlives the object for those who still answer to it. */
typedef struct {
    MskFlowTasks *tasks; /* (nullable) only used on the main thread */
} Cell;

struct MskFlowTasks {
    MskFlowTasksContext context;
    Cell *cell; /* counted */
    const MskRecoveryFlow *flow;
    unsigned next;    /* program */
    unsigned slot;    /* of the run under way */
    bool repeated;    /* the present program was begun before */
    MskExecRun *run;  /* (nullable) */
    int64_t until_us; /* of the lease */
    unsigned timer;
    char *message; /* (nullable) of a program that failed for good */
};

static void go_on(MskFlowTasks *self);
static void start(MskFlowTasks *self);

static const MskExecTask *
task_of(const MskFlowTasks *self)
{
    return g_ptr_array_index(self->flow->tasks, self->next);
}

static const MskExecProgram *
program_of(const MskFlowTasks *self)
{
    return msk_engine_flows_program(self->context.run.settings->flows, task_of(self)->name);
}

static const char *
uuid_of(const MskFlowTasks *self)
{
    return self->context.run.claim->notification->uuid;
}

static void
release_cell(void *cell)
{
    g_atomic_rc_box_release(cell);
}

static void
set_timer(MskFlowTasks *self, unsigned delay_ms, GSourceFunc func)
{
    g_assert(self->timer == 0);
    self->timer = g_timeout_add(delay_ms, func, self);
}

static void
stop_timer(MskFlowTasks *self)
{
    if (self->timer != 0) {
        g_source_remove(self->timer);
        self->timer = 0;
    }
}

static MskTaskProgress *
row_of(const MskFlowTasks *self)
{
    return msk_flow_progress_task(self->context.flow, task_of(self)->name);
}

static void G_GNUC_PRINTF(4, 5)
    tell(MskFlowTasks *self, MskProgressState state, double progress, const char *format, ...)
{
    MskTaskProgress *row = row_of(self);
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    log_info("Notification %s: %s: %s", uuid_of(self), row->name, message);
    msk_task_progress_add(row, g_get_real_time(), progress, message);
    row->state = state;
    self->context.changed(self->context.data);
}

/* ---- the record -------------------------------------------------------------------------- */

/* Saves the progress; what follows waits for it. */
typedef struct {
    Cell *cell; /* counted */
    char *notification_uuid;
    char *engine_uuid;
    int64_t epoch;
    char *book;
    MskFlowProgress *flow;
    void (*stored)(MskFlowTasks *self);
} Save;

static void
free_save(void *data)
{
    Save *self = data;

    release_cell(self->cell);
    g_free(self->notification_uuid);
    g_free(self->engine_uuid);
    g_free(self->book);
    msk_flow_progress_free(self->flow);
    g_free(self);
}

static MskStoreResult
run_save(MskStore *store, void *data, GError **error)
{
    const Save *self = data;
    MskClaimRef ref = {.notification_uuid = self->notification_uuid,
                       .engine_uuid = self->engine_uuid,
                       .epoch = self->epoch};

    return msk_store_progress_save(store, &ref, self->book, self->flow, error);
}

static void push_save(MskFlowTasks *self, void (*stored)(MskFlowTasks *self));

static gboolean
on_save_timer(void *data)
{
    Save *save = data;

    if (save->cell->tasks != NULL) {
        push_save(save->cell->tasks, save->stored);
    }
    return G_SOURCE_REMOVE;
}

static void
end_save(MskStoreResult result, const GError *error, void *data)
{
    const Save *save = data;
    MskFlowTasks *self = save->cell->tasks;

    (void) error; /* was logged by the queue */
    if (self == NULL) {
        return;
    }
    if (result == MSK_STORE_FAILED) {
        Save *again = g_new0(Save, 1);

        again->cell = g_atomic_rc_box_acquire(save->cell);
        again->stored = save->stored;
        (void) g_timeout_add_full(G_PRIORITY_DEFAULT, RETRY_MS, on_save_timer, again, free_save);
    } else if (result != MSK_STORE_DONE) {
        self->context.done(MSK_FLOW_TASKS_LOST, NULL, self->context.data);
    } else {
        save->stored(self);
    }
}

static void
push_save(MskFlowTasks *self, void (*stored)(MskFlowTasks *self))
{
    static const MskStoreJob job = {run_save, end_save, free_save};
    Save *save = g_new0(Save, 1);

    save->cell = g_atomic_rc_box_acquire(self->cell);
    save->notification_uuid = g_strdup(uuid_of(self));
    save->engine_uuid = g_strdup(self->context.run.engine_uuid);
    save->epoch = self->context.run.claim->epoch;
    save->book = g_strdup(self->context.book);
    save->flow = msk_flow_progress_copy(self->context.flow);
    save->stored = stored;
    msk_store_queue_push(self->context.run.queue, &job, save);
}

/* ---- the end of a program ---------------------------------------------------------------- */

static void
after_end(MskFlowTasks *self)
{
    if (self->message != NULL) {
        self->context.done(MSK_FLOW_TASKS_FAILED, self->message, self->context.data);
        return;
    }
    self->next++;
    go_on(self);
}

/* @why: (nullable) */
static void
fail(MskFlowTasks *self, const char *why)
{
    const char *name = task_of(self)->name;

    if (program_of(self)->optional) {
        tell(self, MSK_PROGRESS_FAILURE, 1.0,
             "Failed: %s; the recovery goes on, because the task is optional", why);
    } else {
        tell(self, MSK_PROGRESS_FAILURE, 1.0, "Failed: %s", why);
        g_free(self->message);
        self->message = g_strdup_printf("Task '%s' failed: %s", name, why);
    }
    push_save(self, after_end);
}

static void
take_lines(MskFlowTasks *self, bool at_end)
{
    unsigned n_left_out = 0;
    g_autoptr(GArray) lines = msk_exec_run_take_lines(self->run, &n_left_out);

    for (unsigned i = 0; i < lines->len; i++) {
        const MskExecLine *line = &g_array_index(lines, MskExecLine, i);
        double progress = line->progress >= 0.0 ? line->progress : row_of(self)->progress;

        tell(self, MSK_PROGRESS_RUNNING, progress, "%s", line->text);
    }
    if (at_end && n_left_out > 0) {
        tell(self, MSK_PROGRESS_RUNNING, row_of(self)->progress, "%u more lines were left out",
             n_left_out);
    }
}

static gboolean
on_lease_timer(void *data)
{
    MskFlowTasks *self = data;

    self->timer = 0;
    start(self);
    return G_SOURCE_REMOVE;
}

static void
on_run_done(MskExecRunEnd end, const char *why, void *data)
{
    MskFlowTasks *self = data;

    stop_timer(self);
    take_lines(self, true);
    g_clear_pointer(&self->run, msk_exec_run_free);
    if (end == MSK_EXEC_RUN_STALE) {
        set_timer(self, TICK_MS, on_lease_timer);
    } else if (end == MSK_EXEC_RUN_SUCCEEDED) {
        tell(self, MSK_PROGRESS_SUCCESS, 1.0, "Succeeded");
        push_save(self, after_end);
    } else {
        fail(self, end == MSK_EXEC_RUN_CANCELLED
                       ? "it was killed, because the engine could not renew its lease in time"
                       : why);
    }
}

/* ---- the beginning ----------------------------------------------------------------------- */

static json_t *
describe_notification(const MskNotification *notification)
{
    g_autofree char *time = msk_datetime_format_rest(notification->generated_time_us);
    json_t *payload = json_loads(notification->payload != NULL ? notification->payload : "{}",
                                 JSON_DECODE_ANY, NULL);

    return json_pack("{s:s, s:s, s:s, s:o}", "uuid", notification->uuid, "type", notification->type,
                     "generated_time", time, "payload", payload != NULL ? payload : json_object());
}

static char *
make_input(const MskFlowTasks *self)
{
    const MskExecTask *task = task_of(self);
    json_auto_t *input =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:b, s:o}", "version", 1, "task",
                  task->name + strlen(MSK_EXEC_PREFIX), "flow", msk_flow_option(self->flow->kind),
                  "stage", task->stage, "attempt", (json_int_t) self->context.run.claim->attempt,
                  "repeated", self->repeated, "notification",
                  describe_notification(self->context.run.claim->notification));
    char *text;
    char *result;

    (void) json_object_update(input, self->context.subject);
    if (self->context.describe != NULL) {
        self->context.describe(input, self->context.data);
    }
    text = json_dumps(input, JSON_COMPACT);
    result = g_strconcat(text, "\n", NULL);
    free(text);
    return result;
}

/* The lease of an engine that runs a program is watched: it may not be ours alone any more. */
static gboolean
on_tick(void *data)
{
    MskFlowTasks *self = data;
    int64_t until_us = 0;

    take_lines(self, false);
    if (self->context.run.may_act(self->context.run.act_data, &until_us)) {
        self->until_us = until_us;
    } else if (msk_engine_now_us() >= self->until_us) {
        msk_exec_run_cancel(self->run);
    }
    return G_SOURCE_CONTINUE;
}

/* It is on record by now that the program was begun. */
static void
start(MskFlowTasks *self)
{
    if (!self->context.run.may_act(self->context.run.act_data, &self->until_us)) {
        set_timer(self, TICK_MS, on_lease_timer);
        return;
    }
    self->run = msk_exec_run_new(self->context.run.settings->flows, program_of(self),
                                 make_input(self), self->until_us, on_run_done, self);
    set_timer(self, TICK_MS, on_tick);
}

static MskExecHistory
history_of(const MskFlowTasks *self)
{
    const MskTaskProgress *row = row_of(self);
    GHashTable *earlier = self->context.earlier;
    int state = earlier != NULL
                    ? GPOINTER_TO_INT(g_hash_table_lookup(earlier, task_of(self)->name)) - 1
                    : -1;

    if (row->state == MSK_PROGRESS_SUCCESS) {
        return MSK_EXEC_SUCCEEDED;
    }
    if (row->state != MSK_PROGRESS_PENDING) {
        state = (int) row->state;
    }
    if (state < 0 || state == MSK_PROGRESS_PENDING) {
        return MSK_EXEC_NEVER;
    }
    if (state == MSK_PROGRESS_SUCCESS) {
        return MSK_EXEC_SUCCEEDED_ONCE;
    }
    return state == MSK_PROGRESS_FAILURE ? MSK_EXEC_FAILED : MSK_EXEC_UNKNOWN;
}

static void
begin(MskFlowTasks *self)
{
    MskExecHistory history = history_of(self);

    self->repeated = history != MSK_EXEC_NEVER;
    switch (msk_exec_decide(history, program_of(self)->repeatable)) {
    case MSK_EXEC_RUN:
        tell(self, MSK_PROGRESS_RUNNING, 0.0, "%s",
             self->repeated ? "Running once more, as the task is repeatable" : "Running");
        push_save(self, start);
        return;
    case MSK_EXEC_SKIP:
        if (history == MSK_EXEC_SUCCEEDED_ONCE) {
            tell(self, MSK_PROGRESS_SUCCESS, 1.0, "Not run again: it succeeded before");
        }
        push_save(self, after_end);
        return;
    case MSK_EXEC_REFUSE:
        fail(self, history == MSK_EXEC_FAILED
                       ? "it failed before, and is not repeatable"
                       : "it was begun by an engine that is gone, nobody knows what came of it, "
                         "and it is not repeatable");
        return;
    }
    g_assert_not_reached();
}

static void
all_done(MskFlowTasks *self)
{
    self->context.done(MSK_FLOW_TASKS_DONE, NULL, self->context.data);
}

static void
go_on(MskFlowTasks *self)
{
    if (self->next < self->flow->tasks->len && task_of(self)->slot <= self->slot) {
        begin(self);
    } else {
        all_done(self);
    }
}

void
msk_flow_tasks_run(MskFlowTasks *self, unsigned slot)
{
    g_assert(msk_recovery_flow_due(self->flow, 0, slot));
    self->slot = slot;
    if (self->next < self->flow->tasks->len && task_of(self)->slot <= slot) {
        begin(self);
    } else {
        push_save(self, all_done);
    }
}

MskFlowTasks *
msk_flow_tasks_new(const MskFlowTasksContext *context, MskFlowKind kind)
{
    const MskRecoveryFlow *flow = context->run.settings->flows->flows[kind];

    if (flow->tasks->len == 0) {
        json_decref(context->subject);
        return NULL;
    }
    MskFlowTasks *self = g_new0(MskFlowTasks, 1);

    self->context = *context;
    self->flow = flow;
    self->cell = g_atomic_rc_box_new0(Cell);
    self->cell->tasks = self;
    for (unsigned i = 0; i < flow->tasks->len; i++) {
        const MskExecTask *task = g_ptr_array_index(flow->tasks, i);

        (void) msk_flow_progress_task(context->flow, task->name); /* pending at first */
    }
    return self;
}

void
msk_flow_tasks_free(MskFlowTasks *self)
{
    if (self == NULL) {
        return;
    }
    stop_timer(self);
    self->cell->tasks = NULL;
    release_cell(self->cell);
    msk_exec_run_free(self->run);
    json_decref(self->context.subject);
    g_free(self->message);
    g_free(self);
}

GHashTable *
msk_flow_tasks_earlier(const GPtrArray *flows)
{
    GHashTable *earlier = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < flows->len; i++) {
        const MskFlowProgress *flow = g_ptr_array_index(flows, i);

        for (unsigned j = 0; j < flow->tasks->len; j++) {
            const MskTaskProgress *task = g_ptr_array_index(flow->tasks, j);

            if (g_str_has_prefix(task->name, MSK_EXEC_PREFIX) &&
                task->state != MSK_PROGRESS_PENDING) {
                g_hash_table_replace(earlier, g_strdup(task->name),
                                     GINT_TO_POINTER((int) task->state + 1));
            }
        }
    }
    return earlier;
}
