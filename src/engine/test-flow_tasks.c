/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/flow_tasks.h"
#include "engine/test_lease.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/engine_clock.h"
#include "engine/exec_run.h"
#include "engine/test_place.h"

/* Programs are small scripts, the database is a real one. One flow: begin and end around the task
 * that starts an instance. */

#define WAIT_US (INT64_C(60) * G_USEC_PER_SEC)

typedef struct {
    char *dir;
    char *tasks;
    MskConfig *config;
    MskEngineFlows *flows;
    MskEngineSettings settings;
    MskStore *store;   /* the test's own connection */
    TestFaults faults; /* of the queue's store */
    MskStoreQueue *queue;
    MskClaim *claim;
    MskFlowProgress *flow;
    GHashTable *earlier;
    int64_t lease_us; /* how much is left of it */
    bool may_act;
    TestLease lease;

    bool is_done;
    MskFlowTasksResult result;
    char *message;
} Fixture;

static void
write_program(const Fixture *self, const char *name, const char *script)
{
    g_autofree char *path = g_build_filename(self->tasks, name, NULL);
    g_autofree char *text =
        g_strdup_printf("#!/bin/sh\nhere=%s\n%s", self->dir, script); /* its own directory */

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

static MskStore *
open_store(const Fixture *self, TestFaults *faults)
{
    g_autofree char *file = g_build_filename(self->dir, "test.sqlite", NULL);

    return test_place_open(file, 5000, faults);
}

static void
set_up(Fixture *self, const void *data)
{
    (void) data;
    self->dir = g_dir_make_tmp("msk-tasks-XXXXXX", NULL);
    self->tasks = g_build_filename(self->dir, "tasks.d", NULL);
    g_assert_cmpint(g_mkdir(self->tasks, 0755), ==, 0);
    self->store = open_store(self, NULL);
    self->queue = msk_store_queue_new(open_store(self, &self->faults));
    self->faults.n_begun = 0; /* opening it does not count */
    self->claim = test_place_claim(self->store, "VM", "{\"event\": \"LIFECYCLE\"}");
    self->flow = msk_flow_progress_new("instance_recovery_engine");
    self->may_act = true;
    self->lease_us = WAIT_US;
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_store_queue_free(self->queue);
    msk_engine_flows_free(self->flows);
    g_clear_pointer(&self->config, msk_config_unref);
    msk_claim_free(self->claim);
    msk_flow_progress_free(self->flow);
    g_clear_pointer(&self->earlier, g_hash_table_unref);
    msk_store_free(self->store);
    test_place_remove(self->dir);
    g_free(self->message);
    g_free(self->tasks);
    g_free(self->dir);
}

/* Begins @self anew. */
static void
begin_anew(Fixture *self, const void *data)
{
    tear_down(self, data);
    *self = (Fixture){0};
    set_up(self, data);
}

/* Loads the flow begin, start, end with @options below [recovery_tasks], apart by blanks. */
static MskEngineFlows *
load(Fixture *self, const char *options, GError **error)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_auto(GStrv) words = g_strsplit(options, " ", -1);
    g_autoptr(GPtrArray) overrides = g_ptr_array_new_with_free_func(g_free);
    GError *bad = NULL;

    g_ptr_array_add(overrides,
                    g_strdup("taskflow_driver_recovery_flows.instance_failure_recovery_tasks="
                             "pre: ['exec:begin'], main: ['start_instance_task'], "
                             "post: ['exec:end']"));
    g_ptr_array_add(overrides, g_strconcat("recovery_tasks.directory=", self->tasks, NULL));
    for (size_t i = 0; words[i] != NULL && words[i][0] != '\0'; i++) {
        g_ptr_array_add(overrides, g_strconcat("recovery_tasks.", words[i], NULL));
    }
    g_ptr_array_add(overrides, NULL);
    msk_engine_flows_add_options(schema);
    g_clear_pointer(&self->config, msk_config_unref);
    self->config = msk_config_load(
        schema, &(MskConfigSources){.overrides = (const char *const *) overrides->pdata}, &bad);
    g_assert_no_error(bad);
    return msk_engine_flows_new(self->config, error);
}

