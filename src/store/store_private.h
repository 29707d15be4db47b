/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * store_private: what the files of store/ share: connections of the pool, transactions around a
 * piece of work, and the rules that more than one table needs.
 */

#include "store/db.h"

/* One transaction's work. Whatever it returns but %MSK_STORE_DONE undoes what it wrote. It may be
 * run again from its start, so it changes nothing but @db and what @data keeps for its result. */
typedef MskStoreResult (*MskStoreWork)(MskDb *db, void *data, GError **error);

/** msk_store_look: runs @work, each statement of which may see another moment of the database. */
MskStoreResult msk_store_look(MskStore *self, MskStoreWork work, void *data, GError **error);
/** msk_store_read: runs @work on one unchanging view of the database. */
MskStoreResult msk_store_read(MskStore *self, MskStoreWork work, void *data, GError **error);
/** msk_store_write: runs @work while no other writer can, and returns once it is committed: with
 *  the work of others that came at the same time, see group_commit.h. @error: also those of the
 *  commit. */
MskStoreResult msk_store_write(MskStore *self, MskStoreWork work, void *data, GError **error);
/** msk_store_write_at_once: as msk_store_write(), but quicker where nobody else waits to write and
 *  one server has the database: there @at_once runs first, without a transaction around it. It is
 *  one statement in MariaDB's words, which waits for its turn by itself: it locks the first row of
 *  masakari_c_lock. Whatever it returns but DONE, @work is run; also when its answer was not heard:
 *  then @work has to find out whether it was done. */
MskStoreResult msk_store_write_at_once(MskStore *self, MskStoreWork at_once, MskStoreWork work,
                                       void *data, GError **error);
/** msk_store_n_open: how many connections there are, in use and resting. */
unsigned msk_store_n_open(MskStore *self);
/** msk_store_dialect: the driver, for its words; the same for all connections. */
const MskDbDriver *msk_store_dialect(const MskStore *self);

/** msk_store_locate: the driver and the place that a connection string names, with its parameters.
 *  @ret_location: (out) (transfer full). @error: %MSK_ERROR_INVALID. */
const MskDbDriver *msk_store_locate(const MskStoreOptions *options, char **ret_location,
                                    GError **error);
/** msk_store_open_with: msk_store_open once the driver and the place are known. */
MskStore *msk_store_open_with(const MskDbDriver *driver, const char *location,
                              const MskStoreOptions *options, GError **error);
/** msk_store_check_schema: @error: %MSK_ERROR_CONFLICT unless all migrations of this program, and
 *  no unknown ones, are there. */
bool msk_store_check_schema(MskDb *db, GError **error);

/** msk_store_segment_in_use: 1 when a host of the segment has a notification that is new, running
 *  or error; 0 when none has; -1 with @error. */
int msk_store_segment_in_use(MskDb *db, const char *segment_uuid, GError **error);
/** msk_store_check_claim: DONE while @ref is still its owner's, else LOST. */
MskStoreResult msk_store_check_claim(MskDb *db, const MskClaimRef *ref, GError **error);
/** msk_store_write_flow: msk_store_progress_save within a transaction, the claim checked. */
bool msk_store_write_flow(MskDb *db, const char *notification_uuid, const char *book,
                          const MskFlowProgress *flow, GError **error);
/** msk_store_read_notification: as msk_store_notification_get; work may run again, so it frees what
 *  *@ret held before: it is NULL at first. */
MskStoreResult msk_store_read_notification(MskDb *db, const char *uuid, MskNotification **ret,
                                           GError **error);

/** msk_store_fold_uuid: Returns: (transfer full) (nullable) as uuids are stored, in lower case:
 *  uuids are compared without case. */
char *msk_store_fold_uuid(const char *uuid);

/** msk_store_now_text: Returns: (transfer full) the database's time as a datetime column keeps it,
 *  the same within a transaction. */
char *msk_store_now_text(MskDb *db, GError **error);

/** msk_store_result_of: a call that has to find a row: 1 DONE, 0 NOT_FOUND, -1 FAILED. */
static inline MskStoreResult
msk_store_result_of(int rows)
{
    return rows > 0 ? MSK_STORE_DONE : rows == 0 ? MSK_STORE_NOT_FOUND : MSK_STORE_FAILED;
}
