/* SPDX-License-Identifier: Apache-2.0 */
#include "process_simulation.h"

#include <string.h>

#include "model/recovery/notification_triage.h"

#define MS             INT64_C(1000)
#define CALL_US        (50 * MS)
#define LATE_US        (3000 * MS)
#define TAKEOVER_US    (1000 * MS)
#define RETRY_AFTER_US (120000 * MS)
#define MAX_DEATHS     12u
#define MAX_ACTIONS    5000u

static const char *const fault_names[N_PROCESS_FAULTS] = {
    [PROCESS_FAULT_NONE] = "nothing",
    [PROCESS_FAULT_DIE_BEFORE] = "the engine dies, its call is not made",
    [PROCESS_FAULT_DIE_AFTER] = "the engine dies, its call is made",
    [PROCESS_FAULT_DIE_LATE] = "the engine dies, its call takes effect late",
    [PROCESS_FAULT_NO_ANSWER_UNDONE] = "no answer, not done",
    [PROCESS_FAULT_NO_ANSWER_DONE] = "no answer, but done",
    [PROCESS_FAULT_NO_ANSWER_LATE] = "no answer, done late",
    [PROCESS_FAULT_CONFLICT] = "conflict",
};

typedef struct {
    const ProcessScenario *scenario;
    ProcessModel model;
    ProgramModel programs;
    MskProcessOrder order;
    MskProcessRecovery state;
    ProcessFault fault;
    unsigned at;
    unsigned every;
    unsigned n_actions;
    unsigned n_deaths;
    unsigned n_ends;
    int64_t attempt;
    MskNotificationStatus status;
    bool needless; /* an order of a service that is disabled */
    GString *log;
} Run;

#define say(self, ...) scenario_say((self)->log, (self)->model.now_us, __VA_ARGS__)

/* ---- scenarios --------------------------------------------------------------------------- */

static bool
parse_service(ProcessModel *model, char **words)
{
    if (strcmp(words[0], "disabled") == 0) {
        model->enabled = false;
    } else if (strcmp(words[0], "disables") == 0) {
        model->n_ignored =
            strcmp(words[1], "never") == 0 ? UINT_MAX : (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "slow") == 0) {
        model->slow_us = scenario_number(words[1]) * MS;
    } else if (strcmp(words[0], "away") == 0) {
        model->away_from_us = scenario_number(words[1]) * MS;
        model->away_until_us = scenario_number(words[2]) * MS;
    } else if (strcmp(words[0], "at") == 0) {
        g_assert_cmpuint(model->n_hands, <, G_N_ELEMENTS(model->hands));
        model->hands[model->n_hands++] =
            (ProcessHand){.at_us = scenario_number(words[1]) * MS, .enables = *words[2] == 'e'};
    } else {
        return false;
    }
    return true;
}

static bool
parse_line(void *data, char **words)
{
    ProcessScenario *self = data;

    if (strcmp(words[0], "process") == 0) {
        g_free(self->process);
        self->process = g_strdup(words[1]);
    } else if (strcmp(words[0], "fragile") == 0) {
        self->fragile = true;
    } else if (strcmp(words[0], "end") == 0) {
        self->end_status = g_strdup(words[1]);
        self->end_enabled = *words[2] == 'e';
    } else {
        return parse_service(&self->model, words) ||
               program_model_parse(&self->programs, MSK_FLOW_PROCESS, words);
    }
    return true;
}

void *
process_scenario_parse(const char *name, const char *text)
{
    ProcessScenario *self = g_new0(ProcessScenario, 1);

    self->head.name = g_strdup(name);
    self->process = g_strdup("nova-compute");
    self->model.enabled = true;
    self->head.golden = scenario_parse(name, text, parse_line, self);
    g_assert_nonnull(self->end_status);
    return self;
}

void
process_scenario_free(void *scenario)
{
    ProcessScenario *self = scenario;

    g_free(self->head.name);
    g_free(self->process);
    g_free(self->end_status);
    g_free(self->head.golden);
    msk_recovery_flow_free(self->programs.flow);
    g_free(self);
}

/* ---- the cloud --------------------------------------------------------------------------- */

static void
pass(Run *self, int64_t delay_us)
{
    ProcessModel *model = &self->model;

    model->now_us += delay_us;
    if (model->effect_at_us > 0 && model->effect_at_us <= model->now_us) {
        model->effect_at_us = 0;
        model->enabled = false;
    }
    for (unsigned i = 0; i < model->n_hands; i++) {
        ProcessHand *hand = &model->hands[i];

        if (hand->at_us > 0 && hand->at_us <= model->now_us) {
            hand->at_us = 0;
            model->enabled = hand->enables;
        }
    }
}

