/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.store"
#include "store/store_private.h"

#include "base/error.h"
#include "base/log.h"
#include "oslo/database_url.h"
#include "store/group_commit.h"

#include <string.h>

/* A caller waits for a connection of the pool for at most so many busy timeouts, as each of those
 * before it may wait for one; and after so long, one beyond the pool is opened. */
#define POOL_WAIT_FACTOR 2
#define OVERFLOW_WAIT_US (100 * G_TIME_SPAN_MILLISECOND)
/* Work that met another writer or a lost connection is run again within so many busy timeouts; and
 * within four times that, to learn what became of a COMMIT. */
#define RETRY_FACTOR     1
#define UNKNOWN_FACTOR   4
#define FIRST_PAUSE_US   (5 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_PAUSE_US (250 * G_TIME_SPAN_MILLISECOND)

struct MskStore {
    const MskDbDriver *driver;
    char *location;           /* as the driver takes it: it may hold a password */
    char *name;               /* the same for messages */
    char *identity;           /* (nullable) of the database as it was opened first */
    unsigned max_connections; /* that may rest */
    unsigned most_open;       /* while callers wait */
    unsigned busy_timeout_ms;
    int64_t pool_timeout_us;
    int64_t recycle_us; /* close connections that are older; 0 or less: never */
    GMutex mutex;
    GCond returned;         /* a connection came back, or one less is open */
    GPtrArray *resting;     /* MskDb; the last used is taken first: its cache is warm */
    unsigned n_open;        /* resting and lent */
    unsigned n_waiting;     /* for returned, whose signal would ask the kernel in any case */
    MskGroupCommit *writes; /* one at a time is under way */
    int64_t writer;         /* who this is among all that write to the database */
    int64_t last_token;     /* of a write; each attempt has its own */
};

typedef enum {
    ACCESS_LOOK,  /* each statement sees the moment at which it runs */
    ACCESS_READ,  /* all statements see one moment */
    ACCESS_WRITE, /* and nobody else writes meanwhile */
} Access;

static MskDb *
open_checked(const MskStore *self, GError **error)
{
    g_autoptr(MskDb) db =
        msk_db_open(self->driver, self->location, MSK_DB_USE, self->busy_timeout_ms, error);

    if (db == NULL) {
        return NULL;
    }
    /* Before anything is read: what lies beside another file may not be its own. */
    if (self->identity != NULL && g_strcmp0(db->identity, self->identity) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s was replaced while it was in use; put it back, or stop all "
                    "programs that use it before they are started with the other one",
                    self->name);
        return NULL;
    }
    if (!msk_store_check_schema(db, error)) {
        if (error != NULL && g_error_matches(*error, MSK_ERROR, MSK_ERROR_CONFLICT)) {
            g_prefix_error(error, "database %s: ", self->name);
        }
        return NULL;
    }
    msk_db_forget(db); /* what was asked here, is asked but once */
    return g_steal_pointer(&db);
}

static void
close_item(void *db)
{
    msk_db_close(db);
}

/* The first connection shows mistakes of the configuration at once. A server that is away does not
 * count as one: the calls connect when it is back. */
static bool
open_first(MskStore *self, GError **error)
{
    GError *failure = NULL;
    g_autoptr(MskDb) db = open_checked(self, &failure);

    if (db == NULL && self->driver->is_server &&
        g_error_matches(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE)) {
        log_warning("%s; going on without it until it answers", failure->message);
        g_error_free(failure);
        return true;
    }
    if (db == NULL) {
        g_propagate_error(error, failure);
        return false;
    }
    if (!self->driver->check(db, error)) {
        return false;
    }
    msk_db_forget(db);
    self->identity = g_strdup(db->identity);
    g_ptr_array_add(self->resting, g_steal_pointer(&db));
    self->n_open = 1;
    return true;
}

static MskStoreResult write_alone(void *self, const MskChange *change, GError **error);

/* Two programs never have the same, but for a chance of one in 2^63. */
static int64_t
make_writer(void)
{
    return (int64_t) g_random_int_range(1, G_MAXINT32) << 32 | g_random_int();
}

