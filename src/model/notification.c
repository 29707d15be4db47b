/* SPDX-License-Identifier: Apache-2.0 */
#include "model/notification.h"

MskNotification *
msk_notification_copy(const MskNotification *self)
{
    MskNotification *copy = g_new0(MskNotification, 1);

    copy->meta = self->meta;
    copy->uuid = g_strdup(self->uuid);
    copy->generated_time_us = self->generated_time_us;
    copy->source_host_uuid = g_strdup(self->source_host_uuid);
    copy->type = g_strdup(self->type);
    copy->payload = g_strdup(self->payload);
    copy->status = self->status;
    copy->failover_segment_uuid = g_strdup(self->failover_segment_uuid);
    copy->message = g_strdup(self->message);
    return copy;
}

void
msk_notification_clear(MskNotification *self)
{
    g_free(self->uuid);
    g_free(self->source_host_uuid);
    g_free(self->type);
    g_free(self->payload);
    g_free(self->failover_segment_uuid);
    g_free(self->message);
    *self = (MskNotification){0};
}

void
msk_notification_free(MskNotification *self)
{
    if (self != NULL) {
        msk_notification_clear(self);
        g_free(self);
    }
}
