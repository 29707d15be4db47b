/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vmove.h"

void
msk_vmove_clear(MskVmove *self)
{
    g_free(self->uuid);
    g_free(self->notification_uuid);
    g_free(self->instance_uuid);
    g_free(self->instance_name);
    g_free(self->source_host);
    g_free(self->dest_host);
    g_free(self->type);
    g_free(self->status);
    g_free(self->message);
    *self = (MskVmove){0};
}

void
msk_vmove_free(MskVmove *self)
{
    if (self != NULL) {
        msk_vmove_clear(self);
        g_free(self);
    }
}
