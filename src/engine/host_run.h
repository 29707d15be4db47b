/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_run: the recovery of one failed host, as far as an engine is concerned: it performs what
 * model/recovery/host_recovery decides. What a step calls durable is on disk before its call goes
 * out; no order goes out when the lease is short or the look that led to it is old.
 *
 * Threads: the main thread.
 */

#include "engine/recovery_jobs.h"
#include "engine/run_context.h"

typedef struct MskHostRun MskHostRun;

/** msk_host_run_new: begins or goes on. @job: a prepared one; what it needs of it is taken. */
MskHostRun *msk_host_run_new(const MskRunContext *context, MskRecoveryJob *job);

/** msk_host_run_free: @self: (nullable). Nothing is written for it any more. */
void msk_host_run_free(MskHostRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHostRun, msk_host_run_free)

/** msk_host_run_release: hands it back unfinished, then it has ended. */
void msk_host_run_release(MskHostRun *self);
