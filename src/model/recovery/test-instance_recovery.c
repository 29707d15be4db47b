/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/instance_recovery.h"

#include "base/number.h"

#include <string.h>

/*
 * One row is a conversation: the events that reach the machine, and what it answers to each. Whole
 * recoveries against a model cloud, with deaths and races, are in tests/simulator.
 *
 * An event is "begin", "timer", "done", "stale", "fail:<code>[:<ms to wait>]" or "<vm state>[:<stop
 * reason>][:busy]", with "+<ms>" in front when time passes before it. The VM is HA-enabled unless
 * the event ends in
 * ":noha". Answers: notes as "<s|t|c><note><!: task at 1.0>", then the action; a "!" behind a call
 * is "store the state first".
 */

typedef struct {
    const char *name;
    const char *order; /* words: down, impaired, superseded, all, nova; after a slash the flow */
    const char *from;  /* a saved state */
    const char *events;
    const char *answers;
    const char *saved; /* the state after the last event, "-" when over */
} Case;

static const char *const note_words[MSK_N_NOTES] = {
    [MSK_NOTE_NOT_HA_ENABLED] = "noha",  [MSK_NOTE_IGNORED_STATE] = "ignored",
    [MSK_NOTE_STOPPING] = "stopping",    [MSK_NOTE_STOP_CONFLICT] = "conflict",
    [MSK_NOTE_STOPPED] = "stopped",      [MSK_NOTE_STOP_FAILED] = "nostop",
    [MSK_NOTE_STARTING] = "starting",    [MSK_NOTE_STARTED] = "started",
    [MSK_NOTE_START_FAILED] = "nostart", [MSK_NOTE_CONFIRMING] = "confirming",
    [MSK_NOTE_CONFIRMED] = "confirmed",  [MSK_NOTE_RUNNING] = "running",
    [MSK_NOTE_ORDERED] = "ordered",      [MSK_NOTE_DEPARTED] = "departed",
    [MSK_NOTE_STOPPED_AGAIN] = "again",
};

