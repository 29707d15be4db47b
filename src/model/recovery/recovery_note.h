/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * recovery_note: what a recovery tells its users while it works: one line of the notification's
 * recovery_workflow_details. The words are the Python service's where it has such a line.
 * Pure; any thread.
 * Source: upstream masakari/engine/drivers/taskflow/instance_failure.py.
 */

#include "model/recovery/server.h"

/* The tasks of an instance's recovery, in the order in which they are shown. */
typedef enum {
    MSK_TASK_STOP_INSTANCE,
    MSK_TASK_START_INSTANCE,
    MSK_TASK_CONFIRM_INSTANCE_ACTIVE,
    MSK_N_TASKS, /* keep last */
} MskTask;

typedef enum {
    MSK_NOTE_NOT_HA_ENABLED,
    MSK_NOTE_IGNORED_STATE, /* uses vm_state */
    MSK_NOTE_STOPPING,
    MSK_NOTE_STOP_CONFLICT,
    MSK_NOTE_STOPPED,
    MSK_NOTE_STOP_FAILED,
    MSK_NOTE_STARTING,
    MSK_NOTE_STARTED,
    MSK_NOTE_START_FAILED,
    MSK_NOTE_CONFIRMING,
    MSK_NOTE_CONFIRMED,
    /* The Python service has none of these. */
    MSK_NOTE_RUNNING,       /* nothing to do: it runs */
    MSK_NOTE_ORDERED,       /* nothing to do: it was stopped on purpose */
    MSK_NOTE_DEPARTED,      /* nothing to do: it left this host in good order */
    MSK_NOTE_STOPPED_AGAIN, /* it came up and went down before it was confirmed */
    MSK_N_NOTES,            /* keep last */
} MskNoteText;

typedef struct {
    MskTask task;
    MskNoteText text;
    double progress; /* of the task, 0.0 to 1.0; 1.0 also when it failed */
    MskVmState vm_state;
} MskNote;

/** msk_task_name: Returns: (static) the Python class's name, such as "StopInstanceTask". */
const char *msk_task_name(MskTask task);

/** msk_note_message: @instance_uuid: ASCII. Returns: (transfer full) the line for users. */
char *msk_note_message(const MskNote *note, const char *instance_uuid);
