/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_service: the REST API as a handler for an HTTP server: where a target leads, what is checked
 * before a resource's handler runs, and what every answer carries.
 *
 *   /             the list of versions
 *   /healthcheck  for load balancers
 *   /v1…          request id ─▶ size ─▶ caller ─▶ route ─▶ version ─▶ content type ─▶ body ─▶
 *                 project ─▶ schema ─▶ policy ─▶ handler (see routes.h)
 *   others        300, the choices
 *
 * Source: upstream etc/masakari/api-paste.ini, masakari/api/urlmap.py, masakari/api/auth.py
 * (NoAuthMiddleware), masakari/api/openstack/wsgi.py.
 */

#include "api/api_call.h"
#include "base/metrics.h"

/* For msk_http_server_new(); its data is a const MskApiSettings. */
extern const MskHttpHandler msk_api_handler;

/* What it feeds. */
extern const MskMetricFamily msk_api_metrics[];
extern const size_t msk_n_api_metrics;
