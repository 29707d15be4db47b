/* SPDX-License-Identifier: Apache-2.0 */
#include "host_simulation.h"

#include <string.h>

#include "model/recovery/notification_triage.h"
#include "simulated_rows.h"

#define MS             INT64_C(1000)
#define CALL_US        (50 * MS)
#define STORE_US       (5 * MS)
#define LATE_US        (3000 * MS)
#define LEASE_US       (10000 * MS)
#define MAX_DEATHS     12u
#define RETRY_AFTER_US (120000 * MS)
#define MAX_ACTIONS    20000u

static const char *const fault_names[N_HOST_TROUBLES] = {
    [HOST_FAULT_NONE] = "nothing",
    [HOST_FAULT_DIE_BEFORE] = "the engine dies, its calls are not made",
    [HOST_FAULT_DIE_AFTER] = "the engine dies, its calls are made",
    [HOST_FAULT_DIE_LATE] = "the engine dies, its calls take effect late",
    [HOST_FAULT_CUT_OFF] = "the engine loses the database, and its lease",
    [HOST_FAULT_NO_ANSWER_UNDONE] = "no answer, not done",
    [HOST_FAULT_NO_ANSWER_DONE] = "no answer, but done",
    [HOST_FAULT_NO_ANSWER_LATE] = "no answer, done late",
    [HOST_FAULT_REFUSED] = "refused",
    [HOST_FAULT_CONFLICT] = "conflict",
    [HOST_FAULT_STALE] = "the order is stale",
    [HOST_FAULT_OUTAGE] = "the cloud answers nothing for a while",
    [HOST_FAULT_SLEEP] = "the machine sleeps",
};

/* An action whose answer is due. */
typedef struct {
    int64_t at_us;
    uint64_t order;
    MskHostAct act;
    HostFault fault;
    uint32_t migrations; /* as seen when it was begun: they are asked for before the VMs */
    int64_t asked_us;    /* when that was */
} Due;

/* An order without its giver. */
typedef struct {
    int64_t at_us;
    char uuid[16];
    MskMoveActKind kind;
    bool to_reserved;
} Late;

typedef struct {
    const HostScenario *scenario;
    HostModel model;
    ProgramModel programs;
    MskHostRecovery state;
    char *stored; /* (nullable) */
    GPtrArray *rows;
    GArray *due;
    GArray *late;
    uint64_t n_due;
    HostTrouble trouble;
    unsigned n_actions;
    unsigned n_ends;
    unsigned n_deaths;
    bool dies;
    bool sleeps;
    int64_t lease_ends_us;  /* of an engine that has lost the database; 0: it has not */
    const char *fence_said; /* (nullable) (static) */
    int64_t outage_ends_us;
    int64_t skew_us; /* the engine's clock less the model's */
    int64_t attempt;
    MskNotificationStatus status;
    GString *log;
} Run;

#define say(self, ...) scenario_say((self)->log, (self)->model.now_us, __VA_ARGS__)

static MskPlannedMove *
planned_at(Run *self, unsigned index)
{
    return g_ptr_array_index(self->state.moves, index);
}

static void
store_move(Run *self, unsigned index)
{
    simulated_rows_store(self->rows, &self->state, index);
}

static void
store_plan(Run *self)
{
    for (unsigned i = self->rows->len; i < self->state.moves->len; i++) {
        store_move(self, i);
    }
    g_free(self->stored);
    self->stored = msk_host_recovery_save(&self->state);
}

static bool
to_reserved(const Run *self)
{
    MskRecoveryMethod method = self->scenario->order.method;

    return method == MSK_METHOD_RESERVED_HOST ||
           (method == MSK_METHOD_AUTO_PRIORITY && self->state.second) ||
           (method == MSK_METHOD_RH_PRIORITY && !self->state.second);
}

