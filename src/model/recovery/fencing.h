/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fencing: turns one host off and makes sure of it.
 *
 *   level 1:  device: off ─▶ status ─┬ off ─▶ next device of the level ─▶ … ─▶ confirmed
 *                      ▲             ├ on, or no answer: looked at again, a few times
 *                      └─ once more ◀┴ then
 *   level 2:  when a device of level 1 fails for good; and so on ─▶ failed
 *
 * Only a status that says off is believed: neither an "off" that says it went well, nor one that
 * failed, which may mean that the host was off already.
 *
 * Pure, and plain data; time is not needed but for the waits that it asks for.
 * Source: fence-agents, doc/FenceAgentAPI.md.
 */

#include <stdbool.h>
#include <stdint.h>

#include "model/recovery/fence_plan.h"

typedef enum { MSK_FENCE_VERB_OFF, MSK_FENCE_VERB_STATUS } MskFenceVerb;

/* What a run of an agent came to. */
typedef enum {
    MSK_FENCE_DONE,    /* off: it says that it went well; status: the host is on */
    MSK_FENCE_IS_OFF,  /* status: the host is off */
    MSK_FENCE_ERROR,   /* it says that it failed, or could not be started */
    MSK_FENCE_TIMEOUT, /* it was stopped because it took too long */
} MskFenceResult;

typedef enum {
    MSK_FENCE_ACT_RUN,  /* device's agent with verb; answered by msk_fencing_answer() */
    MSK_FENCE_ACT_WAIT, /* for delay_us, then msk_fencing_go_on() */
    MSK_FENCE_ACT_CONFIRMED,
    MSK_FENCE_ACT_FAILED,
} MskFenceActKind;

typedef struct {
    MskFenceActKind kind;
    unsigned device; /* of RUN: its index in the plan */
    MskFenceVerb verb;
    int64_t delay_us;
    char *note; /* (nullable) (owned) for people, of CONFIRMED and FAILED always */
} MskFenceAct;

void msk_fence_act_clear(MskFenceAct *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskFenceAct, msk_fence_act_clear)

typedef struct {
    const MskFencePlan *plan; /* at least one device; outlives this */
    const char *host;         /* as the plan */
    unsigned device;
    MskFenceVerb verb;
    unsigned n_tries; /* of off, at this device */
    unsigned n_looks; /* since the last off */
    bool accepted;    /* the last off said it went well */
    char *refusal;    /* (nullable) what the last off said if it did not go well */
    char *failure;    /* (nullable) what was last said of a device that failed */
} MskFencing;

void msk_fencing_init(MskFencing *self, const MskFencePlan *plan, const char *host);
void msk_fencing_clear(MskFencing *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskFencing, msk_fencing_clear)

/** msk_fencing_go_on: to begin, and after a wait. */
MskFenceAct msk_fencing_go_on(MskFencing *self) G_GNUC_WARN_UNUSED_RESULT;

/** msk_fencing_answer: the run that was asked for is over. @said: (nullable) masked words of the
 *  agent. */
MskFenceAct msk_fencing_answer(MskFencing *self, MskFenceResult result,
                               const char *said) G_GNUC_WARN_UNUSED_RESULT;

/** msk_fence_verb_name: Returns: (static) as agents take it. */
const char *msk_fence_verb_name(MskFenceVerb verb);
