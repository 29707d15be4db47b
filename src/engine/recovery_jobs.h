/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * recovery_jobs: what a recovery asks of the database, each a job of the store queue with data of
 * its own. The recovery is named by a number, because it may be gone when the answer comes.
 *
 * Threads: data is made and answered on the main thread, and belongs to the queue in between.
 */

#include "engine/store_queue.h"
#include "io/fence_file.h"
#include "model/recovery/notification_triage.h"

typedef struct MskRecoveryJob MskRecoveryJob;

/** MskRecoveryJobFunc: on the main thread; @job is valid during the call. */
typedef void (*MskRecoveryJobFunc)(MskStoreResult result, const GError *error, MskRecoveryJob *job);

struct MskRecoveryJob {
    /* Set by the caller. */
    MskRecoveryJobFunc done;
    void *owner;     /* the caller's */
    uint64_t number; /* of the recovery */

    /* The claim. */
    char *notification_uuid;
    char *engine_uuid;
    int64_t epoch;

    /* Of save, finish and release: what is written. */
    MskFlowProgress *flow; /* (nullable); of prepare: what a dead engine had written */
    GHashTable *earlier;   /* (nullable) of prepare: see msk_flow_tasks_earlier() */
    char *state;           /* (nullable) of msk_instance_recovery_save() */
    MskNotificationStatus status;
    char *message; /* (nullable) */

    /* Of prepare: the question, and the answer. */
    MskNotification *notification;
    bool taken_over;
    int64_t attempt;
    bool live_truth;          /* see MskInstanceOrder */
    bool is_cloud;            /* see MskComputeDriver */
    const char *fence_file;   /* (nullable) (borrowed) [fencing] devices_file */
    char *host;               /* the name of the failed host */
    MskFencePlan *fence_plan; /* (nullable) its devices */
    char *fence_error;        /* (nullable) why they are not known */
    char *segment_uuid;
    char *method;     /* its segment's recovery_method */
    GPtrArray *moves; /* (nullable) MskStoredMove: of a host's recovery, what was planned before */
    MskTriage triage;
    bool superseded; /* see MskInstanceOrder */
};

/** msk_recovery_job_new: copies what @claim and @engine_uuid say. */
MskRecoveryJob *msk_recovery_job_new(const MskClaim *claim, const char *engine_uuid,
                                     MskRecoveryJobFunc done, void *owner, uint64_t number);

/** msk_recovery_job_prepare: what is to be done? Holds the instance: BUSY while another claim has
 *  it. @claim: copied. */
void msk_recovery_job_prepare(MskStoreQueue *queue, MskRecoveryJob *job, const MskClaim *claim,
                              bool live_truth, bool is_cloud);

/** msk_recovery_job_save: writes the state, then the flow, as far as they are set. */
void msk_recovery_job_save(MskStoreQueue *queue, MskRecoveryJob *job);

/** msk_recovery_job_finish: ends the claim with status, message and flow. */
void msk_recovery_job_finish(MskStoreQueue *queue, MskRecoveryJob *job);

/** msk_recovery_job_release: saves, and hands the claim back unfinished. */
void msk_recovery_job_release(MskStoreQueue *queue, MskRecoveryJob *job);
