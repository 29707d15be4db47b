/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * segment: a failover segment, a set of hosts that are recovered by one method.
 * Plain data; the owner of the struct owns its strings.
 * Source: table failover_segments; upstream masakari/objects/segment.py.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What a row of every table has. A time of 0 is SQL's NULL; times are microseconds, UTC. */
typedef struct {
    int64_t id; /* the table's own number, from 1 */
    int64_t created_at_us;
    int64_t updated_at_us;
    int64_t deleted_at_us;
    int64_t deleted; /* 0, or the id of the deleted row */
} MskRowMeta;

typedef struct {
    MskRowMeta meta;
    char *uuid;
    char *name;
    char *service_type;
    char *description;     /* (nullable) */
    char *recovery_method; /* "auto", "reserved_host", "auto_priority" or "rh_priority" */
    bool enabled;
} MskSegment;

/** msk_segment_copy: Returns: (transfer full) */
MskSegment *msk_segment_copy(const MskSegment *self);
/** msk_segment_clear: frees the strings and zeroes the struct. */
void msk_segment_clear(MskSegment *self);
/** msk_segment_free: @self: (nullable) */
void msk_segment_free(MskSegment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskSegment, msk_segment_free)
