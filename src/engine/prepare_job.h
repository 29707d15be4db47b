/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * prepare_job: what has to be known before a recovery begins: the host of its notification, what
 * is to be done, and what was done before. A job of the store queue with data of its own.
 *
 * Threads: data is made and answered on the main thread, and belongs to the queue in between.
 */

#include "engine/store_queue.h"
#include "io/fence_file.h"
#include "model/recovery/notification_triage.h"

typedef struct MskPrepareJob MskPrepareJob;

struct MskPrepareJob {
    /* Set by the caller. */
    void (*done)(MskStoreResult result, MskPrepareJob *job); /* on the main thread */
    void *owner;                                             /* the caller's */
    GDestroyNotify free_owner;                               /* on any thread */
    bool live_truth;                                         /* see MskInstanceOrder */
    bool is_cloud;                                           /* see MskComputeDriver */
    const char *fence_file; /* (nullable) (borrowed) [fencing] devices_file */

    /* The claim. */
    MskNotification *notification;
    char *engine_uuid;
    int64_t epoch;
    bool taken_over;
    int64_t attempt;

    /* The answer. */
    MskTriage triage;
    char *host;   /* the name of the failed host */
    MskHost *row; /* (nullable) that host, as it was left by this job */
    char *segment_uuid;
    char *method;             /* its segment's recovery_method */
    MskFencePlan *fence_plan; /* (nullable) its devices */
    char *fence_error;        /* (nullable) why they are not known */
    bool superseded;          /* see MskInstanceOrder */
    MskFlowProgress *flow;    /* (nullable) what a dead engine had written */
    GHashTable *earlier;      /* (nullable) see msk_flow_tasks_earlier() */
    GPtrArray *moves; /* (nullable) MskStoredMove: of a host's recovery, what was planned before */
};

/** msk_prepare_job_push: what is to be done? Holds the instance, or the host: BUSY while another
 *  claim has it. @job: (transfer full). @claim, @engine_uuid: copied. */
void msk_prepare_job_push(MskStoreQueue *queue, MskPrepareJob *job, const MskClaim *claim,
                          const char *engine_uuid);
