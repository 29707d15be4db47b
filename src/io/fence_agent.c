/* SPDX-License-Identifier: Apache-2.0 */
#include "io/fence_agent.h"

#include <string.h>

#include "io/child_process.h"

#define MAX_OUTPUT 4096u
#define IS_OFF     2 /* the exit status of "status" */

/* Keeps the end of what it says. */
static void
on_output(const char *bytes, size_t length, bool errors, void *data)
{
    GString *said = data;

    (void) errors; /* they are merged */
    g_string_append_len(said, bytes, (ssize_t) length);
    if (said->len > MAX_OUTPUT) {
        g_string_erase(said, 0, (ssize_t) (said->len - MAX_OUTPUT));
    }
}

static MskFenceResult
result_of(const MskFenceAgentRun *run, MskChildEnd end, int status)
{
    if (end == MSK_CHILD_TIMEOUT || end == MSK_CHILD_CANCELLED) {
        return MSK_FENCE_TIMEOUT;
    }
    if (end != MSK_CHILD_EXITED) {
        return MSK_FENCE_ERROR;
    }
    if (status == 0) {
        return MSK_FENCE_DONE;
    }
    return run->verb == MSK_FENCE_VERB_STATUS && status == IS_OFF ? MSK_FENCE_IS_OFF
                                                                  : MSK_FENCE_ERROR;
}

MskFenceResult
msk_fence_agent_run(const MskFenceAgentRun *run, char **ret_said)
{
    g_autofree char *path = g_build_filename(run->directory, run->device->agent, NULL);
    g_autofree char *input =
        g_strdup_printf("%saction=%s\n", run->device->input, msk_fence_verb_name(run->verb));
    g_autoptr(GString) said = g_string_new(NULL);
    MskChildRun child = {.path = path,
                         .input = input,
                         .input_length = strlen(input),
                         .timeout_ms = run->device->timeout_s * 1000,
                         .cancel_fd = run->cancel_fd,
                         .merged_errors = true,
                         .output = on_output,
                         .data = said};
    int status;
    MskChildEnd end = msk_child_process_run(&child, &status);

    memset(input, 0, child.input_length);
    if (end == MSK_CHILD_NOT_STARTED) {
        *ret_said = g_strdup_printf("%s cannot be run: %s; it is of the package fence-agents, and "
                                    "[fencing] agents_dir says where",
                                    path, g_strerror(status));
    } else {
        *ret_said = msk_fence_plan_mask(run->device, said->str, said->len);
    }
    return result_of(run, end, status);
}