static void
answer_store(Run *self, const MskHostAct *act, MskHostEvent *event)
{
    if (act->kind == MSK_HOST_ACT_ASK_GATES) {
        event->kind = MSK_HOST_EVENT_GATES;
        event->storm = self->model.storm;
        if (self->model.now_us >= self->model.storm_ends_us) {
            event->storm.failed_in_segment = 1;
        }
    } else if (act->kind == MSK_HOST_ACT_STORE_PLAN) {
        store_plan(self);
        event->kind = MSK_HOST_EVENT_DONE;
    } else if (act->kind == MSK_HOST_ACT_TAKE_RESERVED) {
        if (!self->model.taken && self->model.n_reserved > 0) {
            self->model.n_reserved--;
            self->model.taken = true;
        }
        event->kind = MSK_HOST_EVENT_RESERVED;
        event->name = self->model.taken ? "reserved" : NULL;
    } else {
        g_assert_cmpint(act->kind, ==, MSK_HOST_ACT_STORE);
        store_move(self, act->move);
        event->kind = MSK_HOST_EVENT_STORED;
        event->move = act->move;
    }
}

static MskListedVm listed[MODEL_MAX_VMS];
static const char *const aggregates[] = {"agg", NULL};

static bool
is_served(const Run *self, const char *uuid)
{
    for (unsigned i = 0; i < self->state.moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(self->state.moves, i);

        if (planned->served && strcmp(planned->uuid, uuid) == 0) {
            return true;
        }
    }
    return false;
}

/* A look tells of the VMs that it is for, and of those that changed; not of the others. */
static void
leave_out_unchanged(Run *self, int64_t since_us, MskHostEvent *event)
{
    size_t n = 0;

    for (size_t i = 0; i < event->n_vms; i++) {
        if (is_served(self, listed[i].uuid) ||
            host_model_find(&self->model, listed[i].uuid)->changed_us >= since_us) {
            listed[n++] = listed[i];
        }
    }
    event->n_vms = n;
    event->complete_us = since_us + self->skew_us;
}

static void
answer_cloud(Run *self, const Due *due, MskHostEvent *event)
{
    const MskHostAct *act = &due->act;

    event->kind = MSK_HOST_EVENT_DONE;
    if (act->kind == MSK_HOST_ACT_GET_SERVICE) {
        event->kind = MSK_HOST_EVENT_SERVICE;
        event->service = host_model_service(&self->model);
    } else if (act->kind == MSK_HOST_ACT_FORCE_DOWN) {
        self->model.forced_down = true;
    } else if (act->kind == MSK_HOST_ACT_ENABLE) {
        self->model.enabled = true;
    } else if (act->kind == MSK_HOST_ACT_JOIN) {
        event->kind = MSK_HOST_EVENT_JOINED;
        event->names = aggregates;
    } else {
        bool source = act->kind == MSK_HOST_ACT_LIST;

        event->kind = source ? MSK_HOST_EVENT_LISTED : MSK_HOST_EVENT_LOOKED;
        event->vms = listed;
        event->asked_us = due->asked_us + self->skew_us;
        event->n_vms = host_model_list(&self->model, source, due->migrations, listed);
        if (act->since_us > 0) {
            leave_out_unchanged(self, act->since_us - self->skew_us, event);
        }
        for (size_t i = 0; i < event->n_vms; i++) {
            listed[i].sight.migrations_asked = source || act->migrations;
        }
    }
}

/* A host that was turned off beats no more. */
static void
answer_fence(Run *self, MskHostEvent *event)
{
    event->kind = MSK_HOST_EVENT_FENCED;
    event->fenced = self->model.n_fence_failures == 0;
    event->message = event->fenced ? "the host is off" : "the host is not known to be off";
    if (event->fenced) {
        self->model.dies_us = MIN(self->model.dies_us, self->model.now_us);
    } else {
        self->model.n_fence_failures--;
    }
    if (event->message != self->fence_said) { /* a recovery that is held tries again and again */
        say(self, "fence: %s", event->message);
        self->fence_said = event->message;
    }
}

