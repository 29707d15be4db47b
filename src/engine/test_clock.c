/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/test_clock.h"

#include <glib.h>
#include <time.h>

static int ahead_s; /* atomic */

static int64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    g_assert(clock_gettime(clock, &now) == 0);
    return ((int64_t) now.tv_sec + g_atomic_int_get(&ahead_s)) * G_USEC_PER_SEC +
           now.tv_nsec / 1000;
}

int64_t
msk_engine_now_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

gint64
g_get_monotonic_time(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void
test_clock_forward(unsigned seconds)
{
    g_atomic_int_add(&ahead_s, (int) seconds);
}
