/* SPDX-License-Identifier: Apache-2.0 */
#include "host_model.h"

#include <string.h>

#define BEAT_US INT64_C(10000000)
#define UP_US   INT64_C(60000000)

static void G_GNUC_PRINTF(2, 3) harm(HostModel *self, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (self->harm == NULL) {
        self->harm = g_strdup_vprintf(format, arguments);
    }
    va_end(arguments);
}

void
host_model_clear(HostModel *self)
{
    g_clear_pointer(&self->harm, g_free);
}

static void
arrive(ModelVm *vm, int64_t now_us, int64_t rest_us)
{
    vm->arrives_us = 0;
    vm->busy = false;
    vm->changed_us = now_us;
    if (vm->arrival_fails) {
        vm->vm_state = MSK_VM_ERROR;
        return;
    }
    vm->vm_state = vm->arrives_as;
    vm->n_evacuations++;
    /* Nova sets a stopped VM's host before it turns it off. */
    if (rest_us > 0 && vm->vm_state != MSK_VM_STOPPED) {
        vm->rests_us = now_us + rest_us;
    } else {
        vm->elsewhere = true;
    }
}

/* Somebody else orders an evacuation, and Nova takes it. */
static void
send_away(HostModel *self, ModelVm *vm)
{
    self->recorded = true;
    vm->busy = true;
    vm->arrives_as = vm->vm_state;
    vm->arrives_us = vm->sent_at_us + self->evacuate_us;
    vm->changed_us = vm->sent_at_us;
    vm->sent_at_us = 0;
}

void
host_model_pass(HostModel *self, int64_t now_us)
{
    self->now_us = MAX(self->now_us, now_us);
    for (unsigned i = 0; i < self->n_vms; i++) {
        ModelVm *vm = &self->vms[i];

        if (vm->delete_at_us > 0 && vm->delete_at_us <= self->now_us && !vm->deleted) {
            vm->deleted = true;
            vm->changed_us = vm->delete_at_us;
            vm->locked = vm->owner_locked;
        }
        if (vm->sent_at_us > 0 && vm->sent_at_us <= self->now_us) {
            send_away(self, vm);
        }
        if (vm->arrives_us > 0 && vm->arrives_us <= self->now_us && !vm->wedged) {
            arrive(vm, vm->arrives_us, self->rest_us);
        }
        if (vm->rests_us > 0 && vm->rests_us <= self->now_us) {
            vm->changed_us = vm->rests_us;
            vm->rests_us = 0;
            vm->elsewhere = true;
        }
        if (vm->stops_us > 0 && vm->stops_us <= self->now_us) {
            vm->changed_us = vm->stops_us;
            vm->stops_us = 0;
            vm->busy = false;
            vm->vm_state = MSK_VM_STOPPED;
        }
    }
}

ModelVm *
host_model_find(HostModel *self, const char *uuid)
{
    for (unsigned i = 0; i < self->n_vms; i++) {
        if (strcmp(self->vms[i].uuid, uuid) == 0) {
            return &self->vms[i];
        }
    }
    g_assert_not_reached();
}

static bool
evacuate(HostModel *self, ModelVm *vm, bool to_reserved, MskErrorCode *ret_code)
{
    bool fits = vm->vm_state == MSK_VM_ACTIVE || vm->vm_state == MSK_VM_STOPPED ||
                vm->vm_state == MSK_VM_ERROR;

    if (self->now_us < self->dies_us) {
        harm(self, "%s is evacuated though its host lives", vm->uuid);
    }
    if (vm->arrives_us > 0) {
        vm->wedged = true;
        harm(self, "%s is evacuated a second time on its way", vm->uuid);
        return true;
    }
    if (vm->elsewhere || vm->rests_us > 0) {
        harm(self, "%s is evacuated from its new host", vm->uuid);
    }
    if (!self->forced_down || !fits) {
        *ret_code = MSK_ERROR_CONFLICT;
        return false;
    }
    if (to_reserved && !self->enabled) {
        harm(self, "%s is sent to a reserved host that is not enabled", vm->uuid);
    }
    self->recorded = true;
    vm->arrives_us = self->now_us + self->evacuate_us;
    vm->arrives_as = vm->vm_state == MSK_VM_STOPPED ? MSK_VM_STOPPED : MSK_VM_ACTIVE;
    vm->arrival_fails = to_reserved ? self->reserved_fails : vm->no_host;
    vm->busy = true;
    return true;
}

