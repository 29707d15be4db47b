/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * run_frame: what the recoveries of an instance, of a host and of a service have in common: one
 * claim from the hour it is taken until it is finished, handed back or lost.
 *
 *   init ─▶ begin(a run of some kind) ─▶ publish, save ─▶ end ──────▶ stored ─▶ finished, ended
 *       │                               │         └─▶ release ─▶ stored ───────────▶ ended
 *       └───────── end, release ────────┘              lose ────────────────────────▶ ended
 *
 * Progress is saved behind the work's back and never delays it. What the database could not store
 * is tried again. Once the run is ending, nobody answers to it any more.
 *
 * Threads: the main thread; a cell is counted, and released on any.
 */

#include "engine/flow_tasks.h"
#include "engine/prepare_job.h"
#include "engine/run_jobs.h"

/* What outlives a run for those who still answer to it. */
typedef struct MskRunCell MskRunCell;

/* What one kind of recovery does its own way. @run: the one that began. */
typedef struct {
    const char *book; /* upstream's names of the logbook and the flow */
    const char *flow;
    unsigned n_tasks; /* built-in ones */
    const char *(*task_name)(unsigned task);
    MskFlowKind (*flow_kind)(const void *run);
    json_t *(*subject)(const void *run);              /* see MskFlowTasksContext */
    void (*describe)(const void *run, json_t *input); /* (nullable) the same */
    /* The programs of a slot have ended. @failure: (nullable) why they failed. */
    void (*tasks_done)(void *run, bool failed, const char *failure);
    /* (nullable) Returns: (transfer full) (nullable) the state of the claim, when it has to be
     * stored: before the progress, and alone. */
    char *(*unsaved_state)(const void *run);
    /* (nullable) Adds what else is stored by a FINISH or a RELEASE. */
    void (*fill)(void *run, MskRunJob *job);
    /* (nullable) A SAVE, or a job of the run's own, is stored. */
    void (*stored)(void *run, MskRunJob *job);
    /* (nullable) The database failed a job of the run's own. */
    void (*failed)(void *run, const MskRunJob *job);
    /* No more work: timers are stopped. */
    void (*stop)(void *run);
} MskRunKind;

typedef struct {
    MskNotificationStatus outcome;
    const char *reason;  /* (static) for the log */
    const char *message; /* (nullable) what users read in the notification */
    const char *failure; /* (nullable) more words for the log */
    bool reverted;       /* see msk_flow_progress_end() */
} MskRunEnd;

/* Made by init; the runs read context, flow and request_id. */
typedef struct {
    MskRunContext context;
    MskRunCell *cell; /* counted */
    char *request_id; /* of all its calls */

    const MskRunKind *kind; /* (nullable) until it begins */
    void *run;              /* the same */
    MskFlowProgress *flow;  /* the same */
    GHashTable *earlier;    /* (nullable) see msk_flow_tasks_earlier() */
    MskFlowTasks *tasks;    /* (nullable) the programs of the flow */

    bool ordered;      /* something, once */
    bool saving;       /* a save is on its way */
    bool flow_changed; /* since the last save set out */
    bool ending;
    unsigned timer; /* of what the database failed */

    MskNotificationStatus end_status;
    const char *end_reason;
    char *end_message; /* (nullable) */
    char *end_failure; /* (nullable) */
} MskRunFrame;

void msk_run_frame_init(MskRunFrame *self, const MskRunContext *context);

/** msk_run_frame_clear: after its run was freed. Nothing is written for it any more. */
void msk_run_frame_clear(MskRunFrame *self);

/** msk_run_frame_begin: @run begins, or goes on with what a dead engine wrote. @kind: (static).
 *  @job: a prepared one; what was written is taken. */
void msk_run_frame_begin(MskRunFrame *self, const MskRunKind *kind, void *run, MskPrepareJob *job);

/** msk_run_frame_uuid: Returns: (owned by @self) that of the notification. */
const char *msk_run_frame_uuid(const MskRunFrame *self);

/** msk_run_frame_cell: Returns: (transfer full) for msk_run_cell_release(). */
MskRunCell *msk_run_frame_cell(const MskRunFrame *self);
void msk_run_cell_release(void *cell);
/** msk_run_cell_frame: Returns: (nullable) NULL when it is ending, or gone. */
MskRunFrame *msk_run_cell_frame(const MskRunCell *self);
/** msk_run_cell_run: Returns: (nullable) the run of that frame. */
void *msk_run_cell_run(const MskRunCell *self);

/** msk_run_frame_publish: one line of progress of @task, saved with the next save. */
void msk_run_frame_publish(MskRunFrame *self, const char *task, double progress,
                           const char *message);

/** msk_run_frame_save: what has changed, if anything. One save is under way at a time; the next
 *  takes what has changed by then, so that a slow database is not flooded. */
void msk_run_frame_save(MskRunFrame *self);

/** msk_run_frame_job: Returns: (transfer full) a job of the run's own, answered by stored() or
 *  failed() of its kind. */
MskRunJob *msk_run_frame_job(MskRunFrame *self, MskRunJobKind kind);

/** msk_run_frame_may_act: see MskRecoveriesContext. */
bool msk_run_frame_may_act(const MskRunFrame *self, int64_t *ret_until_us);

/** msk_run_frame_count_order: an order goes out; the first one counts. */
void msk_run_frame_count_order(MskRunFrame *self);

/** msk_run_frame_end: it has come to its end, which is stored until that succeeds. */
void msk_run_frame_end(MskRunFrame *self, const MskRunEnd *end);

/** msk_run_frame_release: hands it back unfinished, unless its end is on its way already. */
void msk_run_frame_release(MskRunFrame *self);

/** msk_run_frame_lose: the claim is another's. */
void msk_run_frame_lose(MskRunFrame *self);
