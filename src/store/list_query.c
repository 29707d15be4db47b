/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list_query.h"

#include "store/store_private.h"

#include <string.h>

#define META_COLUMNS                                                                               \
    {"created_at", MSK_COLUMN_TIME}, {"updated_at", MSK_COLUMN_TIME},                              \
        {"deleted_at", MSK_COLUMN_TIME}, {"deleted", MSK_COLUMN_INT},                              \
    {                                                                                              \
        "id", MSK_COLUMN_ID                                                                        \
    }
#define SELECT_META "t.id, t.created_at, t.updated_at, t.deleted_at, t.deleted, "

static const MskColumn segment_columns[] = {
    META_COLUMNS,
    {"uuid", MSK_COLUMN_TEXT},
    {"name", MSK_COLUMN_TEXT},
    {"service_type", MSK_COLUMN_TEXT},
    {"description", MSK_COLUMN_TEXT},
    {"recovery_method", MSK_COLUMN_METHOD},
    {"enabled", MSK_COLUMN_INT},
};

static const MskColumn host_columns[] = {
    META_COLUMNS,
    {"uuid", MSK_COLUMN_TEXT},
    {"name", MSK_COLUMN_TEXT},
    {"reserved", MSK_COLUMN_INT},
    {"type", MSK_COLUMN_TEXT},
    {"control_attributes", MSK_COLUMN_TEXT},
    {"failover_segment_id", MSK_COLUMN_TEXT},
    {"on_maintenance", MSK_COLUMN_INT},
};

static const MskColumn notification_columns[] = {
    META_COLUMNS,
    {"notification_uuid", MSK_COLUMN_TEXT},
    {"generated_time", MSK_COLUMN_TIME},
    {"source_host_uuid", MSK_COLUMN_TEXT},
    {"type", MSK_COLUMN_TEXT},
    {"payload", MSK_COLUMN_TEXT},
    {"status", MSK_COLUMN_STATUS},
    {"failover_segment_uuid", MSK_COLUMN_TEXT},
    {"message", MSK_COLUMN_TEXT},
};

static const MskColumn vmove_columns[] = {
    META_COLUMNS,
    {"uuid", MSK_COLUMN_TEXT},
    {"notification_uuid", MSK_COLUMN_TEXT},
    {"instance_uuid", MSK_COLUMN_TEXT},
    {"instance_name", MSK_COLUMN_TEXT},
    {"source_host", MSK_COLUMN_TEXT},
    {"dest_host", MSK_COLUMN_TEXT},
    {"start_time", MSK_COLUMN_TIME},
    {"end_time", MSK_COLUMN_TIME},
    {"type", MSK_COLUMN_TEXT},
    {"status", MSK_COLUMN_TEXT},
    {"message", MSK_COLUMN_TEXT},
};

/* The order of the columns is the one that the readers in *_rows.c count on. */
static const MskTable tables[] = {
    [MSK_STORE_SEGMENTS] = {"failover_segments",
                            "SELECT " SELECT_META
                            "t.uuid, t.name, t.service_type, t.description, t.recovery_method, "
                            "t.enabled FROM failover_segments t",
                            segment_columns, G_N_ELEMENTS(segment_columns), NULL},
    [MSK_STORE_HOSTS] = {"hosts",
                         "SELECT " SELECT_META
                         "t.uuid, t.name, t.type, t.control_attributes, t.failover_segment_id, "
                         "t.reserved, t.on_maintenance, s.id, s.created_at, s.updated_at, "
                         "s.deleted_at, s.deleted, s.uuid, s.name, s.service_type, s.description, "
                         "s.recovery_method, s.enabled FROM hosts t LEFT JOIN failover_segments s "
                         "ON s.uuid = t.failover_segment_id",
                         host_columns, G_N_ELEMENTS(host_columns), NULL},
    [MSK_STORE_NOTIFICATIONS] = {"notifications",
                                 "SELECT " SELECT_META
                                 "t.notification_uuid, t.generated_time, t.source_host_uuid, "
                                 "t.type, t.payload, t.status, t.failover_segment_uuid, t.message "
                                 "FROM notifications t",
                                 notification_columns, G_N_ELEMENTS(notification_columns),
                                 "masakari_c_notifications_created_idx"},
    [MSK_STORE_VMOVES] = {"vmoves",
                          "SELECT " SELECT_META
                          "t.uuid, t.notification_uuid, t.instance_uuid, t.instance_name, "
                          "t.source_host, t.dest_host, t.start_time, t.end_time, t.type, t.status, "
                          "t.message FROM vmoves t",
                          vmove_columns, G_N_ELEMENTS(vmove_columns), NULL},
};

const MskTable *
msk_store_table(MskStoreTable table)
{
    g_assert((unsigned) table < G_N_ELEMENTS(tables));

    return &tables[table];
}

