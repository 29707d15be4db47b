/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * planned_rows: the moves of a host's recovery as they are stored, in the rows that users see and
 * in the words that a successor goes on with.
 *
 * Threads: the main thread.
 */

#include "engine/run_jobs.h"

/** msk_planned_rows_new: Returns: (transfer full) (element-type MskStoredMove) none yet. */
GPtrArray *msk_planned_rows_new(void);

/** msk_planned_rows_add: @planned is saved by @job. Its row gets a uuid and the times that it
 * lacks.
 */
void msk_planned_rows_add(MskRunJob *job, const char *host, MskPlannedMove *planned);

/** msk_planned_rows_add_all: those of @state that have no row yet, or with @unstored those that
 * have changed since they were stored. */
void msk_planned_rows_add_all(MskRunJob *job, const char *host, const MskHostRecovery *state,
                              bool unstored);

/** msk_planned_rows_load: @moves: (nullable) (element-type MskStoredMove) becomes part of @state.
 */
void msk_planned_rows_load(MskHostRecovery *state, const GPtrArray *moves);
