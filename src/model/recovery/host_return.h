/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_return: takes back a host that failed, was recovered, and lives again.
 *
 *   watching ─▶ taking ─▶ lifting ─▶ clearing ─▶ enabling ─▶ over
 *      ▲ │ └─ left to people: it failed too often, or a person had a hand in it
 *      └─┴── not heard of: begins anew
 *
 * It is watched until its compute service has beaten without a break for long enough: the longer,
 * the more often it failed of late. Then forced-down is lifted (Nova refuses that until it has
 * cleaned up what was evacuated), on_maintenance is cleared so that failures count again, and only
 * then the scheduler may choose the host.
 *
 * What is to be done next is read from how things stand, so whoever takes over needs no memory but
 * that the return was begun. A service that was disabled with another reason than ours, or that is
 * in use though nobody began a return, is a person's.
 *
 * Pure: no clock, no call. Any thread may call; a state has one owner.
 */

#include "model/recovery/host_recovery.h"

typedef struct {
    const char *host;
    int64_t after_us;      /* auto_return_after: how long it lives before it is taken back */
    int64_t window_us;     /* auto_return_window: for how long a failure counts */
    unsigned max_failures; /* auto_return_max_failures: more within the window are too many */
    int64_t beat_age_us;   /* an older heartbeat is none */
} MskReturnOrder;

/* How things stand. */
typedef struct {
    bool taken;          /* the return was begun, by this engine or one before it */
    bool on_maintenance; /* in our database */
    unsigned n_failures; /* of the host within the window, this one among them */
    bool up;
    bool enabled;
    bool ours; /* it was disabled with our reason */
    bool forced_down;
    int64_t beat_us; /* the time of its last heartbeat by the cloud's clock; 0: none */
    int64_t age_us;  /* of that heartbeat; negative: unknown */
} MskReturnFacts;

typedef enum {
    MSK_RETURN_EVENT_LOOKED, /* with facts */
    MSK_RETURN_EVENT_DONE,   /* the action went through */
    MSK_RETURN_EVENT_FAILED, /* the look or the action did not; with message */
} MskReturnEventKind;

typedef struct {
    MskReturnEventKind kind;
    int64_t now_us; /* monotonic */
    MskReturnFacts facts;
    const char *message;
} MskReturnEvent;

typedef enum {
    MSK_RETURN_ACT_WAIT,   /* for a while, then look */
    MSK_RETURN_ACT_TAKE,   /* write down that the return is begun */
    MSK_RETURN_ACT_LIFT,   /* forced-down, unless evacuations are under way */
    MSK_RETURN_ACT_CLEAR,  /* on_maintenance */
    MSK_RETURN_ACT_ENABLE, /* the service */
    MSK_RETURN_ACT_END,    /* write down that the return is over */
} MskReturnActKind;

typedef struct {
    MskReturnActKind act;
    char *note;   /* (nullable) for the log; told once */
    bool warning; /* the note asks for a person */
} MskReturnStep;

void msk_return_step_clear(MskReturnStep *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskReturnStep, msk_return_step_clear)

/* All zero is a host that was not looked at yet. */
typedef struct {
    int64_t looked_us;
    int64_t beat_us;        /* the last heartbeat; 0: none */
    unsigned n_beats;       /* new ones since the first that was seen */
    int64_t alive_since_us; /* when the first of these was seen */
    int64_t heard_us;       /* and the last */
    char *told;             /* (nullable) the last note */
} MskHostReturn;

void msk_host_return_clear(MskHostReturn *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskHostReturn, msk_host_return_clear)

/** msk_return_delay_us: how long the host has to live: doubled for each failure but the first. */
int64_t msk_return_delay_us(const MskReturnOrder *order, unsigned n_failures);

/** msk_host_return_step: each action is answered by exactly one event, WAIT by LOOKED or FAILED.
 *  After END there is none. Returns: what to do next; clear it with msk_return_step_clear(). */
MskReturnStep msk_host_return_step(MskHostReturn *self, const MskReturnOrder *order,
                                   const MskReturnEvent *event) G_GNUC_WARN_UNUSED_RESULT;