MskStore *
msk_store_open_with(const MskDbDriver *driver, const char *location, const MskStoreOptions *options,
                    GError **error)
{
    g_autoptr(MskStore) self = g_new0(MskStore, 1);

    self->driver = driver;
    self->location = g_strdup(location);
    self->name = driver->describe(location);
    self->max_connections = MAX(options->max_connections, 1);
    self->most_open = self->max_connections + options->max_overflow;
    self->busy_timeout_ms = options->busy_timeout_ms;
    self->pool_timeout_us =
        (options->pool_timeout_ms > 0 ? (int64_t) options->pool_timeout_ms
                                      : (int64_t) options->busy_timeout_ms * POOL_WAIT_FACTOR) *
        G_TIME_SPAN_MILLISECOND;
    self->recycle_us = options->recycle_s * G_USEC_PER_SEC;
    self->resting = g_ptr_array_new_with_free_func(close_item);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->returned);
    self->writes = msk_group_commit_new(write_alone, self);
    self->writer = make_writer();

    return open_first(self, error) ? g_steal_pointer(&self) : NULL;
}

static void
warn_of_unused(const MskStoreOptions *options)
{
    if (options->parameters != NULL && *options->parameters != '\0') {
        log_warning("[database] connection_parameters has no effect, as 'connection' names a file "
                    "of SQLite");
    }
    if (options->has_sync_wait) {
        log_warning("[database] mysql_wsrep_sync_wait has no effect, as 'connection' names a file "
                    "of SQLite");
    }
}

MskStore *
msk_store_open(const MskStoreOptions *options, GError **error)
{
    g_autofree char *location = NULL;
    const MskDbDriver *driver = msk_store_locate(options, &location, error);

    if (driver != NULL && !driver->is_server) {
        warn_of_unused(options);
    }
    return driver != NULL ? msk_store_open_with(driver, location, options, error) : NULL;
}

void
msk_store_free(MskStore *self)
{
    if (self == NULL) {
        return;
    }
    g_assert(self->n_open == self->resting->len);
    msk_group_commit_free(self->writes);
    g_ptr_array_unref(self->resting);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->returned);
    g_free(self->location);
    g_free(self->name);
    g_free(self->identity);
    g_free(self);
}

const MskDbDriver *
msk_store_dialect(const MskStore *self)
{
    return self->driver;
}

unsigned
msk_store_n_open(MskStore *self)
{
    g_mutex_lock(&self->mutex);
    unsigned n_open = self->n_open;

    g_mutex_unlock(&self->mutex);
    return n_open;
}

void
msk_store_rest(MskStore *self)
{
    g_autoptr(GPtrArray) surplus = g_ptr_array_new_with_free_func(close_item);

    g_mutex_lock(&self->mutex);
    while (self->resting->len > 1) {
        g_ptr_array_add(surplus, g_ptr_array_steal_index(self->resting, 0));
        self->n_open--;
    }
    g_mutex_unlock(&self->mutex);
}

static bool
is_old(const MskStore *self, const MskDb *db)
{
    return self->recycle_us > 0 && g_get_monotonic_time() - db->opened_mono_us >= self->recycle_us;
}

static void
give_back(MskStore *self, MskDb *db)
{
    bool keep = db != NULL && !db->broken && !is_old(self, db);
    bool lost = db != NULL && db->broken && self->driver->is_server;
    g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(close_item);

    if (!keep) {
        msk_db_close(db);
    }
    g_mutex_lock(&self->mutex);
    bool surplus = self->n_open > self->max_connections && self->n_waiting == 0;

    if (keep) {
        g_ptr_array_add(surplus ? stale : self->resting, db);
    }
    if (!keep || surplus) {
        self->n_open--;
    }
    /* Those that rest were to the same server, and are lost as well as a rule. */
    while (lost && self->resting->len > 0) {
        g_ptr_array_add(stale, g_ptr_array_steal_index(self->resting, self->resting->len - 1));
        self->n_open--;
    }
    if (self->n_waiting > 0) {
        g_cond_signal(&self->returned);
    }
    g_mutex_unlock(&self->mutex);
}

/* With the lock held: whoever is between may have forgotten them. Goes to @stale, to be closed. */
static void
drop_old(MskStore *self, GPtrArray *stale)
{
    for (unsigned i = self->resting->len; i > 0; i--) {
        if (is_old(self, g_ptr_array_index(self->resting, i - 1))) {
            g_ptr_array_add(stale, g_ptr_array_steal_index(self->resting, i - 1));
            self->n_open--;
        }
    }
}

/* With the lock held: waits until a connection rests or may be opened, or the time is up. Returns:
 * how many may be open by now. */
