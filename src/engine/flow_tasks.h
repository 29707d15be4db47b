/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * flow_tasks: the programs in the flow of one recovery, as far as an engine is concerned.
 *
 *   a slot is due ─▶ for each program: "begun" stored ─▶ lease ─▶ run, lines ─▶ end stored ─▶ next
 *
 * The progress of the recovery is the record: a program whose row says RUNNING was begun, and what
 * came of it is not known when nobody is left who ran it. It is run again only when it is
 * repeatable; else the recovery ends in error, with a line that says so. A program is killed
 * when the lease of its engine runs out, or the recovery is dropped or handed back.
 *
 * Threads: the main thread.
 */

#include <jansson.h>

#include "engine/run_context.h"

typedef struct MskFlowTasks MskFlowTasks;

typedef enum {
    MSK_FLOW_TASKS_DONE,
    MSK_FLOW_TASKS_FAILED, /* with a message for users */
    MSK_FLOW_TASKS_LOST,   /* the claim is not ours any more */
} MskFlowTasksResult;

typedef struct {
    MskRunContext run;     /* of the recovery; its callbacks are not called */
    const char *book;      /* of the flow's progress */
    MskFlowProgress *flow; /* that of a predecessor, when there was one */
    GHashTable *earlier;   /* (nullable) name to MskProgressState + 1: in earlier attempts */
    json_t *subject; /* (transfer full) what programs are told of the host and so on, an object */
    void (*describe)(json_t *input, void *data); /* (nullable) adds what is known by now */
    void (*changed)(void *data);                 /* @flow has, and is to be saved some time */
    void (*done)(MskFlowTasksResult result, const char *message, void *data); /* of a run() */
    void *data;
} MskFlowTasksContext;

/** msk_flow_tasks_new: Returns: (transfer full) (nullable) NULL when the flow of @kind has no
 *  programs. */
MskFlowTasks *msk_flow_tasks_new(const MskFlowTasksContext *context, MskFlowKind kind);

/** msk_flow_tasks_free: @self: (nullable). A program that runs is killed. */
void msk_flow_tasks_free(MskFlowTasks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskFlowTasks, msk_flow_tasks_free)

/** msk_flow_tasks_run: the programs of all slots up to @slot that have not been run; then done is
 *  called, never before this returns. */
void msk_flow_tasks_run(MskFlowTasks *self, unsigned slot);

/** msk_flow_tasks_earlier: what the flows of a notification say of its programs.
 *  @flows: (element-type MskFlowProgress) oldest first. Returns: (transfer full) see above. */
GHashTable *msk_flow_tasks_earlier(const GPtrArray *flows);
