/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * instance_monitor: the shell around instance_life. It feeds each domain's life with libvirt's
 * events and lists, pidfds and timers, and does what the life answers: watch, report, remember.
 *
 *   <state_dir>/lock          held while it runs
 *   <state_dir>/running.json  life_memory
 *   <state_dir>/spool/        reports not yet acknowledged
 *
 * Threads: belongs to the thread that iterates the default GMainContext; blocking work is done by
 * two worker threads (libvirt, disk).
 */

#include "monitor/common/notifier.h"

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *hostname;       /* as the API knows this host */
    const char *connection_uri; /* of libvirt */
    const char *state_dir;
    MskApiAccessOptions access;
    MskNotifierOptions notifier;
    MskSpoolLimits spool;
} MskInstanceMonitorOptions;

typedef struct MskInstanceMonitor MskInstanceMonitor;

/**
 * msk_instance_monitor_new:
 * @options: copied.
 * @error: %MSK_ERROR_CONFLICT when another monitor uses the directory; %MSK_ERROR_DENIED or
 *   %MSK_ERROR_INVALID when the directory cannot be used; see msk_api_access_new().
 *
 * Blocks for reading small files. Neither libvirt nor the API need to be there.
 */
MskInstanceMonitor *msk_instance_monitor_new(const MskInstanceMonitorOptions *options,
                                             GError **error);

/**
 * msk_instance_monitor_drain: waits at most two seconds for reports that are on their way.
 * @done: called once, from the main loop.
 */
void msk_instance_monitor_drain(MskInstanceMonitor *self, void (*done)(void *data), void *data);

/** msk_instance_monitor_free: Blocks, at most two seconds, for the disk. @self: (nullable) */
void msk_instance_monitor_free(MskInstanceMonitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskInstanceMonitor, msk_instance_monitor_free)
