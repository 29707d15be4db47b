/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * service_manager: tells systemd how the daemon is. Does nothing outside of a systemd unit.
 *
 * Threads: any. Source: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
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

/**
 * msk_service_listen_fds: how many sockets the service manager has passed (socket activation).
 * @ret_first_fd: (out) the first of them; the others follow it.
 *
 * Returns: their number; 0 without socket activation. Programs that this one starts do not see
 * them.
 */
unsigned msk_service_listen_fds(int *ret_first_fd);
