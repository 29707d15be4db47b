/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_recovery: brings the VMs of one failed host back on others.
 *
 *   host_gates: gates ─▶ service ─▶ (fencing ─▶) disabling ─▶ waiting
 *   here:       listing ─▶ planning ─▶ (reserving ─▶ joining ─▶ enabling); or nothing to move: over
 *   host_moves: moving ─▶ over; or a second way: listing once more
 *
 * The ways of the four recovery methods: auto: Nova chooses the hosts; reserved_host: one reserved
 * host takes all; auto_priority and rh_priority: the one, and what fails there the other way.
 *
 * Rules that keep it harmless: nothing is evacuated before Nova's compute service of the host is
 * known to be dead (its fencing was confirmed, it was down before, or its heartbeat has stopped for
 * heartbeat_age_us by the cloud's own clock); nor while a gate holds. Programs of the flow wait for
 * the gates as well, and the gates are asked anew after those in front of disabling.
 *
 * Pure, and plain data: see vm_move.h. A step may want several actions, one of the host's own at a
 * time and one of each move in flight. At most max_moves are in flight; one whose VM has come to
 * its end gives its place away while it is unlocked. Source: upstream
 * masakari/engine/drivers/taskflow/{driver,host_failure}.py.
 */

#include "model/recovery/instance_recovery.h"
#include "model/recovery/vm_move.h"

typedef enum {
    MSK_METHOD_AUTO,
    MSK_METHOD_RESERVED_HOST,
    MSK_METHOD_AUTO_PRIORITY,
    MSK_METHOD_RH_PRIORITY,
} MskRecoveryMethod;

/** msk_recovery_method_parse: @name: of a segment. Returns: whether it is one of the four. */
bool msk_recovery_method_parse(const char *name, MskRecoveryMethod *ret);

/* What is asked for, the same for all steps of one recovery. */
typedef struct {
    const char *host;
    MskRecoveryMethod method;
    bool fencing;                   /* this engine can turn the host off, and has to */
    bool fence_fallback;            /* when that fails, the heartbeat decides */
    bool fenced;                    /* whoever reported the host knows that it is off */
    bool all_instances;             /* evacuate_all_instances */
    bool ignore_error;              /* ignore_instances_in_error_state */
    bool join_aggregates;           /* add_reserved_host_to_aggregate */
    bool dry_run;                   /* tell what would be done */
    unsigned max_moves;             /* host_failure_recovery_threads */
    int64_t heartbeat_age_us;       /* 0: the heartbeat is not asked for */
    int64_t hold_timeout_us;        /* how long the heartbeat's gate holds before it is an error */
    int64_t down_timeout_us;        /* wait_period_after_service_update */
    unsigned storm_segment_percent; /* 0: off */
    unsigned storm_percent;         /* 0: off */
    unsigned rate_limit;            /* of hosts within the window of the storm gates; 0: off */
    int64_t poll_us;                /* the shortest time between two looks at the VMs */
    int64_t max_poll_us;            /* verify_interval: the longest at the end, see look_pace */
    const MskRecoveryFlow *flow;    /* (nullable) NULL: the default; its tasks: MskHostTask */
    MskMoveOrder move;
} MskHostOrder;

/* What the store knows of other failures, within the window of the storm gates. */
typedef struct {
    unsigned failed_in_segment; /* hosts, this one among them */
    unsigned hosts_in_segment;
    unsigned failed;
    unsigned hosts;
    unsigned begun;       /* other hosts whose evacuation has begun */
    const char *disarmed; /* (nullable) what an operator keeps hosts from being recovered with */
} MskStormFacts;

/* The compute service of the host. */
typedef struct {
    bool up;
    bool forced_down;
    int64_t age_us; /* since its last heartbeat, by the cloud's clock; negative: unknown */
} MskServiceFacts;

/* A VM of the host, as it is listed or looked at. */
typedef struct {
    char *uuid; /* lent, as the name is */
    char *name; /* (nullable) */
    bool ha_enabled;
    int64_t priority; /* of its metadata; 0 when it has none */
    uint64_t size;    /* the bigger the later */
    MskSight sight;
} MskListedVm;

/* One VM of the plan. */
typedef struct {
    char *uuid;
    char *name;
    /* The shell's: */
    char *row; /* (nullable) the uuid of its vmoves row */
    int64_t start_time_us;
    int64_t end_time_us;

    unsigned round; /* in which it was planned */
    bool begun;     /* in this engine */
    bool looking;   /* waits for a look */
    bool served;    /* by the look under way */
    bool stored;    /* its end is */
    bool asks_migrations;
    bool knows_migrations; /* this engine has seen whether somebody evacuates it */
    int64_t look_at_us;
    int64_t ordered_us; /* when its evacuation was; 0: not by this engine */
    MskSight sight;     /* what it was before it was begun; lends nothing */
    int64_t seen_us;    /* when that was; 0: never */
    int64_t asked_us;   /* and when the cloud was asked for it; 0: not known */
    MskVmMove move;
} MskPlannedMove;

typedef enum {
    MSK_HOST_EVENT_BEGIN,
    MSK_HOST_EVENT_GATES,    /* with storm */
    MSK_HOST_EVENT_FENCED,   /* with fenced, and message */
    MSK_HOST_EVENT_SERVICE,  /* with service */
    MSK_HOST_EVENT_DONE,     /* the host's call went through, or its row is stored */
    MSK_HOST_EVENT_LISTED,   /* with vms */
    MSK_HOST_EVENT_RESERVED, /* with name: the reserved host, or NULL when there is none */
    MSK_HOST_EVENT_JOINED,   /* with names: of the aggregates */
    MSK_HOST_EVENT_LOOKED,   /* with vms: all VMs that were moved */
    MSK_HOST_EVENT_FAILED,   /* the host's call did not go through */
    MSK_HOST_EVENT_TIMER,
    MSK_HOST_EVENT_OFFERED, /* another host's recovery looks: its list would serve this one, too */
    MSK_HOST_EVENT_MOVE,    /* DONE, FAILED or STALE of the move's call */
    MSK_HOST_EVENT_STORED,  /* the move's row, after its end */
    MSK_HOST_EVENT_TASKS,   /* the programs of the slot have ended, and the flow goes on */
    MSK_HOST_EVENT_TASKS_FAILED, /* with message */
} MskHostEventKind;

typedef struct {
    MskHostEventKind kind;
    int64_t now_us; /* monotonic */
    MskStormFacts storm;
    bool fenced; /* the host is known to be off */
    MskServiceFacts service;
    MskListedVm *vms; /* only read */
    size_t n_vms;
    bool migrations; /* of LOOKED: the migrations were asked for */
    /* On a clock that goes on while the machine sleeps; 0: not known. Of LISTED and LOOKED: */
    int64_t asked_us;    /* when the cloud was asked */
    int64_t complete_us; /* since when no VM that changed is left out */
    const char *name;
    const char *const *names;
    MskErrorCode code;
    const char *message; /* (nullable) of FAILED and TASKS_FAILED; of FENCED, what agents said */
    int64_t retry_after_us;
    unsigned move; /* of MOVE and STORED: the index */
    MskMoveEvent move_event;
} MskHostEvent;

typedef enum {
    MSK_HOST_ACT_ASK_GATES,
    MSK_HOST_ACT_FENCE, /* turn the host off, and make sure of it */
    MSK_HOST_ACT_GET_SERVICE,
    MSK_HOST_ACT_FORCE_DOWN, /* disable the service, and force it down */
    MSK_HOST_ACT_LIST,       /* all VMs on the host, with their migrations */
    MSK_HOST_ACT_STORE_PLAN, /* the moves of this round and the state, in one transaction */
    MSK_HOST_ACT_TAKE_RESERVED,
    MSK_HOST_ACT_JOIN,      /* the reserved host to the host's aggregates */
    MSK_HOST_ACT_ENABLE,    /* the reserved host's service */
    MSK_HOST_ACT_LOOK,      /* at the VMs in flight, best at all that changed since since_us, too */
    MSK_HOST_ACT_WAIT,      /* for delay_us; takes the place of a wait that is not over */
    MSK_HOST_ACT_MOVE,      /* a call of a move; durable: its row and state are stored before */
    MSK_HOST_ACT_STORE,     /* the row of a move that is over */
    MSK_HOST_ACT_RUN_TASKS, /* the programs of the flow up to slot */
    MSK_HOST_ACT_FINISH, /* with outcome, reason and message; store all moves that are not stored */
} MskHostActKind;

typedef struct {
    MskHostActKind kind;
    int64_t delay_us;
    bool migrations;  /* of LOOK: ask for them as well */
    int64_t since_us; /* of LOOK, an asked_us; 0: no other VM matters */
    unsigned move;    /* of MOVE and STORE */
    unsigned slot;
    MskMoveAct call;
    MskOutcome outcome;
    bool reverted;
    const char *reason; /* (static) of FINISH */
} MskHostAct;

typedef enum {
    MSK_HOST_TASK_DISABLE,
    MSK_HOST_TASK_PREPARE,
    MSK_HOST_TASK_EVACUATE,
    MSK_N_HOST_TASKS, /* keep last */
} MskHostTask;

/* One line of progress. */
typedef struct {
    MskHostTask task;
    double progress;
    char *message;
} MskHostNote;

/* Publish the notes in order, then the actions. */
typedef struct {
    GArray *notes; /* MskHostNote; frees its messages */
    GArray *acts;  /* MskHostAct */
} MskHostStep;

void msk_host_step_clear(MskHostStep *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskHostStep, msk_host_step_clear)

typedef enum {
    MSK_HOST_PHASE_GATES,
    MSK_HOST_PHASE_SERVICE,
    MSK_HOST_PHASE_FENCING, /* (optional) the host is turned off */
    MSK_HOST_PHASE_DISABLING,
    MSK_HOST_PHASE_WAITING, /* for the cloud to see the host down */
    MSK_HOST_PHASE_LISTING,
    MSK_HOST_PHASE_PLANNING,
    MSK_HOST_PHASE_RESERVING,
    MSK_HOST_PHASE_JOINING,
    MSK_HOST_PHASE_ENABLING,
    MSK_HOST_PHASE_MOVING,
    MSK_HOST_PHASE_OVER,
} MskHostPhase;

typedef struct {
    MskHostPhase phase;
    int64_t attempt;      /* of the claim, from 1 */
    unsigned round;       /* of the last plan, from 1 */
    unsigned first_round; /* of this attempt */
    bool second;          /* the second way of a priority method */
    bool safe;            /* the host is known dead */
    bool fenced;          /* because it was turned off */
    bool fence_failed;    /* and the heartbeat decides */
    bool doubted;         /* that the host has no VM is asked again */
    bool waiting;         /* for a TIMER, and for nothing else meanwhile */
    bool looking;         /* a look is under way */
    bool look_new;        /* it is for moves that nothing was done for yet */
    bool look_migrations;
    unsigned n_tries;
    unsigned n_slots;     /* whose programs have been run */
    unsigned slot;        /* of those that are being run */
    const char *complete; /* (nullable) (static) how it ends once the last programs have ended */
    int64_t deadline_us;
    int64_t typical_us;   /* how long an evacuation took of late; 0: not known */
    int64_t look_us;      /* how long a look took of late; 0: not known */
    int64_t began_us;     /* the look under way, or the last one */
    int64_t looked_us;    /* the last look at what was ordered ended */
    int64_t next_look_us; /* not before, because one failed */
    char *reserved;       /* (nullable) the host that is taken */
    char *held;           /* (nullable) what was last said of a gate that holds */
    char *message;        /* (nullable) of an end in error, for users */
    GPtrArray *moves;     /* MskPlannedMove, those of earlier rounds first */
} MskHostRecovery;

/** msk_host_recovery_init: a recovery that has not begun. */
void msk_host_recovery_init(MskHostRecovery *self, int64_t attempt);
void msk_host_recovery_clear(MskHostRecovery *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskHostRecovery, msk_host_recovery_clear)

/**
 * msk_host_recovery_step: every action but FINISH is answered by exactly one event; a WAIT need not
 * be once a look has begun. OFFERED answers nothing and may come at any time.
 *
 * Returns: what to do next; clear it with msk_host_step_clear().
 */
MskHostStep msk_host_recovery_step(MskHostRecovery *self, const MskHostOrder *order,
                                   const MskHostEvent *event) G_GNUC_WARN_UNUSED_RESULT;

/** msk_host_recovery_save: Returns: (transfer full) what a successor must know beside the moves,
 *  ASCII, up to 255 characters. */
char *msk_host_recovery_save(const MskHostRecovery *self);

/**
 * msk_host_recovery_load: @self: initialized. @text: (nullable) of msk_host_recovery_save().
 * The state of another attempt only tells the rounds there were.
 */
void msk_host_recovery_load(MskHostRecovery *self, const char *text);

/** msk_host_recovery_add: a move that is stored: of a predecessor, or of an earlier attempt.
 *  @row: its vmoves row. @status: of that row. @state: (nullable) of msk_planned_move_save(). */
void msk_host_recovery_add(MskHostRecovery *self, const char *uuid, const char *name,
                           const char *row, const char *status, const char *state);

/** msk_planned_move_save: Returns: (transfer full) what a successor must know, up to 255
 *  characters. */
char *msk_planned_move_save(const MskPlannedMove *self);

/** msk_host_task_name: Returns: (static) the Python class's name. */
const char *msk_host_task_name(MskHostTask task);