static void
disable(Run *self, int64_t late_us)
{
    ProcessModel *model = &self->model;

    self->needless = self->needless || !model->enabled;
    model->n_orders++;
    if (model->n_orders > model->n_ignored) {
        model->effect_at_us = model->now_us + model->slow_us + late_us;
        pass(self, 0);
    }
}

/* Makes the call, or has it go wrong. */
static MskProcessEvent
call(Run *self, MskProcessActKind act, ProcessFault fault)
{
    MskProcessEvent failed = {
        .kind = MSK_PROCESS_EVENT_FAILED, .code = MSK_ERROR_UNAVAILABLE, .message = "out of order"};
    bool away = self->model.now_us >= self->model.away_from_us &&
                self->model.now_us < self->model.away_until_us;

    if (act == MSK_PROCESS_ACT_DISABLE && !away && fault != PROCESS_FAULT_NO_ANSWER_UNDONE &&
        fault != PROCESS_FAULT_CONFLICT) {
        disable(self, fault == PROCESS_FAULT_NO_ANSWER_LATE ? LATE_US : 0);
    }
    pass(self, CALL_US);
    if (fault == PROCESS_FAULT_CONFLICT) {
        failed.code = MSK_ERROR_CONFLICT;
    }
    if (away || fault != PROCESS_FAULT_NONE) {
        say(self, "%s: %s", act == MSK_PROCESS_ACT_DISABLE ? "disable" : "get",
            away ? "no answer" : fault_names[fault]);
        return failed;
    }
    if (act == MSK_PROCESS_ACT_DISABLE) {
        say(self, "disable: done");
        return (MskProcessEvent){.kind = MSK_PROCESS_EVENT_DONE};
    }
    return (MskProcessEvent){.kind = MSK_PROCESS_EVENT_SERVICE, .enabled = self->model.enabled};
}

/* ---- the engine -------------------------------------------------------------------------- */

static bool
is_death(ProcessFault fault)
{
    return fault >= PROCESS_FAULT_DIE_BEFORE && fault <= PROCESS_FAULT_DIE_LATE;
}

/* Counts the action. */
static ProcessFault
fault_of_action(Run *self)
{
    self->n_actions++;
    g_assert_cmpuint(self->n_actions, <, MAX_ACTIONS);
    bool hit = self->n_actions == self->at ||
               (self->every > 0 && self->at > 0 && self->n_actions > self->at &&
                self->n_deaths < MAX_DEATHS && (self->n_actions - self->at) % self->every == 0);

    return hit ? self->fault : PROCESS_FAULT_NONE;
}

static void
begin(Run *self, bool taken_over)
{
    msk_process_recovery_clear(&self->state);
    self->state = (MskProcessRecovery){.phase = MSK_PROCESS_PHASE_ASKING};
    self->order.taken_over = taken_over;
}

static MskProcessEvent
take_over(Run *self)
{
    self->n_deaths++;
    pass(self, TAKEOVER_US);
    say(self, "the engine dies, another one takes over");
    program_model_take_over(&self->programs);
    begin(self, true);
    return (MskProcessEvent){.kind = MSK_PROCESS_EVENT_BEGIN};
}

static MskProcessEvent
die(Run *self, MskProcessActKind act, ProcessFault fault)
{
    if (act == MSK_PROCESS_ACT_DISABLE && fault != PROCESS_FAULT_DIE_BEFORE) {
        disable(self, fault == PROCESS_FAULT_DIE_LATE ? LATE_US : 0);
    }
    return take_over(self);
}

static void
step_program(Run *self, bool dead)
{
    g_autofree char *line = NULL;

    pass(self, program_model_takes_us(&self->programs));
    line = program_model_step(&self->programs, dead);
    if (line != NULL) {
        say(self, "%s", line);
    }
}

/* Each program is an action of its own, in which the engine may die; its beginning is stored. */
static MskProcessEvent
run_programs(Run *self, unsigned slot, ProcessFault fault)
{
    program_model_begin(&self->programs, slot);
    while (!is_death(fault) && program_model_is_due(&self->programs)) {
        step_program(self, false);
        if (program_model_is_due(&self->programs)) {
            fault = fault_of_action(self);
        }
    }
    if (is_death(fault)) {
        (void) program_model_takes_us(&self->programs);
        if (fault != PROCESS_FAULT_DIE_BEFORE) {
            step_program(self, fault == PROCESS_FAULT_DIE_LATE);
        }
        return take_over(self);
    }
    return (MskProcessEvent){.kind = self->programs.failure != NULL ? MSK_PROCESS_EVENT_TASKS_FAILED
                                                                    : MSK_PROCESS_EVENT_TASKS,
                             .message = self->programs.failure};
}

