/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * service_options: what several programs read from the same files: where the database is, where
 * the state is kept, and how the services wake one another.
 */

#include "oslo/config.h"
#include "store/store.h"

/** msk_service_add_state_options: [DEFAULT] state_path and transport_url. */
void msk_service_add_state_options(MskConfigSchema *schema);

/**
 * msk_service_store_options:
 * @config: outlives @ret.
 * @max_connections: as many as the program has threads that use the database.
 * @error: %MSK_ERROR_INVALID when no connection is configured.
 */
bool msk_service_store_options(const MskConfig *config, unsigned max_connections,
                               MskStoreOptions *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_service_bus_dir:
 * @error: %MSK_ERROR_INVALID when transport_url is not "local://", the only one of this release.
 *
 * Returns: (transfer full) the directory of the wake-up sockets, "$state_path/bus", for
 *   msk_wakeup_listen() and msk_wakeup_send().
 */
char *msk_service_bus_dir(const MskConfig *config, GError **error);
