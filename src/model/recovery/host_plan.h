/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_plan: which VMs of a failed host are moved, and in which order: those that are HA-enabled
 * first, then by priority, the highest first, then the small ones before the big ones.
 * Pure; any thread.
 * Source: upstream masakari/engine/drivers/taskflow/host_failure.py
 * (PrepareHAEnabledInstancesTask).
 */

#include "model/recovery/host_recovery.h"

typedef struct {
    const MskHostOrder *order;
    GArray *notes; /* lent: MskHostNote are appended */
    unsigned n_moves;
} MskHostPlan;

/** msk_planned_move_see: @planned: not begun. Keeps what it is; nothing is lent. @asked_us: when
 *  the cloud was asked; 0: not known. */
void msk_planned_move_see(MskPlannedMove *planned, const MskSight *sight, int64_t asked_us,
                          int64_t now_us);

/** msk_host_plan_make: appends a move of @round to @moves for each VM that has to be moved and has
 *  none that is not over; n_moves of @self says how many there are to do. */
void msk_host_plan_make(MskHostPlan *self, MskListedVm *vms, size_t n_vms, unsigned round,
                        GPtrArray *moves);

/** msk_host_plan_unfinished: Returns: (transfer full) the uuids of the moves that are not over,
 * with commas between. */
char *msk_host_plan_unfinished(const GPtrArray *moves);

/** msk_host_plan_with_outcome: Returns: (transfer full) (nullable) the uuids of the VMs whose last
 *  move since @first_round came to @outcome, sorted, with commas between; NULL for none. */
char *msk_host_plan_with_outcome(const GPtrArray *moves, unsigned first_round,
                                 MskMoveOutcome outcome);
