/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * lease_watch: which of the other engines has stopped renewing its lease.
 *
 *   renewed, or seen for the first time ──▶ watched ──a whole lease without a renewal──▶ expired
 *
 * No clock but the watcher's own counts, and only how long it ran between two looks: two machines,
 * or a machine and its database, need not agree on the time, and the time of day may jump. What is
 * stored in a lease is a stamp that each renewal changes; that a later one means a later time is
 * not used.
 *
 * Safe: an owner acts for less than a lease from before it sent the renewal. The watcher counts a
 * whole lease from after it has read that renewal's stamp, to before it asked the last time.
 *
 * Pure; the caller's thread.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *uuid; /* of the engine */
    int64_t stamp;
} MskLease;

MskLease *msk_lease_new(const char *uuid, int64_t stamp);
/** msk_lease_free: @self: (nullable) */
void msk_lease_free(MskLease *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLease, msk_lease_free)

typedef struct MskLeaseWatch MskLeaseWatch;

/** msk_lease_watch_new: @lease_us: how long an engine may act after a renewal. */
MskLeaseWatch *msk_lease_watch_new(int64_t lease_us);
/** msk_lease_watch_free: @self: (nullable) */
void msk_lease_watch_free(MskLeaseWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLeaseWatch, msk_lease_watch_free)

/**
 * msk_lease_watch_look:
 * @asked_us, @answered_us: when the leases were asked for and when they were there, on a clock that
 *   never jumps and goes on while the machine sleeps.
 * @leases: (element-type MskLease) all that are stored, but for the watcher's own.
 *
 * A watcher that has not looked for longer than a lease begins anew: while it slept, or the
 * database was away, the others could not be seen to live, and get the time to show it.
 *
 * Returns: (transfer full) (element-type MskLease) those that have expired, as they are stored.
 *   Whoever takes over what their engines had must do so only while the stored stamp is still this
 *   one.
 */
GPtrArray *msk_lease_watch_look(MskLeaseWatch *self, int64_t asked_us, int64_t answered_us,
                                const GPtrArray *leases);