static unsigned
wait_for_one(MskStore *self, GPtrArray *stale)
{
    int64_t now_us = g_get_monotonic_time();
    int64_t until_us = now_us + self->pool_timeout_us;
    int64_t overflow_us = MIN(now_us + OVERFLOW_WAIT_US, until_us);
    unsigned most = self->max_connections;
    bool in_time = true;

    drop_old(self, stale);
    while (in_time && self->resting->len == 0 && self->n_open >= most) {
        int64_t next_us = most < self->most_open ? overflow_us : until_us;

        self->n_waiting++;
        in_time = g_cond_wait_until(&self->returned, &self->mutex, next_us);
        self->n_waiting--;
        drop_old(self, stale);
        if (!in_time && most < self->most_open) {
            most = self->most_open;
            in_time = true;
        }
    }
    return most;
}

/* A connection, or the right to open one (@ret_open), or neither when the time is up. */
static MskDb *
take_resting(MskStore *self, bool *ret_open)
{
    g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(close_item);
    MskDb *db = NULL;

    g_mutex_lock(&self->mutex);
    unsigned most = wait_for_one(self, stale);

    if (self->resting->len > 0) {
        db = g_ptr_array_steal_index(self->resting, self->resting->len - 1);
    } else if (self->n_open < most) {
        self->n_open++;
        *ret_open = true;
    }
    g_mutex_unlock(&self->mutex);
    return db;
}

static MskDb *
take(MskStore *self, GError **error)
{
    bool may_open = false;
    MskDb *db = take_resting(self, &may_open);

    if (db != NULL) {
        return db;
    }
    if (!may_open) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s: all %u connections are busy; try again, or raise [database] "
                    "max_pool_size",
                    self->name, self->most_open);
        return NULL;
    }
    GError *failure = NULL;

    db = open_checked(self, &failure);
    if (db == NULL) {
        give_back(self, NULL);
        if (self->driver->is_server) {
            failure->code =
                MSK_ERROR_UNAVAILABLE; /* it is not the caller's request that is wrong */
        }
        g_propagate_error(error, failure);
    }
    return db;
}

/* A piece of work on its way through as many transactions as it takes. */
typedef struct {
    MskStore *store;
    Access access;
    MskStoreWork at_once; /* (nullable) what is to be tried before the work */
    MskStoreWork work;
    void *data;
    int64_t token; /* of the attempt that did the work last: @data is of its outcome */
    bool unheard;  /* the answer to its COMMIT */
    bool unknown;  /* an earlier transaction may have been committed, or may not */
    int64_t lost;  /* its token; if there are several, that of the first */
    bool unsure;   /* the answer to at_once was not heard */
    bool again;    /* what failed may succeed now */
    int64_t began_us;
} Task;

/* A server is asked three times for what one statement says: BEGIN and COMMIT are two of them. */
static bool
has_transaction(const Task *task)
{
    return task->access != ACCESS_LOOK || !task->store->driver->is_server;
}

static bool
is_told_apart(const Task *task)
{
    return task->access == ACCESS_WRITE && task->store->driver->begin_turn != NULL;
}

/* @token was kept by an attempt that was not heard of. */
static bool
take_outcome(Task *task, int64_t token, GError **error)
{
    task->unknown = false;
    if (token == task->token && task->unheard) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                "database %s: the change was made, but not by the attempt that knows its outcome; "
                "look again",
                task->store->name);
    return false;
}

/* 1 begun, 0 what was unknown has been committed, -1 with @error. Each attempt has a token of its
 * own, as a server may keep one without the work; that one is never asked for. */
static int
begin_turn(Task *task, MskDb *db, GError **error)
{
    MskStore *store = task->store;
    const MskDbDriver *driver = store->driver;
    int64_t token = ++store->last_token;
    int64_t kept = 0;

    if (task->unknown && !driver->begin_asking(db, store->writer, &kept, error)) {
        return -1;
    }
    if (task->unknown && kept >= task->lost) {
        return take_outcome(task, kept, error) ? 0 : -1;
    }
    bool begun = task->unknown ? driver->keep_token(db, store->writer, token, error)
                               : driver->begin_turn(db, store->writer, token, error);

    if (!begun) {
        return -1;
    }
    task->token = token;
    task->unheard = false;
    return 1;
}

static int
begin_task(Task *task, MskDb *db, GError **error)
{
    if (!has_transaction(task)) {
        return 1;
    }
    if (is_told_apart(task)) {
        return begin_turn(task, db, error);
    }
    return task->store->driver->begin(db, task->access == ACCESS_WRITE, error) ? 1 : -1;
}

