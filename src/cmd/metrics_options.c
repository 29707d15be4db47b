/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/metrics_options.h"

static const MskOption options[] = {
    {.group = "metrics",
     .name = "listen_address",
     .type = MSK_OPTION_HOST,
     .initial = "127.0.0.1",
     .own = true,
     .help = "The address at which metrics are shown. They hold no secrets, but anybody who "
             "reaches this address can read them."},
};

void
msk_metrics_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}
