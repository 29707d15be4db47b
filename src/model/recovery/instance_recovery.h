/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * instance_recovery: brings one failed VM back.
 *
 *              ┌──────────────▶ starting ──▶ confirming ──▶ over (finished)
 *   asking ────┤                 ▲    └───────────┴───────▶ over (error: not active in time)
 *     │        └─▶ stopping ─────┘
 *     │                └──────────────────────────────────▶ over (error: not stopped in time)
 *     ├── not HA-enabled, running, stopped on purpose ────▶ over (finished)
 *     └── paused, rescued ────────────────────────────────▶ over (ignored)
 *
 * Pure: a step takes the state and one event and says what to do next. It reads no clock and makes
 * no call: the engine and the simulator both perform the actions. The state is plain data, stored
 * as text with the claim; whoever takes the claim over loads it and sends MSK_EVENT_BEGIN, and the
 * machine asks the cloud before it repeats anything. Any thread may call; a state has one owner.
 *
 * Rules that keep it harmless, where the cloud's word is the VM's true state (live_truth):
 *   - A report that a VM went down is only believed once the cloud says so, too; it gets settle_us
 *     to notice. A VM that runs after that is left alone.
 *   - A VM that was stopped on purpose is not started, unless the stop was our own.
 *   - Each order is stored before it is given: a successor that finds the VM off knows whether that
 *     was our doing, and one that finds it running knows that it was recovered, and does not stop
 *     it again.
 *   - Programs of the flow are run while nothing is asked of the cloud, and the machine looks anew
 *     after them: they take their time.
 *   - An order that could not be given in good time (MSK_EVENT_STALE) is not given: the machine
 *     looks again and decides anew.
 *
 * Source: upstream masakari/engine/drivers/taskflow/instance_failure.py.
 */

#include <stdint.h>

#include "base/error.h"
#include "model/recovery/recovery_flow.h"
#include "model/recovery/recovery_note.h"

/* What the report says about the VM. */
typedef enum {
    MSK_INCIDENT_DOWN,     /* its process died or its guest crashed */
    MSK_INCIDENT_IMPAIRED, /* it runs, but its guest agent or a disk fails: stop it first */
} MskIncident;

typedef struct {
    MskIncident incident;
    /* Another recovery started the VM after this report was made, so it tells of a former life. */
    bool superseded;
    bool all_instances;          /* [instance_failure] process_all_instances */
    bool live_truth;             /* of the compute driver */
    int64_t poll_interval_us;    /* verify_interval: the longest wait between two looks */
    int64_t fast_poll_us;        /* the wait between the first looks, above 0 */
    int64_t settle_us;           /* how long the cloud may take to notice what a monitor has seen */
    int64_t stop_timeout_us;     /* wait_period_after_power_off; also for the first answer */
    int64_t start_timeout_us;    /* wait_period_after_power_on */
    const MskRecoveryFlow *flow; /* (nullable) NULL: the default; its tasks are those of MskTask */
} MskInstanceOrder;

typedef enum {
    MSK_EVENT_BEGIN,  /* a fresh start, or a takeover from a dead engine */
    MSK_EVENT_SERVER, /* the cloud described the VM */
    MSK_EVENT_DONE,   /* the call went through */
    MSK_EVENT_FAILED, /* the call was refused, or nobody answered */
    MSK_EVENT_TIMER,  /* the wait is over */
    MSK_EVENT_STALE,  /* the call was not made: the look that led to it is too old by now */
    MSK_EVENT_TASKS,  /* the programs of the slot have ended, and the flow goes on */
    MSK_EVENT_TASKS_FAILED,
} MskEventKind;

typedef struct {
    MskEventKind kind;
    int64_t now_us; /* monotonic; the only clock the machine knows */
    /* of MSK_EVENT_SERVER */
    MskVmState vm_state;
    MskStopReason stop_reason;
    bool busy; /* the cloud is working on it (task_state) */
    bool ha_enabled;
    /* of MSK_EVENT_FAILED */
    MskErrorCode code;
    int64_t retry_after_us; /* not asked again before; 0: as the machine likes */
} MskEvent;

typedef enum {
    MSK_ACTION_GET_SERVER,
    MSK_ACTION_STOP_SERVER,
    MSK_ACTION_START_SERVER,
    MSK_ACTION_WAIT,      /* for delay_us */
    MSK_ACTION_RUN_TASKS, /* the programs of the flow up to slot */
    MSK_ACTION_FINISH,    /* with outcome and reason */
} MskActionKind;

typedef enum { MSK_OUTCOME_FINISHED, MSK_OUTCOME_IGNORED, MSK_OUTCOME_ERROR } MskOutcome;

#define MSK_STEP_MAX_NOTES 4

/* What to do next: publish the notes in order, then the one action. */
typedef struct {
    MskNote notes[MSK_STEP_MAX_NOTES];
    unsigned n_notes;
    MskActionKind action;
    bool durable;       /* the state must be on disk before the call is made */
    int64_t delay_us;   /* of MSK_ACTION_WAIT, above 0 */
    unsigned slot;      /* of MSK_ACTION_RUN_TASKS */
    MskOutcome outcome; /* of MSK_ACTION_FINISH */
    bool reverted;      /* of MSK_ACTION_FINISH: the work was given up, or there was none */
    const char *reason; /* (static) of MSK_ACTION_FINISH: for the operator, in English */
} MskInstanceStep;

typedef enum {
    MSK_PHASE_ASKING,
    MSK_PHASE_STOPPING,
    MSK_PHASE_STARTING,
    MSK_PHASE_CONFIRMING,
    MSK_PHASE_OVER,
} MskPhase;

/* All zero is a recovery that has not begun. */
typedef struct {
    MskPhase phase;
    bool stop_ordered;     /* we gave the order to stop: the stop is ours, not a person's */
    bool stop_unsure;      /* one of these orders got no answer and may take effect late */
    bool stopped_before;   /* of a pending stop: stop_ordered as it was without it */
    bool called;           /* the phase's call went through; what follows only looks */
    MskActionKind pending; /* the last action */
    unsigned n_waits;      /* in the present phase */
    unsigned n_slots;      /* whose programs have been run */
    unsigned slot;         /* of a pending MSK_ACTION_RUN_TASKS */
    const char *complete;  /* (nullable) (static) how it ends once the last programs have ended */
    int64_t deadline_us;   /* of the phase, on the clock of the events */
    int64_t settled_at_us; /* of MSK_PHASE_ASKING */
} MskInstanceRecovery;

/**
 * msk_instance_recovery_step:
 * @self: (inout) the recovery; not in %MSK_PHASE_OVER.
 * @order: what is asked for, the same for all steps of one recovery.
 * @event: what happened. Every action but %MSK_ACTION_FINISH is answered by exactly one event.
 *
 * Returns: what to do next; after %MSK_ACTION_FINISH no step follows.
 */
MskInstanceStep msk_instance_recovery_step(MskInstanceRecovery *self, const MskInstanceOrder *order,
                                           const MskEvent *event) G_GNUC_WARN_UNUSED_RESULT;

/** msk_instance_recovery_save: Returns: (transfer full) what a successor must know, as text. */
char *msk_instance_recovery_save(const MskInstanceRecovery *self);

/**
 * msk_instance_recovery_load:
 * @text: (nullable) of msk_instance_recovery_save(); NULL or one that is not understood is a
 *   recovery that has not begun, which is always safe.
 *
 * Returns: the state to send %MSK_EVENT_BEGIN to.
 */
MskInstanceRecovery msk_instance_recovery_load(const char *text);
