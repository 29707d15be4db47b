/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_recovery.h"

#include <string.h>

#include "model/recovery/test_flow.h"

/* Single decisions; whole recoveries, with every fault at every action, are in tests/simulator. */

static const MskHostOrder order = {.host = "h1",
                                   .all_instances = true,
                                   .max_moves = 3,
                                   .heartbeat_age_us = (int64_t) 15 * G_USEC_PER_SEC,
                                   .hold_timeout_us = 600 * INT64_C(1000000)};

/* Returns: the kind of the only action. */
static MskHostActKind
only_act(MskHostRecovery *self, MskHostEvent event)
{
    g_auto(MskHostStep) step = msk_host_recovery_step(self, &order, &event);

    g_assert_cmpuint(step.acts->len, ==, 1);
    return g_array_index(step.acts, MskHostAct, 0).kind;
}

static void
test_a_refused_call_is_the_end_and_others_are_repeated(void)
{
    g_auto(MskHostRecovery) self;
    MskHostEvent failed = {
        .kind = MSK_HOST_EVENT_FAILED, .code = MSK_ERROR_UNAVAILABLE, .message = "away"};

    msk_host_recovery_init(&self, 1);
    self.phase = MSK_HOST_PHASE_LISTING;
    g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_WAIT);
    g_assert_cmpint(only_act(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER}), ==,
                    MSK_HOST_ACT_LIST);
    failed.code = MSK_ERROR_DENIED;
    g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_FINISH);
}

/* What fails for the moment is tried again, but the instances do not wait for it for long. */
static void
test_joining_is_tried_again(void)
{
    static const struct {
        MskErrorCode code;
        int64_t retry_after_us;
        unsigned n_more;
    } rows[] = {{MSK_ERROR_UNAVAILABLE, 0, 3},
                {MSK_ERROR_UNAVAILABLE, INT64_C(5000000), 3},
                {MSK_ERROR_UNAVAILABLE, INT64_C(6000000), 0},
                {MSK_ERROR_DENIED, 0, 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(MskHostRecovery) self;
        MskHostEvent failed = {.kind = MSK_HOST_EVENT_FAILED,
                               .code = rows[i].code,
                               .retry_after_us = rows[i].retry_after_us,
                               .message = "away"};

        msk_host_recovery_init(&self, 1);
        self.phase = MSK_HOST_PHASE_JOINING;
        self.reserved = g_strdup("r1");
        for (unsigned n = 0; n < rows[i].n_more; n++) {
            g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_WAIT);
            g_assert_cmpint(only_act(&self, (MskHostEvent){.kind = MSK_HOST_EVENT_TIMER}), ==,
                            MSK_HOST_ACT_JOIN);
        }
        g_assert_cmpint(only_act(&self, failed), ==, MSK_HOST_ACT_ENABLE);
        g_assert_cmpstr(self.reserved, ==, "r1");
    }
}

/* ---- flows ------------------------------------------------------------------------------- */

/* A row is a conversation: events, and the action that answers each, as letters.
 *
 * Events: b begin, g gates open, d service down, u up, k done, l one VM listed, s the row is stored
 * (which ends this conversation with a move that is over), p programs done, P failed, t timer.
 * Actions: G ask the gates, S get the service, D force down, L list, P store the plan, 0-3 run the
 * programs of a slot, m something of a move, w wait, f finished, e error. */
static const struct {
    const char *name;
    const char *tasks; /* D, P, E: built-in; x: a program */
    bool dry_run;
    const char *events;
    const char *acts;
} flows[] = {
    {"the default", "DPE", false, "bgdkdlk", "GSDSLPm"},
    {"programs everywhere", "xDxPxEx", false, "bgdpgdkdpdlkp", "GS0GSDS1SLP2m"},
    {"the gates close meanwhile", "xDPE", false, "bgdpgutgd", "GS0GSwGSD"},
    {"a program in front fails", "xDPE", false, "bgdP", "GS0e"},
    {"a program before the moves fails", "DPxE", false, "bgdkdlkP", "GSDSLP2e"},
    {"without disabling", "PE", false, "bgddlk", "GSSLPm"},
    {"without disabling: it is waited for", "PE", false, "bgdutdl", "GSSwSLP"},
    {"without disabling: it stays up", "PE", false, "bgd+u", "GSSe"},
    {"without disabling, programs", "xPE", false, "bgddpdl", "GSS1SLP"},
    {"only disabling", "D", false, "bgdkd", "GSDSf"},
    {"only disabling, and a program", "Dx", false, "bgdkdp", "GSDS3f"},
    {"only listing", "DPx", false, "bgdkdlp", "GSDSL3f"},
    {"only a program", "x", false, "bgddp", "GSS3f"},
    {"nothing is run in a dry run", "xDxPxEx", true, "bgdl", "GSLf"},
    {"not even in an empty one", "x", true, "bgd", "GSf"},
};

