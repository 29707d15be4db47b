/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/host_work.h"

static const MskHostOrder order = {.host = "h1"};

static void
set_up(MskHostRecovery *self, MskHostWork *work)
{
    msk_host_recovery_init(self, 1);
    *work = (MskHostWork){.state = self, .order = &order};
    work->step.notes = g_array_new(FALSE, FALSE, sizeof(MskHostNote));
    work->step.acts = g_array_new(FALSE, FALSE, sizeof(MskHostAct));
}

static void
tear_down(MskHostRecovery *self, MskHostWork *work)
{
    msk_host_step_clear(&work->step);
    msk_host_recovery_clear(self);
}

/* What succeeded stays a success; what was not tried has failed, for the reason of the whole. */
static void
test_an_end_in_error_is_the_end_of_all_moves(void)
{
    MskHostRecovery self;
    MskHostWork work;

    set_up(&self, &work);
    msk_host_recovery_add(&self, "vm-1", "one", "row-1", "succeeded", NULL);
    msk_host_recovery_add(&self, "vm-2", "two", "row-2", "pending", NULL);
    msk_host_work_fail(&work, MSK_HOST_TASK_EVACUATE, g_strdup("no room"), "full");

    const MskPlannedMove *one = g_ptr_array_index(self.moves, 0);
    const MskPlannedMove *two = g_ptr_array_index(self.moves, 1);
    const MskHostAct *act = &g_array_index(work.step.acts, MskHostAct, 0);
    MskHostNote *note = &g_array_index(work.step.notes, MskHostNote, 0);

    g_assert_cmpint(one->move.outcome, ==, MSK_MOVE_SUCCEEDED);
    g_assert_cmpint(two->move.phase, ==, MSK_MOVE_OVER);
    g_assert_cmpint(two->move.outcome, ==, MSK_MOVE_FAILURE);
    g_assert_cmpstr(two->move.message, ==, "no room");
    g_assert_cmpint(self.phase, ==, MSK_HOST_PHASE_OVER);
    g_assert_cmpint(act->kind, ==, MSK_HOST_ACT_FINISH);
    g_assert_cmpint(act->outcome, ==, MSK_OUTCOME_ERROR);
    g_assert_cmpstr(act->reason, ==, "full");
    g_assert_cmpstr(note->message, ==, "no room");
    g_free(note->message);
    tear_down(&self, &work);
}

/* A wait of no time would be none, and starve the main loop. */
static void
test_a_wait_takes_time_and_a_phase_begins_without_failures(void)
{
    MskHostRecovery self;
    MskHostWork work;

    set_up(&self, &work);
    self.n_tries = 7;
    msk_host_work_enter(&work, MSK_HOST_PHASE_LISTING);
    msk_host_work_wait(&work, -5);
    g_assert_cmpuint(self.n_tries, ==, 0);
    g_assert_cmpint(self.phase, ==, MSK_HOST_PHASE_LISTING);
    g_assert_cmpint(g_array_index(work.step.acts, MskHostAct, 0).delay_us, ==, 1);
    tear_down(&self, &work);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_work/fail", test_an_end_in_error_is_the_end_of_all_moves);
    g_test_add_func("/host_work/wait", test_a_wait_takes_time_and_a_phase_begins_without_failures);
    return g_test_run();
}
