/* SPDX-License-Identifier: Apache-2.0 */
#include "simulation.h"

#include <string.h>

#include "model/recovery/notification_triage.h"
#include "scenario_files.h"

#define MS              INT64_C(1000)
#define MAX_ACTIONS     5000
#define RETRY_AFTER_US  (INT64_C(120) * G_USEC_PER_SEC)
#define LATE_US         (INT64_C(1) * G_USEC_PER_SEC)
#define MAX_DEATHS      12u
#define OTHER_UPTIME_US (INT64_C(31536000) * G_USEC_PER_SEC)
#define STALE_US        (INT64_C(6) * G_USEC_PER_SEC)

static const char *const fault_names[N_FAULTS] = {
    [FAULT_NONE] = "nothing",
    [FAULT_DIE_BEFORE] = "the engine dies before",
    [FAULT_DIE_BEFORE_KEPT] = "the engine dies before, progress kept",
    [FAULT_DIE_AFTER] = "the engine dies after",
    [FAULT_DIE_AFTER_KEPT] = "the engine dies after, progress kept",
    [FAULT_DIE_LATE] = "the engine dies, the call takes effect late",
    [FAULT_NO_ANSWER_UNDONE] = "no answer, not done",
    [FAULT_NO_ANSWER_DONE] = "no answer, but done",
    [FAULT_NO_ANSWER_LATE] = "no answer, done late",
    [FAULT_REFUSED] = "refused",
    [FAULT_CONFLICT] = "conflict",
    [FAULT_STALE] = "the order is stale",
};

/* ---- scenarios --------------------------------------------------------------------------- */

static void
add_event(ModelRules *rules, char **words)
{
    ModelEvent *event = &rules->events[rules->n_events++];

    g_assert_cmpuint(rules->n_events, <=, MODEL_MAX_EVENTS);
    event->at_us = scenario_number(words[1]) * MS;
    if (words[2] == NULL || !model_verb(words[2], &event->verb)) {
        g_error("'%s' is nothing that can happen", words[2]);
    }
}

static bool
parse_rule(ModelRules *rules, char **words)
{
    const struct {
        const char *word;
        unsigned *count;
        int64_t *time_us;
        bool *flag;
    } table[] = {
        {"notice", NULL, &rules->notice_us, NULL},
        {"call", NULL, &rules->call_us, NULL},
        {"flap", NULL, &rules->flap_us, NULL},
        {"flaps", &rules->flaps, NULL, NULL},
        {"stops-refused", &rules->stops_refused, NULL, NULL},
        {"starts-refused", &rules->starts_refused, NULL, NULL},
        {"stop-ignored", NULL, NULL, &rules->stop_ignored},
        {"start-ignored", NULL, NULL, &rules->start_ignored},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(words[0], table[i].word) != 0) {
            continue;
        }
        if (table[i].flag != NULL) {
            *table[i].flag = true;
        } else if (table[i].count != NULL) {
            *table[i].count = (unsigned) scenario_number(words[1]);
        } else if (table[i].time_us != NULL) {
            *table[i].time_us = scenario_number(words[1]) * MS;
        }
        return true;
    }
    return false;
}

/* What the scenario says of how it is tried. */
static bool
parse_trial(Scenario *self, char **words)
{
    if (strcmp(words[0], "outage") == 0) {
        self->outage_us = scenario_number(words[1]) * MS;
    } else if (strcmp(words[0], "fragile") == 0) {
        self->fragile = true;
    } else if (strcmp(words[0], "alone") == 0) {
        self->alone = true;
    } else {
        return program_model_parse(&self->programs, MSK_FLOW_INSTANCE, words);
    }
    return true;
}

static bool
parse_line(void *data, char **words)
{
    Scenario *self = data;

    if (strcmp(words[0], "order") == 0) {
        self->incident =
            g_strcmp0(words[1], "impaired") == 0 ? MSK_INCIDENT_IMPAIRED : MSK_INCIDENT_DOWN;
        self->all_instances = words[1] != NULL && g_strcmp0(words[2], "all") == 0;
    } else if (strcmp(words[0], "cloud") == 0) {
        self->rules.live_truth = g_strcmp0(words[1], "libvirt") == 0;
    } else if (strcmp(words[0], "vm") == 0) {
        self->vm_state = scenario_vm_state(words[1]);
        self->rules.ha_enabled = g_strcmp0(words[2], "noha") != 0;
    } else if (strcmp(words[0], "at") == 0 && words[1] != NULL) {
        add_event(&self->rules, words);
    } else if (strcmp(words[0], "end") == 0 && words[1] != NULL) {
        self->end_status = g_strdup(words[1]);
        self->end_vm_state = scenario_vm_state(words[2]);
    } else {
        return parse_trial(self, words) || parse_rule(&self->rules, words);
    }
    return true;
}

