/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * run_jobs: what the recoveries of all kinds ask of the database, each a job of the store queue
 * with data of its own.
 *
 * Threads: data is made and answered on the main thread, and belongs to the queue in between.
 */

#include "engine/store_queue.h"
#include "model/recovery/host_recovery.h"

typedef enum {
    MSK_RUN_JOB_COUNT,   /* the failures of others */
    MSK_RUN_JOB_MOVES,   /* save moves, perhaps with the claim's state */
    MSK_RUN_JOB_RESERVE, /* take a reserved host */
    MSK_RUN_JOB_SAVE,    /* save state and progress, as far as they are set */
    MSK_RUN_JOB_FINISH,  /* save moves, end the claim */
    MSK_RUN_JOB_RELEASE, /* as SAVE, then hand the claim back */
} MskRunJobKind;

typedef struct MskRunJob MskRunJob;

struct MskRunJob {
    MskRunJobKind kind;
    void (*done)(MskStoreResult result, MskRunJob *job); /* on the main thread */
    void *owner;                                         /* the caller's */
    GDestroyNotify free_owner;                           /* on any thread */

    char *notification_uuid;
    char *engine_uuid;
    int64_t epoch;

    char *state;           /* (nullable) of the claim */
    const char *book;      /* (static) the logbook of the flow, by upstream's name */
    MskFlowProgress *flow; /* (nullable) */
    MskNotificationStatus status;
    char *message; /* (nullable) */

    /* Of the recovery of a host. */
    MskHostAct act;     /* the caller's */
    int64_t decided_us; /* the caller's */
    char *segment_uuid;
    char *host;              /* of COUNT: its name */
    int64_t window_us;       /* of COUNT */
    GPtrArray *moves;        /* (nullable) MskStoredMove */
    MskFailureCounts counts; /* the answer of COUNT */
    char *name;              /* the answer of RESERVE: (nullable) */
    bool wants_reserved;     /* of RESERVE: whether listeners want to know more of it */
    MskHost *reserved;       /* (nullable) then: the host, if it was taken just now */
};

/** msk_run_job_push: @job: (transfer full), all strings owned. */
void msk_run_job_push(MskStoreQueue *queue, MskRunJob *job);
