/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_private.h"

static const char query_sql[] =
    "SELECT status, COUNT(*), MIN(created_at) FROM notifications WHERE deleted = 0 AND status IN "
    "('new', 'running', 'error') GROUP BY status";

/* A status in other letters was written by some other program, and is nobody's. */
static void
take_row(MskDbStatement *row, int64_t now_us, MskQueueFigure *figures)
{
    const char *status = msk_db_text(row, 0);

    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        if (g_strcmp0(status, msk_notification_status_name((MskNotificationStatus) i)) == 0) {
            int64_t created_us = msk_db_time(row, 2);

            figures[i].count = msk_db_int(row, 1);
            figures[i].oldest_us = created_us == 0 ? 0 : MAX(now_us - created_us, 0);
        }
    }
}

static MskStoreResult
queue_work(MskDb *db, void *data, GError **error)
{
    MskQueueFigure *figures = data;
    int64_t now_us = 0;
    int more;

    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        figures[i] = (MskQueueFigure){0};
    }
    if (!db->driver->now_us(db, &now_us, error)) {
        return MSK_STORE_FAILED;
    }
    g_autoptr(MskDbStatement) rows = msk_db_query(db, query_sql, MSK_DB_NO_ARGS, error);

    if (rows == NULL) {
        return MSK_STORE_FAILED;
    }
    while ((more = msk_db_step(rows, error)) > 0) {
        take_row(rows, now_us, figures);
    }
    return more < 0 ? MSK_STORE_FAILED : MSK_STORE_DONE;
}

MskStoreResult
msk_store_queue_figures(MskStore *self, MskQueueFigure ret[MSK_N_NOTIFICATION_STATUSES],
                        GError **error)
{
    return msk_store_read(self, queue_work, ret, error);
}
