/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_options: the options of the API and what they come to.
 * Source: upstream masakari/conf/api.py, masakari/conf/service.py, masakari/conf/wsgi.py;
 * oslo.service sslutils.py.
 */

#include "api/api_call.h"
#include "oslo/config.h"

extern const MskOption msk_api_options[];
extern const size_t msk_n_api_options;

/**
 * msk_api_read_options:
 * @config: outlives @ret_server and @ret_settings, which borrow from it.
 * @ret_settings: (out) the store, the cloud, who tells callers, the wake-up directory and the port
 *   are left unset.
 * @error: %MSK_ERROR_INVALID as of msk_middleware_read_options().
 */
bool msk_api_read_options(const MskConfig *config, MskHttpServerOptions *ret_server,
                          MskApiSettings *ret_settings, GError **error);

/**
 * msk_api_read_tls: for [DEFAULT] use_ssl.
 * @ret: (out) borrows from @config.
 * @error: %MSK_ERROR_INVALID when certificate or key is not named, or an old protocol is wanted.
 */
bool msk_api_read_tls(const MskConfig *config, MskTlsFiles *ret, GError **error);
