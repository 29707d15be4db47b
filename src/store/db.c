/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "base/datetime.h"

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
    MskDbStatement *self = g_hash_table_lookup(db->statements, sql);

    if (self != NULL) {
        g_hash_table_steal(db->statements, sql);
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
    if (db->broken || g_hash_table_contains(db->statements, statement->sql)) {
        statement_free(statement);
        return;
    }
    if (g_hash_table_size(db->statements) >= MAX_STATEMENTS) {
        forget_least_used(db);
    }
    g_hash_table_insert(db->statements, statement->sql, statement);
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

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar; years begin in March here, so
 * that the leap day is the last. */
static int64_t
days_since_epoch(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return (int64_t) era * 146097 + (int64_t) year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - 719468;
}

/* @count digits from @at on, or -1. */
static int
digits(const char *at, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!g_ascii_isdigit(at[i])) {
            return -1;
        }
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

int64_t
msk_db_parse_time(const char *text)
{
    size_t length = text != NULL ? strnlen(text, 27) : 0;
    int64_t other_us = 0;

    if (length != 19 && length != 26) {
        return text != NULL && msk_datetime_parse(text, &other_us) ? other_us : 0;
    }
    int year = digits(text, 4);
    int month = digits(text + 5, 2);
    int day = digits(text + 8, 2);
    int hour = digits(text + 11, 2);
    int minute = digits(text + 14, 2);
    int second = digits(text + 17, 2);
    int fraction_us = length == 26 ? digits(text + 20, 6) : 0;

    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0 ||
        fraction_us < 0) {
        return 0;
    }
    return (((days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) *
               G_USEC_PER_SEC +
           fraction_us;
}

int64_t
msk_db_time(MskDbStatement *statement, int column)
{
    return msk_db_parse_time(msk_db_text(statement, column));
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
