/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * look_pace: how long to wait before the VMs in flight are looked at again. A cloud that is slow is
 * asked less often: by how long its evacuations take, how many are under way, and how long it takes
 * to answer a look. Where a place that becomes free is waited for, a look that comes late costs
 * time; where none is, only the end of the recovery waits, and the last looks come more often.
 * Pure; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned n_under_way; /* evacuations that were ordered and are not known to be over */
    bool more;            /* VMs wait for a place */
    int64_t typical_us;   /* how long an evacuation took of late; 0: not known */
    int64_t oldest_us;    /* for how long the oldest under way has been so */
    int64_t look_us;      /* how long a look took of late */
    int64_t since_us;     /* the last look ended so long ago */
    int64_t min_us;       /* the shortest time between two looks */
    int64_t last_us;      /* the longest when no VM waits for a place */
} MskLookPace;

/** msk_look_pace: Returns: how long to wait from now; 0 or less: a look is due. */
int64_t msk_look_pace(const MskLookPace *facts);
