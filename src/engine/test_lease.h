/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_lease: what a test says of the engine's lease when it is asked whether it may act.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned n_refusals; /* so often it may not, at first */
    unsigned n_late;     /* so often the lease is over before anything is done, then */
} TestLease;

/** test_lease_ask: Returns: whether it may act, until @ret_until_us, which is @until_us at last. */
static inline bool
test_lease_ask(TestLease *self, int64_t until_us, int64_t *ret_until_us)
{
    if (self->n_refusals > 0) {
        self->n_refusals--;
        return false;
    }
    *ret_until_us = until_us;
    if (self->n_late > 0) {
        self->n_late--;
        *ret_until_us = 1;
    }
    return true;
}
