/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * store: the database, behind one interface: SQLite or MariaDB.
 *
 * The tables are the Python service's own (failover_segments, hosts, notifications, vmoves, and
 * taskflow's logbooks, flowdetails, atomdetails); our own tables are named masakari_c_*.
 * A row is never removed here, it is marked deleted (deleted = id, deleted_at), as upstream does.
 * Text is compared as MariaDB's utf8mb3_general_ci does: without case, accents, trailing blanks.
 * Times are stored in whole seconds (fractions are cut off) unless a comment says otherwise.
 *
 * Threads: any thread may call; a store keeps a bounded pool of connections and a caller beyond
 * it waits. Every call blocks, for at most about the busy timeout plus the work itself.
 * Errors, of every call: %MSK_ERROR_UNAVAILABLE when the database is locked, full, read-only or
 * away (nothing was changed, unless the message says that this is not known; trying again may
 * help); %MSK_ERROR_INTERNAL when it is damaged or
 * answers nonsense. Results that a caller has to expect are no errors: see MskStoreResult.
 * Outputs are untouched on failure.
 * Source: upstream masakari/db/sqlalchemy/{models,api}.py.
 */

#include "model/host.h"
#include "model/notification.h"
#include "model/progress.h"
#include "model/recovery/lease_watch.h"
#include "model/segment.h"
#include "model/vmove.h"

typedef struct MskStore MskStore;

/* What a call came to. @error is set with MSK_STORE_FAILED and with nothing else. */
typedef enum {
    MSK_STORE_FAILED = -1,
    MSK_STORE_DONE = 0,
    MSK_STORE_NOT_FOUND,      /* the row named does not exist (any more) */
    MSK_STORE_NAME_TAKEN,     /* another segment or host has this name */
    MSK_STORE_IN_USE,         /* notifications of the segment's hosts are new, running or error */
    MSK_STORE_DUPLICATE,      /* the same failure was reported already */
    MSK_STORE_ON_MAINTENANCE, /* the host is, so its failures are not taken */
    MSK_STORE_LOST,           /* the caller no longer owns the claim, or its lease */
    MSK_STORE_BUSY,           /* another claim holds the subject */
} MskStoreResult;

typedef struct {
    const char *connection;   /* [database] connection: "sqlite:////path/to/file", "mysql://…" */
    const char *parameters;   /* (nullable) "a=b&c=d": more of a server's connection string */
    bool has_sync_wait;       /* whether sync_wait is asked for */
    unsigned sync_wait;       /* wsrep_sync_wait of a server's connections */
    unsigned max_connections; /* from 1; so many may rest */
    unsigned max_overflow;    /* so many more are opened while callers wait for long */
    unsigned busy_timeout_ms; /* how long to wait for another writer */
    unsigned pool_timeout_ms; /* and for a connection; 0: as long as makes sense */
    int64_t recycle_s;        /* connections are closed at this age; 0 or less: never */
} MskStoreOptions;

/**
 * msk_store_open:
 * @error: %MSK_ERROR_INVALID when the connection string cannot be used; its message names what is
 *   allowed, and never holds a password. %MSK_ERROR_CONFLICT when the schema is not the one this
 *   program needs ("run masakari-manage db sync"). A file that is no database is left untouched.
 */
