/* SPDX-License-Identifier: Apache-2.0 */
#include "model/segment.h"

void
msk_segment_free(MskSegment *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->name);
    g_free(self->service_type);
    g_free(self->description);
    g_free(self->recovery_method);
    g_free(self);
}
