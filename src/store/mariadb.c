/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mariadb_private.h"

#include "base/error.h"

#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <string.h>
#include <sys/socket.h>

/* Ids of Galera's and MariaDB's refusals that are not in the client's headers. */
#define WSREP_NOT_READY     1047
#define CONNECTION_KILLED   1927
#define STATEMENT_TIMED_OUT 1969
#define IDLE_TIMED_OUT      4031
/* Numbers of the client's own errors lie between those of the server's. */
#define FIRST_CLIENT_ERROR       2000
#define FIRST_LATER_SERVER_ERROR 3000
#define FIRST_LATER_CLIENT_ERROR 5000

#define FIRST_WITH_RETURNING 100500 /* as mysql_get_server_version() counts */

#define NOW "UTC_TIMESTAMP(6)"

#define TAKE_LOCK "UPDATE masakari_c_lock SET turn = turn + 1 WHERE id = 1"

/* What went wrong, as the caller can act on it. */
static const struct {
    unsigned number;
    MskErrorCode code;
    const char *hint;
    bool again;  /* nothing was changed: the transaction can be run once more */
    bool broken; /* the connection is of no more use */
} results[] = {
    {ER_DUP_ENTRY, MSK_ERROR_CONFLICT, "a row with this key is there already", false, false},
    {ER_DUP_ENTRY_WITH_KEY_NAME, MSK_ERROR_CONFLICT, "a row with this key is there already", false,
     false},
    {ER_LOCK_DEADLOCK, MSK_ERROR_UNAVAILABLE, "another writer was faster; try again", true, false},
    {ER_LOCK_WAIT_TIMEOUT, MSK_ERROR_UNAVAILABLE, "another writer holds its lock; try again", true,
     false},
    {ER_CHECKREAD, MSK_ERROR_UNAVAILABLE, "another writer was faster; try again", true, false},
    {ER_NEED_REPREPARE, MSK_ERROR_UNAVAILABLE, "the tables were changed; try again", true, true},
    {ER_KEY_DOES_NOT_EXISTS, MSK_ERROR_UNAVAILABLE,
     "an index of masakari-c is missing; make it again as in the release's migrations", true,
     false},
    {STATEMENT_TIMED_OUT, MSK_ERROR_UNAVAILABLE, "it took too long; try again", false, false},
    {WSREP_NOT_READY, MSK_ERROR_UNAVAILABLE, "the node is not part of its cluster now; try again",
     true, true},
    {ER_ERROR_DURING_COMMIT, MSK_ERROR_UNAVAILABLE, "the cluster refused the commit; try again",
     true, true},
    {ER_SERVER_SHUTDOWN, MSK_ERROR_UNAVAILABLE, "the server is being stopped", true, true},
    {ER_QUERY_INTERRUPTED, MSK_ERROR_UNAVAILABLE, "somebody ended the query", true, true},
    {CONNECTION_KILLED, MSK_ERROR_UNAVAILABLE, "somebody ended the connection", true, true},
    {IDLE_TIMED_OUT, MSK_ERROR_UNAVAILABLE, "the connection was idle for too long", true, true},
    {CR_SERVER_GONE_ERROR, MSK_ERROR_UNAVAILABLE, "the connection was lost", true, true},
    {CR_SERVER_LOST, MSK_ERROR_UNAVAILABLE, "the connection was lost", true, true},
    {CR_SERVER_LOST_EXTENDED, MSK_ERROR_UNAVAILABLE, "the connection was lost", true, true},
    {CR_CONNECTION_ERROR, MSK_ERROR_UNAVAILABLE,
     "the server cannot be reached; check that it runs, and [database] connection", false, true},
    {CR_CONN_HOST_ERROR, MSK_ERROR_UNAVAILABLE,
     "the server cannot be reached; check that it runs, and [database] connection", false, true},
    {CR_UNKNOWN_HOST, MSK_ERROR_UNAVAILABLE,
     "the host's name cannot be resolved; check it in [database] connection", false, true},
    {CR_SSL_CONNECTION_ERROR, MSK_ERROR_UNAVAILABLE,
     "no trusted encrypted connection; check ssl_ca and the other ssl_ parameters of [database] "
     "connection, and the server's certificate",
     false, true},
    {ER_CON_COUNT_ERROR, MSK_ERROR_UNAVAILABLE,
     "the server has no connection left; raise its max_connections or lower [database] "
     "max_pool_size",
     false, true},
    {ER_TOO_MANY_USER_CONNECTIONS, MSK_ERROR_UNAVAILABLE,
     "the user has no connection left; raise its limit or lower [database] max_pool_size", false,
     true},
    {ER_OPTION_PREVENTS_STATEMENT, MSK_ERROR_UNAVAILABLE,
     "the server only reads now; name the one that writes in [database] connection", false, true},
    {ER_ACCESS_DENIED_ERROR, MSK_ERROR_INVALID,
     "user and password are refused; correct them in [database] connection", false, true},
    {ER_ACCESS_DENIED_NO_PASSWORD_ERROR, MSK_ERROR_INVALID,
     "the user is refused; correct it in [database] connection", false, true},
    {ER_DBACCESS_DENIED_ERROR, MSK_ERROR_INVALID,
     "the user may not use the database; create it and GRANT ALL on it to the user", false, true},
    {ER_BAD_DB_ERROR, MSK_ERROR_INVALID,
     "there is no such database; create it and GRANT ALL on it to the user", false, true},
    {ER_TABLEACCESS_DENIED_ERROR, MSK_ERROR_INVALID,
     "the user may not do this; GRANT ALL on the database to the user", false, false},
    {ER_DATA_TOO_LONG, MSK_ERROR_INVALID, "a value is longer than its column", false, false},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, MSK_ERROR_INVALID,
     "a value has characters that the column cannot keep", false, false},
    {ER_WARN_DATA_OUT_OF_RANGE, MSK_ERROR_INVALID, "a number is beyond what the column keeps",
     false, false},
    {ER_TRUNCATED_WRONG_VALUE, MSK_ERROR_INVALID, "a value is beyond what the column keeps", false,
     false},
    {ER_RECORD_FILE_FULL, MSK_ERROR_UNAVAILABLE, "the server's disk is full; make room", false,
     false},
    {ER_DISK_FULL, MSK_ERROR_UNAVAILABLE, "the server's disk is full; make room", false, false},
};

