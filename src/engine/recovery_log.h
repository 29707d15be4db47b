/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * recovery_log: what every recovery says in the log when this engine is done with it.
 *
 * Threads: any.
 */

#include <stdint.h>

#include "model/notification_status.h"

/** msk_recovery_log_end: @claimed_mono_us: when it was claimed. @failure: (nullable) more words. */
void msk_recovery_log_end(const char *notification_uuid, MskNotificationStatus status,
                          int64_t claimed_mono_us, const char *reason, const char *failure);

/** msk_recovery_log_lost: its claim is another's. */
void msk_recovery_log_lost(const char *notification_uuid);

/** msk_recovery_log_release: it was handed back, or could not be. */
void msk_recovery_log_release(const char *notification_uuid, bool done);