static bool
stop(HostModel *self, ModelVm *vm, MskErrorCode *ret_code)
{
    if (vm->busy || vm->vm_state == MSK_VM_STOPPED) {
        *ret_code = MSK_ERROR_CONFLICT;
        return false;
    }
    if (!vm->elsewhere) {
        harm(self, "%s is stopped on the failed host", vm->uuid);
    }
    vm->busy = true;
    vm->stops_us = self->now_us + self->stop_us;
    return true;
}

static void
reset(HostModel *self, ModelVm *vm)
{
    if (vm->arrives_us > 0 || vm->rests_us > 0) {
        harm(self, "%s is reset on its way", vm->uuid);
    }
    vm->vm_state = MSK_VM_ERROR;
    vm->busy = false;
}

bool
host_model_call(HostModel *self, ModelVm *vm, MskMoveActKind kind, bool to_reserved,
                MskErrorCode *ret_code)
{
    if (vm->deleted) {
        *ret_code = MSK_ERROR_NOT_FOUND;
        return false;
    }
    vm->changed_us = self->now_us;
    switch (kind) {
    case MSK_MOVE_ACT_LOCK:
        vm->locked = true;
        return true;
    case MSK_MOVE_ACT_UNLOCK:
        vm->locked = false;
        return true;
    case MSK_MOVE_ACT_RESET:
    case MSK_MOVE_ACT_MARK:
        reset(self, vm);
        return true;
    case MSK_MOVE_ACT_STOP:
        return stop(self, vm, ret_code);
    case MSK_MOVE_ACT_EVACUATE:
        return evacuate(self, vm, to_reserved, ret_code);
    case MSK_MOVE_ACT_LOOK:
    case MSK_MOVE_ACT_FINISH:
    case MSK_N_MOVE_ACTS:
        break;
    }
    g_assert_not_reached();
}

static char new_host[] = "other";
static char old_host[] = "host";
static char no_valid_host[] = "No valid host was found.";

uint32_t
host_model_migrations(HostModel *self, bool asked)
{
    uint32_t found = self->recorded ? MODEL_HEARD : 0;

    if (asked && self->n_silent > 0) {
        self->n_silent--;
        return 0;
    }

    for (unsigned i = 0; i < self->n_vms; i++) {
        found |= self->vms[i].arrives_us > 0 || self->vms[i].rests_us > 0 ? UINT32_C(1) << i : 0;
    }
    return found;
}

size_t
host_model_list(HostModel *self, bool source_only, uint32_t migrations,
                MskListedVm ret[MODEL_MAX_VMS])
{
    size_t n = 0;

    for (unsigned i = 0; i < self->n_vms; i++) {
        ModelVm *vm = &self->vms[i];

        if (source_only && (vm->elsewhere || vm->deleted)) {
            continue;
        }
        ret[n++] = (MskListedVm){
            .uuid = vm->uuid,
            .name = vm->uuid,
            .ha_enabled = vm->ha_enabled,
            .priority = vm->priority,
            .size = vm->size,
            .sight = {.gone = vm->deleted,
                      .elsewhere = vm->elsewhere,
                      .busy = vm->busy,
                      .locked = vm->locked,
                      .powered_off = vm->powered_off,
                      .evacuating = (migrations >> i & 1) != 0,
                      .heard = (migrations & MODEL_HEARD) != 0,
                      .vm_state = vm->vm_state,
                      .host = vm->elsewhere ? new_host : old_host,
                      .fault = vm->vm_state == MSK_VM_ERROR ? no_valid_host : NULL},
        };
    }
    return n;
}

MskServiceFacts
host_model_service(const HostModel *self)
{
    int64_t beat_us = MIN(self->dies_us, self->now_us) / BEAT_US * BEAT_US;
    int64_t age_us = self->now_us - beat_us;

    return (MskServiceFacts){.up = age_us < UP_US && !self->forced_down,
                             .forced_down = self->forced_down,
                             .age_us = age_us};
}

void
host_model_verdict(HostModel *self)
{
    for (unsigned i = 0; i < self->n_vms; i++) {
        const ModelVm *vm = &self->vms[i];

        if (vm->locked != vm->owner_locked && !vm->deleted) {
            harm(self, "%s is left %s", vm->uuid,
                 vm->locked ? "locked" : "without its owner's lock");
        }
        if (vm->n_evacuations > 1) {
            harm(self, "%s was evacuated %u times", vm->uuid, vm->n_evacuations);
        }
        if (vm->wedged) {
            harm(self, "%s is wedged", vm->uuid);
        }
    }
}
