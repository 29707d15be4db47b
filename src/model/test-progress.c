/* SPDX-License-Identifier: Apache-2.0 */
#include "model/progress.h"

static void
test_states_have_the_words_of_taskflow(void)
{
    static const char *const words[MSK_N_PROGRESS_STATES] = {
        [MSK_PROGRESS_PENDING] = "PENDING",
        [MSK_PROGRESS_RUNNING] = "RUNNING",
        [MSK_PROGRESS_SUCCESS] = "SUCCESS",
        [MSK_PROGRESS_FAILURE] = "FAILURE",
        [MSK_PROGRESS_REVERTING] = "REVERTING",
        [MSK_PROGRESS_REVERTED] = "REVERTED",
        [MSK_PROGRESS_REVERT_FAILURE] = "REVERT_FAILURE",
        [MSK_PROGRESS_IGNORE] = "IGNORE",
        [MSK_PROGRESS_SUSPENDED] = "SUSPENDED",
    };

    for (int i = 0; i < MSK_N_PROGRESS_STATES; i++) {
        MskProgressState state = MSK_N_PROGRESS_STATES;

        g_assert_cmpstr(msk_progress_state_name((MskProgressState) i), ==, words[i]);
        g_assert_true(msk_progress_state_parse(words[i], &state));
        g_assert_cmpint(state, ==, i);
    }
}

static void
test_another_word_is_no_state(void)
{
    static const char *const words[] = {"", "success", "ZZZ", "AAA", NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        MskProgressState state = MSK_PROGRESS_REVERTED;

        g_assert_false(msk_progress_state_parse(words[i], &state));
        g_assert_cmpint(state, ==, MSK_PROGRESS_REVERTED);
    }
}

static void
test_a_new_flow_runs(void)
{
    g_autoptr(MskFlowProgress) flow = msk_flow_progress_new("flow");
    g_autoptr(MskFlowProgress) other = msk_flow_progress_new("flow");

    g_assert_cmpstr(flow->name, ==, "flow");
    g_assert_cmpint(flow->state, ==, MSK_PROGRESS_RUNNING);
    g_assert_cmpuint(flow->tasks->len, ==, 0);
    g_assert_true(g_uuid_string_is_valid(flow->uuid));
    g_assert_cmpstr(flow->uuid, !=, other->uuid);
    msk_flow_progress_free(NULL);
}

static void
test_a_task_is_found_by_its_name(void)
{
    g_autoptr(MskFlowProgress) flow = msk_flow_progress_new("flow");
    MskTaskProgress *stop = msk_flow_progress_task(flow, "stop");
    MskTaskProgress *start = msk_flow_progress_task(flow, "start");

    g_assert_true(stop != start);
    g_assert_cmpint(stop->state, ==, MSK_PROGRESS_PENDING);
    stop->state = MSK_PROGRESS_SUCCESS;
    g_assert_true(msk_flow_progress_task(flow, "stop") == stop);
    g_assert_true(msk_flow_progress_task(flow, "start") == start);
    g_assert_cmpint(stop->state, ==, MSK_PROGRESS_SUCCESS);
    g_assert_cmpuint(flow->tasks->len, ==, 2);
    g_assert_true(g_ptr_array_index(flow->tasks, 0) == stop);
}

/* Two tasks; the second has two lines and ended. */
static MskFlowProgress *
story(void)
{
    MskFlowProgress *flow = msk_flow_progress_new("flow");
    MskTaskProgress *first = msk_flow_progress_task(flow, "first");
    MskTaskProgress *second = msk_flow_progress_task(flow, "second");

    msk_task_progress_add(first, 1, 0.5, "half");
    msk_task_progress_add(second, 2, 0.25, "begun");
    msk_task_progress_add(second, 3, 1.0, "done");
    first->state = MSK_PROGRESS_FAILURE;
    first->progress = 0.75;
    second->state = MSK_PROGRESS_SUCCESS;
    flow->state = MSK_PROGRESS_REVERTED;
    return flow;
}

