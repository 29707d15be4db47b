/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * metrics_endpoint: GET /metrics of one program, off unless its port is configured.
 * Threads: the functions belong to the thread of the default main context.
 * Source: Prometheus, "Exposition formats"; its client libraries' process metrics.
 */

#include "base/metrics.h"
#include "io/http_server.h"
#include "oslo/config.h"

/* One module's families. */
typedef struct {
    const MskMetricFamily *families;
    size_t n_families;
} MskMetricTable;

/**
 * msk_metrics_endpoint_open:
 * @port_option: below [metrics].
 * @tables: what the program feeds, beside the figures of its process.
 * @ret: (out) (transfer full) (nullable) the endpoint, listening; NULL when the port is 0. What it
 *   was started with stays until the end of the program.
 * @error: as of msk_http_server_new(), with the option to look at.
 *
 * To be called before other threads feed metrics. Blocks while the address resolves.
 */
bool msk_metrics_endpoint_open(const MskConfig *config, const char *port_option,
                               const MskMetricTable *tables, size_t n_tables, MskHttpServer **ret,
                               GError **error);
