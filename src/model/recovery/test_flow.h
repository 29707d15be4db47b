/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_flow: a flow as letters, for the unit tests of this folder.
 */

#include "model/recovery/recovery_flow.h"

/** test_flow_parse: @letters: a task each, in one stage. @name: Returns: (static) (nullable) that
 * of a built-in task; the others are programs. Returns: (transfer full) */
static inline MskRecoveryFlow *
test_flow_parse(MskFlowKind kind, const char *letters, const char *(*name)(char letter))
{
    static const char *const none[] = {NULL};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    MskRecoveryFlow *flow = NULL;

    for (size_t i = 0; letters[i] != '\0'; i++) {
        const char *task = name(letters[i]);

        g_ptr_array_add(names, task != NULL ? g_strdup(task) : g_strdup_printf("exec:p%zu", i));
    }
    g_ptr_array_add(names, NULL);
    flow = msk_recovery_flow_new(kind, none, (const char *const *) names->pdata, none, &error);
    g_assert_no_error(error);
    return flow;
}
