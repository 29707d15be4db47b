/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include "base/error.h"
#include "store/store_private.h"

void
msk_rows_read_meta(MskDbStatement *row, int first, MskRowMeta *ret)
{
    ret->id = msk_db_int(row, first);
    ret->created_at_us = msk_db_time(row, first + 1);
    ret->updated_at_us = msk_db_time(row, first + 2);
    ret->deleted_at_us = msk_db_time(row, first + 3);
    ret->deleted = msk_db_int(row, first + 4);
}

void
msk_rows_fill_segment(MskDbStatement *row, int first, MskTakeText take, MskSegment *ret)
{
    msk_rows_read_meta(row, first, &ret->meta);
    ret->uuid = take(row, first + 5);
    ret->name = take(row, first + 6);
    ret->service_type = take(row, first + 7);
    ret->description = take(row, first + 8);
    ret->recovery_method = take(row, first + 9);
    ret->enabled = msk_db_int(row, first + 10) != 0;
}

MskStoreResult
msk_rows_find(MskDb *db, const MskRowKind *kind, const char *where, const MskDbValue *values,
              size_t n_values, void **ret, GError **error)
{
    g_autofree char *sql = g_strconcat(msk_store_table(kind->table)->select, where, NULL);
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, values, n_values, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    if (more == 1) {
        g_clear_pointer(ret, kind->free_row);
        *ret = kind->read(row);
    }
    return msk_store_result_of(more);
}

typedef struct {
    const MskRowKind *kind;
    const char *where;
    const MskDbValue *values;
    size_t n_values;
    void *read;
} Get;

static MskStoreResult
get_work(MskDb *db, void *data, GError **error)
{
    Get *get = data;

    return msk_rows_find(db, get->kind, get->where, get->values, get->n_values, &get->read, error);
}

MskStoreResult
msk_rows_get(MskStore *store, const MskRowKind *kind, const char *where, const MskDbValue *values,
             size_t n_values, void **ret, GError **error)
{
    Get get = {.kind = kind, .where = where, .values = values, .n_values = n_values};
    MskStoreResult result = msk_store_look(store, get_work, &get, error);

    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&get.read);
    }
    g_clear_pointer(&get.read, kind->free_row);
    return result;
}

typedef struct {
    const MskRowKind *kind;
    const void *filter;
    const MskPage *page;
    GPtrArray *rows;
} List;

static void
take_row(MskDbStatement *row, void *data)
{
    const List *list = data;
    const MskRowSink *sink = list->page != NULL ? list->page->sink : NULL;

    if (sink != NULL) {
        list->kind->show(row, sink);
    } else {
        g_ptr_array_add(list->rows, list->kind->read(row));
    }
}

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    List *list = data;
    g_auto(MskListQuery) query;

    msk_list_query_init(&query, msk_store_table(list->kind->table));
    list->kind->narrow(&query, db, list->filter);
    msk_list_query_page(&query, db, list->page);
    g_clear_pointer(&list->rows, g_ptr_array_unref);
    list->rows = g_ptr_array_new_with_free_func(list->kind->free_row);
    if (list->page != NULL && list->page->sink != NULL) {
        list->page->sink->begin(list->page->sink->data);
    }
    return msk_list_query_run(&query, db, take_row, list, error);
}

MskStoreResult
msk_rows_list(MskStore *store, const MskRowKind *kind, const void *filter, const MskPage *page,
              GPtrArray **ret, GError **error)
{
    List list = {.kind = kind, .filter = filter, .page = page};
    MskStoreResult result = msk_store_look(store, list_work, &list, error);

    return msk_rows_hand_over_list(result, ret, list.rows);
}

MskStoreResult
msk_rows_check_name(MskDb *db, const char *table, const char *name, int64_t own_id, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT id FROM %s WHERE name = ?%s AND deleted = 0 AND id <> ?", table,
                        db->driver->collate);
    int64_t id = 0;
    int found = msk_db_number(db, sql, MSK_DB_ARGS(MSK_DB_T(name), MSK_DB_I(own_id)), &id, error);

    return found > 0 ? MSK_STORE_NAME_TAKEN : found == 0 ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

MskStoreResult
msk_rows_name_conflict(GError **error, GError *failure)
{
    if (g_error_matches(failure, MSK_ERROR, MSK_ERROR_CONFLICT)) {
        g_error_free(failure);
        return MSK_STORE_NAME_TAKEN;
    }
    g_propagate_error(error, failure);
    return MSK_STORE_FAILED;
}

void
msk_rows_replace_text(char **text, const char *wanted, bool *changed)
{
    if (g_strcmp0(*text, wanted) != 0) {
        g_free(*text);
        *text = g_strdup(wanted);
        *changed = true;
    }
}
