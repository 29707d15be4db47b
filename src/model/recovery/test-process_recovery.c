/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/process_recovery.h"

#include "model/recovery/test_flow.h"

#define TIMEOUT_US INT64_C(180000000)

static const MskProcessOrder plain = {
    .host = "h1", .process = "nova-compute", .poll_us = 1000000, .timeout_us = TIMEOUT_US};

/* What the recovery did so far. */
typedef struct {
    MskProcessRecovery state;
    MskProcessOrder order;
    GString *log;
    MskProcessActKind act;
    MskOutcome outcome;
    int64_t delay_us;
    int64_t now_us;
} Trial;

static void
feed(Trial *self, MskProcessEvent event)
{
    event.now_us = self->now_us;
    g_auto(MskProcessStep) step = msk_process_recovery_step(&self->state, &self->order, &event);

    for (unsigned i = 0; i < step.n_notes; i++) {
        g_string_append_printf(self->log, "%s %.1f %s\n",
                               step.notes[i].task == MSK_PROCESS_TASK_DISABLE ? "D" : "C",
                               step.notes[i].progress, step.notes[i].message);
    }
    self->act = step.act;
    self->outcome = step.outcome;
    self->delay_us = step.delay_us;
}

static void
begin(Trial *self, const MskProcessOrder *order)
{
    *self = (Trial){.order = *order, .log = g_string_new(NULL), .now_us = 1};
    feed(self, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_BEGIN});
}

static void
look(Trial *self, bool enabled)
{
    g_assert_cmpint(self->act, ==, MSK_PROCESS_ACT_GET_SERVICE);
    feed(self, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_SERVICE, .enabled = enabled});
}

static void
fail(Trial *self, MskErrorCode code)
{
    feed(self, (MskProcessEvent){
                   .kind = MSK_PROCESS_EVENT_FAILED, .code = code, .message = "it is away"});
}

static void
end(Trial *self, MskOutcome outcome, const char *log)
{
    g_assert_cmpint(self->act, ==, MSK_PROCESS_ACT_FINISH);
    g_assert_cmpint(self->outcome, ==, outcome);
    g_assert_cmpint(self->state.phase, ==, MSK_PROCESS_PHASE_OVER);
    g_assert_cmpint(outcome == MSK_OUTCOME_ERROR, ==, self->state.message != NULL);
    g_assert_cmpstr(self->log->str, ==, log);
    g_string_free(self->log, TRUE);
    msk_process_recovery_clear(&self->state);
}

#define DISABLING "D 0.0 Disabling compute service on host: 'h1'\n"
#define DISABLED  "D 1.0 Disabled compute service on host: 'h1'\n"
#define CONFIRMS  "C 0.0 Confirming compute service is disabled on host: 'h1'\n"
#define CONFIRMED "C 1.0 Confirmed compute service is disabled on host: 'h1'\n"

static void
test_disables(void)
{
    Trial trial;

    begin(&trial, &plain);
    look(&trial, true);
    g_assert_cmpint(trial.act, ==, MSK_PROCESS_ACT_DISABLE);
    feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_DONE});
    look(&trial, true); /* the cloud takes its time */
    g_assert_cmpint(trial.act, ==, MSK_PROCESS_ACT_WAIT);
    g_assert_cmpint(trial.delay_us, ==, plain.poll_us);
    feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_TIMER});
    look(&trial, false);
    end(&trial, MSK_OUTCOME_FINISHED, DISABLING DISABLED CONFIRMS CONFIRMED);
}

static void
test_disabled_before(void)
{
    MskProcessOrder taken_over = plain;
    Trial trial;

    begin(&trial, &plain);
    look(&trial, false);
    end(&trial, MSK_OUTCOME_FINISHED,
        DISABLING
        "D 1.0 Skipping recovery for process nova-compute as it is already disabled\n" CONFIRMS
            CONFIRMED);
    taken_over.taken_over = true; /* the predecessor did it */
    begin(&trial, &taken_over);
    look(&trial, false);
    end(&trial, MSK_OUTCOME_FINISHED, DISABLED CONFIRMS CONFIRMED);
}

static void
test_another_process(void)
{
    MskProcessOrder order = plain;
    Trial trial;

    order.process = "libvirtd";
    begin(&trial, &order);
    end(&trial, MSK_OUTCOME_FINISHED, "");
    order.process = NULL;
    begin(&trial, &order);
    end(&trial, MSK_OUTCOME_FINISHED, "");
}

static void
test_an_order_without_an_answer(void)
{
    Trial trial;

    begin(&trial, &plain);
    look(&trial, true);
    fail(&trial, MSK_ERROR_UNAVAILABLE);
    g_assert_cmpint(trial.act, ==, MSK_PROCESS_ACT_WAIT);
    feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_TIMER});
    look(&trial, false); /* it was carried out */
    end(&trial, MSK_OUTCOME_FINISHED, DISABLING DISABLED CONFIRMS CONFIRMED);
}

