/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrations.h"
#include "store/store_private.h"

#include "base/error.h"

#include <string.h>

#define TASKFLOW_MIGRATION "0004-taskflow"

/* Versions of sqlalchemy-migrate that the Python service left before alembic. */
#define LEGACY_OLDEST 7
#define LEGACY_NEWEST 8

/* Two that run at once on two nodes of a cluster refuse one another's transactions, and end one
 * another's changes of tables and connections. */
#define SYNC_ATTEMPTS 50
#define SYNC_PAUSE_US (100 * G_TIME_SPAN_MILLISECOND)

/* taskflow's revisions whose tables do for us as they are. They differ in the sizes of columns that
 * only taskflow fills, and in indexes beside the primary keys. A revision that is there is left
 * there: a Python service whose taskflow is older refuses one that it does not know. */
static const char *const taskflow_revisions[] = {
    "2ad4984f2864", "0bc3e1a3c135", "6df9422fcb43", "40fc8c914bd2", "00af93df9d77", NULL,
};

typedef struct {
    const MskMigration *steps;
    const MskMigration *step; /* the one at hand */
    const char *location;     /* for messages */
    /* What the Python tool has left: */
    char *revision;    /* of masakari; NULL: none */
    char *taskflow;    /* NULL: none */
    const char *stamp; /* the revision that a version of sqlalchemy-migrate equals; else NULL */
    bool adopted;      /* note was taken of it in an earlier sync */
} Sync;

static int
index_of_revision(const MskMigration *steps, const char *revision)
{
    for (int i = 0; steps[i].name != NULL; i++) {
        if (g_strcmp0(steps[i].revision, revision) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *
newest_revision(const MskMigration *steps)
{
    const char *newest = NULL;

    for (int i = 0; steps[i].name != NULL; i++) {
        newest = steps[i].revision != NULL ? steps[i].revision : newest;
    }
    return newest;
}

/* The revision in alembic's table @table; NULL when the table is missing or empty. */
static bool
read_revision(MskDb *db, const char *table, char **ret, GError **error)
{
    bool present = false;

    if (!db->driver->has_table(db, table, &present, error)) {
        return false;
    }
    if (!present) {
        *ret = NULL;
        return true;
    }
    g_autofree char *sql = g_strdup_printf("SELECT version_num FROM %s", table);
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, MSK_DB_NO_ARGS, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    if (more < 0) {
        return false;
    }
    *ret = more == 1 ? msk_db_dup(row, 0) : NULL;
    return true;
}

static int
is_applied(MskDb *db, const char *name, GError **error)
{
    int64_t one = 0;

    return msk_db_number(db, "SELECT 1 FROM masakari_c_migrations WHERE name = ?",
                         MSK_DB_ARGS(MSK_DB_T(name)), &one, error);
}

/* Another sync, on another node of a cluster, may be at the same step. */
static bool
record(MskDb *db, const char *name, GError **error)
{
    g_autofree char *now = msk_store_now_text(db, error);

    return now != NULL &&
           msk_db_run(db, "REPLACE INTO masakari_c_migrations (name, applied_at) VALUES (?, ?)",
                      MSK_DB_ARGS(MSK_DB_T(name), MSK_DB_T(now)), NULL, error);
}

/* Whether we know the revisions that the Python tool left. */
static bool
check_known(const Sync *sync, GError **error)
{
    if ((sync->revision == NULL || index_of_revision(sync->steps, sync->revision) >= 0) &&
        (sync->taskflow == NULL || g_strv_contains(taskflow_revisions, sync->taskflow))) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                "database %s has a schema that this release does not know (masakari %s, "
                "taskflow %s); it knows masakari up to %s and taskflow up to %s",
                sync->location, sync->revision != NULL ? sync->revision : "none",
                sync->taskflow != NULL ? sync->taskflow : "none", newest_revision(sync->steps),
                taskflow_revisions[G_N_ELEMENTS(taskflow_revisions) - 2]);
    return false;
}

/* A database that sqlalchemy-migrate has made equals one of the first alembic revisions. */
static bool
read_legacy(MskDb *db, Sync *sync, GError **error)
{
    bool legacy = false;
    int64_t version = 0;

    if (!db->driver->has_table(db, "migrate_version", &legacy, error)) {
        return false;
    }
    if (!legacy || sync->revision != NULL) {
        return true;
    }
    if (msk_db_number(db, "SELECT version FROM migrate_version", MSK_DB_NO_ARGS, &version, error) <
        0) {
        return false;
    }
    if (version < LEGACY_OLDEST || version > LEGACY_NEWEST) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                    "database %s is at version %" G_GINT64_FORMAT
                    " of sqlalchemy-migrate, this release takes over %d and %d; upgrade it with "
                    "'masakari-manage db sync' of an earlier Python service first",
                    sync->location, version, LEGACY_OLDEST, LEGACY_NEWEST);
        return false;
    }
    sync->stamp = version == LEGACY_OLDEST ? "8f848eb45d03" : "8bdf5929c5a6";
    g_free(sync->revision);
    sync->revision = g_strdup(sync->stamp);
    return true;
}

