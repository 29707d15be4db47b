/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_metrics: what an engine counts. Each function is one comparison while metrics are off.
 * Threads: the main thread.
 */

#include "base/metrics.h"
#include "model/notification.h"
#include "model/notification_status.h"
#include "store/store.h"

extern const MskMetricFamily msk_engine_metrics[];
extern const size_t msk_n_engine_metrics;

/** msk_engine_count_claim: a notification was claimed, from @claim on it is worked on. */
void msk_engine_count_claim(const MskClaim *claim);

/** msk_engine_count_order: the first order of a recovery goes out. @type: of the notification.
 *  @claimed_mono_us: when it was claimed. */
void msk_engine_count_order(const char *type, int64_t claimed_mono_us);

/** msk_engine_count_end: a notification came to its end, and it is stored. */
void msk_engine_count_end(const char *type, MskNotificationStatus status, int64_t claimed_mono_us);

/** msk_engine_count_move: the move of a VM is over. @status: of its row. @took_us: since its first
 *  order; 0 when there was none. */
void msk_engine_count_move(const char *status, int64_t took_us);

/** msk_engine_count_gate: a recovery is held by another gate now. @was, @is: (nullable) */
void msk_engine_count_gate(const char *was, const char *is);

/** msk_engine_count_return: a host that had failed was taken back. */
void msk_engine_count_return(void);

/** msk_engine_count_running: how many notifications this engine has in hand. */
void msk_engine_count_running(unsigned n);

/** msk_engine_count_queue: what the database holds. */
void msk_engine_count_queue(const MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES]);

/** msk_engine_count_lease: @until_us: when it ends if it is not renewed, since the epoch. */
void msk_engine_count_lease(int64_t until_us);
/** msk_engine_count_lease_lost: this engine was taken for dead. */
void msk_engine_count_lease_lost(void);
