/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/compute.h"

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What the drivers read. `nova` is the Python services' only way, so it stays the default. */
static const MskOption options[] = {
    {.group = "DEFAULT",
     .name = "compute_driver",
     .type = MSK_OPTION_STRING,
     .initial = "nova",
     .choices = STRINGS("nova", "libvirt"),
     .own = true,
     .help = "What runs the virtual machines: OpenStack's compute service, or the libvirt daemons "
             "of a few hosts, without OpenStack. This release has only libvirt."},
    {.group = "DEFAULT",
     .name = "host",
     .type = MSK_OPTION_HOST,
     .initial = MSK_OPTION_HOST_NAME,
     .help = "The name of this machine, as it is known to the other services."},
    {.group = "libvirt",
     .name = "connection_uri",
     .type = MSK_OPTION_STRING,
     .initial = "qemu:///system",
     .own = true,
     .help = "The libvirt daemon of every host that host_uris does not name."},
    {.group = "libvirt",
     .name = "host_uris",
     .type = MSK_OPTION_DICT,
     .initial = "",
     .own = true,
     .help = "The libvirt daemons of the hosts, as name:URI pairs, such as "
             "h1:qemu+tls://h1/system,h2:qemu+tls://h2/system. When given, only these hosts and "
             "[DEFAULT] host can be hosts of a failover segment."},
    {.group = "libvirt",
     .name = "call_timeout",
     .type = MSK_OPTION_INT,
     .initial = "10",
     .unit = "seconds",
     .has_bounds = true,
     .min = 1,
     .max = 600,
     .own = true,
     .help = "How long a libvirt daemon may take to describe a virtual machine; to start or to "
             "stop one it may take four times as long. Beyond that it is taken for hung, and asked "
             "again later."},
};

void
msk_compute_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

void
msk_compute_free(MskCompute *self)
{
    if (self != NULL) {
        self->driver->free(self);
    }
}

bool
msk_compute_find_host(MskCompute *self, const char *host, GError **error)
{
    return self->driver->find_host(self, host, error);
}

MskServer *
msk_compute_get_server(MskCompute *self, const MskServerRef *ref, GError **error)
{
    return self->driver->get_server(self, ref, error);
}

bool
msk_compute_stop_server(MskCompute *self, const MskServerRef *ref, GError **error)
{
    return self->driver->stop_server(self, ref, error);
}

bool
msk_compute_start_server(MskCompute *self, const MskServerRef *ref, GError **error)
{
    return self->driver->start_server(self, ref, error);
}
