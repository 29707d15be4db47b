/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/libvirt_compute.h"

#include "base/error.h"
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
find_host(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    (void) call; /* asks nobody */
    return msk_libvirt_hosts_find(cast(compute)->hosts, host, error);
}

static const char *
uri_of(MskCompute *compute, const MskServerRef *ref)
{
    return msk_libvirt_hosts_uri(cast(compute)->hosts, ref->host);
}

static MskServer *
get_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) call; /* a look changes nothing */
    MskServer *server =
        msk_libvirt_get_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid, error);

    if (server != NULL) {
        server->host = g_strdup(ref->host);
    }
    return server;
}

/* An order that nobody answered may take effect late. */
static bool
report(MskComputeCall *call, bool done, GError *reason, GError **error)
{
    if (!done) {
        call->effect_unknown = g_error_matches(reason, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_propagate_error(error, reason);
    }
    return done;
}

static bool
stop_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    GError *reason = NULL;
    bool done = msk_libvirt_destroy_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid,
                                           &reason);

    return report(call, done, reason, error);
}

static bool
start_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    GError *reason = NULL;
    bool done =
        msk_libvirt_start_domain(cast(compute)->libvirt, uri_of(compute, ref), ref->uuid, &reason);

    return report(call, done, reason, error);
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
msk_libvirt_compute_new(MskConfig *config, GError **error)
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
