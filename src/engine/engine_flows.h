/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_flows: the recovery flows and the programs in them, as the configuration has them, checked
 * when the engine starts.
 *
 * Threads: the main thread; what is loaded does not change.
 * Source: upstream masakari/conf/engine_driver.py, [taskflow_driver_recovery_flows].
 */

#include "engine/call_pool.h"
#include "model/recovery/recovery_flow.h"
#include "oslo/config.h"

/* A program that a flow names. */
typedef struct {
    char *path;
    unsigned timeout_s;
    bool repeatable; /* it may be run again though it was begun before */
    bool optional;   /* the recovery goes on when it fails */
} MskExecProgram;

typedef struct {
    MskRecoveryFlow *flows[MSK_N_FLOWS];
    GHashTable *programs; /* name as flows have it to MskExecProgram */
    MskCallPool *lanes;   /* the threads that programs are waited for on */
} MskEngineFlows;

void msk_engine_flows_add_options(MskConfigSchema *schema);

/**
 * msk_engine_flows_new:
 * @error: %MSK_ERROR_INVALID with option, task, reason and remedy: a flow that is not possible, a
 *   program that is missing or that others than the engine's user could change, or a setting of a
 *   program that no flow has.
 *
 * Blocks (looks at the programs' files). Logs flows that do not bring an instance back.
 * Returns: (transfer full) the flows, or NULL.
 */
MskEngineFlows *msk_engine_flows_new(const MskConfig *config, GError **error);
/** msk_engine_flows_free: @self: (nullable). Waits a moment for programs that are being killed. */
void msk_engine_flows_free(MskEngineFlows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskEngineFlows, msk_engine_flows_free)

/** msk_engine_flows_program: Returns: (owned by @self) the program called @task_name, of a flow. */
const MskExecProgram *msk_engine_flows_program(const MskEngineFlows *self, const char *task_name);
