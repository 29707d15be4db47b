/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_clock: msk_engine_now_us() and g_get_monotonic_time() that can be put forward; they take the
 * place of engine_clock.c, and of GLib's for all but GLib itself.
 * Threads: any.
 */

#include "engine/engine_clock.h"

/** test_clock_forward: by @seconds, for the rest of the program. */
void test_clock_forward(unsigned seconds);
