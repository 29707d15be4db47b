/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/look_pace.h"

#include <glib.h>

#define LONGEST_US     (INT64_C(5) * G_USEC_PER_SEC)
#define LOOKS          4  /* at least, in the time of an evacuation */
#define LOOKS_OF_TEN   15 /* for ten evacuations, when many are under way */
#define TIMES_ITS_COST 3  /* the shortest time between two looks, in what one takes */

int64_t
msk_look_pace(const MskLookPace *facts)
{
    int64_t takes_us = facts->typical_us > 0 ? facts->typical_us : facts->oldest_us;
    int64_t looks = MAX(LOOKS, (int64_t) facts->n_under_way * LOOKS_OF_TEN / 10);
    int64_t longest_us =
        MAX(facts->min_us, facts->more ? MAX(facts->last_us, LONGEST_US) : facts->last_us);
    int64_t between_us = MAX(takes_us / looks, facts->look_us * TIMES_ITS_COST);
    int64_t waited_us = MIN(facts->since_us, facts->oldest_us);
    /* None is over in half the time that they take. */
    int64_t first_us = MIN(facts->typical_us / 2 - facts->oldest_us, longest_us - waited_us);

    return MAX(CLAMP(between_us, facts->min_us, longest_us) - facts->since_us, first_us);
}