static const Case cases[] = {
    {"off, as reported", "down", NULL, "begin stopped:failure done active",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | c-confirmed! finished",
     "-"},
    {"libvirt has not noticed yet", "down", NULL, "begin active +20 timer stopped:failure",
     "get | wait20 | get | s-stopped! t-starting start!", "starting"},
    {"runs: a stale report", "down", NULL, "begin active +3000 timer active",
     "get | wait20 | get | s-running! finished*", "-"},
    {"sleeps: a stale report", "down", NULL, "begin suspended +3000 timer suspended",
     "get | wait20 | get | s-running! finished*", "-"},
    {"just before it is settled", "down", NULL, "begin active +2999 timer active",
     "get | wait20 | get | wait20", "asking"},
    {"halted by an I/O error", "down", NULL, "begin error +3000 timer error",
     "get | wait20 | get | s-stopping stop!", "stopping stop-ordered"},
    {"off, nobody knows why", "down", NULL, "begin stopped", "get | s-stopped! t-starting start!",
     "starting"},
    {"stopped on purpose", "down", NULL, "begin stopped:ordered", "get | s-ordered! finished*",
     "-"},
    {"migrated away", "down", NULL, "begin stopped:departed", "get | s-departed! finished*", "-"},
    {"not HA-enabled", "down", NULL, "begin stopped:failure:noha", "get | s-noha! finished*", "-"},
    {"not HA-enabled, but all are wanted", "down all", NULL, "begin stopped:failure:noha",
     "get | s-stopped! t-starting start!", "starting"},
    {"paused", "impaired", NULL, "begin paused", "get | s-ignored! ignored*", "-"},
    {"paused, and its process died", "down", NULL, "begin paused +200 timer stopped:failure",
     "get | wait20 | get | s-stopped! t-starting start!", "starting"},
    {"paused, after the settling", "down", NULL, "begin paused +3000 timer paused",
     "get | wait20 | get | s-ignored! ignored*", "-"},
    {"rescued", "impaired", NULL, "begin rescued", "get | s-ignored! ignored*", "-"},
    {"impaired", "impaired", NULL, "begin active done stopped:ordered done active",
     "get | s-stopping stop! | get | s-stopped! t-starting start! | t-started! c-confirming get | "
     "c-confirmed! finished",
     "-"},
    {"impaired, asleep", "impaired", NULL, "begin suspended", "get | s-stopping stop!",
     "stopping stop-ordered"},
    {"impaired, resized", "impaired", NULL, "begin resized", "get | s-stopping stop!",
     "stopping stop-ordered"},
    {"impaired, off on purpose since", "impaired", NULL, "begin stopped:ordered",
     "get | s-ordered! finished*", "-"},
    {"impaired in a former life", "impaired superseded", NULL, "begin active",
     "get | s-running! finished*", "-"},
    {"impaired in a former life, halted now", "impaired superseded", NULL, "begin error",
     "get | s-stopping stop!", "stopping stop-ordered"},
    {"between two states", "impaired", NULL, "begin other +20 timer other +5000 timer other",
     "get | wait20 | get | wait20 | get | s-nostop! error*", "-"},
    {"Nova believes it runs", "down nova", NULL, "begin active done stopped done active",
     "get | s-stopping stop! | get | s-stopped! t-starting start! | t-started! c-confirming get | "
     "c-confirmed! finished",
     "-"},
    {"Nova believes it runs, and it was recovered since", "down nova superseded", NULL,
     "begin active", "get | s-running! finished*", "-"},
    {"Nova is at something", "down nova", NULL, "begin other", "get | s-stopping stop!",
     "stopping stop-ordered"},
    {"Nova does not tell who stopped it", "down nova", NULL, "begin stopped:ordered",
     "get | s-stopped! t-starting start!", "starting"},
    {"Nova is still at it", "down nova", "confirming", "begin stopped:busy", "get | wait20",
     "confirming"},
    {"does not stop", "impaired", NULL, "begin active done active +5000 timer active",
     "get | s-stopping stop! | get | wait20 | get | s-nostop! error*", "-"},
    {"stops late", "impaired", NULL, "begin active done active +4999 timer stopped:ordered",
     "get | s-stopping stop! | get | wait20 | get | s-stopped! t-starting start!",
     "starting stop-ordered"},
    {"a stop is under way already", "impaired", NULL,
     "begin active fail:conflict timer active done stopped:ordered",
     "get | s-stopping stop! | s-conflict wait40 | get | stop! | get | s-stopped! t-starting "
     "start!",
     "starting stop-ordered"},
    {"shut down by a person before our stop", "impaired", NULL,
     "begin active fail:conflict timer stopped:ordered",
     "get | s-stopping stop! | s-conflict wait40 | get | s-ordered! finished*", "-"},
    {"off in order, and perhaps it was our first stop", "impaired", NULL,
     "begin active fail:unavailable timer active fail:conflict timer stopped:ordered",
     "get | s-stopping stop! | wait3000 | get | stop! | s-conflict wait80 | get | s-stopped! "
     "t-starting start!",
     "starting stop-ordered stop-unsure"},
    {"migrated away while it was to be stopped", "impaired", NULL,
     "begin active fail:unavailable timer stopped:departed",
     "get | s-stopping stop! | wait3000 | get | s-departed! finished*", "-"},
    {"the stop got no answer", "impaired", NULL, "begin active fail:unavailable timer active",
     "get | s-stopping stop! | wait3000 | get | stop!", "stopping stop-ordered stop-unsure"},
    {"the stop was refused too long", "impaired", NULL, "begin active +5000 fail:internal",
     "get | s-stopping stop! | s-nostop! error*", "-"},
    {"a look fails while it stops", "impaired", NULL,
     "begin active done fail:unavailable timer active",
     "get | s-stopping stop! | get | wait40 | get | wait80", "stopping stop-ordered"},
    {"a late stop of ours", "impaired", NULL,
     "begin active fail:unavailable timer stopped:ordered done stopped:ordered timer "
     "stopped:ordered",
     "get | s-stopping stop! | wait3000 | get | s-stopped! t-starting start! | t-started! "
     "c-confirming get | c-again wait40 | get | start!",
     "confirming stop-ordered stop-unsure"},
    {"a person stops it while it is confirmed", "impaired", NULL,
     "begin active done stopped:ordered done stopped:ordered",
     "get | s-stopping stop! | get | s-stopped! t-starting start! | t-started! c-confirming get | "
     "c-ordered! finished*",
     "-"},
    {"it leaves while it is confirmed", "down", NULL, "begin stopped:failure done stopped:departed",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | c-departed! finished*",
     "-"},
    {"the start is refused", "down", NULL,
     "begin stopped:failure fail:internal timer stopped:failure done active",
     "get | s-stopped! t-starting start! | wait40 | get | start! | t-started! c-confirming get | "
     "c-confirmed! finished",
     "-"},
    {"the start is refused too long", "down", NULL, "begin stopped:failure +2000 fail:internal",
     "get | s-stopped! t-starting start! | t-nostart! error*", "-"},
    {"off until it is too late", "down", NULL,
     "begin stopped:failure fail:unavailable +2000 timer stopped:failure",
     "get | s-stopped! t-starting start! | wait40 | get | t-nostart! error*", "-"},
    {"the start went through unheard", "down", NULL,
     "begin stopped:failure fail:unavailable timer active",
     "get | s-stopped! t-starting start! | wait40 | get | t-started! c-confirming c-confirmed! "
     "finished",
     "-"},
    {"dies again before it is confirmed", "down", NULL,
     "begin stopped:failure done stopped:failure timer stopped:failure done active",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | c-again wait40 | get | "
     "start! | get | c-confirmed! finished",
     "-"},
    {"dies each time", "down", NULL,
     "begin stopped:failure +1000 done stopped:failure +999 timer stopped:failure +1 done "
     "stopped:failure",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | c-again wait40 | get | "
     "start! | get | c-nostart! error*",
     "-"},
    {"paused while it is confirmed", "down", NULL,
     "begin stopped:failure done paused +2000 timer paused",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | wait20 | get | c-nostart! "
     "error*",
     "-"},
    {"unknown", "down", NULL, "begin fail:not-found", "get | error*", "-"},
    {"denied", "down", NULL, "begin stopped:failure fail:denied",
     "get | s-stopped! t-starting start! | error*", "-"},
    {"the cloud answers nonsense", "down", NULL, "begin fail:internal", "get | error*", "-"},
    {"the cloud is away for a while", "down", NULL,
     "begin fail:unavailable timer +4000 fail:unavailable timer active +2999 timer active +1 timer "
     "active",
     "get | wait40 | get | wait80 | get | wait160 | get | wait320 | get | s-running! finished*",
     "-"},
    {"the cloud is away for too long", "down", NULL,
     "begin fail:unavailable timer +5000 fail:unavailable", "get | wait40 | get | error*", "-"},
    {"taken over before anything was done", "down", "asking", "begin stopped:failure",
     "get | s-stopped! t-starting start!", "starting"},
    {"taken over, the stop may be under way", "impaired", "stopping stop-ordered",
     "begin timer active", "wait3000 | get | stop!", "stopping stop-ordered stop-unsure"},
    {"taken over, the stop was done", "impaired", "stopping stop-ordered",
     "begin timer stopped:ordered", "wait3000 | get | s-stopped! t-starting start!",
     "starting stop-ordered stop-unsure"},
    {"taken over, it was not started yet", "down", "starting", "begin stopped:failure",
     "get | start!", "starting"},
    {"taken over, it was started", "down", "starting stop-ordered", "begin active",
     "get | t-started! c-confirming c-confirmed! finished", "-"},
    {"taken over, stopped by us", "impaired", "starting stop-ordered", "begin stopped:ordered",
     "get | start!", "starting stop-ordered"},
    {"taken over, stopped by a person", "down", "starting", "begin stopped:ordered",
     "get | t-ordered! finished*", "-"},
    {"taken over while it was confirmed", "down", "confirming", "begin active",
     "get | c-confirmed! finished", "-"},
    {"the stop is stale, and it runs again", "down", NULL,
     "begin error +3000 timer error +60000 stale active",
     "get | wait20 | get | s-stopping stop! | get | s-running! finished*", "-"},
    {"the stop is stale: nothing was ordered yet", "impaired", NULL, "begin active +60000 stale",
     "get | s-stopping stop! | get", "asking"},
    {"the stop is stale, a person shut it down", "impaired", NULL,
     "begin active +60000 stale stopped:ordered",
     "get | s-stopping stop! | get | s-ordered! finished*", "-"},
    {"the stop is stale, and is wanted still, in time", "impaired", NULL,
     "begin active +60000 stale active done +4999 active +1 timer active",
     "get | s-stopping stop! | get | s-stopping stop! | get | wait20 | get | s-nostop! error*",
     "-"},
    {"the stop is stale, between two states since", "impaired", NULL,
     "begin active +60000 stale +4999 other +1 timer other",
     "get | s-stopping stop! | get | wait20 | get | s-nostop! error*", "-"},
    {"the second stop is stale, the first may show late", "impaired", NULL,
     "begin active fail:unavailable timer active +60000 stale stopped:ordered",
     "get | s-stopping stop! | wait3000 | get | stop! | get | s-stopped! t-starting start!",
     "starting stop-ordered stop-unsure"},
    {"the second stop is stale, and is given then", "impaired", NULL,
     "begin active fail:unavailable timer active +60000 stale active",
     "get | s-stopping stop! | wait3000 | get | stop! | get | stop!",
     "stopping stop-ordered stop-unsure"},
    {"the second stop is stale, the first was none", "impaired", NULL,
     "begin active fail:conflict timer active +60000 stale paused",
     "get | s-stopping stop! | s-conflict wait40 | get | stop! | get | s-ignored! ignored*", "-"},
    {"the start is stale, and it is off still", "down", NULL,
     "begin stopped:failure +60000 stale stopped:failure done active",
     "get | s-stopped! t-starting start! | get | start! | t-started! c-confirming get | "
     "c-confirmed! finished",
     "-"},
    {"the start is stale, a person turned it on and off", "down", NULL,
     "begin stopped:failure +60000 stale stopped:ordered",
     "get | s-stopped! t-starting start! | get | t-ordered! finished*", "-"},
    {"the start is stale, and it runs", "down", NULL, "begin stopped:failure +60000 stale active",
     "get | s-stopped! t-starting start! | get | t-started! c-confirming c-confirmed! finished",
     "-"},
    {"the start after our stop is stale", "impaired", NULL,
     "begin active done stopped:ordered +60000 stale stopped:ordered",
     "get | s-stopping stop! | get | s-stopped! t-starting start! | get | start!",
     "starting stop-ordered"},
    {"the start is stale, and refused until it is too late", "down", NULL,
     "begin stopped:failure +60000 stale stopped:failure +2000 fail:internal",
     "get | s-stopped! t-starting start! | get | start! | t-nostart! error*", "-"},
    {"a second start is stale", "down", NULL,
     "begin stopped:failure done stopped:failure timer stopped:failure +60000 stale "
     "stopped:failure done active",
     "get | s-stopped! t-starting start! | t-started! c-confirming get | c-again wait40 | get | "
     "start! | get | start! | get | c-confirmed! finished",
     "-"},
    {"programs everywhere", "impaired/x stop x start x confirm x", NULL,
     "begin active tasks active done stopped:ordered tasks stopped:ordered done tasks active tasks",
     "get | tasks0 | get | s-stopping stop! | get | tasks1 | get | s-stopped! t-starting start! | "
     "t-started! c-confirming tasks2 | get | c-confirmed! tasks3 | finished",
     "-"},
    {"off already: the programs of two slots", "down/x stop x start confirm", NULL,
     "begin stopped:failure tasks stopped:failure done active",
     "get | tasks1 | get | s-stopped! t-starting start! | t-started! c-confirming get | "
     "c-confirmed! finished",
     "-"},
    {"a program in front fails", "impaired/x stop start confirm", NULL, "begin active notasks",
     "get | tasks0 | error*", "-"},
    {"the last program fails", "down/stop start confirm x", "confirming", "begin active notasks",
     "get | c-confirmed! tasks3 | error*", "-"},
    {"somebody stopped it while a program ran", "impaired/x stop start confirm", NULL,
     "begin active tasks stopped:ordered", "get | tasks0 | get | s-ordered! finished*", "-"},
    {"a program takes longer than a stop", "impaired/stop x start confirm", NULL,
     "begin active done stopped:ordered +60000 tasks other timer stopped:ordered",
     "get | s-stopping stop! | get | tasks1 | get | wait20 | get | s-stopped! t-starting start!",
     "starting stop-ordered"},
    {"nothing to recover, nothing to run", "down/x stop start confirm x", NULL,
     "begin stopped:ordered", "get | s-ordered! finished*", "-"},
    {"without a stop: it is waited for", "impaired/start confirm", NULL,
     "begin active timer active +5000 timer active",
     "get | wait20 | get | wait20 | get | t-nostop! error*", "-"},
    {"without a stop: somebody else does it", "impaired nova/x start confirm", NULL,
     "begin active timer stopped tasks stopped done active",
     "get | wait20 | get | tasks1 | get | t-stopped! t-starting start! | t-started! c-confirming "
     "get | c-confirmed! finished",
     "-"},
    {"without a stop, taken over", "impaired/start confirm", "stopping", "begin timer active",
     "wait3000 | get | wait20", "stopping stop-unsure"},
    {"without a start", "impaired/stop x", NULL, "begin active done stopped:ordered tasks",
     "get | s-stopping stop! | get | s-stopped! tasks3 | finished", "-"},
    {"without a confirmation", "down/stop start", NULL, "begin stopped:failure done",
     "get | s-stopped! t-starting start! | t-started! finished", "-"},
    {"without a confirmation, seen to run", "down/stop start x", "starting", "begin active tasks",
     "get | t-started! tasks3 | finished", "-"},
    {"asked to wait before a look", "down", NULL,
     "begin fail:unavailable:2000 timer stopped:failure",
     "get | wait2000 | get | s-stopped! t-starting start!", "starting"},
    {"asked to wait before a stop", "impaired", NULL,
     "begin active fail:conflict:3500 timer active",
     "get | s-stopping stop! | s-conflict wait3500 | get | stop!", "stopping stop-ordered"},
    {"asked to wait for longer than there is time", "down", NULL,
     "begin stopped:failure fail:unavailable:60000 +2000 timer active",
     "get | s-stopped! t-starting start! | wait2000 | get | t-started! c-confirming c-confirmed! "
     "finished",
     "-"},
    {"taken over from the future", "down", "dancing wild and free for ever", "begin stopped",
     "get | s-stopped! t-starting start!", "starting"},
};