static void
test_a_line_is_added_at_the_end(void)
{
    g_autoptr(MskFlowProgress) flow = story();
    const MskTaskProgress *task = msk_flow_progress_task(flow, "second");
    const MskProgressDetail *last = g_ptr_array_index(task->details, 1);

    g_assert_cmpuint(task->details->len, ==, 2);
    g_assert_cmpint(last->timestamp_us, ==, 3);
    g_assert_cmpfloat(last->progress, ==, 1.0);
    g_assert_cmpstr(last->message, ==, "done");
    g_assert_cmpfloat(task->progress, ==, 1.0);
}

static void
test_a_copy_tells_the_same_story(void)
{
    MskFlowProgress *flow = story();
    g_autoptr(MskFlowProgress) copy = msk_flow_progress_copy(flow);
    g_autofree char *uuid = g_strdup(flow->uuid);

    msk_flow_progress_free(flow);
    g_assert_cmpstr(copy->uuid, ==, uuid);
    g_assert_cmpstr(copy->name, ==, "flow");
    g_assert_cmpint(copy->state, ==, MSK_PROGRESS_REVERTED);
    g_assert_cmpuint(copy->tasks->len, ==, 2);

    const MskTaskProgress *first = g_ptr_array_index(copy->tasks, 0);
    const MskTaskProgress *second = g_ptr_array_index(copy->tasks, 1);

    g_assert_cmpstr(first->name, ==, "first");
    g_assert_cmpint(first->state, ==, MSK_PROGRESS_FAILURE);
    g_assert_cmpfloat(first->progress, ==, 0.75);
    g_assert_cmpuint(first->details->len, ==, 1);
    g_assert_cmpint(second->state, ==, MSK_PROGRESS_SUCCESS);
    g_assert_cmpuint(second->details->len, ==, 2);

    const MskProgressDetail *line = g_ptr_array_index(second->details, 0);

    g_assert_cmpint(line->timestamp_us, ==, 2);
    g_assert_cmpfloat(line->progress, ==, 0.25);
    g_assert_cmpstr(line->message, ==, "begun");
}

static void
test_the_end_is_told_of_what_has_begun(void)
{
    static const struct {
        bool reverted;
        MskProgressState state;
    } rows[] = {{false, MSK_PROGRESS_SUCCESS}, {true, MSK_PROGRESS_REVERTED}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MskFlowProgress) flow = msk_flow_progress_new("flow");
        MskTaskProgress *begun = msk_flow_progress_task(flow, "begun");
        const MskTaskProgress *pending = msk_flow_progress_task(flow, "pending");

        MskTaskProgress *done = msk_flow_progress_task(flow, "exec:done");
        MskTaskProgress *failed = msk_flow_progress_task(flow, "exec:failed");

        msk_task_progress_add(begun, 1, 0.5, "half");
        msk_task_progress_add(done, 2, 1.0, "done");
        done->state = MSK_PROGRESS_SUCCESS;
        msk_task_progress_add(failed, 3, 1.0, "failed");
        failed->state = MSK_PROGRESS_FAILURE;
        msk_flow_progress_end(flow, rows[i].reverted);
        g_assert_cmpint(done->state, ==, MSK_PROGRESS_SUCCESS);
        g_assert_cmpint(failed->state, ==, MSK_PROGRESS_FAILURE);
        g_assert_cmpint(flow->state, ==, rows[i].state);
        g_assert_cmpint(begun->state, ==, rows[i].state);
        g_assert_cmpint(pending->state, ==, MSK_PROGRESS_PENDING);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/progress/states_have_the_words_of_taskflow",
                    test_states_have_the_words_of_taskflow);
    g_test_add_func("/progress/another_word_is_no_state", test_another_word_is_no_state);
    g_test_add_func("/progress/a_new_flow_runs", test_a_new_flow_runs);
    g_test_add_func("/progress/a_task_is_found_by_its_name", test_a_task_is_found_by_its_name);
    g_test_add_func("/progress/a_line_is_added_at_the_end", test_a_line_is_added_at_the_end);
    g_test_add_func("/progress/the_end_is_told_of_what_has_begun",
                    test_the_end_is_told_of_what_has_begun);
    g_test_add_func("/progress/a_copy_tells_the_same_story", test_a_copy_tells_the_same_story);
    return g_test_run();
}