MskStore *msk_store_open(const MskStoreOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_free: @self: (nullable); no call may be under way. */
void msk_store_free(MskStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskStore, msk_store_free)

/** msk_store_rest: closes the connections that nobody uses, but for the last used: each has buffers
 *  and statements, here and in a server. For when a load is over; any thread. */
void msk_store_rest(MskStore *self);

/** msk_store_ping: whether the database answers (for a health check). Blocks. */
bool msk_store_ping(MskStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Migrations, for masakari-manage: both work on a database of any version, also a missing one. */
/**
 * msk_store_sync:
 * @version: (nullable) an alembic revision of the Python service, such as "13adff5efb9a"; NULL for
 *   the newest. Never goes back.
 * @error: %MSK_ERROR_INVALID for an unknown version or connection string; %MSK_ERROR_CONFLICT when
 *   the schema is newer than this program, or someone else's.
 */
bool msk_store_sync(const MskStoreOptions *options, const char *version,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_version: @ret_version: (out) (transfer full) (nullable) the alembic revision, NULL
 *  when not yet synced. A missing file is not created. */
bool msk_store_version(const MskStoreOptions *options, char **ret_version,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- lists ---------------------------------------------------------------------------------- */

typedef enum {
    MSK_STORE_SEGMENTS,
    MSK_STORE_HOSTS,
    MSK_STORE_NOTIFICATIONS,
    MSK_STORE_VMOVES,
} MskStoreTable;

/** msk_store_sort_key_known: whether @key is a column by which the list can be sorted. */
bool msk_store_sort_key_known(MskStoreTable table, const char *key);

typedef struct {
    const char *key; /* msk_store_sort_key_known */
    bool descending;
} MskSort;

/* Who looks at each row of a list once, and spares copies of them. */
typedef struct {
    /* Before the first row, and each time that the page is read anew: what was shown is void. */
    void (*begin)(void *data);
    /* @record: of the list's kind; it and what it points to are gone after the call. */
    void (*row)(const void *record, void *data);
    void *data;
} MskRowSink;

/* One page of a list. created_at and id follow the given keys where missing, in the direction of
 * the first key (descending without keys), so that the order is always complete. */
typedef struct {
    const MskSort *sorts; /* (nullable) when n_sorts is 0 */
    size_t n_sorts;
    int64_t limit;          /* -1: no limit */
    int64_t marker;         /* 0: from the start; else the id after which the list goes on */
    const MskRowSink *sink; /* (nullable) is shown the rows in place of a list of them */
} MskPage;

/* Each list: @page (nullable) NULL is all rows in default order. @ret: (out) (transfer full), a
 * GPtrArray that frees its elements; empty where there is a sink. NOT_FOUND when the marker's row
 * does not exist. */

/* ---- segments -------------------------------------------------------------------------------- */

typedef struct {
    const char *recovery_method; /* (nullable) each: NULL is any */
    const char *service_type;
    int enabled; /* -1 any, 0, 1 */
} MskSegmentFilter;

#define MSK_SEGMENT_FILTER_ANY ((MskSegmentFilter){.enabled = -1})

/** msk_store_segment_create: @segment: (inout) name, service_type, description, recovery_method,
 *  enabled are stored; uuid (when NULL), id and times are filled in. DONE, NAME_TAKEN. */
MskStoreResult msk_store_segment_create(MskStore *self, MskSegment *segment,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_segment_get: DONE with @ret (transfer full), NOT_FOUND. */
MskStoreResult msk_store_segment_get(MskStore *self, const char *uuid, MskSegment **ret,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_segment_list: (element-type MskSegment). DONE, NOT_FOUND (marker). */
MskStoreResult msk_store_segment_list(MskStore *self, const MskSegmentFilter *filter,
                                      const MskPage *page, GPtrArray **ret,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    MSK_SEGMENT_NAME = 1 << 0,
    MSK_SEGMENT_SERVICE_TYPE = 1 << 1,
    MSK_SEGMENT_DESCRIPTION = 1 << 2,
    MSK_SEGMENT_RECOVERY_METHOD = 1 << 3,
    MSK_SEGMENT_ENABLED = 1 << 4,
} MskSegmentFields;

/**
 * msk_store_segment_update:
 * @segment: (inout) the row with its uuid gets the fields in @fields, and @segment all of the row
 *   as it is then. updated_at moves only when a value changes.
 * Returns: DONE, NOT_FOUND, IN_USE, NAME_TAKEN, looked for in this order.
 */
MskStoreResult msk_store_segment_update(MskStore *self, MskSegment *segment,
                                        MskSegmentFields fields,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_segment_delete: with its hosts. DONE, NOT_FOUND, IN_USE. */
MskStoreResult msk_store_segment_delete(MskStore *self, const char *uuid,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- hosts ------------------------------------------------------------------------------------
 */

typedef struct {
    const char *failover_segment_id; /* (nullable) each: NULL is any */
    const char *type;
    int on_maintenance; /* -1 any, 0, 1 */
    int reserved;       /* -1 any, 0, 1 */
} MskHostFilter;

#define MSK_HOST_FILTER_ANY ((MskHostFilter){.on_maintenance = -1, .reserved = -1})

/** msk_store_host_create: @host: (inout) name, type, control_attributes, failover_segment_id,
 *  reserved, on_maintenance are stored; uuid (when NULL), id, times and segment are filled in.
 *  DONE, NOT_FOUND (the segment), NAME_TAKEN. */
MskStoreResult msk_store_host_create(MskStore *self, MskHost *host,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_get: @segment_uuid: (nullable) NULL for a host of any segment. The host's
 *  segment is filled in. DONE with @ret (transfer full), NOT_FOUND. */
MskStoreResult msk_store_host_get(MskStore *self, const char *segment_uuid, const char *uuid,
                                  MskHost **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_get_by_name: as msk_store_host_get. */
MskStoreResult msk_store_host_get_by_name(MskStore *self, const char *name, MskHost **ret,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_list: (element-type MskHost) with their segments. DONE, NOT_FOUND (marker). */
MskStoreResult msk_store_host_list(MskStore *self, const MskHostFilter *filter, const MskPage *page,
                                   GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    MSK_HOST_NAME = 1 << 0,
    MSK_HOST_TYPE = 1 << 1,
    MSK_HOST_CONTROL_ATTRIBUTES = 1 << 2,
    MSK_HOST_RESERVED = 1 << 3,
    MSK_HOST_ON_MAINTENANCE = 1 << 4,
} MskHostFields;

/** msk_store_host_update: as msk_store_segment_update, of the host with @host's uuid; a non-NULL
 *  failover_segment_id must be its segment. DONE, NOT_FOUND, IN_USE, NAME_TAKEN. */
MskStoreResult msk_store_host_update(MskStore *self, MskHost *host, MskHostFields fields,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_delete: @segment_uuid: (nullable). DONE, NOT_FOUND, IN_USE. */
MskStoreResult msk_store_host_delete(MskStore *self, const char *segment_uuid, const char *uuid,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- notifications ------------------------------------------------------------------------------
 */

#define MSK_STATUS_BIT(status) (1u << (status))

typedef struct {
    const char *source_host_uuid;      /* (nullable) each: NULL is any */
    const char *failover_segment_uuid; /* (nullable) */
    const char *type;                  /* (nullable) */
    unsigned statuses;                 /* 0 any, else MSK_STATUS_BIT()s */
    int64_t generated_since_us;        /* 0 any, else that or later */
} MskNotificationFilter;

/**
 * msk_store_notification_create:
 * @host_name: the name of the host that failed.
 * @duplicate_interval_s: [DEFAULT] duplicate_notification_detection_interval.
 * @notification: (inout) type, payload and generated_time_us are stored, as status "new"; uuid
 *   (when NULL), source_host_uuid, failover_segment_uuid, id, created_at are filled in, and
 *   generated_time_us keeps its fraction.
 *
 * In one transaction: finds the host, refuses one on maintenance, looks for a duplicate, inserts.
 * A duplicate is a row of the same type, host and payload (as JSON) with generated_time not before
 * this one's minus the interval; but of type "VM" a row whose recovery ended before this report was
 * generated is another incident.
 *
 * Returns: DONE, NOT_FOUND (no such host), ON_MAINTENANCE, DUPLICATE. When DONE, the row outlives
 *   a power cut.
 */
MskStoreResult msk_store_notification_create(MskStore *self, const char *host_name,
                                             int64_t duplicate_interval_s,
                                             MskNotification *notification,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_notification_get: DONE with @ret (transfer full), NOT_FOUND. */
MskStoreResult msk_store_notification_get(MskStore *self, const char *uuid, MskNotification **ret,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_notification_list: @filter: (nullable). (element-type MskNotification).
 *  DONE, NOT_FOUND (marker). */
MskStoreResult msk_store_notification_list(MskStore *self, const MskNotificationFilter *filter,
                                           const MskPage *page, GPtrArray **ret,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_notification_expire:
 * @age_s: rows new, running or error whose generated_time is older by the database's clock become
 *   failed, but for those that an engine took less than so long ago and has not ended.
 * @ret_uuids: (out) (transfer full) (element-type char*) those that were changed now; at most 500,
 *   so call again while any are.
 */
MskStoreResult msk_store_notification_expire(MskStore *self, int64_t age_s, GPtrArray **ret_uuids,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define MSK_PURGED_TABLES 4
/**
 * msk_store_purge: removes for good segments, hosts and vmoves that were deleted, and notifications
 * that ended (finished, failed, ignored), longer than @age_s ago by the database's clock; with
 * what belongs to them in our own tables and their progress. In many transactions, so that others
 * can write in between.
 * @max_rows: at most so many of those four tables; 0 or less: all.
 * @ret: filled with how many rows of each table; also up to a failure.
 *
 * Source: upstream masakari/db/sqlalchemy/api.py purge_deleted_rows.
 */
bool msk_store_purge(MskStore *self, int64_t age_s, int64_t max_rows,
                     int64_t ret[MSK_PURGED_TABLES], GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_purged_table: Returns: (static) the name of the table that @ret[@index] is about. */
const char *msk_store_purged_table(size_t index);

/* Of the notifications in one status. */
typedef struct {
    int64_t count;
    int64_t oldest_us; /* age of the oldest by the database's clock; 0 when there is none */
} MskQueueFigure;

/** msk_store_queue_figures: @ret: (out) of the statuses new, running and error; 0 for others. */
MskStoreResult msk_store_queue_figures(MskStore *self,
                                       MskQueueFigure ret[MSK_N_NOTIFICATION_STATUSES],
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- engines and claims -------------------------------------------------------------------------
 *
 *   new ──claim──▶ running, claim (engine, epoch) ──finish──▶ finished | ignored | failed | error
 *                    │  ▲                                                               │
 *                    │  └─ take over (dead, expired or released): epoch + 1             │
 *                    └───◀──────────── claim once more: epoch + 1, attempt + 1 ─────────┘
 *
 * A lease is a row that an engine renews. Who sees the same stamp in it for a whole lease, by a
 * clock of its own, takes the engine for dead: see model/recovery/lease_watch.h. Whoever takes over
 * an engine's claims removes its lease, so a sleeper that wakes up learns LOST from the next call.
 * Every write below a claim is refused (LOST) unless engine and epoch are still the claim's. */

typedef struct {
    char *uuid;
    char *host;
    int64_t lease_left_ms; /* by the database's clock, for people; negative: over */
    int64_t stamp;         /* another one after each renewal; 0: not registered */
} MskEngineRecord;

typedef struct {
    MskNotification *notification; /* as it is now: running */
    int64_t epoch;                 /* from 1; one more at each change of the owner */
    int64_t attempt;               /* from 1; one more when an error row was claimed again */
    bool taken_over;               /* another engine may have begun the recovery */
    char *state;                   /* (nullable) what msk_store_claim_save_state saved last */
} MskClaim;

/** msk_claim_free: @self: (nullable) */
void msk_claim_free(MskClaim *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskClaim, msk_claim_free)

/* A claim as its owner names it. */
typedef struct {
    const char *notification_uuid;
    const char *engine_uuid;
    int64_t epoch;
} MskClaimRef;

/** msk_store_engine_register: @uuid: new for each start of an engine; @host: for people. */
MskStoreResult msk_store_engine_register(MskStore *self, const char *uuid, const char *host,
                                         int64_t lease_ms,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_engine_renew: DONE, LOST (taken for dead: drop all recoveries, register anew under
 *  another uuid). */
MskStoreResult msk_store_engine_renew(MskStore *self, const char *uuid, int64_t lease_ms,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_engine_unregister: its claims, if any are left, are released for others. DONE. */
MskStoreResult msk_store_engine_unregister(MskStore *self, const char *uuid,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_engine_list: every engine that is registered or owns a claim that has not ended.
 *  @ret: (element-type MskEngineRecord) */
MskStoreResult msk_store_engine_list(MskStore *self, GPtrArray **ret,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_store_claim_new:
 * @max: at most so many.
 * @ret: (out) (transfer full) (element-type MskClaim) oldest first; empty when nothing waits.
 *
 * Claims notifications of status new. When nothing waits it only reads, without any lock.
 * Returns: DONE, LOST.
 */
MskStoreResult msk_store_claim_new(MskStore *self, const char *engine_uuid, unsigned max,
                                   GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_claim_error: as msk_store_claim_new, but claims those of status error that have been
 *  so for @min_age_s seconds. */
MskStoreResult msk_store_claim_error(MskStore *self, const char *engine_uuid, int64_t min_age_s,
                                     unsigned max, GPtrArray **ret,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_claim_take_over:
 * @dead_engines: (nullable) NULL-terminated uuids of engines known to be dead.
 * @expired: (nullable) (element-type MskLease) engines that are dead unless they have renewed their
 *   lease since.
 *
 * Claims running notifications whose claim was released, or whose engine is not registered; first
 * those engines lose their registration. Running rows without a claim (a Python engine's) are left
 * alone.
 * @ret, Returns: as msk_store_claim_new.
 */
MskStoreResult msk_store_claim_take_over(MskStore *self, const char *engine_uuid,
                                         const char *const *dead_engines, const GPtrArray *expired,
                                         unsigned max, GPtrArray **ret,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_claim_hold:
 * @subject: ASCII, what the recovery is about to touch, such as "instance <uuid>".
 *
 * Two claims that have not ended never hold the same subject, whichever engines own them: one VM
 * is recovered by one engine at a time. The claim keeps it until it ends, also when it is released
 * or taken over; holding it again is DONE. An ended claim that begins again (error rows) holds
 * nothing, but its state stays.
 * Returns: DONE, BUSY (try again later), LOST.
 */
MskStoreResult msk_store_claim_hold(MskStore *self, const MskClaimRef *ref, const char *subject,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_claim_save_state:
 * @state: ASCII, up to 255 characters: what a successor must know before it goes on. When DONE it
 *   outlives a power cut.
 * Returns: DONE, LOST.
 */
MskStoreResult msk_store_claim_save_state(MskStore *self, const MskClaimRef *ref, const char *state,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_claim_release_strays: hands back what @engine_uuid has claimed without knowing: claims
 * whose answer was lost. They are taken over like those of a dead engine, by this one or another.
 * @known: (array zero-terminated): notifications whose claims the engine does know of. None is
 *   being claimed meanwhile.
 * Returns: DONE.
 */
MskStoreResult msk_store_claim_release_strays(MskStore *self, const char *engine_uuid,
                                              const char *const *known,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_claim_release: hands a claim back unfinished; the row stays running until another
 *  engine (or the same) takes it over. DONE, LOST. */
MskStoreResult msk_store_claim_release(MskStore *self, const MskClaimRef *ref,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_claim_finish:
 * @status: finished, ignored, failed or error.
 * @message: (nullable) NULL leaves the row's message as it is.
 * @book, @flow: (nullable) saved in the same transaction, see msk_store_progress_save.
 * Returns: DONE, LOST.
 */
MskStoreResult msk_store_claim_finish(MskStore *self, const MskClaimRef *ref,
                                      MskNotificationStatus status, const char *message,
                                      const char *book, const MskFlowProgress *flow,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- progress -----------------------------------------------------------------------------------
 */

/**
 * msk_store_progress_save:
 * @book: upstream's name of the action, "instance:recovery"; used when the notification has no
 *   logbook yet.
 * @flow: written as a whole; tasks that did not change since the last save are not touched, so that
 *   saving is cheap and can be repeated.
 * Returns: DONE, LOST.
 */
MskStoreResult msk_store_progress_save(MskStore *self, const MskClaimRef *ref, const char *book,
                                       const MskFlowProgress *flow,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_progress_list:
 * @ret: (out) (transfer full) (element-type MskFlowProgress) oldest first; empty when there is no
 *   progress. Tasks that have details come first, by their first detail's time; the rows of a
 *   Python engine read the same way.
 */
MskStoreResult msk_store_progress_list(MskStore *self, const char *notification_uuid,
                                       GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- vmoves
 * --------------------------------------------------------------------------------------- */

typedef struct {
    const char *notification_uuid; /* (nullable) each: NULL is any */
    const char *type;
    const char *status;
} MskVmoveFilter;

/** msk_store_vmove_get: @notification_uuid: (nullable). DONE with @ret (transfer full), NOT_FOUND.
 */
MskStoreResult msk_store_vmove_get(MskStore *self, const char *notification_uuid, const char *uuid,
                                   MskVmove **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_vmove_list: @filter: (nullable). (element-type MskVmove). DONE, NOT_FOUND (marker). */
MskStoreResult msk_store_vmove_list(MskStore *self, const MskVmoveFilter *filter,
                                    const MskPage *page, GPtrArray **ret,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_vmove_save: inserts @vmove when its uuid is NULL (then fills in uuid, id and times),
 *  else updates the row with that uuid, as part of the claim @ref. DONE, NOT_FOUND, LOST. */
MskStoreResult msk_store_vmove_save(MskStore *self, const MskClaimRef *ref, MskVmove *vmove,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- recoveries of hosts
 * --------------------------------------------------------------------------------------- */

/* A row of vmoves, and what only our engines read of it. */
typedef struct {
    MskVmove *vmove;
    char *state; /* (nullable) ASCII, up to 255 characters */
} MskStoredMove;

void msk_stored_move_free(MskStoredMove *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskStoredMove, msk_stored_move_free)

/**
 * msk_store_moves_save: in one transaction, as msk_store_vmove_save() for each.
 * @moves: (inout) (element-type MskStoredMove) with a uuid: those that are not there yet are
 *   inserted.
 * @claim_state: (nullable) saved with them, see msk_store_claim_save_state().
 * Returns: DONE, LOST. When DONE, it outlives a power cut.
 */
MskStoreResult msk_store_moves_save(MskStore *self, const MskClaimRef *ref, GPtrArray *moves,
                                    const char *claim_state,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_moves_list: @ret: (element-type MskStoredMove) those of a notification, oldest first.
 *  Returns: DONE. */
MskStoreResult msk_store_moves_list(MskStore *self, const char *notification_uuid, GPtrArray **ret,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_failed: puts the host on maintenance; it is no reserved host any more.
 *  Returns: DONE, LOST. */
MskStoreResult msk_store_host_failed(MskStore *self, const MskClaimRef *ref, const char *host_uuid,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_store_host_impaired: puts the host on maintenance; a reserved one stays reserved.
 *  Returns: DONE, LOST. */
MskStoreResult msk_store_host_impaired(MskStore *self, const MskClaimRef *ref,
                                       const char *host_uuid,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * msk_store_reserved_take: takes the newest reserved host of a segment that is not on maintenance,
 * so that no other failure gets it; once for each notification: asked again, it names the same one.
 * @ret_name: (out) (transfer full)
 * @ret_taken: (out) (transfer full) (nullable) its uuid, if it was taken just now.
 * Returns: DONE, NOT_FOUND (there is none left), LOST.
 */
MskStoreResult msk_store_reserved_take(MskStore *self, const MskClaimRef *ref,
                                       const char *segment_uuid, char **ret_name, char **ret_taken,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    unsigned failed_in_segment; /* hosts with a notification of their failure since then */
    unsigned hosts_in_segment;
    unsigned failed;
    unsigned hosts;
    unsigned begun; /* other hosts from which VMs have begun to be moved since then */
} MskFailureCounts;

/** msk_store_count_failures: @host: the name of the one that asks. @since_us: those generated at
 *  that time or later. Returns: DONE. */
MskStoreResult msk_store_count_failures(MskStore *self, const char *segment_uuid, const char *host,
                                        int64_t since_us, MskFailureCounts *ret,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A host that failed, and whose recovery by this engine or another of its kind has finished. */
typedef struct {
    char *notification_uuid; /* of its last failure */
    char *host;              /* its name */
    bool on_maintenance;
    bool taken;          /* its return was begun, by this engine or one that is gone */
    unsigned n_failures; /* since the time asked for */
} MskHostBack;

void msk_host_back_free(MskHostBack *self);

/**
 * msk_store_returns_list: the hosts of enabled segments that are on maintenance since a failure
 * that was recovered, or whose return was begun; without those that another living engine takes
 * back, and those with a notification that has not come to its end.
 * @since_us: failures since then are counted.
 * @ret: (element-type MskHostBack)
 * Returns: DONE.
 */
MskStoreResult msk_store_returns_list(MskStore *self, const char *engine_uuid, int64_t since_us,
                                      GPtrArray **ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    MSK_RETURN_MARK_BEGUN,      /* from now on it is this engine's while that lives */
    MSK_RETURN_MARK_IN_SERVICE, /* on_maintenance is cleared */
    MSK_RETURN_MARK_ENDED,
} MskReturnMark;

/** msk_store_return_mark: @notification_uuid: of MskHostBack. Returns: DONE; LOST when the host
 *  would not be listed any more, or, for all but the first mark, its return was not begun. */
MskStoreResult msk_store_return_mark(MskStore *self, const char *engine_uuid,
                                     const char *notification_uuid, MskReturnMark mark,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
