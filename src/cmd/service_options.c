/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/service_options.h"

#include "io/bus_settings.h"
#include "io/event_notifier.h"

static const MskOption state_options[] = {
    {.group = "DEFAULT",
     .name = "state_path",
     .type = MSK_OPTION_STRING,
     .initial = "/var/lib/masakari",
     .help = "The directory in which the services keep what must outlive them. Those of one "
             "machine share it."},
};

void
msk_service_add_state_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, state_options, G_N_ELEMENTS(state_options));
    msk_bus_add_options(schema);
    msk_event_notifier_add_options(schema);
}

char *
msk_service_wakeup_dir(const MskConfig *config)
{
    const char *state_path = msk_config_string(config, "DEFAULT", "state_path");

    return g_build_filename(state_path == NULL ? "" : state_path, "bus", NULL);
}
