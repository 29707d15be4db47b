/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/recovery_flow.h"

#include <string.h>

#include "base/error.h"

#define DISABLE "disable_compute_service_task"
#define PREPARE "prepare_HA_enabled_instances_task"
#define MOVE    "evacuate_instances_task"
#define STOP    "stop_instance_task"
#define START   "start_instance_task"
#define CONFIRM "confirm_instance_active_task"

/* @tasks: "a b|c|d": pre, main, post. */
static MskRecoveryFlow *
make(MskFlowKind kind, const char *tasks, GError **error)
{
    g_auto(GStrv) stages = g_strsplit(tasks, "|", 3);
    char **names[3];

    for (int i = 0; i < 3; i++) {
        names[i] = stages[i][0] == '\0' ? g_new0(char *, 1) : g_strsplit(stages[i], " ", -1);
    }
    MskRecoveryFlow *flow =
        msk_recovery_flow_new(kind, (const char *const *) names[0], (const char *const *) names[1],
                              (const char *const *) names[2], error);

    for (int i = 0; i < 3; i++) {
        g_strfreev(names[i]);
    }
    return flow;
}

/* "011 0pre:exec:a 3post:exec:b": the built-in tasks it has, and the programs with slot, stage. */
static char *
describe(const MskRecoveryFlow *flow)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < MSK_FLOW_MAX_TASKS; i++) {
        g_string_append_c(text, msk_recovery_flow_has(flow, i) ? '1' : '0');
    }
    for (unsigned i = 0; i < flow->tasks->len; i++) {
        const MskExecTask *task = g_ptr_array_index(flow->tasks, i);

        g_string_append_printf(text, " %u%s:%s", task->slot, task->stage, task->name);
    }
    return g_string_free(text, FALSE);
}

static const struct {
    MskFlowKind kind;
    const char *tasks;
    const char *expected;
} good[] = {
    {MSK_FLOW_HOST_AUTO, DISABLE "|" PREPARE "|" MOVE, "111"},
    {MSK_FLOW_HOST_RH, DISABLE "|" PREPARE " " MOVE "|", "111"},
    {MSK_FLOW_HOST_AUTO, "||" DISABLE " " PREPARE " " MOVE, "111"},
    {MSK_FLOW_HOST_AUTO, "|" PREPARE "|" MOVE, "011"},
    {MSK_FLOW_HOST_AUTO, DISABLE "||", "100"},
    {MSK_FLOW_HOST_AUTO, DISABLE "|" PREPARE "|", "110"},
    {MSK_FLOW_HOST_AUTO, "no_op|no_op|", "000"},
    {MSK_FLOW_HOST_AUTO, "||", "000"},
    {MSK_FLOW_HOST_AUTO,
     "exec:a " DISABLE " exec:b|exec:c " PREPARE " exec:d|" MOVE " exec:e exec:f",
     "111 0pre:exec:a 1pre:exec:b 1main:exec:c 2main:exec:d 3post:exec:e 3post:exec:f"},
    {MSK_FLOW_HOST_AUTO, "exec:a|" PREPARE "|" MOVE, "011 1pre:exec:a"},
    {MSK_FLOW_HOST_AUTO, "exec:a|exec:b|exec:c", "000 3pre:exec:a 3main:exec:b 3post:exec:c"},
    {MSK_FLOW_INSTANCE, STOP "|" START "|" CONFIRM, "111"},
    {MSK_FLOW_INSTANCE, "|" START "|exec:9-a.b_C", "010 3post:exec:9-a.b_C"},
    {MSK_FLOW_PROCESS, "|confirm_compute_node_disabled_task|", "010"},
    {MSK_FLOW_PROCESS, "disable_compute_node_task|exec:x confirm_compute_node_disabled_task|",
     "110 1main:exec:x"},
};

static void
test_flows_that_are_possible(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskRecoveryFlow) flow = make(good[i].kind, good[i].tasks, &error);

        g_test_message("%s", good[i].tasks);
        g_assert_no_error(error);
        g_autofree char *text = describe(flow);

        g_assert_cmpstr(text, ==, good[i].expected);
    }
}

static const struct {
    MskFlowKind kind;
    const char *tasks;
    const char *words; /* of the refusal, apart by | */
} bad[] = {
    {MSK_FLOW_HOST_AUTO, "notify_task||",
     "host_auto_failure_recovery_tasks|'notify_task' is not known|" DISABLE "|" PREPARE "|" MOVE
     "|no_op|exec:NAME|make it a program"},
    {MSK_FLOW_HOST_RH, "|stop_instance_task|", "host_rh_failure_recovery_tasks|is not known"},
    {MSK_FLOW_PROCESS, "||x",
     "process_failure_recovery_tasks|confirm_compute_node_disabled_task, no_op"},
    {MSK_FLOW_HOST_AUTO, PREPARE "|" DISABLE "|" MOVE,
     "'" DISABLE "' must come before '" PREPARE "'"},
    {MSK_FLOW_HOST_AUTO, DISABLE "|" MOVE "|" PREPARE, "'" PREPARE "' must come before"},
    {MSK_FLOW_HOST_AUTO, DISABLE "|" MOVE "|", "'" MOVE "' needs '" PREPARE "'"},
    {MSK_FLOW_INSTANCE, STOP "|" CONFIRM "|", "'" CONFIRM "' needs '" START "'"},
    {MSK_FLOW_INSTANCE, STOP " " STOP "||", "'" STOP "' is named twice"},
    {MSK_FLOW_INSTANCE, "exec:a||exec:a", "'exec:a' is named twice"},
    {MSK_FLOW_INSTANCE, "exec:||", "does not name a program"},
    {MSK_FLOW_INSTANCE, "exec:../sh||", "does not name a program"},
    {MSK_FLOW_INSTANCE, "exec:.hidden||", "does not name a program"},
    {MSK_FLOW_INSTANCE, "exec:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa||",
     "does not name a program"},
};

