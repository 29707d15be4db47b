/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "base/error.h"
#include "store/general_ci.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pages are looked through for damage at the start as long as that takes milliseconds; damage in a
 * larger file is found when it is read. */
#define CHECK_MAX_BYTES ((off_t) 16 * 1024 * 1024)
#define WAL_RETRY_US    10000

typedef struct {
    MskDb db;
    sqlite3 *handle;
    char *path;
    unsigned busy_timeout_ms;
    dev_t device; /* these two tell the file that was opened */
    ino_t inode;
    /* Kept, as parsing them costs as much as a small read; each NULL until it is first needed. */
    sqlite3_stmt *begin_read;
    sqlite3_stmt *begin_write;
    sqlite3_stmt *commit;
} Sqlite;

/* What went wrong, as the caller can act on it; the most telling row that matches is used. */
static const struct {
    int result;
    MskErrorCode code;
    const char *hint;
    bool keep; /* the connection is as good as before */
} results[] = {
    {SQLITE_CONSTRAINT_UNIQUE, MSK_ERROR_CONFLICT, "a row with this key is there already", true},
    {SQLITE_CONSTRAINT_PRIMARYKEY, MSK_ERROR_CONFLICT, "a row with this key is there already",
     true},
    {SQLITE_BUSY, MSK_ERROR_UNAVAILABLE, "another program holds its lock; try again", true},
    {SQLITE_LOCKED, MSK_ERROR_UNAVAILABLE, "another program holds its lock; try again", true},
    {SQLITE_FULL, MSK_ERROR_UNAVAILABLE, "the disk is full; make room and try again", false},
    {SQLITE_READONLY, MSK_ERROR_UNAVAILABLE,
     "it cannot be written; check the permissions of the file and its directory, and the mount",
     false},
    {SQLITE_IOERR, MSK_ERROR_UNAVAILABLE, "the disk does not read or write; see the kernel's log",
     false},
    {SQLITE_CANTOPEN, MSK_ERROR_UNAVAILABLE,
     "it cannot be opened; check that the file and its directory are there and may be written",
     false},
    {SQLITE_PERM, MSK_ERROR_UNAVAILABLE, "access is refused; check the permissions", false},
    {SQLITE_CORRUPT, MSK_ERROR_INTERNAL, "the file is damaged; restore it from a backup", false},
    {SQLITE_NOTADB, MSK_ERROR_INTERNAL,
     "the file is not a SQLite database; restore it from a backup, or name another one in "
     "[database] connection",
     false},
};

static void
set_error(Sqlite *self, const char *doing, GError **error)
{
    int extended = sqlite3_extended_errcode(self->handle);
    const char *detail = sqlite3_errmsg(self->handle);

    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        if (results[i].result == extended || results[i].result == (extended & 0xff)) {
            self->db.broken = self->db.broken || !results[i].keep;
            g_set_error(error, MSK_ERROR, results[i].code, "database %s: %s: %s (%s)", self->path,
                        doing, results[i].hint, detail);
            return;
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL, "database %s: %s: %s (code %d)", self->path,
                doing, detail, extended);
}

static bool
script(MskDb *db, const char *sql, GError **error)
{
    Sqlite *self = (Sqlite *) db;

    if (sqlite3_exec(self->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        set_error(self, "cannot run a command", error);
        return false;
    }
    return true;
}

/* As script(), of one statement that is parsed only once. */
static bool
run_kept(Sqlite *self, sqlite3_stmt **kept, const char *sql, GError **error)
{
    bool done = *kept != NULL ||
                sqlite3_prepare_v3(self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL) ==
                    SQLITE_OK;

    done = done && sqlite3_step(*kept) == SQLITE_DONE;
    if (!done) {
        set_error(self, "cannot run a command", error);
    }
    (void) sqlite3_reset(*kept); /* says again what step said */
    return done;
}

static int
collate(G_GNUC_UNUSED void *data, int a_length, const void *a, int b_length, const void *b)
{
    return msk_general_ci_compare(a, (size_t) a_length, b, (size_t) b_length);
}

static bool
sync_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0) {
        int saved = errno;

        if (fd >= 0) {
            (void) close(fd); /* nothing was written through it */
        }
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "database %s: cannot sync %s: %s",
                    path, directory, g_strerror(saved));
        return false;
    }
    (void) close(fd);
    return true;
}

/* Makes the file before SQLite does, for its mode: the names of VMs and hosts are not for all. The
 * journals get the file's mode from SQLite. */
static bool
create_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (fd < 0 && errno == EEXIST) {
        return true;
    }
    if (fd < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s: cannot create the file: %s; make its directory, writable by this "
                    "user",
                    path, g_strerror(errno));
        return false;
    }
    (void) close(fd); /* nothing was written */
    return sync_directory(path, error);
}

