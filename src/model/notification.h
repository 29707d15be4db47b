/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * notification: one reported failure. Its row is the queue entry of the recovery.
 * Plain data; the owner of the struct owns its strings.
 * Source: table notifications; upstream masakari/objects/notification.py.
 */

#include "model/notification_status.h"
#include "model/segment.h"

typedef struct {
    MskRowMeta meta;
    char *uuid;                /* column notification_uuid */
    int64_t generated_time_us; /* by the reporter's clock; the column keeps whole seconds */
    char *source_host_uuid;
    char *type;    /* "COMPUTE_HOST", "VM" or "PROCESS" */
    char *payload; /* a JSON object as text, as it is stored */
    MskNotificationStatus status;
    char *failover_segment_uuid; /* (nullable) */
    char *message;               /* (nullable) */
} MskNotification;

/** msk_notification_copy: Returns: (transfer full) */
MskNotification *msk_notification_copy(const MskNotification *self);
/** msk_notification_clear: frees the strings and zeroes the struct. */
void msk_notification_clear(MskNotification *self);
/** msk_notification_free: @self: (nullable) */
void msk_notification_free(MskNotification *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskNotification, msk_notification_free)
