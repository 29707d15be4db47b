/* SPDX-License-Identifier: Apache-2.0 */
#include "model/notification.h"

void
msk_notification_free(MskNotification *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->source_host_uuid);
    g_free(self->type);
    g_free(self->payload);
    g_free(self->failover_segment_uuid);
    g_free(self->message);
    g_free(self);
}
