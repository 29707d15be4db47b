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

enum { CALL_SECONDS, CALL_ERRORS };

const MskMetricFamily msk_compute_metrics[] = {
    [CALL_SECONDS] = {.name = "masakari_compute_call_seconds",
                      .type = MSK_METRIC_HISTOGRAM,
                      .help = "How long calls of the compute driver took, failed ones as well",
                      .labels = {"call"},
                      MSK_METRIC_BOUNDS(msk_metric_request_bounds)},
    [CALL_ERRORS] = {.name = "masakari_compute_call_errors_total",
                     .type = MSK_METRIC_COUNTER,
                     .help = "Calls of the compute driver that failed, by what the error means",
                     .labels = {"call", "code"}},
};
const size_t msk_n_compute_metrics = G_N_ELEMENTS(msk_compute_metrics);

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

/* One call to the driver. */
typedef struct {
    const char *name;     /* of the call, for metrics */
    MskComputeCall *call; /* the caller's, made blank, or one that nobody looks at */
    MskComputeCall spare;
    int64_t began_us;
    GError *reason;
} Work;

static void
begin(Work *work, MskComputeCall *call, const char *name)
{
    *work = (Work){.name = name, .call = call, .began_us = g_get_monotonic_time()};
    if (call == NULL) {
        work->call = &work->spare;
    } else {
        *call = (MskComputeCall){.request_id = call->request_id};
    }
}

/* Returns: whether it went well; hands the error on if not. */
static bool
end(Work *work, bool done, GError **error)
{
    double seconds = (double) (g_get_monotonic_time() - work->began_us) / G_USEC_PER_SEC;

    msk_metric_observe(&msk_compute_metrics[CALL_SECONDS], seconds, work->name, NULL);
    if (done) {
        return true;
    }
    msk_metric_add(&msk_compute_metrics[CALL_ERRORS], 1, work->name,
                   msk_error_code_name((MskErrorCode) work->reason->code));
    g_propagate_error(error, work->reason);
    return false;
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
    Work work;

    begin(&work, call, "find_host");
    return end(&work, self->driver->find_host(self, work.call, host, &work.reason), error);
}

MskServer *
msk_compute_get_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                       GError **error)
{
    Work work;
    MskServer *result;

    begin(&work, call, "get_server");
    result = self->driver->get_server(self, work.call, ref, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

bool
msk_compute_stop_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                        GError **error)
{
    Work work;

    begin(&work, call, "stop_server");
    return end(&work, self->driver->stop_server(self, work.call, ref, &work.reason), error);
}

bool
msk_compute_start_server(MskCompute *self, MskComputeCall *call, const MskServerRef *ref,
                         GError **error)
{
    Work work;

    begin(&work, call, "start_server");
    return end(&work, self->driver->start_server(self, work.call, ref, &work.reason), error);
}

MskComputeService *
msk_compute_get_service(MskCompute *self, MskComputeCall *call, const char *host,
                        const char *binary, GError **error)
{
    Work work;
    MskComputeService *result;

    if (!is_cloud(self, error)) {
        return NULL;
    }
    begin(&work, call, "get_service");
    result = self->driver->get_service(self, work.call, host, binary, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

bool
msk_compute_set_service(MskCompute *self, MskComputeCall *call, const MskComputeService *service,
                        const MskServiceChange *change, GError **error)
{
    Work work;

    if (!is_cloud(self, error)) {
        return false;
    }
    begin(&work, call, "set_service");
    return end(&work, self->driver->set_service(self, work.call, service, change, &work.reason),
               error);
}

GPtrArray *
msk_compute_list_servers(MskCompute *self, MskComputeCall *call, const char *host, GError **error)
{
    Work work;
    GPtrArray *result;

    if (!is_cloud(self, error)) {
        return NULL;
    }
    begin(&work, call, "list_servers");
    result = self->driver->list_servers(self, work.call, host, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

GPtrArray *
msk_compute_list_changed_servers(MskCompute *self, MskComputeCall *call, int64_t since_us,
                                 GError **error)
{
    Work work;
    GPtrArray *result;

    if (!is_cloud(self, error)) {
        return NULL;
    }
    begin(&work, call, "list_changed_servers");
    result = self->driver->list_changed_servers(self, work.call, since_us, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

GPtrArray *
msk_compute_list_migrations(MskCompute *self, MskComputeCall *call, const char *source_host,
                            int64_t since_us, GError **error)
{
    Work work;
    GPtrArray *result;

    if (!is_cloud(self, error)) {
        return NULL;
    }
    begin(&work, call, "list_migrations");
    result = self->driver->list_migrations(self, work.call, source_host, since_us, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

bool
msk_compute_evacuate(MskCompute *self, MskComputeCall *call, const char *uuid, const char *target,
                     GError **error)
{
    Work work;

    if (!is_cloud(self, error)) {
        return false;
    }
    begin(&work, call, "evacuate");
    return end(&work, self->driver->evacuate(self, work.call, uuid, target, &work.reason), error);
}

bool
msk_compute_set_locked(MskCompute *self, MskComputeCall *call, const char *uuid, bool locked,
                       GError **error)
{
    Work work;

    if (!is_cloud(self, error)) {
        return false;
    }
    begin(&work, call, "set_locked");
    return end(&work, self->driver->set_locked(self, work.call, uuid, locked, &work.reason), error);
}

bool
msk_compute_reset_state(MskCompute *self, MskComputeCall *call, const char *uuid,
                        MskVmState vm_state, GError **error)
{
    Work work;

    g_assert(vm_state == MSK_VM_ACTIVE || vm_state == MSK_VM_ERROR);
    if (!is_cloud(self, error)) {
        return false;
    }
    begin(&work, call, "reset_state");
    return end(&work, self->driver->reset_state(self, work.call, uuid, vm_state, &work.reason),
               error);
}

GPtrArray *
msk_compute_list_aggregates(MskCompute *self, MskComputeCall *call, GError **error)
{
    Work work;
    GPtrArray *result;

    if (!is_cloud(self, error)) {
        return NULL;
    }
    begin(&work, call, "list_aggregates");
    result = self->driver->list_aggregates(self, work.call, &work.reason);
    return end(&work, result != NULL, error) ? result : NULL;
}

bool
msk_compute_set_aggregate_host(MskCompute *self, MskComputeCall *call, int64_t aggregate_id,
                               const char *host, bool member, GError **error)
{
    Work work;

    if (!is_cloud(self, error)) {
        return false;
    }
    begin(&work, call, "set_aggregate_host");
    return end(
        &work,
        self->driver->set_aggregate_host(self, work.call, aggregate_id, host, member, &work.reason),
        error);
}