static void
test_flows_that_are_not(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = g_strsplit(bad[i].words, "|", -1);

        g_test_message("%s", bad[i].tasks);
        g_assert_null(make(bad[i].kind, bad[i].tasks, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        for (size_t j = 0; words[j] != NULL; j++) {
            g_test_message("%s in %s", words[j], error->message);
            g_assert_nonnull(strstr(error->message, words[j]));
        }
    }
}

static void
test_what_is_due(void)
{
    g_autoptr(MskRecoveryFlow) flow =
        make(MSK_FLOW_HOST_AUTO, DISABLE "|exec:a " PREPARE "|" MOVE " exec:b", NULL);

    g_assert_false(msk_recovery_flow_due(flow, 0, 0));
    g_assert_true(msk_recovery_flow_due(flow, 0, 1));
    g_assert_true(msk_recovery_flow_due(flow, 1, 1));
    g_assert_false(msk_recovery_flow_due(flow, 2, 2));
    g_assert_true(msk_recovery_flow_due(flow, 2, 3));
    g_assert_false(msk_recovery_flow_due(NULL, 0, 3));
    g_assert_true(msk_recovery_flow_has(NULL, 2));
}

static void
test_where_progress_is_told(void)
{
    static const struct {
        const char *tasks;
        unsigned rows[MSK_FLOW_MAX_TASKS];
    } rows[] = {
        {DISABLE "|" PREPARE "|" MOVE, {0, 1, 2}},
        {PREPARE "|" MOVE "|", {1, 1, 2}},
        {DISABLE "||", {0, 0, 0}},
        {DISABLE "|" PREPARE "|", {0, 1, 1}},
        {"||", {0, 1, 2}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MskRecoveryFlow) flow = make(MSK_FLOW_HOST_AUTO, rows[i].tasks, NULL);

        g_test_message("%s", rows[i].tasks);
        for (unsigned task = 0; task < MSK_FLOW_MAX_TASKS; task++) {
            g_assert_cmpuint(msk_recovery_flow_row(flow, task), ==, rows[i].rows[task]);
        }
    }
    g_assert_cmpuint(msk_recovery_flow_row(NULL, 1), ==, 1);
}

static void
test_what_is_run_again(void)
{
    static const MskExecDecision decisions[][2] = {
        /* not repeatable, repeatable */
        [MSK_EXEC_NEVER] = {MSK_EXEC_RUN, MSK_EXEC_RUN},
        [MSK_EXEC_SUCCEEDED] = {MSK_EXEC_SKIP, MSK_EXEC_SKIP},
        [MSK_EXEC_SUCCEEDED_ONCE] = {MSK_EXEC_SKIP, MSK_EXEC_RUN},
        [MSK_EXEC_FAILED] = {MSK_EXEC_REFUSE, MSK_EXEC_RUN},
        [MSK_EXEC_UNKNOWN] = {MSK_EXEC_REFUSE, MSK_EXEC_RUN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(decisions); i++) {
        g_assert_cmpint(msk_exec_decide((MskExecHistory) i, false), ==, decisions[i][0]);
        g_assert_cmpint(msk_exec_decide((MskExecHistory) i, true), ==, decisions[i][1]);
    }
}

static void
test_lines(void)
{
    static const struct {
        const char *line;
        int percent; /* -1: none */
        const char *text;
    } rows[] = {
        {"42% half way", 42, "half way"},
        {"0%", 0, ""},
        {"100%  done ", 100, "done"},
        {"101% x", -1, "101% x"},
        {"1000% x", -1, "1000% x"},
        {"50 % x", -1, "50 % x"},
        {"", -1, ""},
        {"%", -1, "%"},
        {"7", -1, "7"},
        {"a\tb\033[1m\r", -1, "a b [1m"},
        {"\xff", -1, "\xef\xbf\xbd"},
        {"gr\xc3\xbc\xc3\x9f", -1, "gr\xc3\xbc\xc3\x9f"},
    };
    char long_line[2000];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MskExecLine line = msk_exec_line_parse(rows[i].line, strlen(rows[i].line));

        g_test_message("%s", rows[i].line);
        g_assert_cmpfloat_with_epsilon(line.progress,
                                       rows[i].percent < 0 ? -1.0 : rows[i].percent / 100.0, 1e-9);
        g_assert_cmpstr(line.text, ==, rows[i].text);
        g_free(line.text);
    }
    memset(long_line, 'x', sizeof long_line);
    MskExecLine line = msk_exec_line_parse(long_line, sizeof long_line);

    g_assert_cmpuint(strlen(line.text), ==, MSK_EXEC_MAX_LINE);
    g_free(line.text);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recovery_flow/possible", test_flows_that_are_possible);
    g_test_add_func("/recovery_flow/refused", test_flows_that_are_not);
    g_test_add_func("/recovery_flow/due", test_what_is_due);
    g_test_add_func("/recovery_flow/rows", test_where_progress_is_told);
    g_test_add_func("/recovery_flow/run_again", test_what_is_run_again);
    g_test_add_func("/recovery_flow/lines", test_lines);
    return g_test_run();
}