static bool
is_client_s(unsigned number)
{
    return (number >= FIRST_CLIENT_ERROR && number < FIRST_LATER_SERVER_ERROR) ||
           number >= FIRST_LATER_CLIENT_ERROR;
}

bool
msk_mariadb_is_unsure(unsigned number)
{
    return is_client_s(number) || number == ER_SERVER_SHUTDOWN || number == ER_QUERY_INTERRUPTED ||
           number == STATEMENT_TIMED_OUT || number == CONNECTION_KILLED ||
           number == ER_ERROR_DURING_COMMIT;
}

void
msk_mariadb_fail(Mariadb *self, unsigned number, const char *detail, const char *doing,
                 GError **error)
{
    self->db.lacks_index = self->db.lacks_index || number == ER_KEY_DOES_NOT_EXISTS;
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        if (results[i].number == number) {
            self->db.broken = self->db.broken || results[i].broken;
            self->db.again = results[i].again;
            g_set_error(error, MSK_ERROR, results[i].code, "database %s: %s: %s (%u: %s)",
                        self->name, doing, results[i].hint, number, detail);
            return;
        }
    }
    self->db.broken = self->db.broken || is_client_s(number);
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL, "database %s: %s: %s (%u)", self->name, doing,
                detail, number);
}

static void
fail(Mariadb *self, const char *doing, GError **error)
{
    msk_mariadb_fail(self, mysql_errno(&self->handle), mysql_error(&self->handle), doing, error);
}

