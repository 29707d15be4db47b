/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/vm_move.h"

#include <string.h>

#define MAX_RETRY_US (INT64_C(10) * G_USEC_PER_SEC)
#define DOUBT        4 /* times the first wait after a failed call lie between two such answers */

/* One step being put together. */
typedef struct {
    MskVmMove *state;
    const MskMoveOrder *order;
    const MskMoveEvent *event;
    const MskSight *sight;
    MskMoveAct act;
} Work;

static void
look(Work *work, int64_t delay_us, bool migrations)
{
    work->act =
        (MskMoveAct){.kind = MSK_MOVE_ACT_LOOK, .delay_us = delay_us, .migrations = migrations};
}

static void
call(Work *work, MskMoveActKind kind)
{
    work->act = (MskMoveAct){.kind = kind, .durable = !work->state->stored};
    work->state->stored = true;
}

static void
enter(Work *work, MskMovePhase phase, int64_t timeout_us)
{
    work->state->phase = phase;
    work->state->called = false;
    work->state->n_tries = 0;
    work->state->deadline_us = work->event->now_us + timeout_us;
}

static bool
late(const Work *work)
{
    return work->event->now_us >= work->state->deadline_us;
}

static void
set_message(MskVmMove *state, const char *reason, const char *detail)
{
    g_free(state->message);
    state->message = detail != NULL ? g_strdup_printf("%s: %s", reason, detail) : g_strdup(reason);
}

/* The VM's fate is known; what is left is to give the lock back. */
static void
settle(Work *work, MskMoveOutcome outcome)
{
    work->state->outcome = outcome;
    if (work->state->lock_ours) {
        enter(work, MSK_MOVE_UNLOCKING, work->order->unlock_timeout_us);
        call(work, MSK_MOVE_ACT_UNLOCK);
    } else {
        work->state->phase = MSK_MOVE_OVER;
        work->act = (MskMoveAct){.kind = MSK_MOVE_ACT_FINISH};
    }
}

static void
fail(Work *work, const char *reason, const char *detail)
{
    set_message(work->state, reason, detail);
    settle(work, MSK_MOVE_FAILURE);
}

/* A VM that is gone has no lock to give back. */
static void
ignore_gone(Work *work)
{
    set_message(work->state, "The instance was deleted.", NULL);
    work->state->lock_ours = false;
    settle(work, MSK_MOVE_IGNORED);
}

/* Nova evacuates what is active, stopped or in error, and at rest. */
static bool
has_to_be_reset(const MskSight *sight)
{
    return sight->busy || (sight->vm_state != MSK_VM_ACTIVE && sight->vm_state != MSK_VM_STOPPED &&
                           sight->vm_state != MSK_VM_ERROR);
}

/* Whether Nova brings the VM up though it did not run before. Nova itself keeps off what is stopped
 * and at rest. */
static bool
has_to_be_stopped(const MskVmMove *state)
{
    if (state->found_state == MSK_VM_ACTIVE) {
        return false;
    }
    if (state->found_state == MSK_VM_STOPPED) {
        return state->found_busy;
    }
    return state->found_state != MSK_VM_RESIZED || state->found_powered_off;
}

static void
remember(MskVmMove *state, const MskSight *sight)
{
    if (!state->found) {
        state->found = true;
        state->found_state = sight->vm_state;
        state->found_busy = sight->busy;
        state->found_powered_off = sight->powered_off;
    }
}

static void decide_confirming(Work *work);

static void
begin_confirming(Work *work)
{
    enter(work, MSK_MOVE_CONFIRMING, work->order->evacuate_timeout_us);
    decide_confirming(work);
}

static void
order_evacuation(Work *work)
{
    work->state->unsure = true; /* until the answer */
    work->state->doubted = false;
    call(work, MSK_MOVE_ACT_EVACUATE);
}

static void
prepare(Work *work)
{
    MskVmMove *state = work->state;

    remember(state, work->sight);
    if (!work->sight->locked && !state->lock_tried) {
        state->lock_ours = true;
        call(work, MSK_MOVE_ACT_LOCK);
    } else if (has_to_be_reset(work->sight)) {
        call(work, MSK_MOVE_ACT_RESET);
    } else {
        order_evacuation(work);
    }
}

