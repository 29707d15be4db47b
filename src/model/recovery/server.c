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
    g_free(self->host_status);
    g_free(self->fault);
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
        [MSK_VM_ERROR] = "error",         [MSK_VM_BUILDING] = "building",
        [MSK_VM_SHELVED] = "shelved",     [MSK_VM_DELETED] = "deleted",
        [MSK_VM_OTHER] = "other",
    };

    g_assert((unsigned) state < G_N_ELEMENTS(names));
    return names[state];
}

MskVmState
msk_vm_state_from_name(const char *name)
{
    /* Two of Nova's words for what is one state to a recovery. */
    static const struct {
        const char *name;
        MskVmState state;
    } synonyms[] = {{"shelved_offloaded", MSK_VM_SHELVED}, {"soft-delete", MSK_VM_DELETED}};

    for (size_t i = 0; i < G_N_ELEMENTS(synonyms); i++) {
        if (g_strcmp0(name, synonyms[i].name) == 0) {
            return synonyms[i].state;
        }
    }
    for (int state = 0; state < MSK_VM_OTHER; state++) {
        if (g_strcmp0(name, msk_vm_state_name((MskVmState) state)) == 0) {
            return (MskVmState) state;
        }
    }
    return MSK_VM_OTHER;
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
