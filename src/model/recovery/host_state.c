/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/number.h"
#include "model/recovery/host_recovery.h"

static void
free_planned(void *data)
{
    MskPlannedMove *self = data;

    g_free(self->uuid);
    g_free(self->name);
    g_free(self->row);
    msk_vm_move_clear(&self->move);
    g_free(self);
}

void
msk_host_recovery_init(MskHostRecovery *self, int64_t attempt)
{
    *self = (MskHostRecovery){.attempt = attempt, .first_round = 1};
    self->moves = g_ptr_array_new_with_free_func(free_planned);
}

void
msk_host_recovery_clear(MskHostRecovery *self)
{
    g_free(self->reserved);
    g_free(self->held);
    g_free(self->message);
    g_clear_pointer(&self->moves, g_ptr_array_unref);
    *self = (MskHostRecovery){.phase = MSK_HOST_PHASE_GATES};
}

char *
msk_host_recovery_save(const MskHostRecovery *self)
{
    bool moving = self->phase > MSK_HOST_PHASE_PLANNING && self->phase < MSK_HOST_PHASE_OVER;

    return g_strdup_printf("host %" G_GINT64_FORMAT " %u %u%s%s%s", self->attempt,
                           self->first_round, self->round, self->safe ? " safe" : "",
                           self->second ? " second" : "",
                           moving || self->phase == MSK_HOST_PHASE_PLANNING ? " moving" : "");
}

void
msk_host_recovery_load(MskHostRecovery *self, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text == NULL ? "" : text, " ", 8);
    const char *const *all = (const char *const *) words;
    int64_t attempt = 0;
    int64_t first_round = 0;
    int64_t round = 0;

    if (g_strv_length(words) < 4 || strcmp(words[0], "host") != 0 ||
        !msk_parse_int64(words[1], 1, INT64_MAX, &attempt) ||
        !msk_parse_int64(words[2], 1, INT32_MAX, &first_round) ||
        !msk_parse_int64(words[3], 0, INT32_MAX, &round)) {
        return;
    }
    self->round = (unsigned) round;
    if (attempt != self->attempt) {
        self->first_round = self->round + 1;
        return;
    }
    self->first_round = (unsigned) first_round;
    self->safe = g_strv_contains(all, "safe");
    self->second = g_strv_contains(all, "second");
    if (g_strv_contains(all, "moving")) {
        self->phase = MSK_HOST_PHASE_MOVING;
    }
}

char *
msk_planned_move_save(const MskPlannedMove *self)
{
    g_autofree char *move = msk_vm_move_save(&self->move);

    return g_strdup_printf("%u %s", self->round, move);
}

static MskMoveOutcome
outcome_of(const char *status)
{
    if (g_strcmp0(status, "succeeded") == 0) {
        return MSK_MOVE_SUCCEEDED;
    }
    return g_strcmp0(status, "ignored") == 0 ? MSK_MOVE_IGNORED : MSK_MOVE_FAILURE;
}

void
msk_host_recovery_add(MskHostRecovery *self, const char *uuid, const char *name, const char *row,
                      const char *status, const char *state)
{
    g_auto(GStrv) parts = g_strsplit(state == NULL ? "" : state, " ", 2);
    MskPlannedMove *planned = g_new0(MskPlannedMove, 1);
    int64_t round = 0;
    bool open = g_strcmp0(status, "pending") == 0 || g_strcmp0(status, "ongoing") == 0;

    planned->uuid = g_strdup(uuid);
    planned->name = g_strdup(name);
    planned->row = g_strdup(row);
    if (parts[0] != NULL && msk_parse_int64(parts[0], 0, INT32_MAX, &round)) {
        planned->round = (unsigned) round;
    }
    planned->move = msk_vm_move_load(parts[0] != NULL ? parts[1] : NULL);
    if (!open) {
        planned->move.phase = MSK_MOVE_OVER;
        planned->move.outcome = outcome_of(status);
        planned->stored = true;
    } else if (planned->move.phase == MSK_MOVE_OVER) {
        planned->move.phase = MSK_MOVE_PREPARING;
    }
    g_ptr_array_add(self->moves, planned);
    self->round = MAX(self->round, planned->round);
}

bool
msk_recovery_method_parse(const char *name, MskRecoveryMethod *ret)
{
    static const char *const names[] = {
        [MSK_METHOD_AUTO] = "auto",
        [MSK_METHOD_RESERVED_HOST] = "reserved_host",
        [MSK_METHOD_AUTO_PRIORITY] = "auto_priority",
        [MSK_METHOD_RH_PRIORITY] = "rh_priority",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(name, names[i]) == 0) {
            *ret = (MskRecoveryMethod) i;
            return true;
        }
    }
    return false;
}

const char *
msk_host_task_name(MskHostTask task)
{
    static const char *const names[] = {
        [MSK_HOST_TASK_DISABLE] = "DisableComputeServiceTask",
        [MSK_HOST_TASK_PREPARE] = "PrepareHAEnabledInstancesTask",
        [MSK_HOST_TASK_EVACUATE] = "EvacuateInstancesTask",
    };

    g_assert((unsigned) task < G_N_ELEMENTS(names));
    return names[task];
}
