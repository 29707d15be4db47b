/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_clock: the clock of leases. Unlike the monotonic clock it goes on while the machine
 * sleeps, as the database's does; unlike the time of day it never jumps.
 *
 * Threads: any.
 */

#include <stdint.h>

int64_t msk_engine_now_us(void);
