/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * list_query: SELECT commands of the lists, put together from filters, sort keys and a marker.
 * Names of columns come from the tables below only; what a client sent is bound as a value.
 *
 * Threads: a query belongs to its caller.
 * Source: upstream masakari/db/sqlalchemy/api.py (_process_sort_params), oslo.db paginate_query.
 */

#include "store/db.h"

typedef enum {
    MSK_COLUMN_ID,  /* a number, never NULL */
    MSK_COLUMN_INT, /* also bool */
    MSK_COLUMN_TIME,
    MSK_COLUMN_TEXT,   /* ordered by the collation */
    MSK_COLUMN_STATUS, /* ordered as MariaDB orders an enum: by place, not by name */
    MSK_COLUMN_METHOD,
} MskColumnKind;

typedef struct {
    const char *name;
    MskColumnKind kind;
} MskColumn;

typedef struct {
    const char *name;
    const char *select; /* "SELECT … FROM <name> t …", the table as t */
    const MskColumn *columns;
    size_t n_columns;
    /* (nullable) of created_at and id, as a list without sort keys is ordered; @select ends with
     * the table then */
    const char *order_index;
} MskTable;

/** msk_store_table: Returns: (static) */
const MskTable *msk_store_table(MskStoreTable table);

typedef struct {
    const MskTable *table;
    GString *sql;
    size_t from_end;  /* in sql, behind its FROM clause */
    size_t where_end; /* in sql, before any filter */
    GArray *values;   /* MskDbValue */
    GPtrArray *texts; /* char * that values point to */
    int64_t marker;   /* 0 for none */
} MskListQuery;

/** msk_list_query_init: "SELECT … WHERE t.deleted = 0". */
void msk_list_query_init(MskListQuery *self, const MskTable *table);
void msk_list_query_clear(MskListQuery *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskListQuery, msk_list_query_clear)

/** msk_list_query_where_text: adds "column = value" by the collation unless @value is NULL. */
void msk_list_query_where_text(MskListQuery *self, MskDb *db, const char *column,
                               const char *value);
/** msk_list_query_where_uuid: adds "column = value" without case unless @value is NULL. */
void msk_list_query_where_uuid(MskListQuery *self, const char *column, const char *value);
/** msk_list_query_where_flag: adds "column = value" unless @value is -1. */
void msk_list_query_where_flag(MskListQuery *self, const char *column, int value);
/** msk_list_query_bind: @value: for a '?' that the caller has put into sql. */
void msk_list_query_bind(MskListQuery *self, MskDbValue value);
/** msk_list_query_bind_owned: @text: (transfer full) */
void msk_list_query_bind_owned(MskListQuery *self, char *text);
/** msk_list_query_page: adds marker, order and limit. @page: (nullable) */
void msk_list_query_page(MskListQuery *self, MskDb *db, const MskPage *page);

/** msk_list_query_run: @take: called with each row and @data.
 *  Returns: DONE, NOT_FOUND (the marker's row), FAILED. */
MskStoreResult msk_list_query_run(const MskListQuery *self, MskDb *db,
                                  void (*take)(MskDbStatement *row, void *data), void *data,
                                  GError **error);