static void
answer_move(Run *self, const MskHostAct *act, MskHostEvent *event)
{
    const MskPlannedMove *planned = planned_at(self, act->move);
    MskMoveEvent *answer = &event->move_event;

    event->kind = MSK_HOST_EVENT_MOVE;
    event->move = act->move;
    answer->kind = host_model_call(&self->model, host_model_find(&self->model, planned->uuid),
                                   act->call.kind, to_reserved(self), &answer->code)
                       ? MSK_MOVE_DONE
                       : MSK_MOVE_FAILED;
    answer->message = "refused";
    say(self, "%s %s: %s", msk_move_act_name(act->call.kind), planned->uuid,
        answer->kind == MSK_MOVE_DONE ? "done" : msk_error_code_name(answer->code));
}

static bool
is_of_store(MskHostActKind kind)
{
    return kind == MSK_HOST_ACT_ASK_GATES || kind == MSK_HOST_ACT_STORE_PLAN ||
           kind == MSK_HOST_ACT_TAKE_RESERVED || kind == MSK_HOST_ACT_STORE;
}

static void
perform(Run *self, const Due *due, MskHostEvent *event)
{
    const MskHostAct *act = &due->act;

    if (act->kind == MSK_HOST_ACT_WAIT) {
        event->kind = MSK_HOST_EVENT_TIMER;
    } else if (act->kind == MSK_HOST_ACT_FENCE) {
        answer_fence(self, event);
    } else if (act->kind == MSK_HOST_ACT_MOVE) {
        answer_move(self, act, event);
    } else if (is_of_store(act->kind)) {
        answer_store(self, act, event);
    } else {
        answer_cloud(self, due, event);
    }
}

static void
perform_late(Run *self, const Due *due)
{
    const MskHostAct *act = &due->act;
    int64_t late_us = self->trouble.late_us > 0 ? self->trouble.late_us : LATE_US;
    Late late = {.at_us = self->model.now_us + late_us,
                 .kind = act->call.kind,
                 .to_reserved = to_reserved(self)};

    if (act->kind == MSK_HOST_ACT_MOVE) {
        g_strlcpy(late.uuid, planned_at(self, act->move)->uuid, sizeof late.uuid);
        g_array_append_val(self->late, late);
    } else if (act->kind == MSK_HOST_ACT_FORCE_DOWN || act->kind == MSK_HOST_ACT_ENABLE) {
        MskHostEvent lost = {.now_us = 0};

        perform(self, due, &lost);
    }
}

static void
pass(Run *self, int64_t now_us)
{
    for (unsigned i = 0; i < self->late->len;) {
        Late late = g_array_index(self->late, Late, i);
        MskErrorCode code = MSK_ERROR_INTERNAL;

        if (late.at_us > now_us) {
            i++;
            continue;
        }
        g_array_remove_index(self->late, i);
        host_model_pass(&self->model, late.at_us);
        say(self, "%s %s takes effect late", msk_move_act_name(late.kind), late.uuid);
        (void) host_model_call(&self->model, host_model_find(&self->model, late.uuid), late.kind,
                               late.to_reserved, &code);
    }
    host_model_pass(&self->model, now_us);
}

/* The answer to a call that goes wrong. The store's calls do not: the engine repeats them. */
static void
go_wrong(Run *self, const Due *due, MskHostEvent *event)
{
    MskHostEvent lost = {.now_us = self->model.now_us};
    bool unknown = due->fault <= HOST_FAULT_NO_ANSWER_LATE;

    if (due->fault == HOST_FAULT_NO_ANSWER_DONE) {
        perform(self, due, &lost);
    } else if (due->fault == HOST_FAULT_NO_ANSWER_LATE) {
        perform_late(self, due);
    }
    event->code = unknown                             ? MSK_ERROR_UNAVAILABLE
                  : due->fault == HOST_FAULT_CONFLICT ? MSK_ERROR_CONFLICT
                                                      : MSK_ERROR_INTERNAL;
    event->message = "out of order";
    event->kind = MSK_HOST_EVENT_FAILED;
    if (due->act.kind == MSK_HOST_ACT_MOVE) {
        event->kind = MSK_HOST_EVENT_MOVE;
        event->move = due->act.move;
        event->move_event = (MskMoveEvent){.kind = due->fault == HOST_FAULT_STALE ? MSK_MOVE_STALE
                                                                                  : MSK_MOVE_FAILED,
                                           .code = event->code,
                                           .effect_unknown = unknown,
                                           .message = "out of order"};
    }
    say(self, "%s", fault_names[due->fault]);
}

