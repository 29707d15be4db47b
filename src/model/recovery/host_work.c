/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_work.h"

void
msk_host_work_note(MskHostWork *work, MskHostTask task, double progress, const char *format, ...)
{
    va_list arguments;
    MskHostNote line = {.progress = progress};

    line.task = (MskHostTask) msk_recovery_flow_row(work->order->flow, (unsigned) task);
    va_start(arguments, format);
    line.message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_array_append_val(work->step.notes, line);
}

void
msk_host_work_add(MskHostWork *work, MskHostAct act)
{
    g_array_append_val(work->step.acts, act);
}

void
msk_host_work_act(MskHostWork *work, MskHostActKind kind)
{
    msk_host_work_add(work, (MskHostAct){.kind = kind});
}

void
msk_host_work_wait(MskHostWork *work, int64_t delay_us)
{
    work->state->waiting = true;
    msk_host_work_add(work, (MskHostAct){.kind = MSK_HOST_ACT_WAIT, .delay_us = MAX(delay_us, 1)});
}

void
msk_host_work_enter(MskHostWork *work, MskHostPhase phase)
{
    work->state->phase = phase;
    work->state->n_tries = 0;
}

bool
msk_host_work_flow_has(const MskHostWork *work, MskHostTask task)
{
    return msk_recovery_flow_has(work->order->flow, (unsigned) task);
}

bool
msk_host_work_tasks_first(MskHostWork *work, unsigned slot)
{
    MskHostRecovery *state = work->state;

    if (work->order->dry_run || !msk_recovery_flow_due(work->order->flow, state->n_slots, slot)) {
        return false;
    }
    state->slot = slot;
    msk_host_work_add(work, (MskHostAct){.kind = MSK_HOST_ACT_RUN_TASKS, .slot = slot});
    return true;
}

void
msk_host_work_complete(MskHostWork *work, const char *reason)
{
    work->state->complete = reason;
    if (!msk_host_work_tasks_first(work, MSK_N_HOST_TASKS)) {
        msk_host_work_finish(work, MSK_OUTCOME_FINISHED, false, reason);
    }
}

void
msk_host_work_finish(MskHostWork *work, MskOutcome outcome, bool reverted, const char *reason)
{
    work->state->phase = MSK_HOST_PHASE_OVER;
    msk_host_work_add(work, (MskHostAct){.kind = MSK_HOST_ACT_FINISH,
                                         .outcome = outcome,
                                         .reverted = reverted,
                                         .reason = reason});
}

/* What was planned and will not be tried is over, too. */
static void
give_up_moves(MskHostRecovery *state)
{
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->move.phase != MSK_MOVE_OVER) {
            planned->move.phase = MSK_MOVE_OVER;
            planned->move.outcome = MSK_MOVE_FAILURE;
            g_free(planned->move.message);
            planned->move.message = g_strdup(state->message);
        }
    }
}

void
msk_host_work_fail(MskHostWork *work, MskHostTask task, char *message, const char *reason)
{
    msk_host_work_note(work, task, 1.0, "%s", message);
    g_free(work->state->message);
    work->state->message = message;
    give_up_moves(work->state);
    msk_host_work_finish(work, MSK_OUTCOME_ERROR, true, reason);
}