static void
load_well(Fixture *self, const char *options)
{
    g_autoptr(GError) error = NULL;

    self->flows = load(self, options, &error);
    g_assert_no_error(error);
}

/* ---- what a recovery does ---------------------------------------------------------------- */

static bool
may_act(void *data, int64_t *ret_until_us)
{
    Fixture *self = data;

    return test_lease_ask(&self->lease, msk_engine_now_us() + self->lease_us, ret_until_us) &&
           self->may_act;
}

static void
describe(json_t *input, void *data)
{
    (void) data;
    g_assert_cmpint(json_object_set_new(input, "later", json_integer(7)), ==, 0);
}

static void
on_changed(void *data)
{
    (void) data;
}

static void
on_done(MskFlowTasksResult result, const char *message, void *data)
{
    Fixture *self = data;

    g_assert_false(self->is_done);
    self->is_done = true;
    self->result = result;
    g_free(self->message);
    self->message = g_strdup(message);
}

static MskFlowTasks *
new_tasks(Fixture *self)
{
    MskFlowTasksContext context = {.run = {.queue = self->queue,
                                           .settings = &self->settings,
                                           .claim = self->claim,
                                           .engine_uuid = "e1",
                                           .may_act = may_act,
                                           .act_data = self},
                                   .book = "instance:recovery",
                                   .flow = self->flow,
                                   .earlier = self->earlier,
                                   .subject = json_pack("{s:{s:s}}", "host", "name", "h1"),
                                   .describe = describe,
                                   .changed = on_changed,
                                   .done = on_done,
                                   .data = self};

    self->settings.flows = self->flows;
    return msk_flow_tasks_new(&context, MSK_FLOW_INSTANCE);
}

static bool
is_done(void *data)
{
    return ((Fixture *) data)->is_done;
}

static void
wait_until_done(Fixture *self)
{
    test_place_until(is_done, self);
}

static MskFlowTasksResult
run_slot(Fixture *self, MskFlowTasks *tasks, unsigned slot)
{
    self->is_done = false;
    msk_flow_tasks_run(tasks, slot);
    g_assert_false(self->is_done);
    wait_until_done(self);
    return self->result;
}

static MskFlowTasksResult
run(Fixture *self, unsigned slot)
{
    g_autoptr(MskFlowTasks) tasks = new_tasks(self);

    return run_slot(self, tasks, slot);
}

/* "FAILURE 1.00: Running|Failed: …" of the row as the database has it. */
static char *
stored_row(const Fixture *self, const char *name)
{
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(
        msk_store_progress_list(self->store, self->claim->notification->uuid, &flows, &error), ==,
        MSK_STORE_DONE);
    g_assert_cmpuint(flows->len, >, 0);
    const MskTaskProgress *row =
        msk_flow_progress_task(g_ptr_array_index(flows, flows->len - 1), name);
    GString *text = g_string_new(msk_progress_state_name(row->state));

    for (unsigned i = 0; i < row->details->len; i++) {
        const MskProgressDetail *line = g_ptr_array_index(row->details, i);

        g_string_append_printf(text, "%s%.2f %s", i == 0 ? ": " : "|", line->progress,
                               line->message);
    }
    return g_string_free(text, FALSE);
}

static void
assert_row(const Fixture *self, const char *name, const char *expected)
{
    g_autofree char *row = stored_row(self, name);

    g_assert_cmpstr(row, ==, expected);
}

