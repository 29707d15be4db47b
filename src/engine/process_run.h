/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * process_run: the recovery of a failed process of a host, as far as an engine is concerned: it
 * performs what model/recovery/process_recovery decides. No order goes out when the lease is short.
 *
 * Threads: the main thread.
 */

#include "engine/run_frame.h"

typedef struct MskProcessRun MskProcessRun;

/** msk_process_run_new: begins or goes on. @frame: (borrowed). @job: a prepared one; what it needs
 *  of it is taken. */
MskProcessRun *msk_process_run_new(MskRunFrame *frame, MskPrepareJob *job);

/** msk_process_run_free: @self: (nullable) */
void msk_process_run_free(MskProcessRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskProcessRun, msk_process_run_free)