static void
test_retry_after(void)
{
    Trial trial;

    begin(&trial, &plain);
    feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_FAILED,
                                   .code = MSK_ERROR_UNAVAILABLE,
                                   .message = "busy",
                                   .retry_after_us = 7000000});
    g_assert_cmpint(trial.act, ==, MSK_PROCESS_ACT_WAIT);
    g_assert_cmpint(trial.delay_us, ==, 7000000);
    fail(&trial, MSK_ERROR_DENIED);
    end(&trial, MSK_OUTCOME_ERROR, DISABLING "D 1.0 Failed to disable service nova-compute\n");
}

/* Looks that work and orders that fail, and the other way: each ends in time. */
static void
test_never_for_ever(void)
{
    for (int confirming = 0; confirming < 2; confirming++) {
        Trial trial;

        begin(&trial, &plain);
        look(&trial, true);
        if (confirming == 1) {
            feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_DONE});
        }
        for (unsigned n = 0; trial.act != MSK_PROCESS_ACT_FINISH; n++) {
            g_assert_cmpuint(n, <, 2000);
            trial.now_us += MAX(trial.delay_us, 1000);
            if (trial.act == MSK_PROCESS_ACT_GET_SERVICE) {
                look(&trial, true);
            } else if (trial.act == MSK_PROCESS_ACT_DISABLE) {
                fail(&trial, MSK_ERROR_INTERNAL);
            } else {
                feed(&trial, (MskProcessEvent){.kind = MSK_PROCESS_EVENT_TIMER});
            }
        }
        g_assert_cmpint(trial.now_us, >=, TIMEOUT_US);
        g_assert_cmpint(trial.now_us, <, 2 * TIMEOUT_US);
        end(&trial, MSK_OUTCOME_ERROR,
            confirming == 1 ? DISABLING DISABLED CONFIRMS
                "C 1.0 Failed to disable service nova-compute\n"
                            : DISABLING "D 1.0 Failed to disable service nova-compute\n");
    }
}

/* Events: e enabled, d disabled, k done, t timer, p programs done, P failed. Actions: S get the
 * service, D disable it, 0-3 run the programs of a slot, w wait, f finished, e error. */
static const struct {
    const char *tasks; /* D, C: built-in; x: a program */
    const char *events;
    const char *acts;
} flows[] = {
    {"DC", "eketd", "SDSwSf"}, {"xDxCx", "epekpdp", "S0SD1S3f"}, {"xDC", "dpd", "S0Sf"},
    {"xDC", "eP", "S0e"},      {"DCx", "ekdP", "SDS3e"},         {"D", "ek", "SDf"},
    {"Dx", "ekp", "SD3f"},     {"C", "eetd", "SSwSf"},           {"xC", "epd", "S1Sf"},
    {"x", "ep", "S3f"},
};

static const char *
task_of(char letter)
{
    return letter == 'D'   ? "disable_compute_node_task"
           : letter == 'C' ? "confirm_compute_node_disabled_task"
                           : NULL;
}

static MskProcessEvent
parse_event(char letter)
{
    MskProcessEvent event = {.enabled = letter == 'e', .message = "no"};

    event.kind = letter == 'k'   ? MSK_PROCESS_EVENT_DONE
                 : letter == 't' ? MSK_PROCESS_EVENT_TIMER
                 : letter == 'p' ? MSK_PROCESS_EVENT_TASKS
                 : letter == 'P' ? MSK_PROCESS_EVENT_TASKS_FAILED
                                 : MSK_PROCESS_EVENT_SERVICE;
    return event;
}

static char
letter_of(const Trial *self, unsigned slot)
{
    switch (self->act) {
    case MSK_PROCESS_ACT_GET_SERVICE:
        return 'S';
    case MSK_PROCESS_ACT_DISABLE:
        return 'D';
    case MSK_PROCESS_ACT_WAIT:
        return 'w';
    case MSK_PROCESS_ACT_RUN_TASKS:
        return (char) ('0' + slot);
    case MSK_PROCESS_ACT_FINISH:
        return self->outcome == MSK_OUTCOME_FINISHED ? 'f' : 'e';
    }
    g_assert_not_reached();
}

static void
test_flows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++) {
        g_autoptr(MskRecoveryFlow) flow =
            test_flow_parse(MSK_FLOW_PROCESS, flows[i].tasks, task_of);
        g_autoptr(GString) acts = g_string_new(NULL);
        MskProcessOrder order = plain;
        Trial trial;

        g_test_message("%s %s", flows[i].tasks, flows[i].events);
        order.flow = flow;
        begin(&trial, &order);
        g_string_append_c(acts, letter_of(&trial, trial.state.slot));
        for (const char *letter = flows[i].events; *letter != '\0'; letter++) {
            feed(&trial, parse_event(*letter));
            g_string_append_c(acts, letter_of(&trial, trial.state.slot));
        }
        g_assert_cmpstr(acts->str, ==, flows[i].acts);
        g_string_free(trial.log, TRUE);
        msk_process_recovery_clear(&trial.state);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process_recovery/disables", test_disables);
    g_test_add_func("/process_recovery/disabled_before", test_disabled_before);
    g_test_add_func("/process_recovery/another_process", test_another_process);
    g_test_add_func("/process_recovery/no_answer", test_an_order_without_an_answer);
    g_test_add_func("/process_recovery/retry_after", test_retry_after);
    g_test_add_func("/process_recovery/flows", test_flows);
    g_test_add_func("/process_recovery/never_for_ever", test_never_for_ever);
    return g_test_run();
}
