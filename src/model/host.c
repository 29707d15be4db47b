/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host.h"

void
msk_host_free(MskHost *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->type);
    g_free(self->control_attributes);
    g_free(self->failover_segment_id);
    msk_segment_free(self->segment);
    g_free(self);
}
