/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_run_jobs: what the recovery of a host, or of its service, asks of the
 * database, each a job of the store queue
 * with data of its own.
 *
 * Threads: data is made and answered on the main thread, and belongs to the queue in between.
 */

#include "engine/store_queue.h"
#include "model/recovery/host_recovery.h"

typedef enum {
    MSK_HOST_JOB_COUNT,   /* the failures of others */
    MSK_HOST_JOB_MOVES,   /* save moves, perhaps with the claim's state */
    MSK_HOST_JOB_RESERVE, /* take a reserved host */
    MSK_HOST_JOB_FLOW,    /* save the progress */
    MSK_HOST_JOB_FINISH,  /* save moves, end the claim */
    MSK_HOST_JOB_RELEASE, /* save moves, state and progress, hand the claim back */
} MskHostJobKind;

typedef struct MskHostJob MskHostJob;

struct MskHostJob {
    MskHostJobKind kind;
    void (*done)(MskStoreResult result, MskHostJob *job); /* on the main thread */
    void *owner;                                          /* the caller's */
    GDestroyNotify free_owner;                            /* on any thread */
    MskHostAct act;                                       /* the caller's */
    int64_t decided_us;                                   /* the caller's */

    const char *book; /* (static) the logbook of the flow, by upstream's name */
    char *notification_uuid;
    char *engine_uuid;
    int64_t epoch;
    char *segment_uuid;
    char *host;        /* of COUNT: its name */
    int64_t window_us; /* of COUNT */
    GPtrArray *moves;  /* (nullable) MskStoredMove */
    char *state;       /* (nullable) */
    MskFlowProgress *flow;
    MskNotificationStatus status;
    char *message;

    MskFailureCounts counts; /* the answer of COUNT */
    char *name;              /* the answer of RESERVE: (nullable) */
};

/** msk_host_job_push: @job: (transfer full), all strings owned. */
void msk_host_job_push(MskStoreQueue *queue, MskHostJob *job);