Scenario *
instance_scenario_parse(const char *name, const char *text)
{
    Scenario *self = g_new0(Scenario, 1);

    self->name = g_strdup(name);
    self->rules = (ModelRules){.live_truth = true, .ha_enabled = true, .call_us = 1 * MS};
    self->golden = scenario_parse(name, text, parse_line, self);
    g_assert_nonnull(self->end_status);
    return self;
}

void
scenario_free(Scenario *self)
{
    g_free(self->name);
    g_free(self->end_status);
    g_free(self->golden);
    msk_recovery_flow_free(self->programs.flow);
    g_free(self);
}

void
outcome_clear(Outcome *self)
{
    g_clear_pointer(&self->log, g_free);
    g_clear_pointer(&self->status, g_free);
    g_clear_pointer(&self->complaint, g_free);
}

/* ---- one run ----------------------------------------------------------------------------- */

typedef struct {
    const Scenario *scenario;
    ModelCloud cloud;
    ProgramModel programs;
    MskInstanceOrder order;
    MskInstanceRecovery state;
    char *stored; /* (nullable) the state in the database */
    int64_t attempt;
    Fault fault;
    unsigned at;
    unsigned every;
    unsigned n_deaths;
    int64_t skew_us; /* the engine's clock less the model's */
    unsigned n_actions;
    unsigned n_ends;
    int64_t outage_us;  /* that the next order has to wait; 0: none */
    int64_t started_us; /* when the first recovery started the VM; 0: it did not */
    int last_task;
    bool task_over[MSK_N_TASKS];
    GString *log;
    MskNotificationStatus status;
    char *complaint;
} Run;

#define say(self, ...) scenario_say((self)->log, (self)->cloud.now_us, __VA_ARGS__)

static void
complain(Run *self, const char *what)
{
    if (self->complaint == NULL) {
        self->complaint = g_strdup(what);
    }
}

/* Users read the notes in order: a task is not gone back to, and is not over twice. */
static void
publish(Run *self, const MskNote *note)
{
    g_autofree char *message = msk_note_message(note, "vm");

    say(self, "%s %.1f: %s", msk_task_name(note->task), note->progress, message);
    if ((int) note->task < self->last_task) {
        complain(self, "progress goes back to an earlier task");
    }
    if (self->task_over[note->task] && note->text != MSK_NOTE_STOPPED_AGAIN) {
        complain(self, "progress goes on after the end of its task");
    }
    self->last_task = (int) note->task;
    self->task_over[note->task] = note->progress >= 1.0;
    if (note->text == MSK_NOTE_STARTED && self->started_us == 0) {
        self->started_us = self->cloud.now_us;
    }
}

static void
store(Run *self)
{
    g_free(self->stored);
    self->stored = msk_instance_recovery_save(&self->state);
}

static MskEvent
begin(Run *self)
{
    return (MskEvent){.kind = MSK_EVENT_BEGIN, .now_us = self->cloud.now_us + self->skew_us};
}

/* Another engine finds what the dead one has left. What a user read before may be told again. */
static MskEvent
take_over(Run *self)
{
    say(self, "the engine dies, another one takes over with '%s'",
        self->stored == NULL ? "" : self->stored);
    self->state = msk_instance_recovery_load(self->stored);
    program_model_take_over(&self->programs);
    self->n_deaths++;
    if (self->every > 0) { /* on a machine that has run for longer, or was just started */
        self->skew_us = self->n_deaths % 2 == 0 ? -self->cloud.now_us : OTHER_UPTIME_US;
    }
    self->last_task = 0;
    for (size_t i = 0; i < MSK_N_TASKS; i++) {
        self->task_over[i] = false;
    }
    return begin(self);
}

static void
log_answer(Run *self, MskActionKind action, const MskEvent *event)
{
    static const char *const names[] = {
        [MSK_ACTION_GET_SERVER] = "get",
        [MSK_ACTION_STOP_SERVER] = "stop",
        [MSK_ACTION_START_SERVER] = "start",
    };

    if (event->kind == MSK_EVENT_SERVER) {
        say(self, "get: %s", msk_vm_state_name(event->vm_state));
    } else if (event->kind == MSK_EVENT_DONE) {
        say(self, "%s: done", names[action]);
    } else {
        say(self, "%s: %s", names[action], msk_error_code_name(event->code));
    }
}

