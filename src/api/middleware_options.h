/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * middleware_options: the options of what stands in front of the resources: CORS, proxies, the
 * health check, the limit of bodies.
 * Source: oslo.middleware opts.py; upstream masakari/common/config.py (its defaults for CORS) and
 * etc/masakari/api-paste.ini.
 */

#include "api/api_call.h"
#include "oslo/config.h"

extern const MskOption msk_middleware_options[];
extern const size_t msk_n_middleware_options;

/**
 * msk_middleware_read_options:
 * @config: outlives @settings, which borrows from it.
 * @settings: (inout) cors, proxy, health and max_body_bytes are set.
 * @error: %MSK_ERROR_INVALID with the option and what it may be.
 */
bool msk_middleware_read_options(const MskConfig *config, MskApiSettings *settings, GError **error);
