/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * exec_run: one run of an operator's program on a thread of its own, with the lines that it writes
 * on the way to the main thread.
 *
 * Threads: the functions belong to the main thread.
 */

#include "engine/engine_flows.h"

typedef struct MskExecRun MskExecRun;

typedef enum {
    MSK_EXEC_RUN_SUCCEEDED,
    MSK_EXEC_RUN_FAILED,
    MSK_EXEC_RUN_STALE,     /* it was not started: the lease had run out by then */
    MSK_EXEC_RUN_CANCELLED, /* it was killed, and what it has done is not known */
} MskExecRunEnd;

/** MskExecRunDone: on the main thread. @why: (nullable) of FAILED: how it ended, in words. */
typedef void (*MskExecRunDone)(MskExecRunEnd end, const char *why, void *data);

/**
 * msk_exec_run_new: starts it as soon as a lane is free.
 * @input: (transfer full) its standard input.
 * @until_us: when it must have begun, on msk_engine_now_us().
 * @done: called once, unless the run is freed before.
 */
MskExecRun *msk_exec_run_new(const MskEngineFlows *flows, const MskExecProgram *program,
                             char *input, int64_t until_us, MskExecRunDone done, void *data);

/** msk_exec_run_cancel: kills it, if it still runs; the end is told. */
void msk_exec_run_cancel(MskExecRun *self);

/** msk_exec_run_free: @self: (nullable); kills it, if it still runs. */
void msk_exec_run_free(MskExecRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskExecRun, msk_exec_run_free)

/**
 * msk_exec_run_take_lines:
 * @ret_left_out: (out) how many lines, so far, were more than anybody reads.
 *
 * Returns: (transfer full) (element-type MskExecLine) what it wrote since the last call; clear each
 *   one's text.
 */
GArray *msk_exec_run_take_lines(MskExecRun *self, unsigned *ret_left_out);

/** The lines of one run that are kept. */
#define MSK_EXEC_MAX_LINES 40
