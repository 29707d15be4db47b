/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_run: the recovery of one failed host, as far as an engine is concerned: it performs what
 * model/recovery/host_recovery decides. What a step calls durable is on disk before its call goes
 * out; no order goes out when the lease is short or the look that led to it is old.
 *
 * Threads: the main thread.
 */

#include "engine/run_frame.h"

typedef struct MskHostRun MskHostRun;

/** msk_host_run_new: begins or goes on. @frame: (borrowed). @job: a prepared one; what it needs of
 *  it is taken. */
MskHostRun *msk_host_run_new(MskRunFrame *frame, MskPrepareJob *job);

/** msk_host_run_free: @self: (nullable) */
void msk_host_run_free(MskHostRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHostRun, msk_host_run_free)