/* Looks what the Python tool has done to this database before us, and changes nothing. */
static MskStoreResult
examine(MskDb *db, void *data, GError **error)
{
    Sync *sync = data;
    bool started = false;
    int64_t one = 0;
    int any = 0;

    if (!db->driver->has_table(db, "masakari_c_migrations", &started, error)) {
        return MSK_STORE_FAILED;
    }
    if (started) {
        any = msk_db_number(db, "SELECT 1 FROM masakari_c_migrations LIMIT 1", MSK_DB_NO_ARGS, &one,
                            error);
    }
    if (any != 0) {
        sync->adopted = true;
        return any > 0 ? MSK_STORE_DONE : MSK_STORE_FAILED;
    }
    return read_revision(db, "masakari_alembic_version", &sync->revision, error) &&
                   read_revision(db, "alembic_version", &sync->taskflow, error) &&
                   read_legacy(db, sync, error) && check_known(sync, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

/* The tables in which adopt() takes note; a server's tables are made outside of its transaction. */
static MskStoreResult
prepare(MskDb *db, void *data, GError **error)
{
    const Sync *sync = data;

    return db->driver->script(db,
                              "CREATE TABLE IF NOT EXISTS masakari_c_migrations (name VARCHAR(64) "
                              "NOT NULL PRIMARY KEY, applied_at DATETIME NOT NULL)",
                              error) &&
                   (sync->stamp == NULL ||
                    db->driver->script(db,
                                       "CREATE TABLE IF NOT EXISTS masakari_alembic_version "
                                       "(version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
                                       error))
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

/* Takes note of what the Python tool has done. */
static MskStoreResult
adopt(MskDb *db, void *data, GError **error)
{
    const Sync *sync = data;
    int last = sync->revision != NULL ? index_of_revision(sync->steps, sync->revision) : -1;

    if (sync->stamp != NULL &&
        !msk_db_run(db, "INSERT INTO masakari_alembic_version (version_num) VALUES (?)",
                    MSK_DB_ARGS(MSK_DB_T(sync->stamp)), NULL, error)) {
        return MSK_STORE_FAILED;
    }
    for (int i = 0; i <= last; i++) {
        if (sync->steps[i].revision != NULL && !record(db, sync->steps[i].name, error)) {
            return MSK_STORE_FAILED;
        }
    }
    return sync->taskflow == NULL || record(db, TASKFLOW_MIGRATION, error) ? MSK_STORE_DONE
                                                                           : MSK_STORE_FAILED;
}

static MskStoreResult
apply(MskDb *db, void *data, GError **error)
{
    const Sync *sync = data;
    int applied = is_applied(db, sync->step->name, error);

    if (applied != 0) {
        return applied > 0 ? MSK_STORE_DONE : MSK_STORE_FAILED;
    }
    return db->driver->script(db, sync->step->sql, error) && record(db, sync->step->name, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

static bool
transact(MskDb *db, MskStoreWork work, void *data, GError **error)
{
    if (!db->driver->begin(db, true, error)) {
        return false;
    }
    if (work(db, data, error) != MSK_STORE_DONE || !db->driver->commit(db, error)) {
        db->driver->rollback(db);
        return false;
    }
    return true;
}

static MskStoreResult
examine_and_adopt(MskDb *db, void *data, GError **error)
{
    const Sync *sync = data;
    MskStoreResult result = examine(db, data, error);

    if (result == MSK_STORE_DONE && !sync->adopted) {
        result = prepare(db, data, error);
        result = result == MSK_STORE_DONE ? adopt(db, data, error) : result;
    }
    return result;
}

/* A server's lock of the schema holds others off; in a file one transaction has to. */
static bool
take_over(MskDb *db, Sync *sync, GError **error)
{
    if (!db->driver->is_server) {
        return transact(db, examine_and_adopt, sync, error);
    }
    return transact(db, examine, sync, error) &&
           (sync->adopted ||
            (transact(db, prepare, sync, error) && transact(db, adopt, sync, error)));
}

static bool
apply_steps(MskDb *db, Sync *sync, int last, GError **error)
{
    for (int i = 0; sync->steps[i].name != NULL; i++) {
        sync->step = &sync->steps[i];
        if ((i <= last || sync->step->revision == NULL) && !transact(db, apply, sync, error)) {
            g_prefix_error(error, "step %s: ", sync->step->name);
            return false;
        }
    }
    return true;
}

/* Every step recorded there must be one of ours; with @all, every one of ours recorded. */
static bool
check_steps(MskDb *db, const MskMigration *steps, bool all, GError **error)
{
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, "SELECT name FROM masakari_c_migrations ORDER BY name", MSK_DB_NO_ARGS, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;
    unsigned known = 0;
    unsigned wanted = 0;

    for (; more == 1; more = msk_db_step(row, error)) {
        bool ours = false;

        for (int i = 0; steps[i].name != NULL; i++) {
            ours = ours || g_strcmp0(steps[i].name, msk_db_text(row, 0)) == 0;
        }
        if (!ours) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                        "the schema is newer than this program (it has step %s); "
                        "upgrade the program",
                        msk_db_text(row, 0));
            return false;
        }
        known++;
    }
    if (more < 0) {
        return false;
    }
    while (steps[wanted].name != NULL) {
        wanted++;
    }
    if (all && known < wanted) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                    "the schema is older than this program; run 'masakari-manage db "
                    "sync'");
        return false;
    }
    return true;
}

bool
msk_store_check_schema(MskDb *db, GError **error)
{
    bool started = false;
    g_autofree char *revision = NULL;
    const char *newest = newest_revision(db->driver->migrations);

    if (!db->driver->has_table(db, "masakari_c_migrations", &started, error) ||
        !read_revision(db, "masakari_alembic_version", &revision, error)) {
        return false;
    }
    if (!started) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                    "there are no tables of this program yet; run 'masakari-manage db "
                    "sync'");
        return false;
    }
    if (!check_steps(db, db->driver->migrations, true, error)) {
        return false;
    }
    if (g_strcmp0(revision, newest) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT,
                    "the schema is of masakari revision %s, this program needs %s; "
                    "upgrade the program",
                    revision != NULL ? revision : "none", newest);
        return false;
    }
    return true;
}

