/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * instance_run: the recovery of one failed instance, as far as an engine is concerned: it performs
 * what model/recovery/instance_recovery decides. The state that a step calls durable is on disk
 * before its call goes out. When that, or the lease, took too long, the call is not made and the
 * machine looks again.
 *
 * Threads: the main thread.
 */

#include "engine/run_frame.h"

typedef struct MskInstanceRun MskInstanceRun;

/** msk_instance_run_new: begins or goes on. @frame: (borrowed). @job: a prepared one; what it needs
 *  of it is taken. */
MskInstanceRun *msk_instance_run_new(MskRunFrame *frame, MskPrepareJob *job);

/** msk_instance_run_free: @self: (nullable) */
void msk_instance_run_free(MskInstanceRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskInstanceRun, msk_instance_run_free)
