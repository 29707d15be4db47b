/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * progress: how far the recovery of one notification is, for a person to read.
 *
 *   flow "instance_recovery_engine" (RUNNING)
 *     ├── task "StopInstanceTask"   SUCCESS  1.0   0.0 "Stopping…", 1.0 "Stopped…"
 *     ├── task "StartInstanceTask"  RUNNING  0.0   0.0 "Starting…"
 *     └── task "ConfirmInstance…"   PENDING  0.0
 *
 * Plain data; the owner of a struct owns what is below it.
 * Source: upstream masakari/engine/drivers/taskflow/base.py (update_details) and taskflow's states.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MSK_PROGRESS_PENDING,
    MSK_PROGRESS_RUNNING,
    MSK_PROGRESS_SUCCESS,
    MSK_PROGRESS_FAILURE,
    MSK_PROGRESS_REVERTING,
    MSK_PROGRESS_REVERTED,
    MSK_PROGRESS_REVERT_FAILURE,
    MSK_PROGRESS_IGNORE,
    MSK_PROGRESS_SUSPENDED,
    MSK_N_PROGRESS_STATES, /* keep last */
} MskProgressState;

/** msk_progress_state_name: Returns: (static, never NULL) taskflow's word, such as "SUCCESS". */
const char *msk_progress_state_name(MskProgressState state);
/** msk_progress_state_parse: @ret: untouched unless @name is one of the words. */
bool msk_progress_state_parse(const char *name, MskProgressState *ret);

/** What the name of a task begins with that is a program of the operator's. */
#define MSK_PROGRAM_PREFIX "exec:"

/* One line of a task's story. */
typedef struct {
    int64_t timestamp_us;
    double progress; /* 0.0 to 1.0, as of this line */
    char *message;
} MskProgressDetail;

typedef struct {
    char *name; /* such as "StartInstanceTask" */
    MskProgressState state;
    double progress;    /* 0.0 to 1.0 */
    GPtrArray *details; /* (element-type MskProgressDetail) oldest first */
} MskTaskProgress;

typedef struct {
    char *uuid; /* of this run of the flow */
    char *name; /* such as "instance_recovery_engine" */
    MskProgressState state;
    GPtrArray *tasks; /* (element-type MskTaskProgress) in the order of execution */
} MskFlowProgress;

/** msk_flow_progress_new: a flow that runs, without tasks, with a new uuid. */
MskFlowProgress *msk_flow_progress_new(const char *name);
/** msk_flow_progress_task: Returns: (owned by @self) the task called @name; a pending one is
 *  appended when there is none. */
MskTaskProgress *msk_flow_progress_task(MskFlowProgress *self, const char *name);
/** msk_flow_progress_end: the flow, and each task of it that has begun, succeeded or was reverted;
 *  but programs stay what they are when they have ended. */
void msk_flow_progress_end(MskFlowProgress *self, bool reverted);
/** msk_flow_progress_copy: Returns: (transfer full) all of it, for another thread. */
MskFlowProgress *msk_flow_progress_copy(const MskFlowProgress *self);
/** msk_flow_progress_free: @self: (nullable) */
void msk_flow_progress_free(MskFlowProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskFlowProgress, msk_flow_progress_free)

/** msk_task_progress_add: appends a detail and makes @progress the task's. */
void msk_task_progress_add(MskTaskProgress *self, int64_t timestamp_us, double progress,
                           const char *message);