static const char *
task_of(char letter)
{
    return letter == 'D'   ? "disable_compute_service_task"
           : letter == 'P' ? "prepare_HA_enabled_instances_task"
           : letter == 'E' ? "evacuate_instances_task"
                           : NULL;
}

static MskHostEvent
parse_event(char letter, MskListedVm *vm)
{
    MskHostEvent event = {.storm = {.failed_in_segment = 1, .failed = 1}};

    event.service.age_us = letter == 'u' ? 0 : INT64_C(3600000000);
    event.service.up = letter == 'u';
    event.vms = vm;
    event.n_vms = 1;
    event.message = "Task 'exec:p0' failed: exit status 1";
    switch (letter) {
    case 'b':
        event.kind = MSK_HOST_EVENT_BEGIN;
        break;
    case 'g':
        event.kind = MSK_HOST_EVENT_GATES;
        break;
    case 'd':
    case 'u':
        event.kind = MSK_HOST_EVENT_SERVICE;
        break;
    case 'k':
        event.kind = MSK_HOST_EVENT_DONE;
        break;
    case 'l':
        event.kind = MSK_HOST_EVENT_LISTED;
        break;
    case 'p':
        event.kind = MSK_HOST_EVENT_TASKS;
        break;
    case 'P':
        event.kind = MSK_HOST_EVENT_TASKS_FAILED;
        break;
    default:
        g_assert_true(letter == 't');
        event.kind = MSK_HOST_EVENT_TIMER;
    }
    return event;
}

static char
letter_of(const MskHostAct *act)
{
    switch (act->kind) {
    case MSK_HOST_ACT_ASK_GATES:
        return 'G';
    case MSK_HOST_ACT_GET_SERVICE:
        return 'S';
    case MSK_HOST_ACT_FORCE_DOWN:
        return 'D';
    case MSK_HOST_ACT_LIST:
        return 'L';
    case MSK_HOST_ACT_STORE_PLAN:
        return 'P';
    case MSK_HOST_ACT_RUN_TASKS:
        return (char) ('0' + act->slot);
    case MSK_HOST_ACT_WAIT:
        return 'w';
    case MSK_HOST_ACT_FINISH:
        return act->outcome == MSK_OUTCOME_FINISHED ? 'f' : 'e';
    case MSK_HOST_ACT_FENCE:
        return 'F';
    case MSK_HOST_ACT_TAKE_RESERVED:
    case MSK_HOST_ACT_JOIN:
    case MSK_HOST_ACT_ENABLE:
    case MSK_HOST_ACT_LOOK:
    case MSK_HOST_ACT_MOVE:
    case MSK_HOST_ACT_STORE:
        return 'm';
    }
    g_assert_not_reached();
}

static void
test_flows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flows); i++) {
        g_auto(MskHostRecovery) self;
        g_autoptr(MskRecoveryFlow) flow =
            test_flow_parse(MSK_FLOW_HOST_AUTO, flows[i].tasks, task_of);
        g_autoptr(GString) acts = g_string_new(NULL);
        char uuid[] = "c5463cf8-a348-4ad5-bfd0-e29f90929277";
        MskListedVm vm = {.uuid = uuid, .sight = {.vm_state = MSK_VM_ACTIVE}};
        MskHostOrder custom = order;
        int64_t now_us = 0;

        g_test_message("%s", flows[i].name);
        custom.flow = flow;
        custom.dry_run = flows[i].dry_run;
        custom.down_timeout_us = 180 * INT64_C(1000000);
        msk_host_recovery_init(&self, 1);
        for (const char *letter = flows[i].events; *letter != '\0'; letter++) {
            if (*letter == '+') {
                now_us += custom.down_timeout_us;
                continue;
            }
            MskHostEvent event = parse_event(*letter, &vm);

            event.now_us = now_us;
            g_auto(MskHostStep) step = msk_host_recovery_step(&self, &custom, &event);

            g_assert_cmpuint(step.acts->len, ==, 1);
            g_string_append_c(acts, letter_of(&g_array_index(step.acts, MskHostAct, 0)));
        }
        g_assert_cmpstr(acts->str, ==, flows[i].acts);
    }
}

