/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * instance_options: the part of masakarimonitors.conf that the instance monitor uses.
 * Threads: main.
 * Source: upstream masakarimonitors/conf/{instance,service}.py; for [api] see api_access.h.
 */

#include "monitor/instance/instance_monitor.h"
#include "oslo/config.h"

/** msk_instance_add_options: [libvirt], [callback] and [api]. */
void msk_instance_add_options(MskConfigSchema *schema);

/**
 * msk_instance_read_options:
 * @config: outlives @ret, whose strings are borrowed from it. Has [DEFAULT] hostname as well.
 * @state_dir: (not copied) for @ret.
 * @error: %MSK_ERROR_INVALID when [api] says no way to reach the API, or names a file that cannot
 *   be read.
 *
 * Blocks (looks at files).
 */
bool msk_instance_read_options(const MskConfig *config, const char *state_dir,
                               MskInstanceMonitorOptions *ret,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