/* Ends what a text protocol command has sent back; @error: of any of its statements. */
static bool
finish_results(Mariadb *self, GError **error)
{
    int more = 0;

    while (more == 0) {
        MYSQL_RES *rows = mysql_store_result(&self->handle);

        mysql_free_result(rows);
        self->changes = (int64_t) mysql_affected_rows(&self->handle);
        if (mysql_errno(&self->handle) != 0) {
            break;
        }
        more = mysql_next_result(&self->handle);
    }
    if (more != -1) {
        fail(self, "cannot run a command", error);
        return false;
    }
    return true;
}

bool
msk_mariadb_script(MskDb *db, const char *sql, GError **error)
{
    Mariadb *self = (Mariadb *) db;

    if (mysql_real_query(&self->handle, sql, strlen(sql)) != 0) {
        fail(self, "cannot run a command", error);
        return false;
    }
    return finish_results(self, error);
}

/* ---- connections ------------------------------------------------------------------------- */

static void
close_connection(MskDb *db)
{
    Mariadb *self = (Mariadb *) db;

    mysql_close(&self->handle);
    g_free(self->name);
    g_free(self);
}

static void
set_tls(Mariadb *self, const MskDatabaseUrl *url)
{
    my_bool enforce = url->tls ? 1 : 0;
    my_bool verify = url->verify_name ? 1 : 0;

    if (url->tls) {
        /* An authority that is named is always asked, so it is named only when it is to be; the
         * name of the host is then an option of its own. It copies, and is always 0. */
        (void) mysql_ssl_set(&self->handle, url->ssl_key, url->ssl_cert,
                             url->verify_cert ? url->ssl_ca : NULL,
                             url->verify_cert ? url->ssl_capath : NULL, url->ssl_cipher);
    }
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_SSL_ENFORCE, &enforce);
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

/* A server that hangs must not hang its callers; changing the schema may take its time. */
static void
set_timeouts(Mariadb *self, const MskDatabaseUrl *url, MskDbMode mode, unsigned busy_timeout_ms)
{
    unsigned call_s = MAX(busy_timeout_ms / 1000, 1) * MSK_MARIADB_CALL_FACTOR;
    unsigned answer_s = mode == MSK_DB_CREATE ? MSK_MARIADB_SYNC_TIMEOUT_S : call_s;
    unsigned connect_s = url->connect_timeout_s > 0 ? url->connect_timeout_s : call_s;
    unsigned read_s = url->read_timeout_s > 0 ? url->read_timeout_s : answer_s;
    unsigned write_s = url->write_timeout_s > 0 ? url->write_timeout_s : call_s;

    (void) mysql_optionsv(&self->handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_READ_TIMEOUT, &read_s);
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
}

static void
set_beginning(Mariadb *self, const MskDatabaseUrl *url)
{
    if (url->bind_address != NULL) {
        (void) mysql_optionsv(&self->handle, MYSQL_OPT_BIND, url->bind_address);
    }
    for (unsigned i = 0; i < url->init_commands->len; i++) {
        (void) mysql_optionsv(&self->handle, MYSQL_INIT_COMMAND,
                              (const char *) g_ptr_array_index(url->init_commands, i));
    }
}

/* Strict as oslo.db asks for it; a writer that stops in the middle of a transaction loses it, and
 * its locks, instead of holding up everybody. */
static bool
set_session(Mariadb *self, unsigned busy_timeout_ms, GError **error)
{
    unsigned wait_s = MAX(busy_timeout_ms / 1000, 1);
    bool is_mariadb = strstr(mysql_get_server_info(&self->handle), "MariaDB") != NULL;
    g_autofree char *idle =
        g_strdup_printf(", idle_transaction_timeout = %u", wait_s * MSK_MARIADB_CALL_FACTOR);
    g_autofree char *sql = g_strdup_printf(
        "SET SESSION sql_mode = 'TRADITIONAL', innodb_lock_wait_timeout = %u, autocommit = 1%s; "
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        wait_s, is_mariadb ? idle : "");

    return msk_mariadb_script(&self->db, sql, error);
}

