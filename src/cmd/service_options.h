/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * service_options: what several programs read from the same files: where the state is kept, and how
 * the services wake one another.
 */

#include "oslo/config.h"

/** msk_service_add_state_options: [DEFAULT] state_path, and the message bus. */
void msk_service_add_state_options(MskConfigSchema *schema);

/** msk_service_wakeup_dir: Returns: (transfer full) the directory of the wake-up sockets,
 *  "$state_path/bus", for msk_wakeup_listen() and msk_wakeup_sender_new(). */
char *msk_service_wakeup_dir(const MskConfig *config);
