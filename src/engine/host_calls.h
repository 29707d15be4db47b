/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_calls: what the recovery of a host asks of the cloud. Each call is made on a thread of the
 * call pool, and its answer becomes an event of the pure machine.
 *
 * Threads: a call belongs to the main thread until it is pushed and when it is answered.
 */

#include "engine/call_pool.h"
#include "model/recovery/host_recovery.h"

typedef struct MskHostCall MskHostCall;

/** MskHostAnswerFunc: on the main thread; the event and what it lends are valid during the call. */
typedef void (*MskHostAnswerFunc)(const MskHostEvent *event, void *data);

/* What a call is about; the strings are copied. */
typedef struct {
    MskHostActKind kind;
    const char *host;       /* the failed one */
    const char *reserved;   /* (nullable) */
    const char *reason;     /* (nullable) of disabling */
    const char *ha_key;     /* (nullable) */
    const char *request_id; /* (nullable) */
    /* Of LOOK: */
    GPtrArray *changed;        /* (nullable) MskServer: what changed, known already; counted */
    int64_t asked_us;          /* when that was asked for, on msk_engine_now_us() */
    int64_t since_us;          /* or what changed since then is asked for; 0: unknown */
    int64_t complete_us;       /* the same or later, on msk_engine_now_us(); 0: unknown */
    bool migrations;           /* not of what is known already */
    char **uuids;              /* (nullable) the VMs asked for */
    unsigned move;             /* of MOVE */
    MskMoveActKind move_act;   /* of MOVE */
    const char *instance_uuid; /* of MOVE */
    /* 0, or when an order, or the look that takes a list, must have begun; on msk_engine_now_us()
     */
    int64_t until_us;
} MskHostQuestion;

/** msk_host_call_push: an order that had to wait for a thread for too long is not given: a move's
 * is answered by %MSK_MOVE_STALE, another by %MSK_HOST_EVENT_FAILED. @data: (transfer full) freed
 * by @free_data, on any thread. */
void msk_host_call_push(MskCallPool *pool, const MskHostQuestion *question,
                        MskHostAnswerFunc answer, void *data, GDestroyNotify free_data);
