/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host: a compute host of a failover segment.
 * Plain data; the owner of the struct owns its strings and its segment.
 * Source: table hosts; upstream masakari/objects/host.py.
 */

#include "model/segment.h"

typedef struct {
    MskRowMeta meta;
    char *uuid;
    char *name;
    char *type;
    char *control_attributes;
    char *failover_segment_id; /* the segment's uuid */
    bool reserved;
    bool on_maintenance;
    MskSegment *segment; /* (nullable) what reads from the store fill in: the segment it is in */
} MskHost;

/** msk_host_copy: Returns: (transfer full), with a copy of the segment */
MskHost *msk_host_copy(const MskHost *self);
/** msk_host_clear: frees what it owns and zeroes the struct. */
void msk_host_clear(MskHost *self);
/** msk_host_free: @self: (nullable) */
void msk_host_free(MskHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHost, msk_host_free)
