/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/service_options.h"

#include <string.h>

#include "base/error.h"

static const MskOption state_options[] = {
    {.group = "DEFAULT",
     .name = "state_path",
     .type = MSK_OPTION_STRING,
     .initial = "/var/lib/masakari",
     .help = "The directory in which the services keep what must outlive them. Those of one "
             "machine share it."},
    {.group = "DEFAULT",
     .name = "transport_url",
     .type = MSK_OPTION_STRING,
     .initial = "rabbit://",
     .secret = true,
     .help = "How the API tells the engine that there is work. This release has local://, "
             "datagrams between the processes of one machine below state_path; the database "
             "itself is the queue."},
};

void
msk_service_add_state_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, state_options, G_N_ELEMENTS(state_options));
}

char *
msk_service_bus_dir(const MskConfig *config, GError **error)
{
    const char *url = msk_config_string(config, "DEFAULT", "transport_url");
    const char *state_path = msk_config_string(config, "DEFAULT", "state_path");

    if (url == NULL || strcmp(url, "local://") != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[DEFAULT] transport_url: this release has no message bus but local://; set "
                    "transport_url = local://");
        return NULL;
    }
    return g_build_filename(state_path == NULL ? "" : state_path, "bus", NULL);
}