static bool
ran(const Fixture *self)
{
    g_autofree char *path = g_build_filename(self->dir, "ran", NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void
test_progress_and_input(Fixture *self, const void *data)
{
    g_autofree char *path = g_build_filename(self->dir, "input", NULL);
    g_autofree char *text = NULL;

    (void) data;
    write_program(self, "begin", "cat >$here/input\necho 'one line'\necho '50% half'\n");
    write_program(self, "end", "echo no newline | tr -d '\\n'\n");
    load_well(self, "");
    g_autoptr(MskFlowTasks) tasks = new_tasks(self);

    g_assert_cmpint(run_slot(self, tasks, 1), ==, MSK_FLOW_TASKS_DONE);
    assert_row(self, "exec:begin", "SUCCESS: 0.00 Running|0.00 one line|0.50 half|1.00 Succeeded");
    assert_row(self, "exec:end", "PENDING");
    g_assert_cmpint(run_slot(self, tasks, 3), ==, MSK_FLOW_TASKS_DONE);
    assert_row(self, "exec:end", "SUCCESS: 0.00 Running|0.00 no newline|1.00 Succeeded");
    g_assert_cmpint(run_slot(self, tasks, 3), ==, MSK_FLOW_TASKS_DONE); /* nothing is left */

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    json_auto_t *input = json_loads(text, 0, NULL);
    json_auto_t *expected =
        json_pack("{s:i, s:s, s:s, s:s, s:i, s:b, s:{s:s}, s:i, s:{s:s, s:s, s:s, s:{s:s}}}",
                  "version", 1, "task", "begin", "flow", "instance_failure_recovery_tasks", "stage",
                  "pre", "attempt", 1, "repeated", 0, "host", "name", "h1", "later", 7,
                  "notification", "uuid", self->claim->notification->uuid, "type", "VM",
                  "generated_time", "2023-11-14T22:13:20.000000", "payload", "event", "LIFECYCLE");

    g_test_message("%s", text);
    g_assert_true(json_equal(input, expected));
}

static const struct {
    const char *name;
    const char *script;
    const char *options;
    const char *message; /* NULL: the recovery goes on */
    const char *row;
} ends[] = {
    {"exit", "echo why >&2; exit 3\n", "", "Task 'exec:begin' failed: exit status 3: why",
     "FAILURE: 0.00 Running|1.00 Failed: exit status 3: why"},
    {"signal", "kill -KILL $$\n", "", "Task 'exec:begin' failed: ended by signal 9",
     "FAILURE: 0.00 Running|1.00 Failed: ended by signal 9"},
    {"timeout", "exec sleep 1000\n", "timeouts=begin:1",
     "Task 'exec:begin' failed: killed, because it did not end within 1 s",
     "FAILURE: 0.00 Running|1.00 Failed: killed, because it did not end within 1 s"},
    {"blank lines", "echo; echo ' '; exit 4\n", "", "Task 'exec:begin' failed: exit status 4",
     "FAILURE: 0.00 Running|1.00 Failed: exit status 4"},
    {"much on standard error",
     "head -c 3000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo last >&2; "
     "exit 5\n",
     "", "Task 'exec:begin' failed: exit status 5: last",
     "FAILURE: 0.00 Running|1.00 Failed: exit status 5: last"},
    {"optional", "exit 1\n", "optional=begin", NULL,
     "FAILURE: 0.00 Running|1.00 Failed: exit status 1; the recovery goes on, because the task is "
     "optional"},
};

static void
test_failures(Fixture *self, const void *data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_test_message("%s", ends[i].name);
        if (i > 0) {
            begin_anew(self, data);
        }
        write_program(self, "begin", ends[i].script);
        write_program(self, "end", "");
        load_well(self, ends[i].options);
        g_assert_cmpint(run(self, 1), ==,
                        ends[i].message != NULL ? MSK_FLOW_TASKS_FAILED : MSK_FLOW_TASKS_DONE);
        g_assert_cmpstr(self->message, ==, ends[i].message);
        assert_row(self, "exec:begin", ends[i].row);
    }
}

static void
test_a_flood_of_lines(Fixture *self, const void *data)
{
    (void) data;
    write_program(self, "begin", "i=0; while test $i -lt 100; do echo $i; i=$((i + 1)); done\n");
    write_program(self, "end", "");
    load_well(self, "");
    g_assert_cmpint(run(self, 1), ==, MSK_FLOW_TASKS_DONE);
    const MskTaskProgress *row = msk_flow_progress_task(self->flow, "exec:begin");

    g_assert_cmpuint(row->details->len, ==, MSK_EXEC_MAX_LINES + 3);
    const MskProgressDetail *line = g_ptr_array_index(row->details, row->details->len - 2);

    g_assert_cmpstr(line->message, ==, "60 more lines were left out");
}

/* What predecessors left on record, and what becomes of it. */
static const struct {
    const char *name;
    bool earlier; /* in an earlier attempt */
    MskProgressState state;
    bool repeatable;
    MskFlowTasksResult result;
    bool runs;
    const char *words; /* of the message or the row */
} records[] = {
    {"begun, end unknown", false, MSK_PROGRESS_RUNNING, false, MSK_FLOW_TASKS_FAILED, false,
     "nobody knows what came of it, and it is not repeatable"},
    {"begun, end unknown, repeatable", false, MSK_PROGRESS_RUNNING, true, MSK_FLOW_TASKS_DONE, true,
     "Running once more"},
    {"succeeded", false, MSK_PROGRESS_SUCCESS, true, MSK_FLOW_TASKS_DONE, false, "SUCCESS"},
    {"begun by an earlier attempt", true, MSK_PROGRESS_RUNNING, false, MSK_FLOW_TASKS_FAILED, false,
     "nobody knows what came of it"},
    {"failed in an earlier attempt", true, MSK_PROGRESS_FAILURE, false, MSK_FLOW_TASKS_FAILED,
     false, "it failed before, and is not repeatable"},
    {"failed in an earlier attempt, repeatable", true, MSK_PROGRESS_FAILURE, true,
     MSK_FLOW_TASKS_DONE, true, "Running once more"},
    {"succeeded in an earlier attempt", true, MSK_PROGRESS_SUCCESS, false, MSK_FLOW_TASKS_DONE,
     false, "Not run again: it succeeded before"},
};

static void
leave_record(Fixture *self, size_t i)
{
    MskFlowProgress *flow = records[i].earlier ? msk_flow_progress_new("before") : self->flow;
    MskTaskProgress *row = msk_flow_progress_task(flow, "exec:begin");

    msk_task_progress_add(row, 1, 0.0, "Running");
    row->state = records[i].state;
    if (records[i].earlier) {
        g_autoptr(GPtrArray) flows = g_ptr_array_new();

        msk_flow_progress_end(flow, true);
        g_ptr_array_add(flows, flow);
        row->state = records[i].state;
        self->earlier = msk_flow_tasks_earlier(flows);
        msk_flow_progress_free(flow);
    }
}

static void
test_records(Fixture *self, const void *data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        g_test_message("%s", records[i].name);
        if (i > 0) {
            begin_anew(self, data);
        }
        write_program(self, "begin", "touch $here/ran\ngrep -q '\"repeated\":true'\n");
        write_program(self, "end", "");
        load_well(self, records[i].repeatable ? "repeatable=begin" : "");
        leave_record(self, i);
        g_assert_cmpint(run(self, 1), ==, records[i].result);
        g_assert_cmpint(ran(self), ==, records[i].runs);
        g_autofree char *row = stored_row(self, "exec:begin");

        g_test_message("%s", row);
        g_assert_nonnull(strstr(row, records[i].words));
    }
}

