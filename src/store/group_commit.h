/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * group_commit: pieces of work that write, and wait for their turn at the same time, share one
 * transaction, and with it one turn among the writers and one sync of the disk.
 *
 *   threads ──write──▶ queue ──▶ one of them leads: BEGIN, all work, COMMIT ──▶ each its result
 *
 * Nobody waits for company: whoever finds no leader leads at once, with all that has queued up
 * meanwhile. A call returns only after the commit that has its work.
 *
 * Threads: any number of them.
 */

#include "store/store_private.h"

typedef struct MskGroupCommit MskGroupCommit;

/* What one of them wants. */
typedef struct {
    MskStoreWork at_once; /* (nullable) as msk_store_write_at_once() has it */
    MskStoreWork work;
    void *data;
} MskChange;

/** MskWriteFunc: makes the change by itself, as msk_store_write_at_once() does; @store: as given to
 *  new(). */
typedef MskStoreResult (*MskWriteFunc)(void *store, const MskChange *change, GError **error);

/** msk_group_commit_new: @write: runs the transactions. Returns: (transfer full) */
MskGroupCommit *msk_group_commit_new(MskWriteFunc write, void *store);
/** msk_group_commit_free: @self: (nullable); no call of it is under way. */
void msk_group_commit_free(MskGroupCommit *self);
/** msk_group_commit_write: makes the change by itself, or runs its work in a transaction with that
 *  of others. One that fails by itself, or refuses, leaves the others as they are. */
MskStoreResult msk_group_commit_write(MskGroupCommit *self, const MskChange *change,
                                      GError **error);
/** msk_group_commit_waiting: how many wait for a leader; for tests. */
unsigned msk_group_commit_waiting(MskGroupCommit *self);
