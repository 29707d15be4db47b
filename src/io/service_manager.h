/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * service_manager: tells systemd how the daemon is. Does nothing outside of a systemd unit.
 *
 * Threads: any. Source: sd_notify(3), sd_watchdog_enabled(3).
 */

#include <stdint.h>

void msk_service_ready(void);
void msk_service_stopping(void);
/** msk_service_reloading: follow with msk_service_ready. */
void msk_service_reloading(void);
void msk_service_alive(void);

/** msk_service_status: @text: one line that systemctl status shows. */
void msk_service_status(const char *text);

/** msk_service_watchdog_us: Returns: how often at least msk_service_alive is expected; 0 is never.
 */
int64_t msk_service_watchdog_us(void);