/* It may not be ours any more, so that another engine may be at it by now. */
static void
test_killed_without_a_lease(Fixture *self, const void *data)
{
    int64_t deadline_us = g_get_monotonic_time() + WAIT_US;

    (void) data;
    write_program(self, "begin", "touch $here/ran; sleep 1000 & wait\n");
    write_program(self, "end", "");
    load_well(self, "timeout=600");
    self->lease_us = INT64_C(2) * G_USEC_PER_SEC;
    g_autoptr(MskFlowTasks) tasks = new_tasks(self);

    msk_flow_tasks_run(tasks, 1);
    while (!ran(self)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        (void) g_main_context_iteration(NULL, TRUE);
    }
    self->may_act = false;
    wait_until_done(self);
    g_assert_cmpint(self->result, ==, MSK_FLOW_TASKS_FAILED);
    g_assert_nonnull(strstr(self->message, "could not renew its lease"));
}

static void
test_not_begun_when_the_claim_is_lost(Fixture *self, const void *data)
{
    (void) data;
    write_program(self, "begin", "touch $here/ran\n");
    write_program(self, "end", "");
    load_well(self, "");
    self->claim->epoch++;
    g_assert_cmpint(run(self, 1), ==, MSK_FLOW_TASKS_LOST);
    g_assert_false(ran(self));
}