static const MskInstanceOrder base_order = {
    .live_truth = true,
    .poll_interval_us = 1000000,
    .fast_poll_us = 20000,
    .settle_us = 3000000,
    .stop_timeout_us = 5000000,
    .start_timeout_us = 2000000,
};

static MskInstanceOrder
parse_order(const char *text)
{
    MskInstanceOrder order = base_order;

    order.incident = strstr(text, "impaired") != NULL ? MSK_INCIDENT_IMPAIRED : MSK_INCIDENT_DOWN;
    order.superseded = strstr(text, "superseded") != NULL;
    order.all_instances = strstr(text, "all") != NULL;
    order.live_truth = strstr(text, "nova") == NULL;
    return order;
}

static MskRecoveryFlow *
parse_flow(const char *text)
{
    static const struct {
        const char *word;
        const char *task;
    } tasks[] = {{"stop", "stop_instance_task"},
                 {"start", "start_instance_task"},
                 {"confirm", "confirm_instance_active_task"}};
    static const char *const none[] = {NULL};
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; words[i] != NULL; i++) {
        char *name = g_strdup_printf("exec:p%u", i);

        for (size_t j = 0; j < G_N_ELEMENTS(tasks); j++) {
            if (strcmp(words[i], tasks[j].word) == 0) {
                g_free(name);
                name = g_strdup(tasks[j].task);
            }
        }
        g_free(words[i]);
        words[i] = name;
    }
    MskRecoveryFlow *flow =
        msk_recovery_flow_new(MSK_FLOW_INSTANCE, none, (const char *const *) words, none, &error);

    g_assert_no_error(error);
    return flow;
}

