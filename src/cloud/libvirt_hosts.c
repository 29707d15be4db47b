/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/libvirt_hosts.h"

#include "base/error.h"

struct MskLibvirtHosts {
    MskConfig *config;
    GHashTable *uris;        /* (owned by config) host to URI */
    const char *default_uri; /* (owned by config) */
    const char *own_host;    /* (owned by config) */
};

static bool
check_uri(const char *uri, const char *option, GError **error)
{
    g_autoptr(GError) reason = NULL;

    if (uri != NULL && g_uri_is_valid(uri, G_URI_FLAGS_PARSE_RELAXED, &reason)) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[libvirt] %s: '%s' is no URI of a libvirt daemon (%s); one looks like "
                "qemu:///system or qemu+tls://host/system",
                option, uri == NULL ? "" : uri, reason == NULL ? "it is empty" : reason->message);
    return false;
}

MskLibvirtHosts *
msk_libvirt_hosts_new(MskConfig *config, GError **error)
{
    g_autoptr(MskLibvirtHosts) self = g_new0(MskLibvirtHosts, 1);
    GHashTableIter iter;
    void *uri = NULL;

    self->config = msk_config_ref(config);
    self->uris = msk_config_dict(config, "libvirt", "host_uris");
    self->default_uri = msk_config_string(config, "libvirt", "connection_uri");
    self->own_host = msk_config_string(config, "DEFAULT", "host");
    if (!check_uri(self->default_uri, "connection_uri", error)) {
        return NULL;
    }
    g_hash_table_iter_init(&iter, self->uris);
    while (g_hash_table_iter_next(&iter, NULL, &uri)) {
        if (!check_uri(uri, "host_uris", error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

void
msk_libvirt_hosts_free(MskLibvirtHosts *self)
{
    if (self != NULL) {
        msk_config_unref(self->config);
        g_free(self);
    }
}

bool
msk_libvirt_hosts_find(const MskLibvirtHosts *self, const char *host, GError **error)
{
    if (g_hash_table_size(self->uris) == 0 || g_hash_table_contains(self->uris, host) ||
        g_strcmp0(host, self->own_host) == 0) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND,
                "host '%s' is not one of [libvirt] host_uris, nor [DEFAULT] host", host);
    return false;
}

const char *
msk_libvirt_hosts_uri(const MskLibvirtHosts *self, const char *host)
{
    const char *uri = g_hash_table_lookup(self->uris, host);

    return uri == NULL ? self->default_uri : uri;
}

/* ---- the driver of programs that only ask for hosts ----------------------------------------- */

typedef struct {
    MskCompute head;
    MskLibvirtHosts *hosts;
} HostsOnly;

static bool
hosts_only_find(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    (void) call; /* asks nobody */
    return msk_libvirt_hosts_find(((HostsOnly *) compute)->hosts, host, error);
}

static bool
hosts_only_refuse(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref,
                  GError **error)
{
    (void) compute;
    (void) call;
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                "this program does not handle servers (asked for %s)", ref->uuid);
    return false;
}

static MskServer *
hosts_only_get(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) hosts_only_refuse(compute, call, ref, error); /* @error tells */
    return NULL;
}

static void
hosts_only_free(MskCompute *compute)
{
    HostsOnly *self = (HostsOnly *) compute;

    msk_libvirt_hosts_free(self->hosts);
    g_free(self);
}

MskCompute *
msk_libvirt_hosts_only_new(MskConfig *config, GError **error)
{
    static const MskComputeDriver driver = {
        .name = "libvirt",
        .live_truth = true,
        .find_host = hosts_only_find,
        .get_server = hosts_only_get,
        .stop_server = hosts_only_refuse,
        .start_server = hosts_only_refuse,
        .free = hosts_only_free,
    };
    MskLibvirtHosts *hosts = msk_libvirt_hosts_new(config, error);
    HostsOnly *self = NULL;

    if (hosts == NULL) {
        return NULL;
    }
    self = g_new0(HostsOnly, 1);
    self->head.driver = &driver;
    self->hosts = hosts;
    return &self->head;
}
