/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * process_recovery: a host's compute service died and could not be restarted there; takes the host
 * out of the scheduler's choice, and sees to it that the cloud has noticed. VMs are not touched.
 *
 *   asking ──▶ disabling ──▶ confirming ──▶ over (finished)
 *     │ ▲          │ failed      └────────▶ over (error: not disabled in time)
 *     │ └──────────┘
 *     ├── disabled already ───────────────▶ over (finished)
 *     └── another process ────────────────▶ over (finished: nothing to do)
 *
 * Programs of the flow stand before disabling, before confirming, and at the end.
 *
 * Disabling what is disabled changes nothing, so whoever takes over begins at the beginning; it
 * looks before it gives the order once more.
 *
 * Pure: no clock, no call. Any thread may call; a state has one owner.
 * Source: upstream masakari/engine/drivers/taskflow/{driver,process_failure}.py.
 */

#include "model/recovery/instance_recovery.h"

/* What is asked for, the same for all steps of one recovery. */
typedef struct {
    const char *host;
    const char *process;         /* (nullable) its name, as reported */
    bool taken_over;             /* a predecessor has begun it */
    int64_t poll_us;             /* verify_interval */
    int64_t timeout_us;          /* wait_period_after_service_update: to disable, then to confirm */
    const MskRecoveryFlow *flow; /* (nullable) NULL: the default; its tasks: MskProcessTask */
} MskProcessOrder;

typedef enum {
    MSK_PROCESS_EVENT_BEGIN,
    MSK_PROCESS_EVENT_SERVICE, /* with enabled */
    MSK_PROCESS_EVENT_DONE,    /* the order went through */
    MSK_PROCESS_EVENT_FAILED,  /* with code, message and retry_after_us */
    MSK_PROCESS_EVENT_TIMER,
    MSK_PROCESS_EVENT_TASKS,        /* the programs of the slot have ended, and the flow goes on */
    MSK_PROCESS_EVENT_TASKS_FAILED, /* with message */
} MskProcessEventKind;

typedef struct {
    MskProcessEventKind kind;
    int64_t now_us; /* monotonic */
    bool enabled;   /* the scheduler may choose the host */
    MskErrorCode code;
    const char *message;
    int64_t retry_after_us;
} MskProcessEvent;

typedef enum {
    MSK_PROCESS_ACT_GET_SERVICE,
    MSK_PROCESS_ACT_DISABLE,
    MSK_PROCESS_ACT_WAIT,      /* for delay_us */
    MSK_PROCESS_ACT_RUN_TASKS, /* the programs of the flow up to slot */
    MSK_PROCESS_ACT_FINISH,    /* with outcome, reverted and reason */
} MskProcessActKind;

typedef enum {
    MSK_PROCESS_TASK_DISABLE,
    MSK_PROCESS_TASK_CONFIRM,
    MSK_N_PROCESS_TASKS
} MskProcessTask;

typedef struct {
    MskProcessTask task;
    double progress;
    char *message;
} MskProcessNote;

#define MSK_PROCESS_MAX_NOTES 3

/* Publish the notes in order, then the one action. */
typedef struct {
    MskProcessNote notes[MSK_PROCESS_MAX_NOTES];
    unsigned n_notes;
    MskProcessActKind act;
    int64_t delay_us;
    unsigned slot;
    MskOutcome outcome;
    bool reverted;
    const char *reason; /* (static) */
} MskProcessStep;

void msk_process_step_clear(MskProcessStep *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskProcessStep, msk_process_step_clear)

typedef enum {
    MSK_PROCESS_PHASE_ASKING,
    MSK_PROCESS_PHASE_DISABLING,
    MSK_PROCESS_PHASE_CONFIRMING,
    MSK_PROCESS_PHASE_OVER,
} MskProcessPhase;

/* All zero is a recovery that has not begun. */
typedef struct {
    MskProcessPhase phase;
    bool ordered;
    unsigned n_tries;     /* calls that failed, one after the other */
    unsigned n_slots;     /* whose programs have been run */
    unsigned slot;        /* of those that are being run */
    const char *complete; /* (nullable) (static) how it ends once the last programs have ended */
    int64_t deadline_us;
    char *message; /* (nullable) of an end in error, for users */
} MskProcessRecovery;

void msk_process_recovery_clear(MskProcessRecovery *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskProcessRecovery, msk_process_recovery_clear)

/** msk_process_recovery_step: every action but FINISH is answered by exactly one event.
 *  Returns: what to do next; clear it with msk_process_step_clear(). */
MskProcessStep msk_process_recovery_step(MskProcessRecovery *self, const MskProcessOrder *order,
                                         const MskProcessEvent *event) G_GNUC_WARN_UNUSED_RESULT;

/** msk_process_task_name: Returns: (static) the Python class's name. */
const char *msk_process_task_name(MskProcessTask task);
