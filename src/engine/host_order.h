/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_order: what the recovery of a host is asked to do, from the configuration and the prepared
 * job; what a look of it is for, and what programs of its flow are told.
 *
 * Threads: the main thread.
 */

#include <jansson.h>

#include "engine/engine_settings.h"
#include "engine/prepare_job.h"
#include "model/recovery/host_recovery.h"

/** msk_host_order_make: Returns: the order; it lends @host and @settings. A recovery method that is
 *  not known is logged. */
MskHostOrder msk_host_order_make(const MskEngineSettings *settings, const char *host,
                                 const MskPrepareJob *job);

/** msk_host_order_take_gates: the options of the safety gates, which may have changed. */
void msk_host_order_take_gates(MskHostOrder *self, const MskEngineSettings *settings);

/** msk_host_order_flow: which flow the methods of @order have. */
MskFlowKind msk_host_order_flow(const MskHostOrder *order);

/** msk_host_order_describe: Returns: (transfer full) [{"uuid": s, "name": s, "status": s,
 *  "dest_host": s or null}] of the moves that are planned by now. */
json_t *msk_host_order_describe(const MskHostRecovery *state);

/** msk_host_order_served: Returns: (transfer container) the uuids of the VMs that the next look is
 *  for, and NULL. */
GPtrArray *msk_host_order_served(const MskHostRecovery *state);

/**
 * msk_host_order_since:
 * @complete_us: (inout) on msk_engine_now_us(): since when all that changes matters; 0 for nothing,
 *   also after the call, when that is too long ago to be asked for.
 *
 * Returns: the real time since when what the next look is for, and what matters, can have changed;
 *   0 when that is not known.
 */
int64_t msk_host_order_since(const MskHostRecovery *state, int64_t *complete_us);