static bool
is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* The index of the last step of a revision to apply, or -1 with @error. */
static int
last_wanted(const MskMigration *steps, const char *version, GError **error)
{
    int last = index_of_revision(steps, version != NULL ? version : newest_revision(steps));

    if (last < 0 && version != NULL && is_number(version)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "'%s' is a database version of sqlalchemy-migrate, which is no longer "
                    "supported; use an alembic revision such as %s",
                    version, newest_revision(steps));
    } else if (last < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "'%s' is no revision of the database that this release knows; the newest is %s",
                    version, newest_revision(steps));
    }
    return last;
}

static void
sync_clear(Sync *sync)
{
    g_clear_pointer(&sync->revision, g_free);
    g_clear_pointer(&sync->taskflow, g_free);
    sync->stamp = NULL;
    sync->adopted = false;
}

static bool
sync_once(MskDb *db, Sync *sync, int last, GError **error)
{
    sync_clear(sync);
    return db->driver->check(db, error) &&
           (db->driver->lock_schema == NULL || db->driver->lock_schema(db, error)) &&
           take_over(db, sync, error) && check_steps(db, sync->steps, false, error) &&
           apply_steps(db, sync, last, error);
}

/* From the start each time: every step may be run again, and does nothing if it was done. */
static bool
sync_patiently(const MskDbDriver *driver, const char *location, const MskStoreOptions *options,
               Sync *sync, int last, GError **error)
{
    for (unsigned n = 1;; n++) {
        GError *failure = NULL;
        g_autoptr(MskDb) db =
            msk_db_open(driver, location, MSK_DB_CREATE, options->busy_timeout_ms, &failure);

        if (db != NULL && sync_once(db, sync, last, &failure)) {
            return true;
        }
        if (db == NULL || !db->again || n >= SYNC_ATTEMPTS) {
            g_propagate_error(error, failure);
            return false;
        }
        g_error_free(failure);
        g_usleep(SYNC_PAUSE_US);
    }
}

bool
msk_store_sync(const MskStoreOptions *options, const char *version, GError **error)
{
    g_autofree char *location = NULL;
    const MskDbDriver *driver = msk_store_locate(options, &location, error);

    if (driver == NULL) {
        return false;
    }
    g_autofree char *name = driver->describe(location);
    Sync sync = {.steps = driver->migrations, .location = name};
    int last = last_wanted(sync.steps, version, error);

    if (last < 0) {
        return false;
    }
    bool done = sync_patiently(driver, location, options, &sync, last, error);

    sync_clear(&sync);
    return done;
}

bool
msk_store_version(const MskStoreOptions *options, char **ret_version, GError **error)
{
    g_autofree char *location = NULL;
    g_autofree char *version = NULL;
    const MskDbDriver *driver = msk_store_locate(options, &location, error);
    bool present = false;

    if (driver == NULL || !driver->exists(location, &present, error)) {
        return false;
    }
    if (present) {
        g_autoptr(MskDb) db =
            msk_db_open(driver, location, MSK_DB_USE, options->busy_timeout_ms, error);

        if (db == NULL || !read_revision(db, "masakari_alembic_version", &version, error)) {
            return false;
        }
    }
    *ret_version = g_steal_pointer(&version);
    return true;
}