static MskErrorCode
parse_code(const char *word)
{
    static const struct {
        const char *word;
        MskErrorCode code;
    } codes[] = {
        {"conflict", MSK_ERROR_CONFLICT}, {"unavailable", MSK_ERROR_UNAVAILABLE},
        {"internal", MSK_ERROR_INTERNAL}, {"not-found", MSK_ERROR_NOT_FOUND},
        {"denied", MSK_ERROR_DENIED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (strcmp(word, codes[i].word) == 0) {
            return codes[i].code;
        }
    }
    g_error("no such code: %s", word);
}

static MskVmState
parse_vm_state(const char *word)
{
    for (size_t i = 0; i < MSK_N_VM_STATES; i++) {
        if (strcmp(word, msk_vm_state_name((MskVmState) i)) == 0) {
            return (MskVmState) i;
        }
    }
    g_error("no such event: %s", word);
}

static MskEvent
parse_event(const char *text, int64_t now_us)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    const char *const *words = (const char *const *) parts;
    MskEvent event = {.now_us = now_us};

    if (strcmp(words[0], "begin") == 0) {
        event.kind = MSK_EVENT_BEGIN;
    } else if (strcmp(words[0], "timer") == 0) {
        event.kind = MSK_EVENT_TIMER;
    } else if (strcmp(words[0], "tasks") == 0) {
        event.kind = MSK_EVENT_TASKS;
    } else if (strcmp(words[0], "notasks") == 0) {
        event.kind = MSK_EVENT_TASKS_FAILED;
    } else if (strcmp(words[0], "stale") == 0) {
        event.kind = MSK_EVENT_STALE;
    } else if (strcmp(words[0], "done") == 0) {
        event.kind = MSK_EVENT_DONE;
    } else if (strcmp(words[0], "fail") == 0) {
        event.kind = MSK_EVENT_FAILED;
        event.code = parse_code(words[1]);
        event.retry_after_us = words[2] != NULL ? g_ascii_strtoll(words[2], NULL, 10) * 1000 : 0;
    } else {
        event.kind = MSK_EVENT_SERVER;
        event.vm_state = parse_vm_state(words[0]);
        event.ha_enabled = !g_strv_contains(words, "noha");
        event.busy = g_strv_contains(words, "busy");
        event.stop_reason = g_strv_contains(words, "failure")    ? MSK_STOP_FAILURE
                            : g_strv_contains(words, "ordered")  ? MSK_STOP_ORDERED
                            : g_strv_contains(words, "departed") ? MSK_STOP_DEPARTED
                                                                 : MSK_STOP_UNKNOWN;
    }
    return event;
}