static void
store_what_is_left(Run *self)
{
    for (unsigned i = 0; i < self->state.moves->len; i++) {
        if (!planned_at(self, i)->stored) {
            store_move(self, i);
        }
    }
}

static void
finish(Run *self, const MskHostAct *act)
{
    self->n_ends++;
    self->status = msk_notification_end_status(msk_outcome_status(act->outcome), self->attempt);
    say(self, "%s: %s", msk_notification_status_name(self->status), act->reason);
    store_what_is_left(self);
    if (self->status == MSK_NOTIFICATION_FINISHED && self->rows->len > 0) {
        program_model_check_all_run(&self->programs);
    }
}

/* A wait takes the place of the one before. */
static void
forget_waits(Run *self)
{
    for (unsigned i = self->due->len; i > 0; i--) {
        if (g_array_index(self->due, Due, i - 1).act.kind == MSK_HOST_ACT_WAIT) {
            g_array_remove_index(self->due, i - 1);
        }
    }
}

static bool
is_hit(const Run *self)
{
    const HostTrouble *trouble = &self->trouble;

    if (trouble->at == 0 || self->n_actions < trouble->at || self->n_deaths >= MAX_DEATHS) {
        return false;
    }
    return self->n_actions == trouble->at ||
           (trouble->every > 0 && (self->n_actions - trouble->at) % trouble->every == 0);
}

/* Something begins that lasts; or a death, which comes when the step's other actions are begun. */
static void
begin_trouble(Run *self)
{
    HostFault fault = self->trouble.fault;

    if (fault >= HOST_FAULT_DIE_BEFORE && fault <= HOST_FAULT_DIE_LATE) {
        self->dies = true;
    } else if (fault == HOST_FAULT_CUT_OFF && self->lease_ends_us == 0) {
        self->lease_ends_us = self->model.now_us + LEASE_US;
        say(self, "the engine loses the database");
    } else if (fault == HOST_FAULT_OUTAGE) {
        self->outage_ends_us = self->model.now_us + self->trouble.takes_us;
        say(self, "the cloud is away");
    } else if (fault == HOST_FAULT_SLEEP) {
        self->sleeps = true;
    }
}

static HostFault
fault_of_call(const Run *self, int64_t at_us, bool hit)
{
    HostFault fault = self->trouble.fault;

    if (at_us < self->outage_ends_us) {
        return HOST_FAULT_NO_ANSWER_UNDONE;
    }
    return hit && fault >= HOST_FAULT_NO_ANSWER_UNDONE && fault < N_HOST_FAULTS ? fault
                                                                                : HOST_FAULT_NONE;
}

/* Programs run when the host is known dead, and those after a task when that is done. */
static void
check_programs(Run *self, unsigned slot)
{
    const char *harm = NULL;

    if (self->model.now_us < self->model.dies_us) {
        harm = "a program is run though its host lives";
    }
    for (unsigned i = 0; slot > MSK_HOST_TASK_EVACUATE && i < self->state.moves->len; i++) {
        if (planned_at(self, i)->move.phase != MSK_MOVE_OVER) {
            harm = "a program is run before all VMs were moved";
        }
    }
    if (harm != NULL && self->programs.harm == NULL) {
        self->programs.harm = g_strdup(harm);
    }
}

/* Whether the cloud is asked, which can go wrong. */
static bool
is_call(MskHostActKind kind)
{
    return kind != MSK_HOST_ACT_WAIT && kind != MSK_HOST_ACT_RUN_TASKS && !is_of_store(kind);
}

