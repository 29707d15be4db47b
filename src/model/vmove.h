/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * vmove: one VM's move away from a failed host, as part of a notification's recovery.
 * Plain data; the owner of the struct owns its strings.
 * Source: table vmoves; upstream masakari/objects/vmove.py.
 */

#include "model/segment.h"

typedef struct {
    MskRowMeta meta;
    char *uuid;
    char *notification_uuid;
    char *instance_uuid;
    char *instance_name;
    char *source_host;     /* (nullable) */
    char *dest_host;       /* (nullable) */
    int64_t start_time_us; /* 0: not yet */
    int64_t end_time_us;   /* 0: not yet */
    char *type;            /* (nullable) "evacuation", "live_migration", "cold_migration" */
    char *status;          /* (nullable) "pending", "ongoing", "ignored", "failed", "succeeded" */
    char *message;         /* (nullable) */
} MskVmove;

/** msk_vmove_clear: frees the strings and zeroes the struct. */
void msk_vmove_clear(MskVmove *self);
/** msk_vmove_free: @self: (nullable) */
void msk_vmove_free(MskVmove *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskVmove, msk_vmove_free)
