/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * db: one connection to a database, the same for every kind of database.
 *
 *   rows of segments, hosts, …  ──▶  db (statement cache, values)  ──▶  MskDbDriver: sqlite.c,
 * mariadb.c
 *
 * SQL is written once, in the words that SQLite and MariaDB share; the few that differ are in the
 * driver (collate, for_update, now). Text always reaches SQL as a bound value.
 *
 * Threads: a connection belongs to one thread at a time. Statements of one connection may overlap
 * only when their SQL differs.
 * Errors: %MSK_ERROR_UNAVAILABLE, %MSK_ERROR_INTERNAL as in store.h; %MSK_ERROR_CONFLICT when a
 * unique key refused a row.
 */

#include "base/datetime.h"
#include "store/migrations.h"
#include "store/store.h"

typedef struct MskDb MskDb;
typedef struct MskDbStatement MskDbStatement;

typedef enum {
    MSK_DB_NULL,
    MSK_DB_INT,
    MSK_DB_TEXT,
} MskDbType;

typedef struct {
    MskDbType type;
    int64_t number;
    const char *text;
} MskDbValue;

/* Values to bind: I(5), T("text" or NULL), and times with msk_db_time. */
#define MSK_DB_I(n) ((MskDbValue){.type = MSK_DB_INT, .number = (n)})
#define MSK_DB_T(t) msk_db_text_value(t)
#define MSK_DB_ARGS(...)                                                                           \
    (const MskDbValue[]){__VA_ARGS__}, G_N_ELEMENTS(((const MskDbValue[]){__VA_ARGS__}))
#define MSK_DB_NO_ARGS NULL, 0

static inline MskDbValue
msk_db_text_value(const char *text)
{
    return (MskDbValue){.type = text != NULL ? MSK_DB_TEXT : MSK_DB_NULL, .text = text};
}

typedef enum {
    MSK_DB_USE,    /* the file must exist */
    MSK_DB_CREATE, /* made when missing */
} MskDbMode;

/* What a kind of database has to offer. Functions take the connection that open() made. */
typedef struct {
    const char *name;
    bool is_server;         /* it may be away for a while, and come back */
    const char *collate;    /* follows a text column or value where text is compared */
    const char *for_update; /* ends a SELECT whose rows the transaction is going to change */
    const char *by_index;   /* (nullable) behind a table and before "(<index>)": the index that has
                               the order, which the database would not always take by itself */
    const char *now; /* in a SELECT, what now_us() asks for; NULL where that costs no question */

    const MskMigration *migrations;

    char *(*describe)(const char *location); /* (transfer full) for messages: no password */
    bool (*exists)(const char *location, bool *ret, GError **error);
    MskDb *(*open)(const char *location, MskDbMode mode, unsigned busy_timeout_ms, GError **error);
    void (*close)(MskDb *db);
    bool (*script)(MskDb *db, const char *sql, GError **error); /* several statements */
    /* write: the transaction holds the right to write from its start. */
    bool (*begin)(MskDb *db, bool write, GError **error);
    /* (nullable, all three) For a database that may not be heard at the end of a COMMIT.
     * begin_turn: begin() with the right to write; @token is kept with what is written, as the last
     * of @writer. @writer > 1; @token > 0, greater each time. */
    bool (*begin_turn)(MskDb *db, int64_t writer, int64_t token, GError **error);
    /* begin() with the right to write, after one of @writer that was not heard of: it is over now.
     * @ret_token: the last of @writer that was committed; 0: none. */
    bool (*begin_asking)(MskDb *db, int64_t writer, int64_t *ret_token, GError **error);
    /* In a transaction of begin_asking(): keeps @token as begin_turn() does. */
    bool (*keep_token)(MskDb *db, int64_t writer, int64_t token, GError **error);
    /* (nullable) Whether the connection has not ended while it rested; without a question. */
    bool (*is_open)(MskDb *db, GError **error);
    bool (*commit)(MskDb *db, GError **error);
    void (*rollback)(MskDb *db);
    bool (*lock_schema)(MskDb *db, GError **error); /* (nullable) until the connection is closed */
    bool (*has_table)(MskDb *db, const char *table, bool *ret, GError **error);
    bool (*now_us)(MskDb *db, int64_t *ret, GError **error); /* the database's clock, UTC */
    bool (*check)(MskDb *db, GError **error); /* looks for damage, where that is quick */
    int64_t (*changes)(MskDb *db);            /* rows of the last UPDATE, INSERT or DELETE */
    int64_t (*last_id)(MskDb *db);            /* of the row that the last INSERT made */

    void *(*prepare)(MskDb *db, const char *sql, GError **error);
    void (*finalize)(void *native);
    bool (*bind)(MskDb *db, void *native, int position, const MskDbValue *value, GError **error);
    int (*step)(MskDb *db, void *native, GError **error); /* 1 a row, 0 the end, -1 failed */
    void (*reset)(void *native);
    bool (*column_is_null)(void *native, int column);
    int64_t (*column_int)(void *native, int column);
    int64_t (*column_time)(void *native, int column); /* microseconds, 0 for none */
    const char *(*column_text)(void *native, int column);
} MskDbDriver;