/* A node of a Galera cluster answers before it has what the others have done, and a look at the
 * schema is worth nothing then. Other servers do not know the word. */
static bool
wait_for_other_nodes(Mariadb *self, GError **error)
{
    g_autoptr(GError) failure = NULL;

    if (msk_mariadb_script(&self->db, "SET SESSION wsrep_sync_wait = 15", &failure) ||
        mysql_errno(&self->handle) == ER_UNKNOWN_SYSTEM_VARIABLE) {
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* The text in the first column of the only row. Returns: (transfer full) (nullable) NULL for none,
 * and when the server does not understand the question. */
static char *
ask_word(Mariadb *self, const char *sql)
{
    char *word = NULL;

    if (mysql_real_query(&self->handle, sql, strlen(sql)) != 0) {
        return NULL;
    }
    MYSQL_RES *rows = mysql_store_result(&self->handle);
    MYSQL_ROW row = rows != NULL ? mysql_fetch_row(rows) : NULL;

    if (row != NULL) {
        word = g_strdup(row[0]);
    }
    mysql_free_result(rows);
    return word;
}

/* In a Galera cluster only a transaction that changes the row of the lock meets that of another
 * node. INSERT … SELECT … RETURNING is of MariaDB, since 10.5. */
static bool
does_at_once(Mariadb *self)
{
    if (strstr(mysql_get_server_info(&self->handle), "MariaDB") == NULL ||
        mysql_get_server_version(&self->handle) < FIRST_WITH_RETURNING) {
        return false;
    }
    g_autofree char *in_cluster = ask_word(self, "SELECT @@wsrep_on");

    /* A server that was built without Galera does not know the variable. */
    return in_cluster != NULL ? g_str_equal(in_cluster, "0")
                              : mysql_errno(&self->handle) == ER_UNKNOWN_SYSTEM_VARIABLE;
}

static MskDb *
open_connection(const char *location, MskDbMode mode, unsigned busy_timeout_ms, GError **error)
{
    g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(location, error);
    enum mysql_protocol_type protocol = MYSQL_PROTOCOL_TCP;
    my_bool no = 0;

    if (url == NULL) {
        return NULL;
    }
    Mariadb *self = g_new0(Mariadb, 1);

    self->name = msk_database_url_name(url);
    (void) mysql_init(&self->handle);
    if (url->unix_socket == NULL) {
        (void) mysql_optionsv(&self->handle, MYSQL_OPT_PROTOCOL, &protocol);
    }
    (void) mysql_optionsv(&self->handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_RECONNECT, &no);
    (void) mysql_optionsv(&self->handle, MYSQL_OPT_LOCAL_INFILE, &no);
    set_tls(self, url);
    set_timeouts(self, url, mode, busy_timeout_ms);
    set_beginning(self, url);
    /* Rows that were found count as changed, as for SQLite. */
    if (mysql_real_connect(&self->handle, url->host, url->user, url->password, url->database,
                           url->port, url->unix_socket,
                           CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS) == NULL) {
        fail(self, "cannot connect", error);
        self->db.again = false;
        close_connection(&self->db);
        return NULL;
    }
    if (!set_session(self, busy_timeout_ms, error) ||
        (mode == MSK_DB_CREATE && !wait_for_other_nodes(self, error))) {
        close_connection(&self->db);
        return NULL;
    }
    self->db.does_at_once = does_at_once(self);
    return &self->db;
}

static char *
describe(const char *location)
{
    g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(location, NULL);

    return url != NULL ? msk_database_url_name(url) : g_strdup("mysql");
}

static bool
exists(G_GNUC_UNUSED const char *location, bool *ret, G_GNUC_UNUSED GError **error)
{
    *ret = true; /* open() tells when the server has no such database */
    return true;
}

/* ---- transactions ------------------------------------------------------------------------ */

static bool
begin(MskDb *db, bool write, GError **error)
{
    ((Mariadb *) db)->writes = false; /* of the store; changes of tables end transactions */
    return msk_mariadb_script(db, write ? "START TRANSACTION" : "START TRANSACTION READ ONLY",
                              error);
}

/* As the server's last answer says. */
static bool
check_in_transaction(Mariadb *self, GError **error)
{
    unsigned status = 0;

    (void) mariadb_get_infov(&self->handle, MARIADB_CONNECTION_SERVER_STATUS, &status);
    if ((status & SERVER_STATUS_IN_TRANS) != 0) {
        return true;
    }
    self->db.broken = true;
    self->db.again = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                "database %s: the server has ended a transaction by itself; try again", self->name);
    return false;
}

static bool
check_locked(Mariadb *self, GError **error)
{
    if (self->changes == 1) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                "database %s: masakari_c_lock has lost its first row; put it back with INSERT INTO "
                "masakari_c_lock (id, turn) VALUES (1, 0)",
                self->name);
    return false;
}

