/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

void
msk_stored_move_free(MskStoredMove *self)
{
    if (self != NULL) {
        msk_vmove_free(self->vmove);
        g_free(self->state);
        g_free(self);
    }
}

static void
free_move(void *data)
{
    msk_stored_move_free(data);
}

typedef struct {
    const MskClaimRef *ref;
    const GPtrArray *moves;
    const char *claim_state;
} Save;

static bool
save_state(MskDb *db, const MskStoredMove *move, GError **error)
{
    int64_t changes = 0;

    if (move->state == NULL) {
        return true;
    }
    if (!msk_db_run(db, "DELETE FROM masakari_c_moves WHERE vmove_uuid = ?",
                    MSK_DB_ARGS(MSK_DB_T(move->vmove->uuid)), &changes, error)) {
        return false;
    }
    return msk_db_run(db, "INSERT INTO masakari_c_moves (vmove_uuid, state) VALUES (?, ?)",
                      MSK_DB_ARGS(MSK_DB_T(move->vmove->uuid), MSK_DB_T(move->state)), NULL, error);
}

static bool
save_one(MskDb *db, const Save *save, const MskStoredMove *move, const char *now, GError **error)
{
    const MskVmove *vmove = move->vmove;
    int64_t one = 0;
    int known = msk_db_number(db, "SELECT 1 FROM vmoves WHERE uuid = ?",
                              MSK_DB_ARGS(MSK_DB_T(vmove->uuid)), &one, error);
    g_autofree char *start = msk_db_format_time(vmove->start_time_us);
    g_autofree char *end = msk_db_format_time(vmove->end_time_us);
    MskDbValue values[] = {MSK_DB_T(now),
                           MSK_DB_T(vmove->instance_uuid),
                           MSK_DB_T(vmove->instance_name),
                           MSK_DB_T(vmove->source_host),
                           MSK_DB_T(vmove->dest_host),
                           MSK_DB_T(start),
                           MSK_DB_T(end),
                           MSK_DB_T("evacuation"),
                           MSK_DB_T(vmove->status),
                           MSK_DB_T(vmove->message),
                           MSK_DB_T(vmove->uuid),
                           MSK_DB_T(save->ref->notification_uuid)};

    if (known < 0) {
        return false;
    }
    return msk_db_run(db,
                      known == 0
                          ? "INSERT INTO vmoves (created_at, instance_uuid, instance_name, "
                            "source_host, dest_host, start_time, end_time, type, status, message, "
                            "uuid, notification_uuid, deleted) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
                          : "UPDATE vmoves SET updated_at = ?, instance_uuid = ?, instance_name = "
                            "?, source_host = ?, dest_host = ?, start_time = ?, end_time = ?, type "
                            "= ?, status = ?, message = ? WHERE uuid = ? AND notification_uuid = ? "
                            "AND deleted = 0",
                      values, G_N_ELEMENTS(values), NULL, error) &&
           save_state(db, move, error);
}

static MskStoreResult
save_work(MskDb *db, void *data, GError **error)
{
    const Save *save = data;
    MskStoreResult result = msk_store_check_claim(db, save->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    g_autofree char *now = msk_store_now_text(db, error);

    if (now == NULL) {
        return MSK_STORE_FAILED;
    }
    for (unsigned i = 0; i < save->moves->len; i++) {
        if (!save_one(db, save, g_ptr_array_index(save->moves, i), now, error)) {
            return MSK_STORE_FAILED;
        }
    }
    if (save->claim_state != NULL &&
        !msk_db_run(
            db, "UPDATE masakari_c_claims SET saved_state = ? WHERE notification_uuid = ?",
            MSK_DB_ARGS(MSK_DB_T(save->claim_state), MSK_DB_T(save->ref->notification_uuid)), NULL,
            error)) {
        return MSK_STORE_FAILED;
    }
    return MSK_STORE_DONE;
}

MskStoreResult
msk_store_moves_save(MskStore *self, const MskClaimRef *ref, GPtrArray *moves,
                     const char *claim_state, GError **error)
{
    Save save = {.ref = ref, .moves = moves, .claim_state = claim_state};

    return msk_store_write(self, save_work, &save, error);
}

typedef struct {
    const char *notification_uuid;
    GPtrArray *moves;
} List;

static MskStoreResult
list_work(MskDb *db, void *data, GError **error)
{
    List *list = data;

    g_clear_pointer(&list->moves, g_ptr_array_unref);
    list->moves = g_ptr_array_new_with_free_func(free_move);
    g_autoptr(MskDbStatement) row =
        msk_db_query(db,
                     "SELECT v.uuid, v.instance_uuid, v.instance_name, v.source_host, v.dest_host, "
                     "v.start_time, v.end_time, v.status, v.message, m.state FROM vmoves v "
                     "LEFT JOIN masakari_c_moves m ON m.vmove_uuid = v.uuid "
                     "WHERE v.notification_uuid = ? AND v.deleted = 0 ORDER BY v.id",
                     MSK_DB_ARGS(MSK_DB_T(list->notification_uuid)), error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        MskStoredMove *move = g_new0(MskStoredMove, 1);
        MskVmove *vmove = g_new0(MskVmove, 1);

        vmove->uuid = msk_db_dup(row, 0);
        vmove->notification_uuid = g_strdup(list->notification_uuid);
        vmove->instance_uuid = msk_db_dup(row, 1);
        vmove->instance_name = msk_db_dup(row, 2);
        vmove->source_host = msk_db_dup(row, 3);
        vmove->dest_host = msk_db_dup(row, 4);
        vmove->start_time_us = msk_db_time(row, 5);
        vmove->end_time_us = msk_db_time(row, 6);
        vmove->status = msk_db_dup(row, 7);
        vmove->message = msk_db_dup(row, 8);
        move->vmove = vmove;
        move->state = msk_db_dup(row, 9);
        g_ptr_array_add(list->moves, move);
    }
    return more < 0 ? MSK_STORE_FAILED : MSK_STORE_DONE;
}

MskStoreResult
msk_store_moves_list(MskStore *self, const char *notification_uuid, GPtrArray **ret, GError **error)
{
    List list = {.notification_uuid = notification_uuid};
    MskStoreResult result = msk_store_read(self, list_work, &list, error);

    return msk_rows_hand_over_list(result, ret, list.moves);
}
