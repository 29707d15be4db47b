/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/recovery_note.h"

/* The lines as users of the Python service know them; "U" stands for the uuid. */
static const char *const lines[MSK_N_NOTES] = {
    [MSK_NOTE_NOT_HA_ENABLED] = "Skipping recovery for instance: U as it is not Ha_Enabled",
    [MSK_NOTE_IGNORED_STATE] = "Recovery of instance 'U' is ignored as it is in 'paused' state.",
    [MSK_NOTE_STOPPING] = "Stopping instance: U",
    [MSK_NOTE_STOP_CONFLICT] = "Conflict when stopping instance: U",
    [MSK_NOTE_STOPPED] = "Stopped instance: 'U'",
    [MSK_NOTE_STOP_FAILED] = "Failed to stop instance U",
    [MSK_NOTE_STARTING] = "Starting instance: 'U'",
    [MSK_NOTE_STARTED] = "Instance started: 'U'",
    [MSK_NOTE_START_FAILED] = "Failed to start instance U",
    [MSK_NOTE_CONFIRMING] = "Confirming instance 'U' vm_state is ACTIVE",
    [MSK_NOTE_CONFIRMED] = "Confirmed instance 'U' vm_state is ACTIVE",
    [MSK_NOTE_RUNNING] = "Skipping recovery for instance: U as it is running",
    [MSK_NOTE_ORDERED] = "Skipping recovery for instance: U as it was stopped on purpose",
    [MSK_NOTE_DEPARTED] =
        "Skipping recovery for instance: U as it was migrated, saved or reverted to a snapshot",
    [MSK_NOTE_STOPPED_AGAIN] = "Instance 'U' stopped before it was confirmed, starting it again",
};

static void
test_messages(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        MskNote note = {.text = (MskNoteText) i, .vm_state = MSK_VM_PAUSED};
        g_autofree char *message = msk_note_message(&note, "U");

        g_assert_cmpstr(message, ==, lines[i]);
    }
}

static void
test_task_names(void)
{
    g_assert_cmpstr(msk_task_name(MSK_TASK_STOP_INSTANCE), ==, "StopInstanceTask");
    g_assert_cmpstr(msk_task_name(MSK_TASK_START_INSTANCE), ==, "StartInstanceTask");
    g_assert_cmpstr(msk_task_name(MSK_TASK_CONFIRM_INSTANCE_ACTIVE), ==,
                    "ConfirmInstanceActiveTask");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recovery_note/messages", test_messages);
    g_test_add_func("/recovery_note/task_names", test_task_names);
    return g_test_run();
}
