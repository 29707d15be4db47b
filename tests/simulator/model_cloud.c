/* SPDX-License-Identifier: Apache-2.0 */
#include "model_cloud.h"

#include <string.h>

bool
model_verb(const char *word, ModelVerb *ret)
{
    static const char *const words[N_VERBS] = {
        [VERB_CRASH] = "crash",       [VERB_HALT] = "halt",       [VERB_PAUSE] = "pause",
        [VERB_RESUME] = "resume",     [VERB_SLEEP] = "sleep",     [VERB_DESTROY] = "destroy",
        [VERB_SHUTDOWN] = "shutdown", [VERB_MIGRATE] = "migrate", [VERB_BETWEEN] = "between",
        [VERB_BOOT] = "boot",         [VERB_VANISH] = "vanish",   [VERB_AWAY] = "away",
        [VERB_BACK] = "back",
    };

    for (size_t i = 0; i < N_VERBS; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = (ModelVerb) i;
            return true;
        }
    }
    return false;
}

void
model_init(ModelCloud *self, const ModelRules *rules, MskVmState first, bool may_stop)
{
    *self = (ModelCloud){.rules = *rules,
                         .truth = first,
                         .life = 1,
                         .reported_life = 1,
                         .may_stop_reported = may_stop,
                         .late = MSK_ACTION_WAIT};
    model_pass(self, 0);
}

static void
harm(ModelCloud *self, const char *what)
{
    if (self->harm == NULL) {
        self->harm = what;
    }
}

static void
go_off(ModelCloud *self, MskStopReason reason)
{
    self->truth = MSK_VM_STOPPED;
    self->stop_reason = reason;
    self->flap_at_us = 0;
}

static void
crash(ModelCloud *self)
{
    if (self->truth == MSK_VM_STOPPED) {
        return;
    }
    self->before = self->truth;
    self->noticed_us = self->now_us + self->rules.notice_us;
    go_off(self, MSK_STOP_FAILURE);
}

static void
boot(ModelCloud *self)
{
    self->truth = MSK_VM_ACTIVE;
    self->life++;
    self->noticed_us = 0;
    if (self->rules.flaps > 0) {
        self->rules.flaps--;
        self->flap_at_us = self->now_us + self->rules.flap_us;
    }
}

static void
apply(ModelCloud *self, ModelVerb verb)
{
    static const MskVmState becomes[N_VERBS] = {
        [VERB_HALT] = MSK_VM_ERROR,    [VERB_PAUSE] = MSK_VM_PAUSED,
        [VERB_RESUME] = MSK_VM_ACTIVE, [VERB_SLEEP] = MSK_VM_SUSPENDED,
        [VERB_BETWEEN] = MSK_VM_OTHER,
    };

    switch (verb) {
    case VERB_CRASH:
        crash(self);
        break;
    case VERB_DESTROY:
    case VERB_SHUTDOWN:
    case VERB_MIGRATE:
        if (self->truth != MSK_VM_STOPPED) {
            self->wanted_off = true;
            go_off(self, verb == VERB_MIGRATE ? MSK_STOP_DEPARTED : MSK_STOP_ORDERED);
        }
        break;
    case VERB_BOOT:
        self->wanted_off = false;
        boot(self);
        self->reported_life = self->life; /* a person's start is not known from another's */
        break;
    case VERB_VANISH:
        self->gone = true;
        break;
    case VERB_AWAY:
    case VERB_BACK:
        self->away = verb == VERB_AWAY;
        break;
    case VERB_HALT:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERB_SLEEP:
    case VERB_BETWEEN:
        self->truth = becomes[verb];
        break;
    case N_VERBS:
        g_assert_not_reached();
    }
}

/* What the cloud tells of the VM at this moment. */
static MskVmState
known(const ModelCloud *self)
{
    return self->truth == MSK_VM_STOPPED && self->now_us < self->noticed_us ? self->before
                                                                            : self->truth;
}

