/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * process_run: the recovery of a failed process of a host, as far as an engine is concerned: it
 * performs what model/recovery/process_recovery decides. No order goes out when the lease is short.
 *
 * Threads: the main thread.
 */

#include "engine/recovery_jobs.h"
#include "engine/run_context.h"

typedef struct MskProcessRun MskProcessRun;

/** msk_process_run_new: begins or goes on. @job: a prepared one; what it needs of it is taken. */
MskProcessRun *msk_process_run_new(const MskRunContext *context, MskRecoveryJob *job);

/** msk_process_run_free: @self: (nullable). Nothing is written for it any more. */
void msk_process_run_free(MskProcessRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskProcessRun, msk_process_run_free)

/** msk_process_run_release: hands it back unfinished, then it has ended. */
void msk_process_run_release(MskProcessRun *self);