static void
finish(Run *self, const MskProcessStep *step)
{
    self->n_ends++;
    self->status = msk_notification_end_status(msk_outcome_status(step->outcome), self->attempt);
    say(self, "%s: %s", msk_notification_status_name(self->status), step->reason);
    if (self->status == MSK_NOTIFICATION_FINISHED && !step->reverted) {
        program_model_check_all_run(&self->programs);
    }
}

static MskProcessEvent
act(Run *self, const MskProcessStep *step)
{
    ProcessFault fault = fault_of_action(self);

    if (step->act == MSK_PROCESS_ACT_RUN_TASKS) {
        return run_programs(self, step->slot, fault);
    }
    if (is_death(fault)) {
        return die(self, step->act, fault);
    }
    if (step->act == MSK_PROCESS_ACT_WAIT) {
        pass(self, step->delay_us);
        return (MskProcessEvent){.kind = MSK_PROCESS_EVENT_TIMER};
    }
    return call(self, step->act, fault);
}

static void
recover(Run *self, int64_t attempt)
{
    MskProcessEvent event = {.kind = MSK_PROCESS_EVENT_BEGIN};

    self->attempt = attempt;
    begin(self, false);
    while (self->state.phase != MSK_PROCESS_PHASE_OVER) {
        event.now_us = self->model.now_us;
        g_auto(MskProcessStep) step = msk_process_recovery_step(&self->state, &self->order, &event);

        for (unsigned i = 0; i < step.n_notes; i++) {
            say(self, "%s %.1f: %s", msk_process_task_name(step.notes[i].task),
                step.notes[i].progress, step.notes[i].message);
        }
        if (step.act == MSK_PROCESS_ACT_FINISH) {
            finish(self, &step);
        } else {
            event = act(self, &step);
        }
    }
}

static const char *
judge(const Run *self)
{
    const ProcessScenario *scenario = self->scenario;
    const char *expected = self->programs.refused_unknown ? "failed" : scenario->end_status;
    bool same_end =
        strcmp(msk_notification_status_name(self->status), expected) == 0 &&
        (self->model.enabled == scenario->end_enabled || self->programs.refused_unknown);

    if (self->programs.harm != NULL) {
        return self->programs.harm;
    }
    if (self->n_ends != 1) {
        return "it did not end exactly once";
    }
    /* A fault may hide from the engine that its order had an effect. */
    if (self->needless && self->fault == PROCESS_FAULT_NONE) {
        return "a service that is disabled is disabled";
    }
    return same_end || (scenario->fragile && self->fault != PROCESS_FAULT_NONE) ? NULL
                                                                                : "another end";
}

ScenarioOutcome
process_simulate(const void *scenario, int fault, unsigned at, unsigned every)
{
    const ProcessScenario *self = scenario;
    Run run = {.scenario = self,
               .model = self->model,
               .programs = self->programs,
               .order = {.host = "host",
                         .process = self->process,
                         .poll_us = 1000 * MS,
                         .timeout_us = 180000 * MS,
                         .flow = self->programs.flow},
               .fault = (ProcessFault) fault,
               .at = at,
               .every = every,
               .log = g_string_new(NULL)};

    recover(&run, 1);
    if (run.status == MSK_NOTIFICATION_ERROR) {
        pass(&run, RETRY_AFTER_US);
        say(&run, "once more");
        run.n_ends--; /* an error is not the end yet */
        program_model_attempt(&run.programs, false);
        recover(&run, 2);
    }
    pass(&run, 2 * LATE_US); /* what is late shows before the verdict */
    program_model_verdict(&run.programs);

    const char *what = judge(&run);
    ScenarioOutcome outcome = {
        .n_actions = run.n_actions,
        .complaint = what == NULL ? NULL
                                  : g_strdup_printf("%s (%s at action %u, every %u)", what,
                                                    fault_names[fault], at, every),
        .log = g_string_free(run.log, FALSE)};

    program_model_clear(&run.programs);
    msk_process_recovery_clear(&run.state);
    return outcome;
}
