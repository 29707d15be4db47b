/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/recovery_note.h"

/* What comes before and after the instance's uuid. */
static const struct {
    const char *before;
    const char *after;
} texts[MSK_N_NOTES] = {
    [MSK_NOTE_NOT_HA_ENABLED] = {"Skipping recovery for instance: ", " as it is not Ha_Enabled"},
    [MSK_NOTE_IGNORED_STATE] = {"Recovery of instance '", "' is ignored as it is in '"},
    [MSK_NOTE_STOPPING] = {"Stopping instance: ", ""},
    [MSK_NOTE_STOP_CONFLICT] = {"Conflict when stopping instance: ", ""},
    [MSK_NOTE_STOPPED] = {"Stopped instance: '", "'"},
    [MSK_NOTE_STOP_FAILED] = {"Failed to stop instance ", ""},
    [MSK_NOTE_STARTING] = {"Starting instance: '", "'"},
    [MSK_NOTE_STARTED] = {"Instance started: '", "'"},
    [MSK_NOTE_START_FAILED] = {"Failed to start instance ", ""},
    [MSK_NOTE_CONFIRMING] = {"Confirming instance '", "' vm_state is ACTIVE"},
    [MSK_NOTE_CONFIRMED] = {"Confirmed instance '", "' vm_state is ACTIVE"},
    [MSK_NOTE_RUNNING] = {"Skipping recovery for instance: ", " as it is running"},
    [MSK_NOTE_ORDERED] = {"Skipping recovery for instance: ", " as it was stopped on purpose"},
    [MSK_NOTE_DEPARTED] = {"Skipping recovery for instance: ",
                           " as it was migrated, saved or reverted to a snapshot"},
    [MSK_NOTE_STOPPED_AGAIN] = {"Instance '",
                                "' stopped before it was confirmed, starting it again"},
};

const char *
msk_task_name(MskTask task)
{
    static const char *const names[MSK_N_TASKS] = {
        [MSK_TASK_STOP_INSTANCE] = "StopInstanceTask",
        [MSK_TASK_START_INSTANCE] = "StartInstanceTask",
        [MSK_TASK_CONFIRM_INSTANCE_ACTIVE] = "ConfirmInstanceActiveTask",
    };

    g_assert((unsigned) task < G_N_ELEMENTS(names));
    return names[task];
}

char *
msk_note_message(const MskNote *note, const char *instance_uuid)
{
    g_assert((unsigned) note->text < G_N_ELEMENTS(texts));

    const char *before = texts[note->text].before;
    const char *after = texts[note->text].after;

    if (note->text == MSK_NOTE_IGNORED_STATE) {
        return g_strconcat(before, instance_uuid, after, msk_vm_state_name(note->vm_state),
                           "' state.", NULL);
    }
    return g_strconcat(before, instance_uuid, after, NULL);
}
