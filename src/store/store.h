/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * store: the database, behind one interface: SQLite now, MariaDB behind the same functions.
 *
 * The tables are the Python service's own (failover_segments, hosts, notifications, vmoves, and
 * taskflow's logbooks, flowdetails, atomdetails); our own tables are named masakari_c_*.
 * A row is never removed here, it is marked deleted (deleted = id, deleted_at), as upstream does.
 *
 * Threads: any thread may call; a store keeps a bounded pool of connections. Every call blocks and
 * is bounded by the connection's busy timeout.
 * Errors, of every call: %MSK_ERROR_UNAVAILABLE when the database is locked, full, read-only or
 * away (nothing was changed; trying again may help); %MSK_ERROR_INTERNAL when it is damaged or
 * answers nonsense. Others are named at the function. Outputs are untouched on failure.
 * Source: upstream masakari/db/sqlalchemy/{models,api}.py.
 */

#include "model/host.h"
#include "model/notification.h"
#include "model/segment.h"

typedef struct MskStore MskStore;

typedef struct {
    const char *connection;   /* [database] connection: "sqlite:////path/to/file" */
    unsigned max_connections; /* from 1 */
    unsigned busy_timeout_ms; /* how long to wait for another writer */
} MskStoreOptions;

/**
 * msk_store_open:
 * @error: %MSK_ERROR_INVALID when the connection string cannot be used; its message names what is
 *   allowed, and never holds a password. %MSK_ERROR_CONFLICT when the schema is not the one this
 *   program needs ("run masakari-manage db sync"). A file that is no database is left untouched.
 */
MskStore *msk_store_open(const MskStoreOptions *options, GError **error);
/** msk_store_free: @self: (nullable) */
void msk_store_free(MskStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskStore, msk_store_free)

/* Migrations, for masakari-manage: both work on a database of any version, also a missing one. */
/** msk_store_sync: @version: (nullable) NULL for the newest. Never goes back. */
bool msk_store_sync(const MskStoreOptions *options, const char *version, GError **error);
/** msk_store_version: @ret_version: (out) (transfer full) (nullable) NULL when not yet synced. */
bool msk_store_version(const MskStoreOptions *options, char **ret_version, GError **error);

/* ---- lists ------------------------------------------------------------------------------- */

typedef struct {
    const char *key; /* a column that the list allows; see each list */
    bool descending;
} MskSort;

typedef struct {
    const MskSort *sorts; /* never NULL when n_sorts > 0; checked by the caller against the keys */
    size_t n_sorts;
    int64_t limit;  /* -1: no limit */
    int64_t marker; /* 0: from the start; else the id after which the list goes on */
} MskPage;

/* ---- segments ------------------------------------------------------------------------------ */

typedef struct {
    const char *recovery_method; /* (nullable) each: NULL is any */
    const char *service_type;
    const char *name;
    int enabled; /* -1 any, 0, 1 */
} MskSegmentFilter;

/**
 * msk_segment_create:
 * @segment: (inout) name, service_type, description, recovery_method and enabled are stored; uuid,
 *   id and times are filled in.
 * @error: %MSK_ERROR_CONFLICT when the name is taken (ignoring case and accents).
 */
bool msk_store_segment_create(MskStore *self, MskSegment *segment, GError **error);
/** @error: %MSK_ERROR_NOT_FOUND. Returns: (transfer full) */
MskSegment *msk_store_segment_get(MskStore *self, const char *uuid, GError **error);
/** @error: %MSK_ERROR_NOT_FOUND when the marker's row does not exist.
 *  Returns: (transfer full) (element-type MskSegment) */
GPtrArray *msk_store_segment_list(MskStore *self, const MskSegmentFilter *filter,
                                  const MskPage *page, GError **error);
/** Stores all fields but uuid and times of the row with @segment's uuid; fills updated_at.
 *  @error: NOT_FOUND, CONFLICT (name taken, or in use by a running recovery). */
bool msk_store_segment_update(MskStore *self, MskSegment *segment, GError **error);
/** @error: NOT_FOUND, CONFLICT (in use by a running recovery). Its hosts are deleted with it. */
bool msk_store_segment_delete(MskStore *self, const char *uuid, GError **error);
