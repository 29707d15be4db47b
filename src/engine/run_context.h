/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * run_context: what a recovery knows of the engine around it.
 * Threads: the main thread.
 */

#include "engine/call_pool.h"
#include "engine/engine_settings.h"
#include "engine/shared_looks.h"
#include "engine/store_queue.h"

typedef struct {
    MskStoreQueue *queue; /* all of these outlive the run */
    MskCallPool *pool;
    MskSharedLooks *looks;
    const MskEngineSettings *settings;
    const MskClaim *claim;
    int64_t claimed_mono_us;
    const char *engine_uuid;
    /* See MskRecoveriesContext. */
    bool (*may_act)(void *data, int64_t *ret_until_us);
    void *act_data;
    /* The notification has come to its end, with @why when that is no success. */
    void (*finished)(MskNotificationStatus status, const char *why, void *data);
    /* (nullable) The row of a host was changed. NULL: nobody wants to know. */
    void (*host_changed)(const MskHost *host, void *data);
    /* The run is over: finished, lost or released. The run may be freed in it. */
    void (*ended)(void *data);
    void *data;
} MskRunContext;