static bool
keep_token(MskDb *db, int64_t writer, int64_t token, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "REPLACE INTO masakari_c_lock (id, turn, wrote_at) VALUES (%" G_GINT64_FORMAT
        ", %" G_GINT64_FORMAT ", UTC_TIMESTAMP())",
        writer, token);

    return msk_mariadb_script(db, sql, error) && check_in_transaction((Mariadb *) db, error);
}

/* Tokens are asked for within a minute, so those of a day ago are of nobody's interest. */
static bool
keep_first_token(Mariadb *self, int64_t writer, int64_t token, GError **error)
{
    return msk_mariadb_script(&self->db, TAKE_LOCK, error) && check_locked(self, error) &&
           keep_token(&self->db, writer, token, error) &&
           msk_mariadb_script(&self->db,
                              "DELETE FROM masakari_c_lock WHERE id > 1 AND wrote_at < "
                              "UTC_TIMESTAMP() - INTERVAL 1 DAY",
                              error);
}

/*
 * Writers take turns by the first row of masakari_c_lock, on all nodes of a Galera cluster: there
 * two that met are told apart by the certification of that row. Each writer has a row beside it,
 * with the token of its last write; so whoever did not hear the answer to a COMMIT finds out by it:
 * having the lock means that the earlier transaction is over.
 *
 * Nothing follows that statement in its command. A cluster may undo a transaction between two
 * statements of one command; MariaDB then runs what is left of the command without a transaction,
 * and tells only afterwards. Between two commands it tells at once.
 */
static bool
begin_turn(MskDb *db, int64_t writer, int64_t token, GError **error)
{
    Mariadb *self = (Mariadb *) db;
    /* The index also where so few rows would be read faster without: those read are locked. */
    g_autofree char *sql = g_strdup_printf(
        "START TRANSACTION; UPDATE masakari_c_lock FORCE INDEX (PRIMARY) SET turn = IF(id = 1, "
        "turn + 1, %" G_GINT64_FORMAT "), wrote_at = UTC_TIMESTAMP() WHERE id IN (1, "
        "%" G_GINT64_FORMAT ")",
        token, writer);

    self->writes = true;
    if (!msk_mariadb_script(db, sql, error) || !check_in_transaction(self, error)) {
        return false;
    }
    return self->changes == 2 || keep_first_token(self, writer, token, error);
}

static bool
begin_asking(MskDb *db, int64_t writer, int64_t *ret_token, GError **error)
{
    Mariadb *self = (Mariadb *) db;
    int64_t token = 0;

    self->writes = true;
    /* What was lost may have been committed on a node that is ahead of this one; then the work,
     * done again, would be refused for what it does not see yet. The connection goes on so. */
    if (!wait_for_other_nodes(self, error) ||
        !msk_mariadb_script(db, "START TRANSACTION; " TAKE_LOCK, error) ||
        !check_in_transaction(self, error) || !check_locked(self, error) ||
        msk_db_number(db, "SELECT turn FROM masakari_c_lock WHERE id = ? FOR UPDATE",
                      MSK_DB_ARGS(MSK_DB_I(writer)), &token, error) < 0) {
        return false;
    }
    *ret_token = token;
    return true;
}

