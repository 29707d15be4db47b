/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fence_run: turns one host off: performs what model/recovery/fencing decides. Agents run on a
 * thread of their own, as one may take a minute; none is run while others may have the recovery.
 *
 * Threads: the main thread.
 */

#include "io/fence_agent.h"

typedef struct MskFenceRun MskFenceRun;

typedef struct {
    const char *agents_dir;
    const char *host;
    const char *subject; /* what log lines begin with */
    const char *reason;  /* (nullable) why there is no plan */
    /* See MskRecoveriesContext. */
    bool (*may_act)(void *data, int64_t *ret_until_us);
    void *act_data;
    /* The end, once, not within msk_fence_run_new(). @note: for people. The run may be freed in
     * it. */
    void (*done)(bool confirmed, const char *note, void *data);
    void *data;
} MskFenceRunContext;

/**
 * msk_fence_run_new: begins.
 * @context: (borrowed) its strings outlive the run.
 * @plan: (nullable) (borrowed) outlives the run; without one it ends unconfirmed for @reason.
 */
MskFenceRun *msk_fence_run_new(const MskFenceRunContext *context, const MskFencePlan *plan);

/** msk_fence_run_free: @self: (nullable). Ends the agent that runs; blocks for a moment. */
void msk_fence_run_free(MskFenceRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskFenceRun, msk_fence_run_free)