static const MskColumn *
find_column(const MskTable *table, const char *name)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        if (g_str_equal(table->columns[i].name, name)) {
            return &table->columns[i];
        }
    }
    return NULL;
}

bool
msk_store_sort_key_known(MskStoreTable table, const char *key)
{
    return find_column(msk_store_table(table), key) != NULL;
}

void
msk_list_query_init(MskListQuery *self, const MskTable *table)
{
    *self = (MskListQuery){.table = table};
    self->sql = g_string_new(table->select);
    self->values = g_array_new(FALSE, FALSE, sizeof(MskDbValue));
    self->texts = g_ptr_array_new_with_free_func(g_free);
    self->from_end = self->sql->len;
    g_string_append(self->sql, " WHERE t.deleted = 0");
    self->where_end = self->sql->len;
}

void
msk_list_query_clear(MskListQuery *self)
{
    g_string_free(self->sql, TRUE);
    g_array_unref(self->values);
    g_ptr_array_unref(self->texts);
}

void
msk_list_query_bind(MskListQuery *self, MskDbValue value)
{
    g_array_append_val(self->values, value);
}

void
msk_list_query_bind_owned(MskListQuery *self, char *text)
{
    g_ptr_array_add(self->texts, text);
    msk_list_query_bind(self, MSK_DB_T(text));
}

void
msk_list_query_where_text(MskListQuery *self, MskDb *db, const char *column, const char *value)
{
    if (value != NULL) {
        g_string_append_printf(self->sql, " AND t.%s = ?%s", column, db->driver->collate);
        msk_list_query_bind_owned(self, g_strdup(value));
    }
}

void
msk_list_query_where_uuid(MskListQuery *self, const char *column, const char *value)
{
    if (value != NULL) {
        g_string_append_printf(self->sql, " AND t.%s = ?", column);
        msk_list_query_bind_owned(self, msk_store_fold_uuid(value));
    }
}

void
msk_list_query_where_flag(MskListQuery *self, const char *column, int value)
{
    if (value >= 0) {
        g_string_append_printf(self->sql, " AND t.%s = ?", column);
        msk_list_query_bind(self, MSK_DB_I(value));
    }
}

/* One column of the order. */
typedef struct {
    const MskColumn *column;
    bool descending;
} SortTerm;

/* What stands for the column of the table that is called @alias, in comparisons and the order. */
static char *
sort_expression(MskDb *db, const MskColumn *column, const char *alias)
{
    g_autofree char *of = g_strconcat(alias, ".", column->name, NULL);

    switch (column->kind) {
    case MSK_COLUMN_STATUS:
        return g_strdup_printf("CASE %s WHEN 'new' THEN 1 WHEN 'running' THEN 2 WHEN 'error' THEN "
                               "3 WHEN 'failed' THEN 4 WHEN 'ignored' THEN 5 ELSE 6 END",
                               of);
    case MSK_COLUMN_METHOD:
        return g_strdup_printf("CASE %s WHEN 'auto' THEN 1 WHEN 'reserved_host' THEN 2 WHEN "
                               "'auto_priority' THEN 3 ELSE 4 END",
                               of);
    case MSK_COLUMN_TEXT:
        return g_strconcat(of, db->driver->collate, NULL);
    case MSK_COLUMN_ID:
    case MSK_COLUMN_INT:
    case MSK_COLUMN_TIME:
        break;
    }
    return g_steal_pointer(&of);
}

static void
add_term(GArray *terms, const MskColumn *column, bool descending)
{
    SortTerm term = {.column = column, .descending = descending};

    for (unsigned i = 0; i < terms->len; i++) {
        if (g_array_index(terms, SortTerm, i).column == column) {
            return; /* a key given twice sorts once */
        }
    }
    g_array_append_val(terms, term);
}

static GArray *
sort_terms(const MskTable *table, const MskPage *page)
{
    GArray *terms = g_array_new(FALSE, FALSE, sizeof(SortTerm));
    bool descending = page->n_sorts > 0 ? page->sorts[0].descending : true;

    for (size_t i = 0; i < page->n_sorts; i++) {
        const MskColumn *column = find_column(table, page->sorts[i].key);

        g_assert(column != NULL);
        add_term(terms, column, page->sorts[i].descending);
    }
    add_term(terms, find_column(table, "created_at"), descending);
    add_term(terms, find_column(table, "id"), descending);
    return terms;
}

/* Adds "this column of the row is equal to / comes after the marker's"; NULL comes first when
 * ascending and last when descending, in both databases. */