static void
print_step(GString *out, const MskInstanceStep *step)
{
    static const char *const outcomes[] = {"finished", "ignored", "error"};

    if (out->len > 0) {
        g_string_append(out, " | ");
    }
    for (unsigned i = 0; i < step->n_notes; i++) {
        g_string_append_printf(out, "%c-%s%s ", "stc"[step->notes[i].task],
                               note_words[step->notes[i].text],
                               step -> notes[i].progress > 0.5 ? "!" : "");
    }
    switch (step->action) {
    case MSK_ACTION_GET_SERVER:
        g_string_append(out, "get");
        break;
    case MSK_ACTION_STOP_SERVER:
        g_string_append(out, "stop");
        break;
    case MSK_ACTION_START_SERVER:
        g_string_append(out, "start");
        break;
    case MSK_ACTION_WAIT:
        g_string_append_printf(out, "wait%" G_GINT64_FORMAT, step->delay_us / 1000);
        break;
    case MSK_ACTION_RUN_TASKS:
        g_string_append_printf(out, "tasks%u", step->slot);
        break;
    case MSK_ACTION_FINISH:
        g_string_append_printf(out, "%s%s", outcomes[step->outcome], step->reverted ? "*" : "");
        g_assert_nonnull(step->reason);
        break;
    }
    g_string_append(out, step->durable ? "!" : "");
}

