/* SPDX-License-Identifier: Apache-2.0 */
#include "base/datetime.h"
#include "base/error.h"
#include "store/mariadb_private.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

/* Room for a number or a time, whatever the library says of its length. */
#define MIN_COLUMN_BYTES 64UL

/* How a column is fetched: numbers and times as they are, as the library and we would only write
 * them as text and read it again. */
typedef enum {
    FETCH_TEXT,
    FETCH_NUMBER,
    FETCH_TIME,
} Fetch;

typedef struct {
    Fetch fetch;
    my_bool is_null;
    char *text; /* NUL-terminated once fetched; of the others once it is asked for */
    unsigned long size;
    unsigned long length;
    int64_t number;
    MYSQL_TIME time;
} Column;

typedef struct {
    MYSQL_STMT *handle;
    unsigned n_parameters;
    MYSQL_BIND *parameters;
    int64_t *numbers; /* what the parameters point to */
    unsigned n_columns;
    MYSQL_BIND *results;
    Column *columns;
    bool executed;
    bool is_empty; /* executed, and there are no rows for the server to tell of */
} Statement;

static void
fail(MskDb *db, const Statement *self, const char *doing, GError **error)
{
    msk_mariadb_fail((Mariadb *) db, mysql_stmt_errno(self->handle), mysql_stmt_error(self->handle),
                     doing, error);
}

/* The same once it was sent. */
static void
fail_to_run(MskDb *db, const Statement *self, const char *doing, GError **error)
{
    db->unsure = db->unsure || msk_mariadb_is_unsure(mysql_stmt_errno(self->handle));
    fail(db, self, doing, error);
}

void
msk_mariadb_finalize(void *native)
{
    Statement *self = native;

    (void) mysql_stmt_close(self->handle); /* the connection may be gone; then so is it */
    for (unsigned i = 0; i < self->n_columns; i++) {
        g_free(self->columns[i].text);
    }
    g_free(self->parameters);
    g_free(self->numbers);
    g_free(self->results);
    g_free(self->columns);
    g_free(self);
}

static void
make_columns(Statement *self)
{
    self->n_columns = mysql_stmt_field_count(self->handle);
    self->results = g_new0(MYSQL_BIND, self->n_columns);
    self->columns = g_new0(Column, self->n_columns);
}

void *
msk_mariadb_prepare(MskDb *db, const char *sql, GError **error)
{
    Mariadb *connection = (Mariadb *) db;
    Statement *self = g_new0(Statement, 1);
    my_bool yes = 1;

    self->handle = mysql_stmt_init(&connection->handle);
    g_assert(self->handle != NULL); /* but for memory */
    if (mysql_stmt_prepare(self->handle, sql, strlen(sql)) != 0) {
        fail(db, self, "cannot prepare a command", error);
        msk_mariadb_finalize(self);
        return NULL;
    }
    (void) mysql_stmt_attr_set(self->handle, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
    self->n_parameters = (unsigned) mysql_stmt_param_count(self->handle);
    self->parameters = g_new0(MYSQL_BIND, self->n_parameters);
    self->numbers = g_new0(int64_t, self->n_parameters);
    make_columns(self);
    return self;
}

bool
msk_mariadb_bind(G_GNUC_UNUSED MskDb *db, void *native, int position, const MskDbValue *value,
                 G_GNUC_UNUSED GError **error)
{
    Statement *self = native;

    g_assert((unsigned) position < self->n_parameters);
    MYSQL_BIND *parameter = &self->parameters[position];

    memset(parameter, 0, sizeof *parameter);
    switch (value->type) {
    case MSK_DB_NULL:
        parameter->buffer_type = MYSQL_TYPE_NULL;
        break;
    case MSK_DB_INT:
        self->numbers[position] = value->number;
        parameter->buffer_type = MYSQL_TYPE_LONGLONG;
        parameter->buffer = &self->numbers[position];
        break;
    case MSK_DB_TEXT:
        parameter->buffer_type = MYSQL_TYPE_STRING;
        parameter->buffer = (void *) (uintptr_t) value->text; /* only read from */
        parameter->buffer_length = strlen(value->text);
        break;
    }
    return true;
}

static Fetch
fetch_as(enum enum_field_types type)
{
    bool is_number = type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT ||
                     type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG ||
                     type == MYSQL_TYPE_LONGLONG;

    if (is_number) {
        return FETCH_NUMBER;
    }
    return type == MYSQL_TYPE_DATETIME ? FETCH_TIME : FETCH_TEXT;
}

/* Room for what the column @described can have, and for a number or a time as text. */
static void
bind_column(Column *column, MYSQL_BIND *result, const MYSQL_FIELD *described)
{
    unsigned long wanted = MAX(described->max_length, MIN_COLUMN_BYTES);

    if (column->size < wanted) {
        g_free(column->text);
        column->text = g_malloc(wanted + 1);
        column->size = wanted;
    }
    column->fetch = fetch_as(described->type);
    switch (column->fetch) {
    case FETCH_NUMBER:
        *result = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &column->number};
        break;
    case FETCH_TIME:
        *result = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DATETIME,
                               .buffer = &column->time,
                               .buffer_length = sizeof column->time};
        break;
    case FETCH_TEXT:
        *result = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                               .buffer = column->text,
                               .buffer_length = column->size,
                               .length = &column->length};
        break;
    }
    result->is_null = &column->is_null;
}

/* The rows are read to their end at once, so that other statements can follow; text is fetched into
 * a buffer that the longest of the column fits. */
