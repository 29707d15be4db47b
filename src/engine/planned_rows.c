/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/planned_rows.h"

#include "engine/engine_metrics.h"

static void
free_move(void *data)
{
    msk_stored_move_free(data);
}

GPtrArray *
msk_planned_rows_new(void)
{
    return g_ptr_array_new_with_free_func(free_move);
}

static void
complete(MskPlannedMove *planned)
{
    if (planned->row == NULL) {
        planned->row = g_uuid_string_random();
    }
    if (planned->start_time_us == 0 && planned->move.stored) {
        planned->start_time_us = g_get_real_time();
    }
    if (planned->move.phase == MSK_MOVE_OVER && planned->end_time_us == 0) {
        planned->end_time_us = g_get_real_time();
        msk_engine_count_move(
            msk_vm_move_status(&planned->move),
            planned->start_time_us == 0 ? 0 : planned->end_time_us - planned->start_time_us);
    }
}

void
msk_planned_rows_add(MskRunJob *job, const char *host, MskPlannedMove *planned)
{
    MskStoredMove *move = g_new0(MskStoredMove, 1);
    MskVmove *vmove = g_new0(MskVmove, 1);
    bool over = planned->move.phase == MSK_MOVE_OVER;

    complete(planned);
    vmove->uuid = g_strdup(planned->row);
    vmove->instance_uuid = g_strdup(planned->uuid);
    vmove->instance_name = g_strdup(planned->name != NULL ? planned->name : "");
    vmove->source_host = g_strdup(host);
    vmove->dest_host = g_strdup(planned->move.dest_host);
    vmove->start_time_us = planned->start_time_us;
    vmove->end_time_us = planned->end_time_us;
    vmove->status = g_strdup(msk_vm_move_status(&planned->move));
    vmove->message = over ? g_strdup(planned->move.message) : NULL;
    move->vmove = vmove;
    move->state = msk_planned_move_save(planned);
    if (job->moves == NULL) {
        job->moves = msk_planned_rows_new();
    }
    g_ptr_array_add(job->moves, move);
}

void
msk_planned_rows_add_all(MskRunJob *job, const char *host, const MskHostRecovery *state,
                         bool unstored)
{
    for (unsigned i = 0; i < state->moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (unstored ? !planned->stored : planned->row == NULL) {
            msk_planned_rows_add(job, host, planned);
        }
    }
}

void
msk_planned_rows_load(MskHostRecovery *state, const GPtrArray *moves)
{
    for (unsigned i = 0; moves != NULL && i < moves->len; i++) {
        const MskStoredMove *move = g_ptr_array_index(moves, i);
        const MskVmove *vmove = move->vmove;

        msk_host_recovery_add(state, vmove->instance_uuid, vmove->instance_name, vmove->uuid,
                              vmove->status, move->state);
        MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        planned->start_time_us = vmove->start_time_us;
    }
}
