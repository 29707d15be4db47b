/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <string.h>

/* Lists come in a few shapes, so this holds all the SQL of a busy server; odd sort orders of
 * clients push out only what is used least. */
#define MAX_STATEMENTS 96

/* The first and last second that a datetime column can keep: years 1 to 9999. */
#define FIRST_US (-62135596800 * G_USEC_PER_SEC)
#define LAST_US  (253402300799 * G_USEC_PER_SEC)

struct MskDbStatement {
    MskDb *db;
    void *native;
    char *sql;
    uint64_t used;
};

static void
statement_free(void *data)
{
    MskDbStatement *self = data;

    self->db->driver->finalize(self->native);
    g_free(self->sql);
    g_free(self);
}

MskDb *
msk_db_open(const MskDbDriver *driver, const char *location, MskDbMode mode,
            unsigned busy_timeout_ms, GError **error)
{
    MskDb *db = driver->open(location, mode, busy_timeout_ms, error);

    if (db != NULL) {
        db->driver = driver;
        db->opened_mono_us = g_get_monotonic_time();
        db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, statement_free);
    }
    return db;
}

void
msk_db_close(MskDb *db)
{
    if (db == NULL) {
        return;
    }
    g_hash_table_unref(db->statements);
    g_free(db->identity);
    db->driver->close(db);
}

void
msk_db_forget(MskDb *db)
{
    g_hash_table_remove_all(db->statements);
}

static void
forget_least_used(MskDb *db)
{
    GHashTableIter iter;
    gpointer value;
    MskDbStatement *least = NULL;

    g_hash_table_iter_init(&iter, db->statements);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        MskDbStatement *statement = value;

        if (least == NULL || statement->used < least->used) {
            least = statement;
        }
    }
    if (least != NULL) {
        g_hash_table_remove(db->statements, least->sql);
    }
}

static MskDbStatement *
take_statement(MskDb *db, const char *sql, GError **error)
{
    gpointer resting = NULL;
    MskDbStatement *self = NULL;

    if (g_hash_table_steal_extended(db->statements, sql, NULL, &resting)) {
        self = resting;
    } else {
        void *native = db->driver->prepare(db, sql, error);

        if (native == NULL) {
            return NULL;
        }
        self = g_new0(MskDbStatement, 1);
        self->db = db;
        self->native = native;
        self->sql = g_strdup(sql);
    }
    self->used = ++db->uses;
    return self;
}

MskDbStatement *
msk_db_query(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values, GError **error)
{
    MskDbStatement *self = take_statement(db, sql, error);

    if (self == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < n_values; i++) {
        if (!db->driver->bind(db, self->native, (int) i, &values[i], error)) {
            msk_db_done(self);
            return NULL;
        }
    }
    return self;
}

int
msk_db_step(MskDbStatement *statement, GError **error)
{
    return statement->db->driver->step(statement->db, statement->native, error);
}

void
msk_db_done(MskDbStatement *statement)
{
    if (statement == NULL) {
        return;
    }
    MskDb *db = statement->db;

    db->driver->reset(statement->native);
    if (db->broken) {
        statement_free(statement);
        return;
    }
    if (g_hash_table_size(db->statements) >= MAX_STATEMENTS) {
        forget_least_used(db);
    }
    /* Another one of the same SQL, which was used meanwhile, makes room for it. */
    g_hash_table_replace(db->statements, statement->sql, statement);
}

bool
msk_db_run(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values,
           int64_t *ret_changes, GError **error)
{
    g_autoptr(MskDbStatement) statement = msk_db_query(db, sql, values, n_values, error);

    if (statement == NULL) {
        return false;
    }
    db->n_writes++;
    if (msk_db_step(statement, error) < 0) {
        return false;
    }
    if (ret_changes != NULL) {
        *ret_changes = db->driver->changes(db);
    }
    return true;
}

int
msk_db_number(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values, int64_t *ret,
              GError **error)
{
    g_autoptr(MskDbStatement) statement = msk_db_query(db, sql, values, n_values, error);

    if (statement == NULL) {
        return -1;
    }
    int more = msk_db_step(statement, error);

    if (more == 1) {
        *ret = msk_db_int(statement, 0);
    }
    return more;
}

int64_t
msk_db_int(MskDbStatement *statement, int column)
{
    return statement->db->driver->column_int(statement->native, column);
}

const char *
msk_db_text(MskDbStatement *statement, int column)
{
    return statement->db->driver->column_is_null(statement->native, column)
               ? NULL
               : statement->db->driver->column_text(statement->native, column);
}

char *
msk_db_dup(MskDbStatement *statement, int column)
{
    return g_strdup(msk_db_text(statement, column));
}

char *
msk_db_lend(MskDbStatement *statement, int column)
{
    return (char *) (uintptr_t) msk_db_text(statement, column); /* only read from */
}

int64_t
msk_db_time_of(const MskDatetimeParts *parts)
{
    if (parts->year < 1 || parts->month < 1 || parts->day < 1) {
        return 0;
    }
    return msk_datetime_of_parts(parts);
}

int64_t
msk_db_parse_time(const char *text)
{
    int64_t time_us = 0;

    return text != NULL && msk_datetime_parse(text, &time_us) ? time_us : 0;
}

int64_t
msk_db_time(MskDbStatement *statement, int column)
{
    return statement->db->driver->column_time(statement->native, column);
}

char *
msk_db_format_moment(int64_t time_us)
{
    int64_t clamped_us = CLAMP(time_us, FIRST_US, LAST_US);
    int64_t fraction_us = clamped_us % G_USEC_PER_SEC;

    return msk_datetime_format_sql(clamped_us - fraction_us -
                                   (fraction_us < 0 ? G_USEC_PER_SEC : 0));
}

char *
msk_db_format_time(int64_t time_us)
{
    return time_us != 0 ? msk_db_format_moment(time_us) : NULL;
}