static bool
commit(MskDb *db, GError **error)
{
    Mariadb *self = (Mariadb *) db;

    /* The server would agree to a COMMIT of nothing. */
    if (self->writes && !check_in_transaction(self, error)) {
        return false;
    }
    if (msk_mariadb_script(db, "COMMIT", error)) {
        return true;
    }
    /* A refusal of the server is an answer; silence leaves open whether it was done. */
    db->unknown = db->broken && mysql_errno(&self->handle) != ER_ERROR_DURING_COMMIT;
    return false;
}

/* A server says nothing by itself but that it has ended the connection. */
static bool
is_open(MskDb *db, GError **error)
{
    Mariadb *self = (Mariadb *) db;
    char byte;

    if (recv((int) mysql_get_socket(&self->handle), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) <
            0 &&
        (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return true;
    }
    db->broken = true;
    db->again = true;
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                "database %s: the connection was lost while it rested; try again", self->name);
    return false;
}

static void
rollback(MskDb *db)
{
    if (!db->broken && !msk_mariadb_script(db, "ROLLBACK", NULL)) {
        db->broken = true;
    }
}

/* Two that bring the schema up to date at once; released with the connection. */
static bool
lock_schema(MskDb *db, GError **error)
{
    int64_t got = 0;

    if (msk_db_number(db, "SELECT GET_LOCK(CONCAT('masakari_c_sync.', DATABASE()), 60)",
                      MSK_DB_NO_ARGS, &got, error) < 0) {
        return false;
    }
    if (got != 1) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "database %s: another 'masakari-manage db sync' has been running for 60 s; "
                    "wait for its end",
                    ((Mariadb *) db)->name);
        return false;
    }
    return true;
}

static bool
has_table(MskDb *db, const char *table, bool *ret, GError **error)
{
    int64_t count = 0;

    if (msk_db_number(db,
                      "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = "
                      "DATABASE() AND table_name = ?",
                      MSK_DB_ARGS(MSK_DB_T(table)), &count, error) < 0) {
        return false;
    }
    *ret = count > 0;
    return true;
}

static bool
now_us(MskDb *db, int64_t *ret, GError **error)
{
    g_autoptr(MskDbStatement) row = msk_db_query(db, "SELECT " NOW, MSK_DB_NO_ARGS, error);

    if (row == NULL || msk_db_step(row, error) < 0) {
        return false;
    }
    *ret = msk_db_time(row, 0);
    return true;
}

static bool
check(G_GNUC_UNUSED MskDb *db, G_GNUC_UNUSED GError **error)
{
    return true; /* InnoDB looks after its pages itself */
}

const MskDbDriver msk_mariadb_driver = {
    .name = "mariadb",
    .is_server = true,
    .collate = "",
    .for_update = " FOR UPDATE",
    .by_index = " FORCE INDEX ",
    .now = NOW,
    .migrations = msk_mariadb_migrations,
    .describe = describe,
    .exists = exists,
    .open = open_connection,
    .close = close_connection,
    .script = msk_mariadb_script,
    .begin = begin,
    .begin_turn = begin_turn,
    .begin_asking = begin_asking,
    .keep_token = keep_token,
    .is_open = is_open,
    .commit = commit,
    .rollback = rollback,
    .lock_schema = lock_schema,
    .has_table = has_table,
    .now_us = now_us,
    .check = check,
    .changes = msk_mariadb_changes,
    .last_id = msk_mariadb_last_id,
    .prepare = msk_mariadb_prepare,
    .finalize = msk_mariadb_finalize,
    .bind = msk_mariadb_bind,
    .step = msk_mariadb_step,
    .reset = msk_mariadb_reset,
    .column_is_null = msk_mariadb_column_is_null,
    .column_int = msk_mariadb_column_int,
    .column_time = msk_mariadb_column_time,
    .column_text = msk_mariadb_column_text,
};