/* Makes the call, or has it go wrong in one of many ways. */
static MskEvent
call(Run *self, MskActionKind action, Fault fault)
{
    MskEvent failed = {.kind = MSK_EVENT_FAILED, .code = MSK_ERROR_UNAVAILABLE};

    if (fault == FAULT_NONE) {
        return model_call(&self->cloud, action);
    }
    if (fault == FAULT_NO_ANSWER_DONE) {
        (void) model_call(&self->cloud, action); /* the answer is lost */
    } else if (fault == FAULT_NO_ANSWER_LATE) {
        model_call_late(&self->cloud, action, LATE_US);
    } else if (fault == FAULT_REFUSED) {
        failed.code = MSK_ERROR_INTERNAL;
    } else if (fault == FAULT_CONFLICT) {
        failed.code = MSK_ERROR_CONFLICT;
    }
    model_pass(&self->cloud, self->cloud.rules.call_us);
    failed.now_us = self->cloud.now_us;
    return failed;
}

/* The database is away between a look and the order that follows from it. */
static MskEvent
wait_too_long(Run *self)
{
    model_pass(&self->cloud, MAX(self->outage_us, STALE_US));
    self->outage_us = 0;
    say(self, "stale: the order is not given");
    return (MskEvent){.kind = MSK_EVENT_STALE, .now_us = self->cloud.now_us + self->skew_us};
}

static MskEvent
act(Run *self, const MskInstanceStep *step, Fault fault)
{
    MskEvent event = {.kind = MSK_EVENT_TIMER};

    if (step->action == MSK_ACTION_WAIT) {
        model_pass(&self->cloud, step->delay_us);
        event.now_us = self->cloud.now_us;
        return event;
    }
    if (step->action != MSK_ACTION_GET_SERVER && (self->outage_us > 0 || fault == FAULT_STALE)) {
        return wait_too_long(self);
    }
    event = call(self, step->action, fault == FAULT_STALE ? FAULT_NONE : fault);
    log_answer(self, step->action, &event);
    return event;
}

/* Takes the step's action, in which the engine dies. */
static MskEvent
die(Run *self, const MskInstanceStep *step)
{
    if (self->fault == FAULT_DIE_BEFORE_KEPT || self->fault == FAULT_DIE_AFTER_KEPT) {
        store(self);
    }
    if (step->action != MSK_ACTION_WAIT && self->fault == FAULT_DIE_LATE) {
        model_call_late(&self->cloud, step->action, LATE_US);
    } else if (self->fault == FAULT_DIE_AFTER || self->fault == FAULT_DIE_AFTER_KEPT) {
        (void) act(self, step, FAULT_NONE); /* nobody learns the answer */
    }
    return take_over(self);
}

static void
finish(Run *self, const MskInstanceStep *step)
{
    self->n_ends++;
    self->status = msk_notification_end_status(msk_outcome_status(step->outcome), self->attempt);
    say(self, "%s: %s", msk_notification_status_name(self->status), step->reason);
    if (self->status == MSK_NOTIFICATION_FINISHED && !step->reverted) {
        program_model_check_all_run(&self->programs);
    }
}

/* Counts the action. */
static bool
is_hit(Run *self)
{
    self->n_actions++;
    return self->n_actions == self->at ||
           (self->every > 0 && self->n_actions > self->at && self->n_deaths < MAX_DEATHS &&
            (self->n_actions - self->at) % self->every == 0);
}

static bool
is_death(Fault fault)
{
    return fault >= FAULT_DIE_BEFORE && fault <= FAULT_DIE_LATE;
}

static void
step_program(Run *self, bool dead)
{
    g_autofree char *line = NULL;

    model_pass(&self->cloud, program_model_takes_us(&self->programs));
    line = program_model_step(&self->programs, dead);
    if (line != NULL) {
        say(self, "%s", line);
    }
}

/* The beginning of the program that is due is stored. */
static MskEvent
die_in_program(Run *self)
{
    (void) program_model_takes_us(&self->programs);
    if (self->fault == FAULT_DIE_BEFORE_KEPT || self->fault == FAULT_DIE_AFTER_KEPT) {
        store(self);
    }
    if (self->fault != FAULT_DIE_BEFORE && self->fault != FAULT_DIE_BEFORE_KEPT) {
        step_program(self, self->fault == FAULT_DIE_LATE);
    }
    return take_over(self);
}

/* Each program is an action of its own, in which the engine may die. */
static MskEvent
run_programs(Run *self, unsigned slot, bool dies)
{
    MskEvent event = {.kind = MSK_EVENT_TASKS};

    program_model_begin(&self->programs, slot);
    while (!dies && program_model_is_due(&self->programs)) {
        step_program(self, false);
        dies = program_model_is_due(&self->programs) && is_hit(self) && is_death(self->fault);
    }
    if (dies) {
        return die_in_program(self);
    }
    if (self->programs.failure != NULL) {
        event.kind = MSK_EVENT_TASKS_FAILED;
    }
    return event;
}