static bool
commit_task(Task *task, MskDb *db, GError **error)
{
    return !has_transaction(task) || task->store->driver->commit(db, error);
}

/* Once, at most. Returns: NOT_FOUND where that was no use, and the work has to be done. */
static MskStoreResult
do_at_once(Task *task, MskDb *db, GError **error)
{
    MskStoreWork at_once = db->does_at_once ? task->at_once : NULL;
    GError *failure = NULL;

    if (at_once == NULL) {
        task->at_once = NULL;
        return MSK_STORE_NOT_FOUND;
    }
    /* What is sent on a connection that has ended while it rested leaves a doubt for nothing. */
    if (db->driver->is_open != NULL && !db->driver->is_open(db, error)) {
        return MSK_STORE_FAILED;
    }
    task->at_once = NULL;
    MskStoreResult result = at_once(db, task->data, &failure);

    task->unsure = result == MSK_STORE_FAILED && db->unsure;
    if (result == MSK_STORE_FAILED && (db->broken || db->again)) {
        g_propagate_error(error, failure);
        return MSK_STORE_FAILED;
    }
    g_clear_error(&failure); /* the work will meet it again, and can say more */
    return result == MSK_STORE_DONE ? MSK_STORE_DONE : MSK_STORE_NOT_FOUND;
}

static MskStoreResult
do_task(Task *task, MskDb *db, GError **error)
{
    if (task->at_once != NULL) {
        MskStoreResult result = do_at_once(task, db, error);

        if (result != MSK_STORE_NOT_FOUND) {
            return result;
        }
    }
    int begun = begin_task(task, db, error);
    MskStoreResult result = begun == 0 ? MSK_STORE_DONE : MSK_STORE_FAILED;

    if (begun > 0) {
        result = task->work(db, task->data, error);
        if (result == MSK_STORE_DONE && !commit_task(task, db, error)) {
            result = MSK_STORE_FAILED;
        }
        task->unsure = task->unsure && result == MSK_STORE_FAILED;
    }
    if ((begun == 0 || result != MSK_STORE_DONE) && has_transaction(task)) {
        bool again = db->again;

        task->store->driver->rollback(db);
        db->again = again; /* what becomes of a ROLLBACK says nothing of the work */
    }
    return result;
}

/* Whether what was tried before may have been done. */
static bool
in_doubt(const Task *task)
{
    return task->unknown || task->unsure;
}

/* One attempt. @task->again: whether another makes sense. */
static MskStoreResult
attempt(Task *task, GError **error)
{
    MskDb *db = take(task->store, error);

    task->again = db == NULL && in_doubt(task);
    if (db == NULL) {
        return MSK_STORE_FAILED;
    }
    db->again = false;
    db->unknown = false;
    db->unsure = false;
    db->now_us = 0;
    MskStoreResult result = do_task(task, db, error);

    if (db->unknown) {
        task->lost = task->unknown ? task->lost : task->token;
        task->unknown = true;
        task->unheard = true;
    }
    task->again = result == MSK_STORE_FAILED && (db->again || in_doubt(task));
    give_back(task->store, db);
    return result;
}

/* Sleeps a little longer each time, by chance so that two do not meet again. Whether there is time
 * for another attempt. */
static bool
pause_before(const Task *task, unsigned n_attempts)
{
    int64_t limit_us = (int64_t) task->store->busy_timeout_ms * G_TIME_SPAN_MILLISECOND *
                       (in_doubt(task) ? UNKNOWN_FACTOR : RETRY_FACTOR);
    int64_t longest_us = MIN(FIRST_PAUSE_US << MIN(n_attempts, 10), LONGEST_PAUSE_US);

    if (g_get_monotonic_time() - task->began_us > limit_us) {
        return false;
    }
    g_usleep((gulong) g_random_int_range(1, (int32_t) longest_us));
    return true;
}

static MskStoreResult
run_task(Task *task, GError **error)
{
    for (unsigned n = 0;; n++) {
        GError *failure = NULL;
        MskStoreResult result = attempt(task, &failure);

        if (result != MSK_STORE_FAILED) {
            return result;
        }
        if (!task->again || !pause_before(task, n)) {
            if (in_doubt(task)) {
                g_prefix_error(&failure, "it is not known whether the change was made: ");
            }
            g_propagate_error(error, failure);
            return MSK_STORE_FAILED;
        }
        log_debug("running again what failed: %s", failure->message);
        g_error_free(failure);
    }
}

