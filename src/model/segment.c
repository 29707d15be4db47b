/* SPDX-License-Identifier: Apache-2.0 */
#include "model/segment.h"

MskSegment *
msk_segment_copy(const MskSegment *self)
{
    MskSegment *copy = g_new0(MskSegment, 1);

    copy->meta = self->meta;
    copy->uuid = g_strdup(self->uuid);
    copy->name = g_strdup(self->name);
    copy->service_type = g_strdup(self->service_type);
    copy->description = g_strdup(self->description);
    copy->recovery_method = g_strdup(self->recovery_method);
    copy->enabled = self->enabled;
    return copy;
}

void
msk_segment_clear(MskSegment *self)
{
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->service_type);
    g_free(self->description);
    g_free(self->recovery_method);
    *self = (MskSegment){0};
}

void
msk_segment_free(MskSegment *self)
{
    if (self != NULL) {
        msk_segment_clear(self);
        g_free(self);
    }
}