/* The part of a connection that is the same for all; a driver's own struct begins with it. */
struct MskDb {
    const MskDbDriver *driver;
    GHashTable *statements; /* SQL to MskDbStatement: the ones that rest */
    uint64_t uses;          /* counts, to tell the least recently used */
    uint64_t n_writes;      /* counts calls of msk_db_run */
    int64_t now_us;         /* of this transaction, once it was asked for; else 0 */
    bool broken;            /* set by the driver: close it rather than use it again */
    bool again;   /* set by the driver: what failed last may succeed if all is run again */
    bool unknown; /* set by the driver: the last COMMIT was sent, its end not heard */
    /* Set by the driver: it was told of an index that is not there. What names one does without. */
    bool lacks_index;
    bool unsure; /* set by the driver: a statement was sent, its end not heard */
    /* Set by the driver's open(): one server has the database, and does a write in one statement as
     * well as in a transaction. */
    bool does_at_once;
    int64_t opened_mono_us;
    char *identity; /* (nullable) differs when another database is at the same place */
};

extern const MskDbDriver msk_sqlite_driver;
extern const MskDbDriver msk_mariadb_driver;

/** msk_db_open: as the driver's open. Returns: (transfer full) */
MskDb *msk_db_open(const MskDbDriver *driver, const char *location, MskDbMode mode,
                   unsigned busy_timeout_ms, GError **error);
/** msk_db_close: @db: (nullable); no statement of it may be open. */
void msk_db_close(MskDb *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskDb, msk_db_close)

/** msk_db_forget: lets go of the statements that rest, for when they will not come again. */
void msk_db_forget(MskDb *db);

/** msk_db_query: Returns: (transfer full) a statement before its first row; hand it back with
 *  msk_db_done, or let g_autoptr do it. Text of @values must live until then. */
MskDbStatement *msk_db_query(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_db_step: Returns: 1 when there is a row, 0 at the end, -1 with @error. */
int msk_db_step(MskDbStatement *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_db_done: @statement: (nullable) */
void msk_db_done(MskDbStatement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskDbStatement, msk_db_done)

/** msk_db_run: a statement without rows, which may change something. @ret_changes: (out) (nullable)
 * rows it changed. */
bool msk_db_run(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values,
                int64_t *ret_changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_db_number: the number in the first column of the first row. Returns: 1, 0 when there is no
 *  row, -1 with @error. */
int msk_db_number(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values,
                  int64_t *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Columns of the present row, counted from 0. NULL reads as 0, NULL, false. */
int64_t msk_db_int(MskDbStatement *statement, int column);
/** msk_db_text: Returns: (nullable) valid until the next step */
const char *msk_db_text(MskDbStatement *statement, int column);
char *msk_db_dup(MskDbStatement *statement, int column);
/** msk_db_lend: msk_db_text() for the member of a struct that is const to whoever is shown it. */
char *msk_db_lend(MskDbStatement *statement, int column);
/** msk_db_time: Returns: microseconds, 0 for NULL or a text that is no time. */
int64_t msk_db_time(MskDbStatement *statement, int column);

/** msk_db_parse_time: @text: (nullable) "2026-01-02 03:04:05" with or without ".000006". Returns:
 *  microseconds, 0 for a text that is no time. */
int64_t msk_db_parse_time(const char *text);
/** msk_db_time_of: Returns: microseconds, 0 where month or day are 0. */
int64_t msk_db_time_of(const MskDatetimeParts *parts);
/** msk_db_format_moment: Returns: (transfer full) as a datetime column keeps it: cut to whole
 *  seconds, and kept within the years 1 to 9999. */
char *msk_db_format_moment(int64_t time_us);
/** msk_db_format_time: Returns: (transfer full) (nullable) the same, but NULL for 0. */
char *msk_db_format_time(int64_t time_us);
