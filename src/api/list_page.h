/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * list_page: limit, marker, sort_key and sort_dir of the lists, read and refused in the order of
 * the Python service.
 *
 *   msk_list_read()      limit, page_size: 400
 *   (the list's own filters)
 *   msk_list_answer()    limit=0: []; sort_dir, marker, sort_key: 400; else the rows
 *
 * Source: upstream masakari/api/openstack/common.py, masakari/db/sqlalchemy/api.py
 * (_process_sort_params), oslo.db utils.paginate_query.
 */

#include "api/api_call.h"

typedef struct {
    int64_t limit;
    const char *marker;   /* (nullable) (owned by the call) */
    GPtrArray *sort_keys; /* (element-type char*) trimmed, owned */
    GPtrArray *sort_dirs; /* (element-type char*) trimmed, owned */
} MskListPage;

void msk_list_page_clear(MskListPage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskListPage, msk_list_page_clear)

/** msk_list_read: Returns: false when the call was answered, with a fault. */
bool msk_list_read(MskApiCall *call, MskListPage *ret);

/* A list of the API. */
typedef struct {
    const char *name; /* of the member with the rows, such as "segments" */
    MskStoreTable table;
    /* As msk_store_segment_list(), for the sink of @page; @filter is the list's own. */
    MskStoreResult (*read)(MskStore *store, const void *filter, const MskPage *page,
                           GError **error);
    void (*append)(GString *out, const void *record);
} MskListKind;

/** msk_list_answer: reads the rows and answers the call. Blocks. */
void msk_list_answer(MskApiCall *call, const MskListKind *kind, const MskListPage *page,
                     const void *filter);