static MskStoreResult
run(MskStore *self, Access access, const MskChange *change, GError **error)
{
    Task task = {.store = self,
                 .access = access,
                 .at_once = change->at_once,
                 .work = change->work,
                 .data = change->data,
                 .began_us = g_get_monotonic_time()};

    return run_task(&task, error);
}

MskStoreResult
msk_store_look(MskStore *self, MskStoreWork work, void *data, GError **error)
{
    return run(self, ACCESS_LOOK, &(MskChange){.work = work, .data = data}, error);
}

MskStoreResult
msk_store_read(MskStore *self, MskStoreWork work, void *data, GError **error)
{
    return run(self, ACCESS_READ, &(MskChange){.work = work, .data = data}, error);
}

static MskStoreResult
write_alone(void *self, const MskChange *change, GError **error)
{
    return run(self, ACCESS_WRITE, change, error);
}

MskStoreResult
msk_store_write(MskStore *self, MskStoreWork work, void *data, GError **error)
{
    return msk_store_write_at_once(self, NULL, work, data, error);
}

MskStoreResult
msk_store_write_at_once(MskStore *self, MskStoreWork at_once, MskStoreWork work, void *data,
                        GError **error)
{
    const MskChange change = {.at_once = at_once, .work = work, .data = data};

    return msk_group_commit_write(self->writes, &change, error);
}

static MskStoreResult
ping(MskDb *db, G_GNUC_UNUSED void *data, GError **error)
{
    int64_t one = 0;

    return msk_db_number(db, "SELECT count(*) FROM masakari_c_engines", MSK_DB_NO_ARGS, &one,
                         error) < 0
               ? MSK_STORE_FAILED
               : MSK_STORE_DONE;
}

bool
msk_store_ping(MskStore *self, GError **error)
{
    return msk_store_look(self, ping, NULL, error) == MSK_STORE_DONE;
}

/* The connection string of a server with what other options add to it. */
static char *
make_location(const MskStoreOptions *options)
{
    g_autofree char *command =
        g_strdup_printf("init_command=SET%%20SESSION%%20wsrep_sync_wait%%3D%u", options->sync_wait);
    const char *const parts[] = {options->parameters, options->has_sync_wait ? command : NULL};
    char *location = g_strdup(options->connection);

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i] != NULL && *parts[i] != '\0') {
            char *longer = msk_database_url_extend(location, parts[i]);

            g_free(location);
            location = longer;
        }
    }
    return location;
}

const MskDbDriver *
msk_store_locate(const MskStoreOptions *options, char **ret_location, GError **error)
{
    static const char prefix[] = "sqlite:///";
    const char *connection = options->connection;

    if (connection == NULL || *connection == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection is not set; set it to sqlite:////<absolute path> or "
                    "mysql+pymysql://<user>:<password>@<host>/<database>");
        return NULL;
    }
    if (msk_database_url_is(connection)) {
        g_autofree char *location = make_location(options);
        g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(location, error);

        if (url == NULL) {
            return NULL;
        }
        *ret_location = g_steal_pointer(&location);
        return &msk_mariadb_driver;
    }
    /* The string may hold a password, so no message repeats it. */
    if (!g_str_has_prefix(connection, prefix) || connection[strlen(prefix)] == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection names a database that this release does not know; use "
                    "sqlite:////<absolute path> or "
                    "mysql+pymysql://<user>:<password>@<host>/<database>");
        return NULL;
    }
    const char *path = connection + strlen(prefix);

    if (strpbrk(path, "?#") != NULL || g_str_equal(path, ":memory:") || !g_path_is_absolute(path)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[database] connection is not usable: the path has to be absolute and without "
                    "parameters; use sqlite:////<absolute path> (four slashes)");
        return NULL;
    }
    *ret_location = g_strdup(path);
    return &msk_sqlite_driver;
}

char *
msk_store_fold_uuid(const char *uuid)
{
    return uuid != NULL ? g_ascii_strdown(uuid, -1) : NULL;
}

char *
msk_store_now_text(MskDb *db, GError **error)
{
    if (db->now_us == 0 && !db->driver->now_us(db, &db->now_us, error)) {
        return NULL;
    }
    return msk_db_format_time(db->now_us);
}
