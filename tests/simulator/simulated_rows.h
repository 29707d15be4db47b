/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * simulated_rows: the rows of the vmoves table of one notification, which outlive an engine.
 *
 * Plain data, one thread.
 */

#include "model/recovery/host_recovery.h"

GPtrArray *simulated_rows_new(void);

/** simulated_rows_store: writes the row of a move, as the engine's transaction does. @index: of the
 *  move, of those that have a row or the next one. */
void simulated_rows_store(GPtrArray *self, const MskHostRecovery *state, unsigned index);

/** simulated_rows_load: what another engine reads. */
void simulated_rows_load(const GPtrArray *self, MskHostRecovery *state);

/** simulated_rows_check: Returns: (transfer full) (nullable) a row that has not come to its end. */
char *simulated_rows_check(const GPtrArray *self);
