/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rows: what the files *_rows.c share: rows to structs, names that are taken, results handed over.
 */

#include "store/list_query.h"

/* Times are stored cut to their second: what one marks happened at most this much later. */
#define MSK_ROWS_SECOND_US (G_USEC_PER_SEC - 1)

/* Readers of the columns that the SELECT of list_query.c yields, from column @first on. */
void msk_rows_read_meta(MskDbStatement *row, int first, MskRowMeta *ret);
/* Texts of a row: msk_db_dup() for a struct that owns them, msk_db_lend() for one that is shown. */
typedef char *(*MskTakeText)(MskDbStatement *row, int column);

/** msk_rows_fill_segment: @ret: zeroed. */
void msk_rows_fill_segment(MskDbStatement *row, int first, MskTakeText take, MskSegment *ret);

/** msk_rows_read_status: @name: (nullable) of a notification's column. */
MskNotificationStatus msk_rows_read_status(const char *name);

/* Rows of one kind, made of what the SELECT of their table yields. */
typedef struct {
    MskStoreTable table;
    void *(*read)(MskDbStatement *row); /* Returns: (transfer full) */
    GDestroyNotify free_row;
    void (*show)(MskDbStatement *row, const MskRowSink *sink);
    /* Leaves those that @filter lets pass. */
    void (*narrow)(MskListQuery *query, MskDb *db, const void *filter);
} MskRowKind;

/** msk_rows_find: the row that @where, " WHERE …" with the table as t, is true for; for work, which
 *  may run again: frees what *@ret held before. DONE, NOT_FOUND, FAILED. */
MskStoreResult msk_rows_find(MskDb *db, const MskRowKind *kind, const char *where,
                             const MskDbValue *values, size_t n_values, void **ret, GError **error);
/** msk_rows_get: msk_rows_find() by itself. @ret: set with DONE. */
MskStoreResult msk_rows_get(MskStore *store, const MskRowKind *kind, const char *where,
                            const MskDbValue *values, size_t n_values, void **ret, GError **error);
/** msk_rows_list: a page of them. @ret: (transfer full) set with DONE. */
MskStoreResult msk_rows_list(MskStore *store, const MskRowKind *kind, const void *filter,
                             const MskPage *page, GPtrArray **ret, GError **error);

/** msk_rows_check_name: NAME_TAKEN when another row than @own_id of @table is called so, DONE when
 *  none is, FAILED. */
MskStoreResult msk_rows_check_name(MskDb *db, const char *table, const char *name, int64_t own_id,
                                   GError **error);
/** msk_rows_name_conflict: @failure: (transfer full) of a write; a unique key's refusal means that
 *  the name is taken. */
MskStoreResult msk_rows_name_conflict(GError **error, GError *failure);

/** msk_rows_replace_text: makes *@text a copy of @wanted; @changed: (inout) true if that differs.
 */
void msk_rows_replace_text(char **text, const char *wanted, bool *changed);

/* The end of a list: with DONE @found becomes *@ret, else it is freed. */
static inline MskStoreResult
msk_rows_hand_over_list(MskStoreResult result, GPtrArray **ret, GPtrArray *found)
{
    if (result == MSK_STORE_DONE) {
        *ret = found;
    } else if (found != NULL) {
        g_ptr_array_unref(found);
    }
    return result;
}