static void
decide_preparing(Work *work)
{
    const MskSight *sight = work->sight;
    MskVmMove *state = work->state;

    if (sight->gone) {
        ignore_gone(work);
    } else if (sight->elsewhere && state->unsure) {
        begin_confirming(work);
    } else if (sight->elsewhere) {
        set_message(state, "The instance is on another host already", sight->host);
        settle(work, MSK_MOVE_IGNORED);
    } else if (sight->evacuating) {
        remember(state, sight);
        state->unsure = true;
        begin_confirming(work);
    } else if ((state->unsure || sight->busy) && !sight->migrations_asked) {
        look(work, 0, true); /* what is being done to it may be its evacuation */
    } else if ((state->unsure || sight->busy) && !sight->heard && !state->doubted) {
        state->doubted = true;
        look(work, DOUBT * work->order->retry_us, true);
    } else if (late(work)) {
        fail(work,
             state->message != NULL ? "Nova did not take the evacuation in time"
                                    : "Nova did not take the evacuation in time.",
             state->message);
    } else {
        state->unsure = false;
        prepare(work);
    }
}

static void
evacuated(Work *work)
{
    MskVmMove *state = work->state;

    g_free(state->dest_host);
    state->dest_host = g_strdup(work->sight->host);
    if (work->sight->vm_state == MSK_VM_ERROR && state->found_state != MSK_VM_ERROR) {
        fail(work, "The instance is in error on its new host", work->sight->fault);
    } else if (has_to_be_stopped(state)) {
        enter(work, MSK_MOVE_STOPPING, work->order->stop_timeout_us);
        call(work, MSK_MOVE_ACT_STOP);
    } else {
        settle(work, MSK_MOVE_SUCCEEDED);
    }
}

static void
still_there(Work *work)
{
    MskVmMove *state = work->state;

    if (work->sight->vm_state == MSK_VM_ERROR && !state->unsure) {
        fail(
            work,
            state->found_state == MSK_VM_RESIZED
                ? "Failed to evacuate the instance, whose resize nobody has confirmed. Nova cannot "
                  "evacuate it to the host that it was resized from, but by hand to another one"
                : "Failed to evacuate the instance",
            work->sight->fault != NULL ? work->sight->fault : "Nova put it in error");
    } else if (!work->sight->migrations_asked) {
        look(work, 0, true); /* Nova shows it at rest for a moment before it is elsewhere */
    } else if (!work->sight->heard && !late(work)) {
        look(work, DOUBT * work->order->retry_us, true); /* there is one at least: its own */
    } else if (state->unsure) {
        /* The order never got through, or what it began is over. */
        state->unsure = false;
        enter(work, MSK_MOVE_PREPARING, work->order->evacuate_timeout_us);
        prepare(work);
    } else {
        fail(work, "The evacuation ended and the instance is on its old host still.", NULL);
    }
}

static void
decide_confirming(Work *work)
{
    const MskSight *sight = work->sight;

    if (sight->gone) {
        ignore_gone(work);
    } else if (!sight->busy && !sight->evacuating && !sight->elsewhere) {
        still_there(work);
    } else if (!sight->busy && sight->elsewhere) {
        evacuated(work);
    } else if (late(work)) {
        fail(work, "Failed reason: timeout.", NULL);
    } else {
        look(work, work->order->retry_us, false);
    }
}

static void
after_stop(Work *work)
{
    if (work->state->found_state == MSK_VM_ERROR) {
        enter(work, MSK_MOVE_MARKING, work->order->stop_timeout_us);
        call(work, MSK_MOVE_ACT_MARK);
    } else {
        settle(work, MSK_MOVE_SUCCEEDED);
    }
}

static void
decide_stopping(Work *work)
{
    if (work->sight->gone) {
        ignore_gone(work);
    } else if (work->sight->vm_state == MSK_VM_STOPPED && !work->sight->busy) {
        after_stop(work);
    } else if (late(work)) {
        fail(work, "The instance was evacuated, but did not stop in time.", NULL);
    } else if (work->state->called || work->sight->busy) {
        look(work, work->order->retry_us, false);
    } else {
        call(work, MSK_MOVE_ACT_STOP);
    }
}

static void
decide(Work *work)
{
    switch (work->state->phase) {
    case MSK_MOVE_PENDING:
    case MSK_MOVE_PREPARING:
        decide_preparing(work);
        return;
    case MSK_MOVE_CONFIRMING:
        decide_confirming(work);
        return;
    case MSK_MOVE_STOPPING:
        decide_stopping(work);
        return;
    case MSK_MOVE_MARKING:
        call(work, MSK_MOVE_ACT_MARK);
        return;
    case MSK_MOVE_UNLOCKING:
        call(work, MSK_MOVE_ACT_UNLOCK);
        return;
    case MSK_MOVE_OVER:
        break;
    }
    g_assert_not_reached();
}