/* Answers the only action, as the engine and a cloud would. */
static MskHostEvent
answer_to(const MskHostAct *act, MskListedVm *vm, bool arrives)
{
    MskHostEvent event = {.kind = MSK_HOST_EVENT_DONE,
                          .storm = {.failed_in_segment = 1, .failed = 1},
                          .service = {.age_us = INT64_C(3600000000)},
                          .vms = vm,
                          .n_vms = 1,
                          .name = "reserved"};

    vm->sight.vm_state = MSK_VM_ACTIVE;
    vm->sight.elsewhere = false;
    switch (letter_of(act)) {
    case 'G':
        event.kind = MSK_HOST_EVENT_GATES;
        break;
    case 'S':
        event.kind = MSK_HOST_EVENT_SERVICE;
        break;
    case 'L':
        event.kind = MSK_HOST_EVENT_LISTED;
        break;
    case '2':
    case '3':
        event.kind = MSK_HOST_EVENT_TASKS;
        break;
    case 'w':
        event.kind = MSK_HOST_EVENT_TIMER;
        break;
    default:
        event.kind = act->kind == MSK_HOST_ACT_TAKE_RESERVED ? MSK_HOST_EVENT_RESERVED
                     : act->kind == MSK_HOST_ACT_LOOK        ? MSK_HOST_EVENT_LOOKED
                     : act->kind == MSK_HOST_ACT_MOVE        ? MSK_HOST_EVENT_MOVE
                     : act->kind == MSK_HOST_ACT_STORE       ? MSK_HOST_EVENT_STORED
                                                             : MSK_HOST_EVENT_DONE;
        event.move = act->move;
        event.move_event.kind = MSK_MOVE_DONE;
    }
    if (act->kind == MSK_HOST_ACT_LOOK) {
        vm->sight.elsewhere = arrives;
        vm->sight.vm_state = arrives ? MSK_VM_ACTIVE : MSK_VM_ERROR;
    }
    return event;
}

/* Programs stand in front of the evacuation and behind it, not in front of each way: the one that
 * is gone first leaves the VM behind. */
static void
test_programs_are_run_once_for_both_ways(void)
{
    static const MskRecoveryMethod methods[] = {MSK_METHOD_AUTO_PRIORITY, MSK_METHOD_RH_PRIORITY};
    char uuid[] = "c5463cf8-a348-4ad5-bfd0-e29f90929277";

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_auto(MskHostRecovery) self;
        g_autoptr(MskRecoveryFlow) flow = test_flow_parse(MSK_FLOW_HOST_AUTO, "DPxEx", task_of);
        g_autoptr(GString) acts = g_string_new(NULL);
        MskListedVm vm = {.uuid = uuid, .sight = {.migrations_asked = true}};
        MskHostOrder both = order;
        MskHostEvent event = {.kind = MSK_HOST_EVENT_BEGIN};

        both.method = methods[i];
        both.flow = flow;
        both.move = (MskMoveOrder){.evacuate_timeout_us = INT64_C(90000000),
                                   .unlock_timeout_us = INT64_C(90000000),
                                   .retry_us = 500000};
        msk_host_recovery_init(&self, 1);
        while (self.phase != MSK_HOST_PHASE_OVER) {
            event.now_us += G_USEC_PER_SEC;
            g_auto(MskHostStep) step = msk_host_recovery_step(&self, &both, &event);
            int64_t now_us = event.now_us;
            const MskHostAct *act = &g_array_index(step.acts, MskHostAct, 0);

            g_assert_cmpuint(step.acts->len, ==, 1);
            g_string_append_c(acts, letter_of(act));
            event = answer_to(act, &vm, self.second);
            event.now_us = now_us;
        }
        g_test_message("%s", acts->str);
        g_assert_true(self.second);
        g_assert_true(g_str_has_prefix(acts->str, "GSDSLP2m"));
        g_assert_true(g_str_has_suffix(acts->str, "3f"));
        g_assert_cmpint(strchr(acts->str, '2') - strrchr(acts->str, '2'), ==, 0);
        g_assert_cmpint(strchr(acts->str, '3') - strrchr(acts->str, '3'), ==, 0);
        g_assert_nonnull(strstr(acts->str, "LPm")); /* the second way */
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_recovery/failures",
                    test_a_refused_call_is_the_end_and_others_are_repeated);
    g_test_add_func("/host_recovery/joining", test_joining_is_tried_again);
    g_test_add_func("/host_recovery/flows", test_flows);
    g_test_add_func("/host_recovery/both_ways", test_programs_are_run_once_for_both_ways);
    return g_test_run();
}
