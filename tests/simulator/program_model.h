/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * program_model: the programs in the flow of a recovery, in virtual time: what the engine does for
 * them (engine/flow_tasks.c), with the rows that outlive it. The beginning and the end of each are
 * stored; whoever takes over reads them, and msk_exec_decide() says what may be run again.
 *
 *   begin ─▶ step (the program that is due) ─▶ step … ─▶ over
 *
 * In a scenario:
 *   flow <pre>|<main>|<post>    the tasks, each "a b", as in the configuration
 *   program <name> <ms> [fails[=<n>: the first n times]] [repeatable] [optional]
 *
 * Plain data, one thread.
 */

#include "model/recovery/recovery_flow.h"

#define MODEL_MAX_PROGRAMS 4

typedef struct {
    char name[32];
    int64_t takes_us;
    unsigned n_failures; /* at first */
    bool repeatable;
    bool optional;
    MskProgressState row;     /* of this attempt */
    MskProgressState earlier; /* of those before it; PENDING: none */
    unsigned n_runs;          /* for the present report */
} ModelProgram;

typedef struct {
    MskRecoveryFlow *flow; /* (nullable) (owned by the scenario) */
    ModelProgram programs[MODEL_MAX_PROGRAMS];
    unsigned n_programs;
    unsigned next;        /* of the flow's */
    unsigned slot;        /* of the run under way */
    bool began;           /* the one that is due, by the present engine */
    bool refused_unknown; /* nobody knows what became of a program, so the recovery failed */
    char *failure;        /* (nullable) of a program that failed for good */
    char *harm;           /* (nullable) the first thing that must not happen */
} ProgramModel;

/** program_model_parse: Returns: whether @words is a line of the above. */
bool program_model_parse(ProgramModel *self, MskFlowKind kind, char **words);

/** program_model_clear: what a run has made; the flow stays. */
void program_model_clear(ProgramModel *self);

/** program_model_attempt: another attempt begins. @report: for another report. */
void program_model_attempt(ProgramModel *self, bool report);

/** program_model_take_over: an engine goes on with the rows of another. */
void program_model_take_over(ProgramModel *self);

/** program_model_begin: the programs of all slots up to @slot are due. */
void program_model_begin(ProgramModel *self, unsigned slot);

bool program_model_is_due(ProgramModel *self);

/** program_model_takes_us: how long the next step takes; its beginning is stored before that. */
int64_t program_model_takes_us(ProgramModel *self);

/** program_model_step: the next program comes to its end, which is stored unless the engine is
 *  @dead by then. Returns: (transfer full) (nullable) a line for the log; NULL when all are over,
 *  or one has failed for good. */
char *program_model_step(ProgramModel *self, bool dead);

/** program_model_check_all_run: a recovery ends well: no program may be missing. */
void program_model_check_all_run(ProgramModel *self);

/** program_model_verdict: harm that only shows at the end. */
void program_model_verdict(ProgramModel *self);