static void
run_case(const Case *c)
{
    g_auto(GStrv) parts = g_strsplit(c->order, "/", 2);
    MskInstanceOrder order = parse_order(parts[0]);
    g_autoptr(MskRecoveryFlow) flow = parts[1] != NULL ? parse_flow(parts[1]) : NULL;
    MskInstanceRecovery state = msk_instance_recovery_load(c->from);
    g_auto(GStrv) words = g_strsplit(c->events, " ", -1);
    g_autoptr(GString) answers = g_string_new(NULL);
    int64_t now_us = 0;

    order.flow = flow;
    g_test_message("%s", c->name);
    for (char **word = words; *word != NULL; word++) {
        int64_t ms = 0;

        if ((*word)[0] == '+') {
            g_assert_true(msk_parse_int64(*word + 1, 0, INT32_MAX, &ms));
            now_us += ms * 1000;
            continue;
        }
        MskEvent event = parse_event(*word, now_us);
        MskInstanceStep step = msk_instance_recovery_step(&state, &order, &event);

        print_step(answers, &step);
    }
    g_assert_cmpstr(answers->str, ==, c->answers);
    if (strcmp(c->saved, "-") == 0) {
        g_assert_cmpint(state.phase, ==, MSK_PHASE_OVER);
    } else {
        g_autofree char *saved = msk_instance_recovery_save(&state);

        g_assert_cmpstr(saved, ==, c->saved);
    }
}

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        run_case(&cases[i]);
    }
}

