/* SPDX-License-Identifier: Apache-2.0 */
#include "io/service_manager.h"

#include <glib.h>
#include <inttypes.h>
#include <systemd/sd-daemon.h>

/* A service manager that cannot be told notices by itself, by its timeouts. */
static void
tell(const char *state)
{
    (void) sd_notify(0, state);
}

void
msk_service_ready(void)
{
    tell("READY=1");
}

void
msk_service_stopping(void)
{
    tell("STOPPING=1");
}

void
msk_service_reloading(void)
{
    struct timespec now;
    g_autofree char *state = NULL;

    clock_gettime(CLOCK_MONOTONIC, &now);
    state = g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                            (int64_t) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000);
    tell(state);
}

void
msk_service_alive(void)
{
    tell("WATCHDOG=1");
}

void
msk_service_status(const char *text)
{
    g_autofree char *state = g_strdup_printf("STATUS=%s", text);

    tell(state);
}

int64_t
msk_service_watchdog_us(void)
{
    uint64_t interval_us = 0;

    return sd_watchdog_enabled(0, &interval_us) > 0 ? (int64_t) interval_us : 0;
}

unsigned
msk_service_listen_fds(int *ret_first_fd)
{
    int n_fds = sd_listen_fds(1);

    *ret_first_fd = SD_LISTEN_FDS_START;
    return n_fds > 0 ? (unsigned) n_fds : 0;
}
