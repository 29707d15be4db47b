/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * recovery_flow: the tasks of a recovery as an operator put them together: built-in ones, which the
 * machines of this folder know how to do, and programs of the operator's.
 *
 *   pre: [exec:page, disable…]   main: [prepare…, exec:storage]   post: [evacuate…, exec:report]
 *            slot 0   ▲ task 0           ▲ task 1   slot 2              ▲ task 2  slot 3
 *
 * What stands between two built-in tasks is a slot: the machine stops there until the programs of
 * it have ended, and then looks at the cloud again before it goes on. Programs stand in the slot of
 * the built-in task that comes next. The gates of a recovery are not tasks, and no flow is without
 * them: no program of a host's flow runs before they are open.
 *
 * Pure; any thread.
 * Source: upstream masakari/conf/engine_driver.py and setup.cfg (masakari.task_flow.tasks).
 */

#include "model/progress.h"

typedef enum {
    MSK_FLOW_HOST_AUTO,
    MSK_FLOW_HOST_RH,
    MSK_FLOW_INSTANCE,
    MSK_FLOW_PROCESS,
    MSK_N_FLOWS, /* keep last */
} MskFlowKind;

#define MSK_FLOW_MAX_TASKS 3 /* built-in ones */

/** What the name of a program begins with, in a flow and in the progress of a recovery. */
#define MSK_EXEC_PREFIX MSK_PROGRAM_PREFIX

/** The longest name of a program. */
#define MSK_EXEC_MAX_NAME 64

/* A program of a flow. */
typedef struct {
    char *name;        /* as the flow has it, "exec:page" */
    const char *stage; /* (static) "pre", "main" or "post" */
    unsigned slot;
} MskExecTask;

typedef struct {
    MskFlowKind kind;
    bool has[MSK_FLOW_MAX_TASKS]; /* the built-in tasks */
    GPtrArray *tasks;             /* (element-type MskExecTask) in the order of execution */
} MskRecoveryFlow;

/** msk_flow_option: Returns: (static) the option of [taskflow_driver_recovery_flows]. */
const char *msk_flow_option(MskFlowKind kind);

/**
 * msk_recovery_flow_new:
 * @pre, @main_tasks, @post: NULL-terminated names.
 * @error: %MSK_ERROR_INVALID with the task, what is wrong with it and what to do: an unknown one,
 *   one named twice, or built-in ones in an order, or without one, that they cannot work in.
 *
 * Returns: (transfer full) the flow, or NULL.
 */
MskRecoveryFlow *msk_recovery_flow_new(MskFlowKind kind, const char *const *pre,
                                       const char *const *main_tasks, const char *const *post,
                                       GError **error);
/** msk_recovery_flow_free: @self: (nullable) */
void msk_recovery_flow_free(MskRecoveryFlow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskRecoveryFlow, msk_recovery_flow_free)

/** msk_recovery_flow_has: @self: (nullable) NULL is the default flow, which has all built-in tasks
 *  and no program. */
bool msk_recovery_flow_has(const MskRecoveryFlow *self, unsigned task);

/** msk_recovery_flow_row: Returns: the built-in task whose progress tells of @task: itself, or,
 * when the flow is without it, the next one, or the last one. @self: as above. */
unsigned msk_recovery_flow_row(const MskRecoveryFlow *self, unsigned task);

/** msk_recovery_flow_due: whether there are programs in the slots from @first to @last. @self: as
 *  above. */
bool msk_recovery_flow_due(const MskRecoveryFlow *self, unsigned first, unsigned last);

/* What is known of earlier runs of a program for the same notification. */
typedef enum {
    MSK_EXEC_NEVER,
    MSK_EXEC_SUCCEEDED,      /* in this attempt */
    MSK_EXEC_SUCCEEDED_ONCE, /* in an earlier attempt */
    MSK_EXEC_FAILED,
    MSK_EXEC_UNKNOWN, /* it was begun, and whoever began it is gone */
} MskExecHistory;

typedef enum {
    MSK_EXEC_RUN,
    MSK_EXEC_SKIP,   /* it has done its work */
    MSK_EXEC_REFUSE, /* it may not be run again, so it has failed */
} MskExecDecision;

/** msk_exec_decide: a program that is not @repeatable is started at most once for a notification,
 *  whatever becomes of it; a repeatable one until it has succeeded in the attempt. */
MskExecDecision msk_exec_decide(MskExecHistory history, bool repeatable);

/* A line that a program wrote. */
typedef struct {
    double progress; /* 0.0 to 1.0; negative when the line does not say */
    char *text;      /* UTF-8 without control characters, up to MSK_EXEC_MAX_LINE bytes */
} MskExecLine;

#define MSK_EXEC_MAX_LINE 400

/** msk_exec_line_parse: "42% copied the disk", or any other text. @line: @length bytes of any kind.
 *  Returns: the line; its text is (transfer full). */
MskExecLine msk_exec_line_parse(const char *line, size_t length);
