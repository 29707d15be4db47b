/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * metrics_options: the options of metrics_endpoint.h, apart so that a program without an endpoint
 * does not link a server. Any thread.
 */

#include "oslo/config.h"

/** msk_metrics_add_options: [metrics] listen_address. */
void msk_metrics_add_options(MskConfigSchema *schema);

/* One row of an option table: the port of one program, below [metrics]. */
#define MSK_METRICS_PORT_OPTION(option, program)                                                   \
    {                                                                                              \
        .group = "metrics", .name = (option), .type = MSK_OPTION_PORT, .initial = "0",             \
        .own = true,                                                                               \
        .help = "Where " program " shows its metrics, at /metrics in Prometheus' text format. 0 "  \
                "shows none. Programs of one machine need ports of their own."                     \
    }
