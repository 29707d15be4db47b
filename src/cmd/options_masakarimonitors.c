/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/options.h"

#include "cmd/metrics_options.h"
#include "monitor/instance/instance_options.h"
#include "oslo/accepted.h"

static const char *const old_hostname[] = {"DEFAULT.host", NULL};

static const MskOption common[] = {
    {.group = "DEFAULT",
     .name = "hostname",
     .initial = MSK_OPTION_HOST_NAME,
     .deprecated = old_hostname,
     .help = "The name of this machine in notifications; a host of a failover segment has to have "
             "the same name."},
    {.group = "DEFAULT",
     .name = "state_path",
     .initial = "/var/lib/masakarimonitors",
     .own = true,
     .help = "The directory of the notifications that are not delivered yet."},
    MSK_METRICS_PORT_OPTION("instancemonitor_port", "masakari-instancemonitor"),
};

void
msk_options_masakarimonitors(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, common, G_N_ELEMENTS(common));
    msk_metrics_add_options(schema);
    msk_instance_add_options(schema);
    msk_config_schema_add(schema, msk_accepted_masakarimonitors, msk_n_accepted_masakarimonitors);
}