/* Writes what is on disk before the action. Returns: how much longer that makes it. */
static int64_t
store_before(Run *self, const MskHostAct *act)
{
    if (act->kind == MSK_HOST_ACT_MOVE) {
        store_move(self, act->move);
        return 0;
    }
    check_programs(self, act->slot);
    program_model_begin(&self->programs, act->slot);
    return program_model_takes_us(&self->programs);
}

static void
begin_act(Run *self, const MskHostAct *act)
{
    self->n_actions++;

    bool hit = is_hit(self);
    bool is_wait = act->kind == MSK_HOST_ACT_WAIT;
    Due due = {.at_us = self->model.now_us, .order = self->n_due++, .act = *act};

    g_assert_cmpuint(self->n_actions, <, MAX_ACTIONS);
    due.at_us += is_wait ? act->delay_us : is_of_store(act->kind) ? STORE_US : CALL_US;
    bool is_stored = act->kind == MSK_HOST_ACT_RUN_TASKS ||
                     (act->kind == MSK_HOST_ACT_MOVE && act->call.durable);

    if (is_wait) {
        forget_waits(self);
    }
    if (hit) {
        begin_trouble(self);
    }
    if (self->lease_ends_us > 0 && (is_stored || is_of_store(act->kind))) {
        return; /* the database never answers */
    }
    if (is_stored) {
        due.at_us += store_before(self, act);
    }
    due.migrations = host_model_migrations(&self->model,
                                           act->kind == MSK_HOST_ACT_LIST ||
                                               (act->kind == MSK_HOST_ACT_LOOK && act->migrations));
    due.asked_us = self->model.now_us;
    due.fault = is_call(act->kind) ? fault_of_call(self, due.at_us, hit) : HOST_FAULT_NONE;
    g_array_append_val(self->due, due);
}

static void
step_program(Run *self, bool dead)
{
    g_autofree char *line = program_model_step(&self->programs, dead);

    if (line != NULL) {
        say(self, "%s", line);
    }
}

/* A program of the slot has ended. Returns: whether all have; otherwise the next one is begun. An
 * engine that has lost the database cannot write that one has ended. */
static bool
programs_are_over(Run *self, const MskHostAct *act, MskHostEvent *event)
{
    if (self->lease_ends_us > 0) {
        step_program(self, true);
        return false;
    }
    step_program(self, false);
    if (self->programs.failure != NULL) {
        event->kind = MSK_HOST_EVENT_TASKS_FAILED;
        event->message = self->programs.failure;
        return true;
    }
    if (program_model_is_due(&self->programs)) {
        begin_act(self, act);
        return false;
    }
    event->kind = MSK_HOST_EVENT_TASKS;
    return true;
}

static void
react(Run *self, MskHostEvent *event)
{
    event->now_us = self->model.now_us + self->skew_us;

    g_auto(MskHostStep) step = msk_host_recovery_step(&self->state, &self->scenario->order, event);

    for (unsigned i = 0; i < step.notes->len; i++) {
        const MskHostNote *note = &g_array_index(step.notes, MskHostNote, i);

        say(self, "%s %.1f: %s", msk_host_task_name(note->task), note->progress, note->message);
    }
    for (unsigned i = 0; i < step.acts->len; i++) {
        const MskHostAct *act = &g_array_index(step.acts, MskHostAct, i);

        if (act->kind == MSK_HOST_ACT_FINISH) {
            self->n_actions++;
            if (self->lease_ends_us == 0) {
                finish(self, act);
            }
            return;
        }
        begin_act(self, act);
    }
}

/* Whether an engine without a database has come to the end of its lease. */
static bool
has_lost_its_lease(Run *self)
{
    if (self->lease_ends_us == 0) {
        return false;
    }
    /* One that has come to its end waits in vain for the database to take it. */
    for (unsigned i = 0; self->state.phase != MSK_HOST_PHASE_OVER && i < self->due->len; i++) {
        if (g_array_index(self->due, Due, i).at_us <= self->lease_ends_us) {
            return false;
        }
    }
    pass(self, self->lease_ends_us);
    return true;
}

