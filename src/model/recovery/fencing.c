/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/fencing.h"

#define MAX_TRIES     2u
#define MAX_LOOKS     5u
#define LOOK_PAUSE_US INT64_C(2000000) /* a machine takes a moment to go down */

const char *
msk_fence_verb_name(MskFenceVerb verb)
{
    return verb == MSK_FENCE_VERB_OFF ? "off" : "status";
}

void
msk_fence_act_clear(MskFenceAct *self)
{
    g_clear_pointer(&self->note, g_free);
}

void
msk_fencing_init(MskFencing *self, const MskFencePlan *plan, const char *host)
{
    g_assert(plan->devices->len > 0);
    *self = (MskFencing){.plan = plan, .host = host, .verb = MSK_FENCE_VERB_OFF};
}

void
msk_fencing_clear(MskFencing *self)
{
    g_clear_pointer(&self->refusal, g_free);
    g_clear_pointer(&self->failure, g_free);
}

static const MskFenceDevice *
device_at(const MskFencing *self, unsigned index)
{
    return g_ptr_array_index(self->plan->devices, index);
}

static MskFenceAct
run(MskFencing *self, MskFenceVerb verb)
{
    self->verb = verb;
    return (MskFenceAct){.kind = MSK_FENCE_ACT_RUN, .device = self->device, .verb = verb};
}

static MskFenceAct
begin_device(MskFencing *self, unsigned index)
{
    self->device = index;
    self->n_tries = 0;
    self->n_looks = 0;
    return run(self, MSK_FENCE_VERB_OFF);
}

MskFenceAct
msk_fencing_go_on(MskFencing *self)
{
    return run(self, self->verb);
}

static MskFenceAct
on_confirmed(MskFencing *self)
{
    const MskFenceDevice *device = device_at(self, self->device);
    unsigned next = self->device + 1;

    if (next < self->plan->devices->len && device_at(self, next)->level == device->level) {
        return begin_device(self, next);
    }
    return (MskFenceAct){.kind = MSK_FENCE_ACT_CONFIRMED,
                         .note = g_strdup_printf("Host '%s' is off: %s of fencing level %u says so",
                                                 self->host, device->agent, device->level)};
}

/* The level is lost: the others of it need not be asked. */
static MskFenceAct
on_device_failed(MskFencing *self)
{
    unsigned level = device_at(self, self->device)->level;
    unsigned next = self->device + 1;

    while (next < self->plan->devices->len && device_at(self, next)->level == level) {
        next++;
    }
    if (next < self->plan->devices->len) {
        MskFenceAct act = begin_device(self, next);

        act.note = g_strdup_printf("%s; trying fencing level %u", self->failure,
                                   device_at(self, next)->level);
        return act;
    }
    return (MskFenceAct){.kind = MSK_FENCE_ACT_FAILED, .note = g_strdup(self->failure)};
}

static void
note_failure(MskFencing *self, MskFenceResult result, const char *said)
{
    const MskFenceDevice *device = device_at(self, self->device);
    const char *what = result == MSK_FENCE_TIMEOUT ? "gave no answer in time"
                       : result == MSK_FENCE_DONE  ? "still says that it is on"
                                                   : "does not say whether it is on";

    const char *words = said != NULL && *said != '\0' ? said : self->refusal;

    g_free(self->failure);
    self->failure = g_strdup_printf(
        "Host '%s' is not known to be off: %s of fencing level %u %s%s%s", self->host,
        device->agent, device->level, what, words != NULL ? ": " : "", words != NULL ? words : "");
}

static MskFenceAct
on_status(MskFencing *self, MskFenceResult result, const char *said)
{
    if (result == MSK_FENCE_IS_OFF) {
        return on_confirmed(self);
    }
    if (result == MSK_FENCE_TIMEOUT) {
        note_failure(self, result, said);
        return on_device_failed(self); /* it hangs, and would again */
    }
    self->n_looks++;
    /* After an off that was refused it is on for a reason that waiting does not change. */
    if (self->n_looks < MAX_LOOKS && (self->accepted || result != MSK_FENCE_DONE)) {
        return (MskFenceAct){.kind = MSK_FENCE_ACT_WAIT, .delay_us = LOOK_PAUSE_US};
    }
    note_failure(self, result, said);
    self->n_tries++;
    self->n_looks = 0;
    return self->n_tries < MAX_TRIES ? run(self, MSK_FENCE_VERB_OFF) : on_device_failed(self);
}

MskFenceAct
msk_fencing_answer(MskFencing *self, MskFenceResult result, const char *said)
{
    if (self->verb == MSK_FENCE_VERB_STATUS) {
        return on_status(self, result, said);
    }
    self->accepted = result == MSK_FENCE_DONE;
    g_free(self->refusal);
    self->refusal = self->accepted || said == NULL || *said == '\0' ? NULL : g_strdup(said);
    return run(self, MSK_FENCE_VERB_STATUS);
}