/* Looks come fast at first and then ever slower, up to the configured interval. */
static void
test_waits_grow(void)
{
    MskInstanceRecovery state = {0};
    MskEvent event = {.kind = MSK_EVENT_BEGIN};
    int64_t last_us = 0;
    unsigned looks = 0;
    MskInstanceOrder order = base_order;

    order.settle_us = 60000000;
    order.stop_timeout_us = 120000000;
    MskInstanceStep step = msk_instance_recovery_step(&state, &order, &event);
    while (state.phase != MSK_PHASE_OVER) {
        event.kind = MSK_EVENT_SERVER;
        event.vm_state = MSK_VM_ACTIVE;
        event.ha_enabled = true;
        step = msk_instance_recovery_step(&state, &order, &event);
        looks++;
        if (step.action == MSK_ACTION_WAIT) {
            g_assert_cmpint(step.delay_us, >=, last_us);
            g_assert_cmpint(step.delay_us, >=, 20000);
            g_assert_cmpint(step.delay_us, <=, 1000000);
            last_us = step.delay_us;
            event.now_us += step.delay_us;
            event.kind = MSK_EVENT_TIMER;
            step = msk_instance_recovery_step(&state, &order, &event);
            g_assert_cmpint(step.action, ==, MSK_ACTION_GET_SERVER);
        }
    }
    g_assert_cmpint(last_us, ==, 1000000);
    g_assert_cmpuint(looks, >, 60);
    g_assert_cmpuint(looks, <, 100);
}

static void
test_a_zero_interval_does_not_spin(void)
{
    MskInstanceRecovery state = {0};
    MskInstanceOrder order = base_order;
    MskEvent begin = {.kind = MSK_EVENT_BEGIN};
    MskEvent active = {.kind = MSK_EVENT_SERVER, .vm_state = MSK_VM_ACTIVE, .ha_enabled = true};

    order.poll_interval_us = 0;
    MskInstanceStep step = msk_instance_recovery_step(&state, &order, &begin);
    for (unsigned i = 0; i < 100; i++) {
        step = msk_instance_recovery_step(&state, &order, &active);
        g_assert_cmpint(step.action, ==, MSK_ACTION_WAIT);
        g_assert_cmpint(step.delay_us, ==, 20000);
    }
}

static void
test_load_of_rubbish(void)
{
    static const char *const texts[] = {NULL, "", " ", "over", "Stopping", "x stop-ordered"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        MskInstanceRecovery state = msk_instance_recovery_load(texts[i]);

        g_assert_cmpint(state.phase, ==, MSK_PHASE_ASKING);
        g_assert_false(state.stop_ordered);
        g_assert_false(state.stop_unsure);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/instance_recovery/cases", test_cases);
    g_test_add_func("/instance_recovery/waits_grow", test_waits_grow);
    g_test_add_func("/instance_recovery/a_zero_interval_does_not_spin",
                    test_a_zero_interval_does_not_spin);
    g_test_add_func("/instance_recovery/load_of_rubbish", test_load_of_rubbish);
    return g_test_run();
}