static void
on_begin(Work *work)
{
    bool loaded = work->state->phase != MSK_MOVE_PENDING;

    enter(work, MSK_MOVE_PREPARING, work->order->evacuate_timeout_us);
    if (loaded) {
        /* The predecessor's call may still be under way: let it show. */
        work->state->deadline_us += work->order->settle_us;
        look(work, work->order->settle_us, true);
    } else if (work->sight != NULL) {
        decide(work);
    } else {
        look(work, 0, false);
    }
}

static void
on_locked(Work *work)
{
    MskVmMove *state = work->state;

    state->lock_tried = true;
    if (state->found_busy ||
        (state->found_state != MSK_VM_ACTIVE && state->found_state != MSK_VM_STOPPED)) {
        look(work, 0, false); /* it may have changed by itself meanwhile */
    } else {
        order_evacuation(work);
    }
}

static void
on_done(Work *work)
{
    MskVmMove *state = work->state;

    if (state->pending != MSK_MOVE_ACT_UNLOCK) { /* by then it tells why the move failed */
        g_clear_pointer(&state->message, g_free);
    }
    state->n_tries = 0;
    if (state->pending == MSK_MOVE_ACT_LOCK) {
        on_locked(work);
    } else if (state->pending == MSK_MOVE_ACT_EVACUATE) {
        state->unsure = false;
        enter(work, MSK_MOVE_CONFIRMING, work->order->evacuate_timeout_us);
        look(work, work->order->retry_us, false);
    } else if (state->pending == MSK_MOVE_ACT_MARK) {
        settle(work, MSK_MOVE_SUCCEEDED);
    } else if (state->pending == MSK_MOVE_ACT_UNLOCK) {
        state->lock_ours = false;
        settle(work, state->outcome);
    } else {
        state->called = true;
        look(work, work->order->retry_us / 2, false);
    }
}

static int64_t
back_off(Work *work)
{
    int64_t delay_us = work->order->retry_us << MIN(work->state->n_tries, 5);

    work->state->n_tries++;
    delay_us = MAX(MIN(delay_us, MAX_RETRY_US), work->event->retry_after_us);
    /* What may take effect late must not do so behind the back of what comes next. */
    return work->event->effect_unknown ? MAX(delay_us, work->order->settle_us) : delay_us;
}

static void
on_unlock_failed(Work *work)
{
    MskVmMove *state = work->state;

    if (work->event->code == MSK_ERROR_NOT_FOUND) {
        state->lock_ours = false;
        settle(work, state->outcome);
    } else if (late(work)) {
        set_message(state, "The instance is left locked, unlocking it failed",
                    work->event->message);
        state->lock_ours = false;
        settle(work, MSK_MOVE_FAILURE);
    } else {
        look(work, back_off(work), false);
    }
}

/* What no repeat can change. */
static bool
is_final(const MskMoveEvent *event)
{
    return event->code == MSK_ERROR_DENIED || event->code == MSK_ERROR_INVALID;
}

static void
on_evacuate_failed(Work *work)
{
    MskVmMove *state = work->state;
    bool unknown = work->event->effect_unknown;

    state->unsure = unknown;
    if (is_final(work->event) && !unknown) {
        fail(work, "Nova refused the evacuation", work->event->message);
    } else {
        /* Also for a VM that is gone, and one whose state forbids it: the look tells. */
        look(work, back_off(work), true);
    }
}

static void
on_failed(Work *work)
{
    MskVmMove *state = work->state;

    if (state->pending == MSK_MOVE_ACT_UNLOCK) {
        on_unlock_failed(work);
        return;
    }
    if (state->pending != MSK_MOVE_ACT_LOOK) {
        set_message(state, work->event->message != NULL ? work->event->message : "no answer", NULL);
    }
    if (state->pending == MSK_MOVE_ACT_EVACUATE) {
        on_evacuate_failed(work);
    } else if (state->pending == MSK_MOVE_ACT_LOCK) {
        /* A VM that cannot be locked is evacuated all the same. */
        state->lock_tried = work->event->code != MSK_ERROR_UNAVAILABLE;
        look(work, back_off(work), state->unsure);
    } else if (state->pending == MSK_MOVE_ACT_MARK && late(work)) {
        set_message(state, "The instance was evacuated, but could not be marked", NULL);
        settle(work, MSK_MOVE_SUCCEEDED);
    } else {
        look(work, back_off(work), state->unsure);
    }
}

