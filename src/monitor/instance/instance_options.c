/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/instance_options.h"

static const MskOption options[] = {
    {.group = "libvirt",
     .name = "connection_uri",
     .type = MSK_OPTION_STRING,
     .initial = "qemu:///system",
     .help = "Which libvirt to watch."},
    {.group = "callback",
     .name = "retry_max",
     .type = MSK_OPTION_INT,
     .initial = "12",
     .help = "After so many failed tries in a row to report to the API, an error is logged. "
             "Nothing is given up."},
    {.group = "callback",
     .name = "retry_interval",
     .type = MSK_OPTION_INT,
     .initial = "10",
     .unit = "seconds",
     .help = "The longest pause between tries; the first ones are shorter."},
    {.group = "callback",
     .name = "spool_max_reports",
     .type = MSK_OPTION_INT,
     .initial = "10000",
     .has_bounds = true,
     .min = 1,
     .max = 1000000,
     .own = true,
     .help = "How many reports are kept while the API does not answer. When there are more, those "
             "on which nobody recovers are given up first, and the log says so."},
    {.group = "callback",
     .name = "spool_max_bytes",
     .type = MSK_OPTION_INT,
     .initial = "16777216",
     .unit = "bytes",
     .has_bounds = true,
     .min = 4096,
     .max = 1073741824,
     .own = true,
     .help = "The same as a size."},
};

void
msk_instance_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
    msk_api_access_add_options(schema);
}

bool
msk_instance_read_options(const MskConfig *config, const char *state_dir,
                          MskInstanceMonitorOptions *ret, GError **error)
{
    MskApiAccessOptions access;

    if (!msk_api_access_read_options(config, "masakari-instancemonitor masakari-c/" MSK_VERSION,
                                     &access, error)) {
        return false;
    }
    *ret = (MskInstanceMonitorOptions){
        .hostname = msk_config_string(config, "DEFAULT", "hostname"),
        .connection_uri = msk_config_string(config, "libvirt", "connection_uri"),
        .state_dir = state_dir,
        .access = access,
        .notifier = {.retry_max = (unsigned) CLAMP(msk_config_int(config, "callback", "retry_max"),
                                                   0, 1000000),
                     .retry_interval_s = (unsigned) CLAMP(
                         msk_config_int(config, "callback", "retry_interval"), 1, 3600)},
        .spool = {.max_reports = (unsigned) msk_config_int(config, "callback", "spool_max_reports"),
                  .max_bytes = (size_t) msk_config_int(config, "callback", "spool_max_bytes")},
    };
    return true;
}
