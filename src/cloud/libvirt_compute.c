/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/compute.h"
#include "cloud/libvirt_hosts.h"
#include "io/libvirt_domain.h"

#define MAX_CALLS_PER_HOST 8

/* The driver `libvirt`: each host's own daemon says what its virtual machines are doing. */
typedef struct {
    MskCompute head;
    MskLibvirtHosts *hosts;
    MskLibvirt *libvirt;
} LibvirtCompute;

static LibvirtCompute *
cast(MskCompute *compute)
{
    return (LibvirtCompute *) compute;
}

static bool
find_host(MskCompute *compute, const char *host, GError **error)
{
    return msk_libvirt_hosts_find(cast(compute)->hosts, host, error);
}

static const char *
uri_of(MskCompute *compute, const MskServerRef *ref)
{
    return msk_libvirt_hosts_uri(cast(compute)->hosts, ref->host);
}

static MskServer *
get_server(MskCompute *compute, const MskServerRef *ref, GError **error)
{
    MskServer *server =
        msk_libvirt_get_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid, error);

    if (server != NULL) {
        server->host = g_strdup(ref->host);
    }
    return server;
}

static bool
stop_server(MskCompute *compute, const MskServerRef *ref, GError **error)
{
    return msk_libvirt_destroy_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid,
                                      error);
}

static bool
start_server(MskCompute *compute, const MskServerRef *ref, GError **error)
{
    return msk_libvirt_start_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid, error);
}

static void
free_compute(MskCompute *compute)
{
    LibvirtCompute *self = cast(compute);

    msk_libvirt_free(self->libvirt);
    msk_libvirt_hosts_free(self->hosts);
    g_free(self);
}

MskCompute *
msk_compute_new(MskConfig *config, GError **error)
{
    static const MskComputeDriver driver = {
        .name = "libvirt",
        .live_truth = true,
        .find_host = find_host,
        .get_server = get_server,
        .stop_server = stop_server,
        .start_server = start_server,
        .free = free_compute,
    };
    MskLibvirtHosts *hosts = msk_libvirt_hosts_new(config, error);
    LibvirtCompute *self = NULL;

    if (hosts == NULL) {
        return NULL;
    }
    MskLibvirtOptions options = {
        .call_timeout_ms = (unsigned) msk_config_int(config, "libvirt", "call_timeout") * 1000u,
        .max_calls_per_host = MAX_CALLS_PER_HOST,
    };

    self = g_new0(LibvirtCompute, 1);
    self->head.driver = &driver;
    self->hosts = hosts;
    self->libvirt = msk_libvirt_new(&options);
    return &self->head;
}
