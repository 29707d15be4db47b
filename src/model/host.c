/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host.h"

MskHost *
msk_host_copy(const MskHost *self)
{
    MskHost *copy = g_new0(MskHost, 1);

    copy->meta = self->meta;
    copy->uuid = g_strdup(self->uuid);
    copy->name = g_strdup(self->name);
    copy->type = g_strdup(self->type);
    copy->control_attributes = g_strdup(self->control_attributes);
    copy->failover_segment_id = g_strdup(self->failover_segment_id);
    copy->reserved = self->reserved;
    copy->on_maintenance = self->on_maintenance;
    copy->segment = self->segment != NULL ? msk_segment_copy(self->segment) : NULL;
    return copy;
}

void
msk_host_clear(MskHost *self)
{
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->type);
    g_free(self->control_attributes);
    g_free(self->failover_segment_id);
    msk_segment_free(self->segment);
    *self = (MskHost){0};
}

void
msk_host_free(MskHost *self)
{
    if (self != NULL) {
        msk_host_clear(self);
        g_free(self);
    }
}