static Due
take_next(Run *self)
{
    unsigned best = 0;

    g_assert_cmpuint(self->due->len, >, 0);
    for (unsigned i = 1; i < self->due->len; i++) {
        const Due *one = &g_array_index(self->due, Due, i);
        const Due *other = &g_array_index(self->due, Due, best);

        if (one->at_us < other->at_us ||
            (one->at_us == other->at_us && one->order < other->order)) {
            best = i;
        }
    }
    Due due = g_array_index(self->due, Due, best);

    g_array_remove_index(self->due, best);
    return due;
}

static void
load(Run *self)
{
    msk_host_recovery_clear(&self->state);
    msk_host_recovery_init(&self->state, self->attempt);
    msk_host_recovery_load(&self->state, self->stored);
    simulated_rows_load(self->rows, &self->state);
}

/* The engine dies; what was under way is made, or not, or late. */
static void
die(Run *self)
{
    HostFault fault = self->trouble.fault;

    self->dies = false;
    self->lease_ends_us = 0;
    self->n_deaths++;
    for (unsigned i = 0; i < self->due->len; i++) {
        const Due *due = &g_array_index(self->due, Due, i);
        MskHostEvent lost = {.now_us = 0};

        if (due->act.kind == MSK_HOST_ACT_RUN_TASKS) {
            if (fault != HOST_FAULT_DIE_BEFORE) {
                step_program(self, fault != HOST_FAULT_DIE_AFTER);
            }
        } else if (fault == HOST_FAULT_DIE_AFTER && due->act.kind != MSK_HOST_ACT_WAIT) {
            perform(self, due, &lost);
        } else if (fault == HOST_FAULT_DIE_LATE || fault == HOST_FAULT_CUT_OFF) {
            perform_late(self, due);
        }
    }
    g_array_set_size(self->due, 0);
    pass(self, self->model.now_us + self->trouble.takes_us);
    /* No clock of a machine is below zero. */
    self->skew_us = MAX(self->skew_us + self->trouble.skew_us, -self->model.now_us);
    say(self, "the engine dies, another one takes over with '%s'",
        self->stored == NULL ? "" : self->stored);
    program_model_take_over(&self->programs);
    load(self);
}

/* The machine sleeps, and wakes up with answers due and orders that are too old for their looks. */
static void
sleep_long(Run *self)
{
    self->sleeps = false;
    say(self, "the machine sleeps");
    pass(self, self->model.now_us + self->trouble.takes_us);
    for (unsigned i = 0; i < self->due->len; i++) {
        Due *due = &g_array_index(self->due, Due, i);

        due->at_us = MAX(due->at_us, self->model.now_us);
        if (due->act.kind == MSK_HOST_ACT_MOVE) {
            due->fault = HOST_FAULT_STALE;
        }
    }
}

static void
recover(Run *self)
{
    MskHostEvent begin = {.kind = MSK_HOST_EVENT_BEGIN};

    react(self, &begin);
    while (self->state.phase != MSK_HOST_PHASE_OVER || self->lease_ends_us > 0) {
        if (self->dies || has_lost_its_lease(self)) {
            die(self);
            react(self, &begin);
            continue;
        }
        if (self->sleeps) {
            sleep_long(self);
        }
        Due due = take_next(self);
        MskHostEvent event = {.kind = MSK_HOST_EVENT_TIMER};

        pass(self, due.at_us);
        if (self->trouble.offered) {
            react(self, &(MskHostEvent){.kind = MSK_HOST_EVENT_OFFERED});
        }
        if (due.act.kind == MSK_HOST_ACT_RUN_TASKS) {
            if (!programs_are_over(self, &due.act, &event)) {
                continue;
            }
        } else if (due.fault != HOST_FAULT_NONE) {
            go_wrong(self, &due, &event);
        } else {
            perform(self, &due, &event);
        }
        react(self, &event);
    }
    self->dies = false;
    self->sleeps = false;
    g_array_set_size(self->due, 0);
}