static void
add_comparison(GString *sql, MskDb *db, const SortTerm *term, bool after)
{
    const char *name = term->column->name;
    g_autofree char *left = sort_expression(db, term->column, "t");
    g_autofree char *right = sort_expression(db, term->column, "m");

    if (!after) {
        g_string_append_printf(sql, "(%s = %s", left, right);
    } else {
        g_string_append_printf(sql, "(%s %c %s", left, term->descending ? '<' : '>', right);
    }
    if (term->column->kind != MSK_COLUMN_ID) {
        bool is_last = after && term->descending;
        bool is_first = after && !term->descending;

        g_string_append_printf(sql, " OR (t.%s IS%s NULL AND m.%s IS%s NULL)", name,
                               is_first ? " NOT" : "", name, is_last ? " NOT" : "");
    }
    g_string_append_c(sql, ')');
}

/* Joins the marker's row as m: (a after) OR (a equal AND b after) OR … A question of its own for it
 * would be one more way to a server. */
static void
add_marker(MskListQuery *self, MskDb *db, const GArray *terms)
{
    MskDbValue id = MSK_DB_I(self->marker);
    g_autofree char *join =
        g_strdup_printf(" JOIN %s m ON m.id = ? AND m.deleted = 0", self->table->name);

    g_string_insert(self->sql, (gssize) self->from_end, join);
    g_array_prepend_val(self->values, id);
    g_string_append(self->sql, " AND (");
    for (unsigned i = 0; i < terms->len; i++) {
        g_string_append(self->sql, i > 0 ? " OR (" : "(");
        for (unsigned j = 0; j < i; j++) {
            add_comparison(self->sql, db, &g_array_index(terms, SortTerm, j), false);
            g_string_append(self->sql, " AND ");
        }
        add_comparison(self->sql, db, &g_array_index(terms, SortTerm, i), true);
        g_string_append_c(self->sql, ')');
    }
    g_string_append_c(self->sql, ')');
}

/* Whether the index of the table has the rows as they are wanted: whoever reads as many of them as
 * are wanted is done, whatever the server thinks of a table of this size and these statistics. */
static bool
is_in_order_of_index(const MskListQuery *self, MskDb *db, const MskPage *page, const GArray *terms)
{
    const SortTerm *first = &g_array_index(terms, SortTerm, 0);
    const SortTerm *second = &g_array_index(terms, SortTerm, 1);

    return db->driver->by_index != NULL && !db->lacks_index && self->table->order_index != NULL &&
           page->limit >= 0 && self->sql->len == self->where_end && terms->len == 2 &&
           g_str_equal(first->column->name, "created_at") &&
           first->descending == second->descending;
}

void
msk_list_query_page(MskListQuery *self, MskDb *db, const MskPage *page)
{
    static const MskPage all = {.limit = -1};
    const MskPage *wanted = page != NULL ? page : &all;
    g_autoptr(GArray) terms = sort_terms(self->table, wanted);
    bool by_index = is_in_order_of_index(self, db, wanted, terms);

    self->marker = wanted->marker;
    if (self->marker != 0) {
        add_marker(self, db, terms);
    }
    if (by_index) {
        g_autofree char *hint =
            g_strconcat(db->driver->by_index, "(", self->table->order_index, ")", NULL);

        g_string_insert(self->sql, (gssize) self->from_end, hint);
    }
    for (unsigned i = 0; i < terms->len; i++) {
        const SortTerm *term = &g_array_index(terms, SortTerm, i);
        g_autofree char *expression = sort_expression(db, term->column, "t");

        g_string_append_printf(self->sql, "%s %s %s", i > 0 ? "," : " ORDER BY", expression,
                               term->descending ? "DESC" : "ASC");
    }
    if (wanted->limit >= 0) {
        g_string_append(self->sql, " LIMIT ?");
        msk_list_query_bind(self, MSK_DB_I(wanted->limit));
    }
}

/* Whether the marker's row is there, when no row came after it: 1, 0, or -1 with @error. */
static int
find_marker(const MskListQuery *self, MskDb *db, GError **error)
{
    int64_t id = 0;
    g_autofree char *sql =
        g_strdup_printf("SELECT id FROM %s WHERE id = ? AND deleted = 0", self->table->name);

    return msk_db_number(db, sql, MSK_DB_ARGS(MSK_DB_I(self->marker)), &id, error);
}

MskStoreResult
msk_list_query_run(const MskListQuery *self, MskDb *db,
                   void (*take)(MskDbStatement *row, void *data), void *data, GError **error)
{
    g_autoptr(MskDbStatement) row =
        msk_db_query(db, self->sql->str, (const MskDbValue *) (void *) self->values->data,
                     self->values->len, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;
    int found = more == 0 && self->marker != 0 ? find_marker(self, db, error) : 1;

    for (; more == 1; more = msk_db_step(row, error)) {
        take(row, data);
    }
    return more < 0 ? MSK_STORE_FAILED : msk_store_result_of(found);
}
