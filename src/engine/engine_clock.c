/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_clock.h"

#include <glib.h>
#include <time.h>

int64_t
msk_engine_now_us(void)
{
    struct timespec now;

    g_assert(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
    return (int64_t) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