/* From BEGIN to the end of one attempt. */
static void
recover(Run *self)
{
    MskEvent event = begin(self);

    while (self->state.phase != MSK_PHASE_OVER) {
        event.now_us = self->cloud.now_us + self->skew_us;

        MskInstanceStep step = msk_instance_recovery_step(&self->state, &self->order, &event);
        bool faulty = is_hit(self);
        bool dies = faulty && is_death(self->fault);

        g_assert_cmpuint(self->n_actions, <, MAX_ACTIONS);
        for (unsigned i = 0; i < step.n_notes; i++) {
            publish(self, &step.notes[i]);
        }
        if (step.durable) {
            store(self);
            say(self, "store: %s", self->stored);
        }
        if (step.action == MSK_ACTION_FINISH) {
            finish(self, &step);
        } else if (step.action == MSK_ACTION_RUN_TASKS) {
            event = run_programs(self, step.slot, dies);
        } else if (dies) {
            event = die(self, &step);
        } else {
            event = act(self, &step, faulty ? self->fault : FAULT_NONE);
        }
        /* Progress is saved now and then; the late half of the faults has it saved always. */
        if (self->state.phase != MSK_PHASE_OVER && self->at % 2 == 0) {
            store(self);
        }
    }
}

/* A recovery, and once more after an error. */
static void
recover_with_retry(Run *self)
{
    self->attempt = 1;
    recover(self);
    if (self->status != MSK_NOTIFICATION_ERROR) {
        return;
    }
    model_pass(&self->cloud, RETRY_AFTER_US);
    self->attempt = 2;
    self->n_ends--; /* an error is not the end yet */
    program_model_attempt(&self->programs, false);
    self->last_task = 0;
    for (size_t i = 0; i < MSK_N_TASKS; i++) {
        self->task_over[i] = false;
    }
    say(self, "once more");
    self->state = msk_instance_recovery_load(self->stored);
    recover(self);
}

static void
begin_report(Run *self, MskIncident incident, bool superseded)
{
    self->order = (MskInstanceOrder){
        .incident = incident,
        .superseded = superseded,
        .all_instances = self->scenario->all_instances,
        .live_truth = self->scenario->rules.live_truth,
        .poll_interval_us = 1000 * MS,
        .fast_poll_us = 20 * MS,
        .settle_us = 3000 * MS,
        .stop_timeout_us = 20000 * MS,
        .start_timeout_us = 10000 * MS,
        .flow = self->programs.flow,
    };
    self->state = (MskInstanceRecovery){.phase = MSK_PHASE_ASKING};
    program_model_attempt(&self->programs, true);
    g_clear_pointer(&self->stored, g_free);
    self->last_task = 0;
    for (size_t i = 0; i < MSK_N_TASKS; i++) {
        self->task_over[i] = false;
    }
}

Outcome
simulate(const Scenario *scenario, Fault fault, unsigned at, const MskIncident *then)
{
    return simulate_again(scenario, fault, at, 0, then);
}

Outcome
simulate_again(const Scenario *scenario, Fault fault, unsigned at, unsigned every,
               const MskIncident *then)
{
    Run run = {.scenario = scenario,
               .fault = fault,
               .at = at,
               .every = every,
               .programs = scenario->programs,
               .outage_us = scenario->outage_us,
               .log = g_string_new(NULL)};
    bool may_stop = scenario->incident == MSK_INCIDENT_IMPAIRED ||
                    (then != NULL && *then == MSK_INCIDENT_IMPAIRED);
    unsigned n_reports = then == NULL ? 1 : 2;

    model_init(&run.cloud, &scenario->rules, scenario->vm_state, may_stop);
    begin_report(&run, scenario->incident, false);
    recover_with_retry(&run);
    if (then != NULL) {
        say(&run, "another engine: the second report");
        begin_report(&run, *then, run.started_us > 0);
        recover_with_retry(&run);
    }
    model_pass(&run.cloud, 2 * LATE_US); /* what is late shows before the verdict */
    if (run.cloud.harm != NULL) {
        complain(&run, run.cloud.harm);
    }
    program_model_verdict(&run.programs);
    if (run.programs.harm != NULL) {
        complain(&run, run.programs.harm);
    }
    if (run.n_ends != n_reports) {
        complain(&run, "it did not end exactly once");
    }
    if (run.complaint != NULL) {
        g_autofree char *what = run.complaint;

        run.complaint = g_strdup_printf("%s (%s at action %u)", what, fault_names[fault], at);
    }
    g_free(run.stored);
    program_model_clear(&run.programs);
    return (Outcome){.n_actions = run.n_actions,
                     .n_ends = run.n_ends,
                     .log = g_string_free(run.log, FALSE),
                     .status = g_strdup(msk_notification_status_name(run.status)),
                     .complaint = run.complaint,
                     .vm_state = run.cloud.truth,
                     .n_starts = run.cloud.n_starts,
                     .refused_unknown = run.programs.refused_unknown};
}
