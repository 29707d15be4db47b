/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_work: one step of a host's recovery while it is put together. The parts of that machine
 * share it: host_gates until the host may be taken for dead, host_moves while VMs are in flight,
 * host_recovery all between. Nobody else includes it.
 * Pure; any thread.
 */

#include "model/recovery/host_recovery.h"

typedef struct {
    MskHostRecovery *state; /* all lent but the step */
    const MskHostOrder *order;
    const MskHostEvent *event;
    MskHostStep step;
} MskHostWork;

void msk_host_work_note(MskHostWork *work, MskHostTask task, double progress, const char *format,
                        ...) G_GNUC_PRINTF(4, 5);
void msk_host_work_add(MskHostWork *work, MskHostAct act);

/** msk_host_work_act: an action that needs nothing but its kind. */
void msk_host_work_act(MskHostWork *work, MskHostActKind kind);
void msk_host_work_wait(MskHostWork *work, int64_t delay_us);

/** msk_host_work_enter: the phase, in which nothing has failed yet. */
void msk_host_work_enter(MskHostWork *work, MskHostPhase phase);

/** msk_host_work_flow_has: whether the flow has the built-in task. */
bool msk_host_work_flow_has(const MskHostWork *work, MskHostTask task);

/** msk_host_work_tasks_first: Returns: whether there are programs to run before what comes after
 *  @slot; then this step is at its end. A dry run runs none. */
bool msk_host_work_tasks_first(MskHostWork *work, unsigned slot);

/** msk_host_work_complete: all built-in tasks of the flow are done, as @reason (static) says; the
 *  end, as soon as the last programs have ended. */
void msk_host_work_complete(MskHostWork *work, const char *reason);

/** msk_host_work_finish: @reason: (static) */
void msk_host_work_finish(MskHostWork *work, MskOutcome outcome, bool reverted, const char *reason);

/** msk_host_work_fail: the end in error, of all moves that are not over as well.
 *  @message: (transfer full) for users. @reason: (static) */
void msk_host_work_fail(MskHostWork *work, MskHostTask task, char *message, const char *reason);