static void
recover_with_retry(Run *self)
{
    self->attempt = 1;
    load(self);
    recover(self);
    if (self->status == MSK_NOTIFICATION_ERROR) {
        pass(self, self->model.now_us + RETRY_AFTER_US);
        say(self, "once more");
        self->attempt = 2;
        self->n_ends--; /* an error is not the end yet */
        program_model_attempt(&self->programs, false);
        load(self);
        recover(self);
    }
}

/* Another report of the same host, with nothing known of the first recovery. */
static void
recover_again(Run *self)
{
    say(self, "the host is reported again");
    g_ptr_array_set_size(self->rows, 0);
    g_clear_pointer(&self->stored, g_free);
    self->model.taken = false;
    program_model_attempt(&self->programs, true);
    recover_with_retry(self);
}

/* An end may be another one than the scenario's when trouble lasts for long, or when nobody knows
 * what became of a program. */
static bool
may_end_otherwise(const Run *self)
{
    return self->trouble.fault >= N_HOST_FAULTS || self->trouble.reported_twice ||
           self->programs.refused_unknown;
}

static char *
check_ends(Run *self)
{
    for (char **end = self->scenario->ends; *end != NULL && !may_end_otherwise(self); end++) {
        g_auto(GStrv) words = g_strsplit_set(*end, "=@", 3);
        const ModelVm *vm = host_model_find(&self->model, words[0]);
        const char *place = vm->deleted ? "gone" : vm->elsewhere ? "other" : "source";

        if (strcmp(msk_vm_state_name(vm->vm_state), words[1]) != 0 ||
            strcmp(place, words[2]) != 0) {
            return g_strdup_printf("%s ends as %s at %s", *end, msk_vm_state_name(vm->vm_state),
                                   place);
        }
    }
    return simulated_rows_check(self->rows);
}

static char *
judge(Run *self)
{
    g_autofree char *ends = check_ends(self);
    const char *status = msk_notification_status_name(self->status);
    const char *what = self->model.harm != NULL ? self->model.harm : self->programs.harm;

    if (what == NULL && self->n_ends != (self->trouble.reported_twice ? 2 : 1)) {
        what = "it did not end exactly once";
    } else if (what == NULL && !may_end_otherwise(self) &&
               strcmp(status, self->scenario->end_status) != 0) {
        what = "it ends with another status";
    } else if (what == NULL && self->programs.refused_unknown &&
               self->status == MSK_NOTIFICATION_FINISHED && !self->trouble.reported_twice) {
        what = "nobody knows what became of a program, and it ends well";
    } else if (what == NULL) {
        what = ends;
    }
    return what == NULL ? NULL
                        : g_strdup_printf("%s (%s at action %u, %u deaths)", what,
                                          fault_names[self->trouble.fault], self->trouble.at,
                                          self->n_deaths);
}

ScenarioOutcome
host_simulate(const HostScenario *scenario, const HostTrouble *trouble)
{
    Run run = {.scenario = scenario,
               .model = scenario->model,
               .programs = scenario->programs,
               .rows = simulated_rows_new(),
               .due = g_array_new(FALSE, FALSE, sizeof(Due)),
               .late = g_array_new(FALSE, FALSE, sizeof(Late)),
               .log = g_string_new(NULL)};

    if (trouble != NULL) {
        run.trouble = *trouble;
        run.model.rest_us = trouble->rest_us > 0 ? trouble->rest_us : run.model.rest_us;
    }
    recover_with_retry(&run);
    if (run.trouble.reported_twice) {
        recover_again(&run);
    }
    pass(&run, run.model.now_us + 2 * LATE_US); /* what is late shows before the verdict */
    host_model_verdict(&run.model);
    program_model_verdict(&run.programs);

    ScenarioOutcome outcome = {.n_actions = run.n_actions, .complaint = judge(&run)};

    outcome.log = g_string_free(run.log, FALSE);
    host_model_clear(&run.model);
    program_model_clear(&run.programs);
    msk_host_recovery_clear(&run.state);
    g_ptr_array_unref(run.rows);
    g_array_unref(run.due);
    g_array_unref(run.late);
    g_free(run.stored);
    return outcome;
}
