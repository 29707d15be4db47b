/* SPDX-License-Identifier: Apache-2.0 */
#include "simulated_rows.h"

#include <string.h>

typedef struct {
    char *uuid;
    char *status;
    char *state;
} Row;

static void
free_row(void *data)
{
    Row *row = data;

    g_free(row->uuid);
    g_free(row->status);
    g_free(row->state);
    g_free(row);
}

GPtrArray *
simulated_rows_new(void)
{
    return g_ptr_array_new_with_free_func(free_row);
}

void
simulated_rows_store(GPtrArray *self, const MskHostRecovery *state, unsigned index)
{
    const MskPlannedMove *planned = g_ptr_array_index(state->moves, index);
    Row *row = NULL;

    if (index < self->len) {
        row = g_ptr_array_index(self, index);
        g_free(row->status);
        g_free(row->state);
    } else {
        g_assert_cmpuint(index, ==, self->len);
        row = g_new0(Row, 1);
        row->uuid = g_strdup(planned->uuid);
        g_ptr_array_add(self, row);
    }
    row->status = g_strdup(msk_vm_move_status(&planned->move));
    row->state = msk_planned_move_save(planned);
}

void
simulated_rows_load(const GPtrArray *self, MskHostRecovery *state)
{
    for (unsigned i = 0; i < self->len; i++) {
        const Row *row = g_ptr_array_index(self, i);

        msk_host_recovery_add(state, row->uuid, row->uuid, row->uuid, row->status, row->state);
    }
}

char *
simulated_rows_check(const GPtrArray *self)
{
    for (unsigned i = 0; i < self->len; i++) {
        const Row *row = g_ptr_array_index(self, i);

        if (strcmp(row->status, "pending") == 0 || strcmp(row->status, "ongoing") == 0) {
            return g_strdup_printf("the row of %s is left %s", row->uuid, row->status);
        }
    }
    return NULL;
}