/* Nobody has given the order; what led to it has to be looked at again. */
static void
on_stale(Work *work)
{
    MskVmMove *state = work->state;

    if (state->pending == MSK_MOVE_ACT_EVACUATE) {
        state->unsure = false;
    }
    look(work, 0, true);
}

MskMoveAct
msk_vm_move_step(MskVmMove *self, const MskMoveOrder *order, const MskMoveEvent *event)
{
    Work work = {.state = self, .order = order, .event = event, .sight = event->sight};

    g_assert(self->phase != MSK_MOVE_OVER);
    switch (event->kind) {
    case MSK_MOVE_BEGIN:
        on_begin(&work);
        break;
    case MSK_MOVE_SIGHT:
        decide(&work);
        break;
    case MSK_MOVE_DONE:
        on_done(&work);
        break;
    case MSK_MOVE_FAILED:
        on_failed(&work);
        break;
    case MSK_MOVE_STALE:
        on_stale(&work);
        break;
    }
    self->pending = work.act.kind;
    return work.act;
}

/* ---- plain data -------------------------------------------------------------------------- */

void
msk_vm_move_clear(MskVmMove *self)
{
    g_free(self->message);
    g_free(self->dest_host);
    *self = (MskVmMove){.phase = MSK_MOVE_PENDING};
}

char *
msk_vm_move_save(const MskVmMove *self)
{
    static const char *const words[] = {
        [MSK_MOVE_PENDING] = "pending",
        [MSK_MOVE_OVER] = "over",
    };
    const char *word = self->phase == MSK_MOVE_PENDING || self->phase == MSK_MOVE_OVER
                           ? words[self->phase]
                           : "ongoing";

    return g_strconcat(word, " ", self->found ? msk_vm_state_name(self->found_state) : "unknown",
                       self->found_busy ? " busy" : "", self->found_powered_off ? " off" : "",
                       self->lock_ours ? " lock-ours" : "", NULL);
}

MskVmMove
msk_vm_move_load(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text == NULL ? "" : text, " ", 6);
    const char *const *all = (const char *const *) words;
    MskVmMove state = {.phase = MSK_MOVE_PREPARING, .unsure = true, .stored = true};

    if (g_strcmp0(words[0], "pending") == 0) {
        state = (MskVmMove){.phase = MSK_MOVE_PENDING};
    } else if (g_strcmp0(words[0], "over") == 0) {
        state.phase = MSK_MOVE_OVER;
    }
    for (unsigned i = 0; words[0] != NULL && words[1] != NULL && i < MSK_N_VM_STATES; i++) {
        if (strcmp(words[1], msk_vm_state_name((MskVmState) i)) == 0) {
            state.found = true;
            state.found_state = (MskVmState) i;
        }
    }
    state.found_busy = g_strv_contains(all, "busy");
    state.found_powered_off = g_strv_contains(all, "off");
    state.lock_ours = g_strv_contains(all, "lock-ours");
    return state;
}

const char *
msk_vm_move_status(const MskVmMove *self)
{
    static const char *const outcomes[] = {
        [MSK_MOVE_SUCCEEDED] = "succeeded",
        [MSK_MOVE_IGNORED] = "ignored",
        [MSK_MOVE_FAILURE] = "failed",
    };

    if (self->phase == MSK_MOVE_OVER) {
        return outcomes[self->outcome];
    }
    return self->stored ? "ongoing" : "pending";
}

const char *
msk_move_act_name(MskMoveActKind kind)
{
    static const char *const names[MSK_N_MOVE_ACTS] = {
        [MSK_MOVE_ACT_LOOK] = "look",     [MSK_MOVE_ACT_LOCK] = "lock",
        [MSK_MOVE_ACT_RESET] = "reset",   [MSK_MOVE_ACT_EVACUATE] = "evacuate",
        [MSK_MOVE_ACT_STOP] = "stop",     [MSK_MOVE_ACT_MARK] = "mark",
        [MSK_MOVE_ACT_UNLOCK] = "unlock", [MSK_MOVE_ACT_FINISH] = "finish",
    };

    g_assert((unsigned) kind < G_N_ELEMENTS(names));
    return names[kind];
}