static char *
describe(const char *path)
{
    return g_strdup(path);
}

static bool
exists(const char *path, bool *ret, GError **error)
{
    struct stat info;
    bool present = stat(path, &info) == 0;

    if (!present && errno != ENOENT) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "database %s: %s", path,
                    g_strerror(errno));
        return false;
    }
    *ret = present;
    return true;
}

static bool
check_is_file(const char *path, struct stat *ret, GError **error)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "database %s: %s%s", path,
                    g_strerror(errno),
                    errno == ENOENT ? "; create it with 'masakari-manage db sync'" : "");
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "database %s: this is not a regular file; name one in [database] connection",
                    path);
        return false;
    }
    *ret = info;
    return true;
}

/* A file that was moved away is still open here, and all that is written to it would be lost with
 * us. One that was put in its place must not be used either: the log beside it is of the old one.
 */
static bool
check_is_in_place(const Sqlite *self, GError **error)
{
    struct stat now;

    if (stat(self->path, &now) == 0 && now.st_ino == self->inode && now.st_dev == self->device) {
        return true;
    }
    g_set_error(
        error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
        "database %s: the file was removed or replaced while it was in use; put it back, or "
        "stop all programs that use it, remove %s-wal and %s-shm, and start them again",
        self->path, self->path, self->path);
    return false;
}

static void
close_connection(MskDb *db)
{
    Sqlite *self = (Sqlite *) db;

    /* They report once more how they last ended. */
    (void) sqlite3_finalize(self->begin_read);
    (void) sqlite3_finalize(self->begin_write);
    (void) sqlite3_finalize(self->commit);
    (void) sqlite3_close_v2(self->handle); /* all statements are gone, so it cannot refuse */
    g_free(self->path);
    g_free(self);
}

static MskDb *
open_connection(const char *location, MskDbMode mode, unsigned busy_timeout_ms, GError **error)
{
    if (mode == MSK_DB_CREATE && !create_file(location, error)) {
        return NULL;
    }
    struct stat file;

    if (!check_is_file(location, &file, error)) {
        return NULL;
    }
    Sqlite *self = g_new0(Sqlite, 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    self->device = file.st_dev;
    self->inode = file.st_ino;
    self->path = g_strdup(location);
    if (sqlite3_open_v2(location, &self->handle, flags, NULL) != SQLITE_OK) {
        set_error(self, "cannot open it", error);
        close_connection(&self->db);
        return NULL;
    }
    self->busy_timeout_ms = busy_timeout_ms;
    (void) sqlite3_busy_timeout(self->handle, (int) MIN(busy_timeout_ms, (unsigned) G_MAXINT));
    (void) sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void) sqlite3_create_collation(self->handle, "msk_general_ci", SQLITE_UTF8, NULL, collate);
    /* None of these touches the file. A commit has to outlive a power cut: synchronous = FULL. */
    if (!script(&self->db,
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                "PRAGMA cache_size = -512;",
                error)) {
        close_connection(&self->db);
        return NULL;
    }
    self->db.identity = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                        (guint64) file.st_dev, (guint64) file.st_ino);
    return &self->db;
}

static bool
begin(MskDb *db, bool write, GError **error)
{
    Sqlite *self = (Sqlite *) db;

    if (!check_is_in_place(self, error)) {
        return false;
    }
    return write ? run_kept(self, &self->begin_write, "BEGIN IMMEDIATE", error)
                 : run_kept(self, &self->begin_read, "BEGIN", error);
}

static bool
commit(MskDb *db, GError **error)
{
    Sqlite *self = (Sqlite *) db;

    return run_kept(self, &self->commit, "COMMIT", error);
}

static void
rollback(MskDb *db)
{
    Sqlite *self = (Sqlite *) db;

    /* Some failures have rolled back already; a connection that cannot is of no more use. */
    if (sqlite3_get_autocommit(self->handle) == 0 && !script(db, "ROLLBACK", NULL)) {
        db->broken = true;
    }
}

static bool
has_table(MskDb *db, const char *table, bool *ret, GError **error)
{
    int64_t count = 0;

    if (msk_db_number(db, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
                      MSK_DB_ARGS(MSK_DB_T(table)), &count, error) < 0) {
        return false;
    }
    *ret = count > 0;
    return true;
}

static bool
now_us(G_GNUC_UNUSED MskDb *db, int64_t *ret, G_GNUC_UNUSED GError **error)
{
    *ret = g_get_real_time(); /* the file is used on one machine, whose clock is the database's */
    return true;
}

static bool
is_wal(MskDb *db, bool *ret, GError **error)
{
    g_autoptr(MskDbStatement) mode = msk_db_query(db, "PRAGMA journal_mode", MSK_DB_NO_ARGS, error);

    if (mode == NULL || msk_db_step(mode, error) < 0) {
        return false;
    }
    *ret = g_strcmp0(msk_db_text(mode, 0), "wal") == 0;
    return true;
}

