/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/compute.h"

#include "base/error.h"
#include "cloud/nova_link.h"

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
             "of a few hosts, without OpenStack."},
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
    msk_nova_link_add_options(schema);
}

void
msk_compute_free(MskCompute *self)
{
    if (self != NULL) {
        self->driver->free(self);
    }
}

/* The call to work on: the caller's, made blank, or one that nobody looks at. */
static MskComputeCall *
begin(MskComputeCall *call, MskComputeCall *spare)
{
    if (call == NULL) {
        *spare = (MskComputeCall){0};
        return spare;
    }
    *call = (MskComputeCall){.request_id = call->request_id};
    return call;
}

static bool
is_cloud(const MskCompute *self, GError **error)
{
    if (!self->driver->is_cloud) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "compute_driver %s cannot do this: it knows no services, locks, aggregates or "
                    "evacuations",
                    self->driver->name);
        return false;
    }
    return true;
}

bool
msk_compute_find_host(MskCompute *self, MskComputeCall *call, const char *host, GError **error)
{
    MskComputeCall spare;

    return self->driver->find_host(self, begin(call, &spare), host, error);
}

MskServer *
msk_compute_get_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                       GError **error)
{
    MskComputeCall spare;

    return self->driver->get_server(self, begin(call, &spare), ref, error);
}

bool
msk_compute_stop_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                        GError **error)
{
    MskComputeCall spare;

    return self->driver->stop_server(self, begin(call, &spare), ref, error);
}

bool
msk_compute_start_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                         GError **error)
{
    MskComputeCall spare;

    return self->driver->start_server(self, begin(call, &spare), ref, error);
}

MskComputeService *
msk_compute_get_service(MskCompute *self, MskComputeCall *call, const char *host,
                        const char *binary, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error)
               ? self->driver->get_service(self, begin(call, &spare), host, binary, error)
               : NULL;
}

bool
msk_compute_set_service(MskCompute *self, MskComputeCall *call, const MskComputeService *service,
                        const MskServiceChange *change, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) &&
           self->driver->set_service(self, begin(call, &spare), service, change, error);
}

GPtrArray *
msk_compute_list_servers(MskCompute *self, MskComputeCall *call, const char *host, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error)
               ? self->driver->list_servers(self, begin(call, &spare), host, error)
               : NULL;
}

GPtrArray *
msk_compute_list_changed_servers(MskCompute *self, MskComputeCall *call, int64_t since_us,
                                 GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error)
               ? self->driver->list_changed_servers(self, begin(call, &spare), since_us, error)
               : NULL;
}

GPtrArray *
msk_compute_list_migrations(MskCompute *self, MskComputeCall *call, const char *source_host,
                            int64_t since_us, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) ? self->driver->list_migrations(self, begin(call, &spare),
                                                                 source_host, since_us, error)
                                 : NULL;
}

bool
msk_compute_evacuate(MskCompute *self, MskComputeCall *call, const char *uuid, const char *target,
                     GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) &&
           self->driver->evacuate(self, begin(call, &spare), uuid, target, error);
}

bool
msk_compute_set_locked(MskCompute *self, MskComputeCall *call, const char *uuid, bool locked,
                       GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) &&
           self->driver->set_locked(self, begin(call, &spare), uuid, locked, error);
}

bool
msk_compute_reset_state(MskCompute *self, MskComputeCall *call, const char *uuid,
                        MskVmState vm_state, GError **error)
{
    MskComputeCall spare;

    g_assert(vm_state == MSK_VM_ACTIVE || vm_state == MSK_VM_ERROR);
    return is_cloud(self, error) &&
           self->driver->reset_state(self, begin(call, &spare), uuid, vm_state, error);
}

GPtrArray *
msk_compute_list_aggregates(MskCompute *self, MskComputeCall *call, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) ? self->driver->list_aggregates(self, begin(call, &spare), error)
                                 : NULL;
}

bool
msk_compute_set_aggregate_host(MskCompute *self, MskComputeCall *call, int64_t aggregate_id,
                               const char *host, bool member, GError **error)
{
    MskComputeCall spare;

    return is_cloud(self, error) &&
           self->driver->set_aggregate_host(self, begin(call, &spare), aggregate_id, host, member,
                                            error);
}
