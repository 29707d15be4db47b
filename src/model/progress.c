/* SPDX-License-Identifier: Apache-2.0 */
#include "model/progress.h"

static const char *const state_names[MSK_N_PROGRESS_STATES] = {
    [MSK_PROGRESS_PENDING] = "PENDING",
    [MSK_PROGRESS_RUNNING] = "RUNNING",
    [MSK_PROGRESS_SUCCESS] = "SUCCESS",
    [MSK_PROGRESS_FAILURE] = "FAILURE",
    [MSK_PROGRESS_REVERTING] = "REVERTING",
    [MSK_PROGRESS_REVERTED] = "REVERTED",
    [MSK_PROGRESS_REVERT_FAILURE] = "REVERT_FAILURE",
    [MSK_PROGRESS_IGNORE] = "IGNORE",
    [MSK_PROGRESS_SUSPENDED] = "SUSPENDED",
};

const char *
msk_progress_state_name(MskProgressState state)
{
    g_assert((unsigned) state < G_N_ELEMENTS(state_names));

    return state_names[state];
}

bool
msk_progress_state_parse(const char *name, MskProgressState *ret)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(state_names); i++) {
        if (g_strcmp0(name, state_names[i]) == 0) {
            *ret = (MskProgressState) i;
            return true;
        }
    }
    return false;
}

static void
detail_free(void *data)
{
    MskProgressDetail *self = data;

    g_free(self->message);
    g_free(self);
}

static void
task_free(void *data)
{
    MskTaskProgress *self = data;

    g_free(self->name);
    g_ptr_array_unref(self->details);
    g_free(self);
}

MskFlowProgress *
msk_flow_progress_new(const char *name)
{
    MskFlowProgress *self = g_new0(MskFlowProgress, 1);

    self->uuid = g_uuid_string_random();
    self->name = g_strdup(name);
    self->state = MSK_PROGRESS_RUNNING;
    self->tasks = g_ptr_array_new_with_free_func(task_free);
    return self;
}

MskTaskProgress *
msk_flow_progress_task(MskFlowProgress *self, const char *name)
{
    for (unsigned i = 0; i < self->tasks->len; i++) {
        MskTaskProgress *known = g_ptr_array_index(self->tasks, i);

        if (g_str_equal(known->name, name)) {
            return known;
        }
    }
    MskTaskProgress *task = g_new0(MskTaskProgress, 1);

    task->name = g_strdup(name);
    task->details = g_ptr_array_new_with_free_func(detail_free);
    g_ptr_array_add(self->tasks, task);
    return task;
}

/* What a program has done cannot be taken back, and one that failed did not succeed. */
static bool
lasts(const MskTaskProgress *task)
{
    return g_str_has_prefix(task->name, MSK_PROGRAM_PREFIX) &&
           (task->state == MSK_PROGRESS_SUCCESS || task->state == MSK_PROGRESS_FAILURE);
}

void
msk_flow_progress_end(MskFlowProgress *self, bool reverted)
{
    self->state = reverted ? MSK_PROGRESS_REVERTED : MSK_PROGRESS_SUCCESS;
    for (unsigned i = 0; i < self->tasks->len; i++) {
        MskTaskProgress *task = g_ptr_array_index(self->tasks, i);

        if (task->details->len > 0 && !lasts(task)) {
            task->state = self->state;
        }
    }
}

void
msk_task_progress_add(MskTaskProgress *self, int64_t timestamp_us, double progress,
                      const char *message)
{
    MskProgressDetail *detail = g_new0(MskProgressDetail, 1);

    detail->timestamp_us = timestamp_us;
    detail->progress = progress;
    detail->message = g_strdup(message);
    g_ptr_array_add(self->details, detail);
    self->progress = progress;
}

MskFlowProgress *
msk_flow_progress_copy(const MskFlowProgress *self)
{
    MskFlowProgress *copy = msk_flow_progress_new(self->name);

    g_free(copy->uuid);
    copy->uuid = g_strdup(self->uuid);
    copy->state = self->state;
    for (unsigned i = 0; i < self->tasks->len; i++) {
        const MskTaskProgress *task = g_ptr_array_index(self->tasks, i);
        MskTaskProgress *task_copy = msk_flow_progress_task(copy, task->name);

        for (unsigned j = 0; j < task->details->len; j++) {
            const MskProgressDetail *detail = g_ptr_array_index(task->details, j);

            msk_task_progress_add(task_copy, detail->timestamp_us, detail->progress,
                                  detail->message);
        }
        task_copy->state = task->state;
        task_copy->progress = task->progress;
    }
    return copy;
}

void
msk_flow_progress_free(MskFlowProgress *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->name);
    g_ptr_array_unref(self->tasks);
    g_free(self);
}
