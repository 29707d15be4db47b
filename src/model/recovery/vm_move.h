/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * vm_move: takes one VM away from a dead host, by evacuation.
 *
 *   pending ─▶ locking ─▶ resetting ─▶ evacuating ─▶ confirming ─▶ stopping ─▶ marking ─┐
 *                │            │            │             │            │                 ▼
 *                └────────────┴────────────┴── failed ───┴────────────┴─────────▶ unlocking ─▶ over
 *
 * A VM that is locked already is not locked, and stays locked. Only VMs whose state Nova does not
 * evacuate are reset; only those that were not to run are stopped after it; only those that were in
 * error are marked so again.
 *
 * Pure: a step takes the state and one event and says what to do next. Before the first call that
 * changes something, the state has to be stored (durable); a successor loads it and sends
 * MSK_MOVE_BEGIN. Nova does not refuse a second evacuation of a VM that is on its way, it breaks
 * the VM. So whoever does not know for certain that no evacuation was ordered looks at the VM and
 * at Nova's migrations first, and gives an order that may still be under way the time to show. Nova
 * leaves out what a part of it (a cell) does not answer for, so a list without any migration of the
 * host is no proof: where one must be, and before a decision rests on it, it is asked for again.
 *
 * Threads: any thread may call; a state has one owner.
 * Source: upstream masakari/engine/drivers/taskflow/host_failure.py (EvacuateInstancesTask).
 */

#include <stdint.h>

#include "base/error.h"
#include "model/recovery/server.h"

/* What the cloud says of the VM. */
typedef struct {
    bool gone;             /* it is not there any more */
    bool elsewhere;        /* it is on a host that is not the source */
    bool busy;             /* something is being done to it (task_state) */
    bool locked;           /* against its users */
    bool powered_off;      /* as last seen by its hypervisor */
    bool migrations_asked; /* whether `evacuating` is known */
    bool evacuating;       /* an evacuation of it is recorded and has not ended */
    bool heard;            /* there were migrations of its host: its part of the cloud answered */
    MskVmState vm_state;
    const char *host;  /* (nullable) lent: where it is */
    const char *fault; /* (nullable) lent: why it is in error */
} MskSight;

typedef enum {
    MSK_MOVE_BEGIN,  /* of a new state, or a loaded one */
    MSK_MOVE_SIGHT,  /* answers a look */
    MSK_MOVE_DONE,   /* the call went through */
    MSK_MOVE_FAILED, /* the call did not */
    MSK_MOVE_STALE,  /* the call was not made: the look that led to it is too old by now */
} MskMoveEventKind;

typedef struct {
    MskMoveEventKind kind;
    int64_t now_us;        /* monotonic */
    const MskSight *sight; /* of MSK_MOVE_SIGHT; (nullable) of MSK_MOVE_BEGIN when one is fresh */
    /* of MSK_MOVE_FAILED */
    MskErrorCode code;
    bool effect_unknown; /* it may have been carried out, or may still be */
    int64_t retry_after_us;
    const char *message; /* (nullable) lent: for people */
} MskMoveEvent;

typedef enum {
    MSK_MOVE_ACT_LOOK, /* tell what the VM is, not before delay_us; with migrations if asked */
    MSK_MOVE_ACT_LOCK,
    MSK_MOVE_ACT_RESET,    /* its state to error, so that Nova evacuates it */
    MSK_MOVE_ACT_EVACUATE, /* to the order's target */
    MSK_MOVE_ACT_STOP,
    MSK_MOVE_ACT_MARK, /* reset its state to error, as it was */
    MSK_MOVE_ACT_UNLOCK,
    MSK_MOVE_ACT_FINISH, /* the outcome is in the state; store it */
    MSK_N_MOVE_ACTS,     /* keep last */
} MskMoveActKind;

typedef struct {
    MskMoveActKind kind;
    bool durable; /* the state must be on disk before the call is made */
    bool migrations;
    int64_t delay_us;
} MskMoveAct;

typedef enum {
    MSK_MOVE_PENDING,
    MSK_MOVE_PREPARING, /* locking, resetting, evacuating: no evacuation is known to be ordered */
    MSK_MOVE_CONFIRMING,
    MSK_MOVE_STOPPING,
    MSK_MOVE_MARKING,
    MSK_MOVE_UNLOCKING,
    MSK_MOVE_OVER,
} MskMovePhase;

typedef enum { MSK_MOVE_SUCCEEDED, MSK_MOVE_IGNORED, MSK_MOVE_FAILURE } MskMoveOutcome;

/* What is asked for, the same for all steps of one move. */
typedef struct {
    int64_t evacuate_timeout_us; /* wait_period_after_evacuation */
    int64_t stop_timeout_us;     /* wait_period_after_power_off */
    int64_t unlock_timeout_us;   /* how long a lock is tried to be given back */
    int64_t settle_us;           /* how long a call without an answer may still take effect */
    int64_t retry_us;            /* the first wait after a failed call */
} MskMoveOrder;

/* All zero is a move that has not begun. Plain data but for the two strings, which it owns. */
typedef struct {
    MskMovePhase phase;
    MskMoveActKind pending; /* the last action */
    bool found;             /* what follows is known: how the VM was before anything was done */
    MskVmState found_state;
    bool found_busy;
    bool found_powered_off;
    bool stored;     /* the state was to be stored */
    bool lock_ours;  /* we gave the order to lock */
    bool lock_tried; /* it went through, or need not be tried again */
    bool unsure;     /* nobody knows whether an evacuation was ordered */
    bool doubted;    /* that there are no migrations at all has been asked again */
    bool called;     /* the phase's call went through */
    unsigned n_tries;
    int64_t deadline_us;
    MskMoveOutcome outcome;
    char *message;   /* (nullable) why it failed or was ignored */
    char *dest_host; /* (nullable) */
} MskVmMove;

void msk_vm_move_clear(MskVmMove *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskVmMove, msk_vm_move_clear)

/**
 * msk_vm_move_step:
 * @self: (inout) not over.
 * @event: Every action but the last is answered by exactly one event.
 *
 * Returns: what to do next; after %MSK_MOVE_ACT_FINISH no step follows.
 */
MskMoveAct msk_vm_move_step(MskVmMove *self, const MskMoveOrder *order,
                            const MskMoveEvent *event) G_GNUC_WARN_UNUSED_RESULT;

/** msk_vm_move_save: Returns: (transfer full) what a successor must know, ASCII. */
char *msk_vm_move_save(const MskVmMove *self);

/** msk_vm_move_load: @text: (nullable) of msk_vm_move_save(); one that is not understood is a move
 *  that may have been begun in any way. Returns: clear it with msk_vm_move_clear(). */
MskVmMove msk_vm_move_load(const char *text);

/** msk_vm_move_status: Returns: (static) the word of the vmoves table, such as "ongoing". */
const char *msk_vm_move_status(const MskVmMove *self);

/** msk_move_act_name: Returns: (static) such as "evacuate". */
const char *msk_move_act_name(MskMoveActKind kind);