static bool
stop(ModelCloud *self)
{
    if (known(self) == MSK_VM_STOPPED || self->rules.stops_refused > 0) {
        self->rules.stops_refused -= self->rules.stops_refused > 0 ? 1 : 0;
        return false;
    }
    if (self->rules.stop_ignored) {
        return true;
    }
    self->n_stops++;
    if (self->truth == MSK_VM_ACTIVE || self->truth == MSK_VM_SUSPENDED) {
        if (!self->may_stop_reported) {
            harm(self, "a running VM was stopped");
        } else if (self->life != self->reported_life) {
            harm(self, "a VM was stopped that had been recovered already");
        }
    } else if (self->truth == MSK_VM_PAUSED) {
        harm(self, "a paused VM was stopped");
    }
    self->noticed_us = 0;
    go_off(self, MSK_STOP_ORDERED);
    return true;
}

static bool
start(ModelCloud *self, MskErrorCode *ret_code)
{
    if (known(self) != MSK_VM_STOPPED) {
        *ret_code = MSK_ERROR_CONFLICT;
        return false;
    }
    if (self->rules.starts_refused > 0) {
        self->rules.starts_refused--;
        self->stop_reason = MSK_STOP_FAILURE; /* as libvirt has it */
        *ret_code = MSK_ERROR_INTERNAL;
        return false;
    }
    if (self->rules.start_ignored) {
        return true;
    }
    if (self->wanted_off) {
        harm(self, "a VM was started that a person wants to be off");
    }
    self->n_starts++;
    boot(self);
    return true;
}

static void
take_late_effect(ModelCloud *self)
{
    MskErrorCode code = MSK_ERROR_INTERNAL;
    MskActionKind action = self->late;

    self->late = MSK_ACTION_WAIT;
    if (action == MSK_ACTION_STOP_SERVER) {
        (void) stop(self); /* nobody hears the answer */
    } else if (action == MSK_ACTION_START_SERVER) {
        (void) start(self, &code); /* the same */
    }
}

/* Returns: when the next thing happens by itself, INT64_MAX for never. */
static int64_t
next_happening(const ModelCloud *self)
{
    int64_t next_us = INT64_MAX;

    if (self->next_event < self->rules.n_events) {
        next_us = self->rules.events[self->next_event].at_us;
    }
    if (self->flap_at_us > 0) {
        next_us = MIN(next_us, self->flap_at_us);
    }
    if (self->late != MSK_ACTION_WAIT) {
        next_us = MIN(next_us, self->late_at_us);
    }
    return next_us;
}

static void
happen(ModelCloud *self)
{
    if (self->next_event < self->rules.n_events &&
        self->rules.events[self->next_event].at_us <= self->now_us) {
        apply(self, self->rules.events[self->next_event++].verb);
    }
    if (self->flap_at_us > 0 && self->flap_at_us <= self->now_us) {
        crash(self);
    }
    if (self->late != MSK_ACTION_WAIT && self->late_at_us <= self->now_us) {
        take_late_effect(self);
    }
}

void
model_pass(ModelCloud *self, int64_t delay_us)
{
    int64_t end_us = self->now_us + delay_us;
    int64_t next_us;

    while ((next_us = next_happening(self)) <= end_us) {
        self->now_us = MAX(self->now_us, next_us);
        happen(self);
    }
    self->now_us = end_us;
}

static void
describe(const ModelCloud *self, MskEvent *event)
{
    event->kind = MSK_EVENT_SERVER;
    event->vm_state = known(self);
    event->stop_reason = event->vm_state == MSK_VM_STOPPED && self->rules.live_truth
                             ? self->stop_reason
                             : MSK_STOP_UNKNOWN;
    event->ha_enabled = self->rules.ha_enabled;
}

MskEvent
model_call(ModelCloud *self, MskActionKind action)
{
    MskEvent event = {.kind = MSK_EVENT_DONE, .code = MSK_ERROR_CONFLICT};
    bool done = true;

    model_pass(self, self->rules.call_us);
    if (self->away || self->gone) {
        done = false;
        event.code = self->away ? MSK_ERROR_UNAVAILABLE : MSK_ERROR_NOT_FOUND;
    } else if (action == MSK_ACTION_GET_SERVER) {
        describe(self, &event);
    } else if (action == MSK_ACTION_STOP_SERVER) {
        done = stop(self);
    } else {
        done = start(self, &event.code);
    }
    if (!done) {
        event.kind = MSK_EVENT_FAILED;
    }
    event.now_us = self->now_us;
    return event;
}

void
model_call_late(ModelCloud *self, MskActionKind action, int64_t delay_us)
{
    self->late = action;
    self->late_at_us = self->now_us + delay_us;
}