/* Whatever gets in its way, it is run, and once. */
static void
test_run_once_whatever_gets_in_its_way(Fixture *self, const void *data)
{
    static const struct {
        int fail_at; /* transaction */
        unsigned n_refusals;
        unsigned n_late;
    } table[] = {{1, 0, 0}, {2, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 1, 1}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = NULL;
        g_autofree char *text = NULL;

        g_test_message("row %zu", i);
        if (i > 0) {
            begin_anew(self, data);
        }
        write_program(self, "begin", "echo x >>$here/ran\n");
        write_program(self, "end", "");
        load_well(self, "");
        self->faults.fail_at = table[i].fail_at;
        self->lease.n_refusals = table[i].n_refusals;
        self->lease.n_late = table[i].n_late;
        g_assert_cmpint(run(self, 1), ==, MSK_FLOW_TASKS_DONE);
        path = g_build_filename(self->dir, "ran", NULL);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "x\n");
        assert_row(self, "exec:begin", "SUCCESS: 0.00 Running|1.00 Succeeded");
        g_assert_cmpint(self->faults.n_failed, ==, table[i].fail_at > 0 ? 1 : 0);
        g_assert_cmpuint(self->lease.n_refusals + self->lease.n_late, ==, 0);
    }
}

/* A lease that cannot be renewed for a moment is no reason to kill it. */
static void
test_goes_on_while_the_lease_lasts(Fixture *self, const void *data)
{
    (void) data;
    write_program(self, "begin", "touch $here/ran; while test -e $here/ran; do sleep 0.1; done\n");
    write_program(self, "end", "");
    load_well(self, "");
    g_autoptr(MskFlowTasks) tasks = new_tasks(self);
    g_autofree char *path = g_build_filename(self->dir, "ran", NULL);

    msk_flow_tasks_run(tasks, 1);
    while (!ran(self)) {
        test_place_for(10);
    }
    self->lease.n_refusals = 2;
    while (self->lease.n_refusals > 0) {
        test_place_for(10);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
    wait_until_done(self);
    g_assert_cmpint(self->result, ==, MSK_FLOW_TASKS_DONE);
}

/* It was not begun, as far as anybody knows; its successor begins it. */
static void
test_freed_before_it_is_on_record(Fixture *self, const void *data)
{
    (void) data;
    write_program(self, "begin", "touch $here/ran\n");
    write_program(self, "end", "");
    load_well(self, "");
    MskFlowTasks *tasks = new_tasks(self);

    g_atomic_int_set(&self->faults.away, 1);
    msk_flow_tasks_run(tasks, 1);
    while (g_atomic_int_get(&self->faults.n_failed) == 0) {
        test_place_for(10);
    }
    test_place_for(50); /* it is going to be tried again */
    msk_flow_tasks_free(tasks);
    g_atomic_int_set(&self->faults.away, 0);
    test_place_for(700);
    g_assert_false(ran(self));
    g_assert_false(self->is_done);
}

/* It was there when the engine started. */
static void
test_a_program_that_is_gone(Fixture *self, const void *data)
{
    g_autofree char *path = g_build_filename(self->tasks, "begin", NULL);

    (void) data;
    write_program(self, "begin", "");
    write_program(self, "end", "");
    load_well(self, "");
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(run(self, 1), ==, MSK_FLOW_TASKS_FAILED);
    g_assert_nonnull(strstr(self->message, "begin cannot be run: No such file or directory"));
}

/* Whatever monitors write, programs read JSON. */
static void
test_payloads(Fixture *self, const void *data)
{
    static const struct {
        const char *payload; /* (nullable) */
        const char *expected;
    } table[] = {
        {NULL, "{}"}, {"", "{}"}, {"{\"event\": ", "{}"}, {"[1]", "[1]"}, {"\"text\"", "\"text\""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = NULL;
        g_autofree char *text = NULL;

        g_test_message("row %zu", i);
        if (i > 0) {
            begin_anew(self, data);
        }
        write_program(self, "begin", "cat >$here/input\n");
        write_program(self, "end", "");
        load_well(self, "");
        g_free(self->claim->notification->payload);
        self->claim->notification->payload = g_strdup(table[i].payload);
        g_assert_cmpint(run(self, 1), ==, MSK_FLOW_TASKS_DONE);
        path = g_build_filename(self->dir, "input", NULL);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        json_auto_t *input = json_loads(text, 0, NULL);
        json_auto_t *expected = json_loads(table[i].expected, JSON_DECODE_ANY, NULL);

        g_assert_true(json_equal(json_object_get(json_object_get(input, "notification"), "payload"),
                                 expected));
    }
}

/* The engine is told to end while a program runs: its pipe is not waited for. */
static void
test_freed_while_it_runs(Fixture *self, const void *data)
{
    int64_t deadline_us = g_get_monotonic_time() + WAIT_US;

    (void) data;
    write_program(self, "begin", "touch $here/ran; sleep 1000 & wait\n");
    write_program(self, "end", "");
    load_well(self, "timeout=600");
    MskFlowTasks *tasks = new_tasks(self);

    msk_flow_tasks_run(tasks, 1);
    while (!ran(self)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        (void) g_main_context_iteration(NULL, TRUE);
    }
    msk_flow_tasks_free(tasks);
    assert_row(self, "exec:begin", "RUNNING: 0.00 Running");
}

static const struct {
    const char *name;
    const char *options;
    int mode;
    const char *words;
} refusals[] = {
    {"missing", "", 0,
     "instance_failure_recovery_tasks: task 'exec:begin': |put the program there"},
    {"not executable", "", 0644, "task 'exec:begin': |no program that the engine may execute"},
    {"others can change it", "", 0775, "task 'exec:begin': |can be changed by others"},
    {"settings of no program", "repeatable=begim", 0755,
     "[recovery_tasks] repeatable: no flow has the task 'exec:begim'"},
    {"timeout of no program", "timeouts=x:1", 0755, "[recovery_tasks] timeouts: |'exec:x'"},
    {"no timeout", "timeouts=begin:soon", 0755, "task 'exec:begin': 'soon' in [recovery_tasks]"},
};

static void
test_refused_at_start(Fixture *self, const void *data)
{
    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_build_filename(self->tasks, "begin", NULL);
        g_auto(GStrv) words = g_strsplit(refusals[i].words, "|", -1);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", refusals[i].name);
        write_program(self, "end", "");
        if (refusals[i].mode != 0) {
            write_program(self, "begin", "");
            g_assert_cmpint(g_chmod(path, refusals[i].mode), ==, 0);
        }
        g_assert_null(load(self, refusals[i].options, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_test_message("%s", error->message);
        for (size_t j = 0; words[j] != NULL; j++) {
            g_assert_nonnull(strstr(error->message, words[j]));
        }
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *self, const void *data);
    } tests[] = {
        {"/flow_tasks/progress_and_input", test_progress_and_input},
        {"/flow_tasks/failures", test_failures},
        {"/flow_tasks/flood", test_a_flood_of_lines},
        {"/flow_tasks/records", test_records},
        {"/flow_tasks/without_a_lease", test_killed_without_a_lease},
        {"/flow_tasks/lost", test_not_begun_when_the_claim_is_lost},
        {"/flow_tasks/once", test_run_once_whatever_gets_in_its_way},
        {"/flow_tasks/lease_lasts", test_goes_on_while_the_lease_lasts},
        {"/flow_tasks/gone", test_a_program_that_is_gone},
        {"/flow_tasks/payloads", test_payloads},
        {"/flow_tasks/freed", test_freed_while_it_runs},
        {"/flow_tasks/freed_early", test_freed_before_it_is_on_record},
        {"/flow_tasks/refused_at_start", test_refused_at_start},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
