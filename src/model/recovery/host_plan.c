/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_plan.h"

static void G_GNUC_PRINTF(3, 4)
    note(const MskHostPlan *self, double progress, const char *format, ...)
{
    va_list arguments;
    MskHostNote line = {.progress = progress};

    line.task = (MskHostTask) msk_recovery_flow_row(self->order->flow, MSK_HOST_TASK_PREPARE);
    va_start(arguments, format);
    line.message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_array_append_val(self->notes, line);
}

static int
compare(const void *a, const void *b)
{
    const MskListedVm *left = *(const MskListedVm *const *) a;
    const MskListedVm *right = *(const MskListedVm *const *) b;

    if (left->ha_enabled != right->ha_enabled) {
        return left->ha_enabled ? -1 : 1;
    }
    if (left->priority != right->priority) {
        return left->priority > right->priority ? -1 : 1;
    }
    if (left->size != right->size) {
        return left->size < right->size ? -1 : 1;
    }
    return g_strcmp0(left->uuid, right->uuid);
}

static GPtrArray *
choose(const MskHostPlan *self, MskListedVm *vms, size_t n_vms)
{
    GPtrArray *chosen = g_ptr_array_new();
    unsigned n_enabled = 0;
    unsigned n_others = 0;

    for (size_t i = 0; i < n_vms; i++) {
        MskListedVm *vm = &vms[i];

        if (self->order->ignore_error && vm->sight.vm_state == MSK_VM_ERROR) {
            if (vm->ha_enabled) {
                note(self, 0.4,
                     "Ignoring recovery of HA_Enabled instance '%s' as it is in 'error' state.",
                     vm->uuid);
            }
            continue;
        }
        n_enabled += vm->ha_enabled ? 1 : 0;
        n_others += vm->ha_enabled ? 0 : 1;
        if (vm->ha_enabled || self->order->all_instances) {
            g_ptr_array_add(chosen, vm);
        }
    }
    note(self, 0.6, "Total HA Enabled instances count: '%u'", n_enabled);
    if (self->order->all_instances) {
        note(self, 0.7, "Total Non-HA Enabled instances count: '%u'", n_others);
        note(self, 0.8,
             "All instances (HA Enabled/Non-HA Enabled) should be considered for evacuation. "
             "Total count is: '%u'",
             chosen->len);
    }
    g_ptr_array_sort(chosen, compare);
    return chosen;
}

/* Returns: (nullable) the last move of the VM. */
static const MskPlannedMove *
last_move(GHashTable *moves, const char *uuid)
{
    return g_hash_table_lookup(moves, uuid);
}

static GHashTable *
index_moves(const GPtrArray *moves)
{
    GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(moves, i);

        g_hash_table_insert(all, planned->uuid, planned);
    }
    return all;
}

/* A VM that an earlier move left in error is to become what it was before that. */
static void
inherit(MskVmMove *move, const MskPlannedMove *last)
{
    if (last != NULL && last->move.outcome == MSK_MOVE_FAILURE && last->move.found) {
        move->found = true;
        move->found_state = last->move.found_state;
        move->found_busy = last->move.found_busy;
        move->found_powered_off = last->move.found_powered_off;
    }
}

void
msk_planned_move_see(MskPlannedMove *planned, const MskSight *sight, int64_t asked_us,
                     int64_t now_us)
{
    bool leaves = sight->migrations_asked ? sight->evacuating : planned->sight.evacuating;

    planned->sight = *sight;
    planned->sight.host = NULL;
    planned->sight.fault = NULL;
    planned->sight.migrations_asked = leaves;
    planned->sight.evacuating = leaves;
    planned->knows_migrations = planned->knows_migrations || sight->migrations_asked;
    planned->seen_us = sight->elsewhere || sight->gone ? 0 : now_us;
    planned->asked_us = planned->seen_us == 0 ? 0 : asked_us;
}

static void
add_move(GPtrArray *moves, const MskListedVm *vm, unsigned round, const MskPlannedMove *last)
{
    MskPlannedMove *planned = g_new0(MskPlannedMove, 1);

    planned->uuid = g_strdup(vm->uuid);
    planned->name = g_strdup(vm->name);
    planned->round = round;
    inherit(&planned->move, last);
    g_ptr_array_add(moves, planned);
}

void
msk_host_plan_make(MskHostPlan *self, MskListedVm *vms, size_t n_vms, unsigned round,
                   GPtrArray *moves)
{
    g_autoptr(GString) uuids = g_string_new(NULL);

    note(self, 0.0, "Preparing instances for evacuation");
    note(self, 0.3, "Total instances running on failed host '%s' is %zu", self->order->host, n_vms);

    g_autoptr(GHashTable) known = index_moves(moves);
    g_autoptr(GPtrArray) chosen = choose(self, vms, n_vms);

    for (unsigned i = 0; i < chosen->len; i++) {
        const MskListedVm *vm = g_ptr_array_index(chosen, i);
        const MskPlannedMove *last = last_move(known, vm->uuid);

        if (last == NULL || last->move.phase == MSK_MOVE_OVER) {
            add_move(moves, vm, round, last);
        }
        g_string_append_printf(uuids, "%s%s", i > 0 ? "," : "", vm->uuid);
    }
    self->n_moves = chosen->len;
    if (chosen->len == 0) {
        note(self, 1.0, "Skipped host '%s' recovery as no instances needs to be evacuated",
             self->order->host);
    } else {
        note(self, 1.0, "Instances to be evacuated are: '%s'", uuids->str);
    }
}

char *
msk_host_plan_unfinished(const GPtrArray *moves)
{
    g_autoptr(GString) uuids = g_string_new(NULL);

    for (unsigned i = 0; i < moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(moves, i);

        if (planned->move.phase != MSK_MOVE_OVER) {
            g_string_append_printf(uuids, "%s%s", uuids->len > 0 ? "," : "", planned->uuid);
        }
    }
    return g_string_free(g_steal_pointer(&uuids), FALSE);
}

static int
compare_texts(const void *a, const void *b)
{
    return g_strcmp0(*(const char *const *) a, *(const char *const *) b);
}

char *
msk_host_plan_with_outcome(const GPtrArray *moves, unsigned first_round, MskMoveOutcome outcome)
{
    g_autoptr(GHashTable) last = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    GHashTableIter iter;
    void *uuid = NULL;
    void *value = NULL;

    for (unsigned i = 0; i < moves->len; i++) {
        MskPlannedMove *planned = g_ptr_array_index(moves, i);

        if (planned->round >= first_round) {
            g_hash_table_insert(last, planned->uuid, planned);
        }
    }
    g_hash_table_iter_init(&iter, last);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        const MskPlannedMove *planned = value;

        if (planned->move.phase == MSK_MOVE_OVER && planned->move.outcome == outcome) {
            g_ptr_array_add(uuids, uuid);
        }
    }
    if (uuids->len == 0) {
        return NULL;
    }
    g_ptr_array_sort(uuids, compare_texts);
    g_ptr_array_add(uuids, NULL);
    return g_strjoinv(",", (char **) uuids->pdata);
}