/* Readers and the writer do not wait for each other with a write-ahead log. Two that set it at the
 * same time are both holding a lock that the other wants, for which SQLite waits not at all: so the
 * waiting is done here. */
static bool
make_wal(MskDb *db, GError **error)
{
    const Sqlite *self = (const Sqlite *) db;
    int64_t deadline_mono_us =
        g_get_monotonic_time() + (int64_t) self->busy_timeout_ms * G_TIME_SPAN_MILLISECOND;

    for (;;) {
        g_autoptr(GError) failure = NULL;
        bool wal = false;

        if (is_wal(db, &wal, &failure) &&
            (wal || script(db, "PRAGMA journal_mode = WAL", &failure))) {
            return true;
        }
        if ((sqlite3_extended_errcode(self->handle) & 0xff) != SQLITE_BUSY ||
            g_get_monotonic_time() >= deadline_mono_us) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        g_usleep(WAL_RETRY_US);
    }
}

static bool
check(MskDb *db, GError **error)
{
    Sqlite *self = (Sqlite *) db;
    struct stat info;

    if (stat(self->path, &info) == 0 && info.st_size <= CHECK_MAX_BYTES) {
        g_autoptr(MskDbStatement) pages =
            msk_db_query(db, "PRAGMA quick_check(1)", MSK_DB_NO_ARGS, error);

        if (pages == NULL || msk_db_step(pages, error) < 0) {
            return false;
        }
        if (g_strcmp0(msk_db_text(pages, 0), "ok") != 0) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                        "database %s: the file is damaged; restore it from a backup (%s)",
                        self->path, msk_db_text(pages, 0));
            return false;
        }
    }
    return make_wal(db, error);
}

static int64_t
changes(MskDb *db)
{
    return sqlite3_changes64(((Sqlite *) db)->handle);
}

static int64_t
last_id(MskDb *db)
{
    return sqlite3_last_insert_rowid(((Sqlite *) db)->handle);
}

static void *
prepare(MskDb *db, const char *sql, GError **error)
{
    Sqlite *self = (Sqlite *) db;
    sqlite3_stmt *native = NULL;

    if (sqlite3_prepare_v3(self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &native, NULL) !=
        SQLITE_OK) {
        set_error(self, "cannot prepare a command", error);
        return NULL;
    }
    return native;
}

static void
finalize(void *native)
{
    (void) sqlite3_finalize(native); /* repeats the error of the last step, which was reported */
}

static bool
bind(MskDb *db, void *native, int position, const MskDbValue *value, GError **error)
{
    int result = SQLITE_MISUSE;

    switch (value->type) {
    case MSK_DB_NULL:
        result = sqlite3_bind_null(native, position + 1);
        break;
    case MSK_DB_INT:
        result = sqlite3_bind_int64(native, position + 1, value->number);
        break;
    case MSK_DB_TEXT:
        result = sqlite3_bind_text(native, position + 1, value->text, -1, SQLITE_STATIC);
        break;
    }
    if (result != SQLITE_OK) {
        set_error((Sqlite *) db, "cannot bind a value", error);
        return false;
    }
    return true;
}

static int
step(MskDb *db, void *native, GError **error)
{
    switch (sqlite3_step(native)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        set_error((Sqlite *) db, "cannot run a command", error);
        return -1;
    }
}

static void
reset(void *native)
{
    (void) sqlite3_reset(native); /* repeats the error of the last step, which was reported */
    (void) sqlite3_clear_bindings(native);
}

static bool
column_is_null(void *native, int column)
{
    return sqlite3_column_type(native, column) == SQLITE_NULL;
}

static int64_t
column_int(void *native, int column)
{
    return sqlite3_column_int64(native, column);
}

static const char *
column_text(void *native, int column)
{
    return (const char *) sqlite3_column_text(native, column);
}

static int64_t
column_time(void *native, int column)
{
    return msk_db_parse_time(column_text(native, column));
}

const MskDbDriver msk_sqlite_driver = {
    .name = "sqlite",
    .collate = " COLLATE msk_general_ci",
    .for_update = "",
    .migrations = msk_sqlite_migrations,
    .describe = describe,
    .exists = exists,
    .open = open_connection,
    .close = close_connection,
    .script = script,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .has_table = has_table,
    .now_us = now_us,
    .check = check,
    .changes = changes,
    .last_id = last_id,
    .prepare = prepare,
    .finalize = finalize,
    .bind = bind,
    .step = step,
    .reset = reset,
    .column_is_null = column_is_null,
    .column_int = column_int,
    .column_time = column_time,
    .column_text = column_text,
};
