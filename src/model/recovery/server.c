/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/server.h"

MskServer *
msk_server_new(const char *uuid)
{
    MskServer *self = g_new0(MskServer, 1);

    self->uuid = g_strdup(uuid);
    self->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return self;
}

void
msk_server_free(MskServer *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->host);
    g_free(self->task_state);
    g_hash_table_unref(self->metadata);
    g_free(self);
}

const char *
msk_vm_state_name(MskVmState state)
{
    static const char *const names[MSK_N_VM_STATES] = {
        [MSK_VM_ACTIVE] = "active",       [MSK_VM_STOPPED] = "stopped",
        [MSK_VM_PAUSED] = "paused",       [MSK_VM_RESCUED] = "rescued",
        [MSK_VM_SUSPENDED] = "suspended", [MSK_VM_RESIZED] = "resized",
        [MSK_VM_ERROR] = "error",         [MSK_VM_OTHER] = "other",
    };

    g_assert((unsigned) state < G_N_ELEMENTS(names));
    return names[state];
}

bool
msk_bool_from_string(const char *text)
{
    static const char *const words[] = {"1", "t", "true", "on", "y", "yes"};
    g_autofree char *word = g_strstrip(g_strdup(text == NULL ? "" : text));

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}