static bool
take_rows(MskDb *db, Statement *self, GError **error)
{
    if (mysql_stmt_store_result(self->handle) != 0) {
        fail_to_run(db, self, "cannot read rows", error);
        return false;
    }
    MYSQL_RES *described = mysql_stmt_result_metadata(self->handle);

    g_assert(described != NULL);
    for (unsigned i = 0; i < self->n_columns; i++) {
        bind_column(&self->columns[i], &self->results[i], mysql_fetch_field_direct(described, i));
    }
    mysql_free_result(described);
    if (mysql_stmt_bind_result(self->handle, self->results)) {
        fail_to_run(db, self, "cannot read rows", error);
        return false;
    }
    return true;
}

/* The server refuses to compare a column with text that its character set does not have: no row has
 * such a text. */
static bool
matches_nothing(const Statement *self)
{
    unsigned number = mysql_stmt_errno(self->handle);

    return self->n_columns > 0 &&
           (number == ER_CANT_AGGREGATE_2COLLATIONS || number == ER_CANT_AGGREGATE_3COLLATIONS ||
            number == ER_CANT_AGGREGATE_NCOLLATIONS);
}

static bool
execute(MskDb *db, Statement *self, GError **error)
{
    if ((self->n_parameters > 0 && mysql_stmt_bind_param(self->handle, self->parameters)) ||
        mysql_stmt_execute(self->handle) != 0) {
        self->is_empty = matches_nothing(self);
        self->executed = self->is_empty;
        if (!self->is_empty) {
            fail_to_run(db, self, "cannot run a command", error);
        }
        return self->is_empty;
    }
    self->executed = true;
    if (self->n_columns == 0 && mysql_stmt_field_count(self->handle) > 0) {
        make_columns(self); /* those of RETURNING are known only now */
    }
    if (self->n_columns == 0) {
        ((Mariadb *) db)->changes = (int64_t) mysql_stmt_affected_rows(self->handle);
        ((Mariadb *) db)->last_id = (int64_t) mysql_stmt_insert_id(self->handle);
        return true;
    }
    return take_rows(db, self, error);
}

static MskDatetimeParts
parts_of(const MYSQL_TIME *time)
{
    return (MskDatetimeParts){.year = (int) time->year,
                              .month = (int) time->month,
                              .day = (int) time->day,
                              .hour = (int) time->hour,
                              .minute = (int) time->minute,
                              .second = (int) time->second,
                              .us = (int) time->second_part};
}

int
msk_mariadb_step(MskDb *db, void *native, GError **error)
{
    Statement *self = native;

    if (!self->executed && !execute(db, self, error)) {
        return -1;
    }
    if (self->n_columns == 0 || self->is_empty) {
        return 0;
    }
    int result = mysql_stmt_fetch(self->handle);

    if (result == MYSQL_NO_DATA) {
        return 0;
    }
    if (result != 0) {
        fail(db, self, result == MYSQL_DATA_TRUNCATED ? "a value was cut off" : "cannot read a row",
             error);
        return -1;
    }
    for (unsigned i = 0; i < self->n_columns; i++) {
        Column *column = &self->columns[i];

        if (column->fetch == FETCH_TEXT) {
            column->text[column->is_null ? 0 : MIN(column->length, column->size)] = '\0';
        }
    }
    return 1;
}

void
msk_mariadb_reset(void *native)
{
    Statement *self = native;

    if (self->executed && self->n_columns > 0 && !self->is_empty) {
        /* Behind the last row, the library would keep all of them until it runs this again. Where
         * there is none, it would wait for rows if it was sent back to the first. */
        if (mysql_stmt_num_rows(self->handle) > 0) {
            mysql_stmt_data_seek(self->handle, 0);
        }
        (void) mysql_stmt_free_result(self->handle); /* they were read to their end */
    }
    self->executed = false;
    self->is_empty = false;
}

bool
msk_mariadb_column_is_null(void *native, int column)
{
    const Statement *self = native;

    return self->columns[column].is_null;
}

static const char *
column_text(const Column *self)
{
    G_STATIC_ASSERT(MIN_COLUMN_BYTES >= MSK_DATETIME_BYTES);
    if (self->fetch == FETCH_TIME) {
        const MskDatetimeParts parts = parts_of(&self->time);

        msk_datetime_write(&parts, ' ', self->text);
    } else if (self->fetch == FETCH_NUMBER) {
        (void) g_snprintf(self->text, MIN_COLUMN_BYTES, "%" G_GINT64_FORMAT, self->number);
    }
    return self->text;
}

int64_t
msk_mariadb_column_int(void *native, int column)
{
    const Column *self = &((const Statement *) native)->columns[column];

    if (self->is_null) {
        return 0;
    }
    return self->fetch == FETCH_NUMBER ? self->number
                                       : g_ascii_strtoll(column_text(self), NULL, 10);
}

int64_t
msk_mariadb_column_time(void *native, int column)
{
    const Column *self = &((const Statement *) native)->columns[column];

    if (self->is_null) {
        return 0;
    }
    if (self->fetch == FETCH_TIME) {
        const MskDatetimeParts parts = parts_of(&self->time);

        return msk_db_time_of(&parts);
    }
    return msk_db_parse_time(column_text(self));
}

const char *
msk_mariadb_column_text(void *native, int column)
{
    return column_text(&((const Statement *) native)->columns[column]);
}

int64_t
msk_mariadb_changes(MskDb *db)
{
    return ((Mariadb *) db)->changes;
}

int64_t
msk_mariadb_last_id(MskDb *db)
{
    return ((Mariadb *) db)->last_id;
}
