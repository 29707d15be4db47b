/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "cloud/libvirt_hosts.h"
#include "cloud/nova_compute.h"
#include "cloud/nova_link.h"

/* Knows no host, for want of options: OpenStack-Ansible sets them for its engines alone. */
typedef struct {
    MskCompute head;
    char *lacks;
} NoHosts;

static bool
no_host(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    (void) call; /* asks nobody */
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL, "cannot look for host '%s': %s", host,
                ((NoHosts *) compute)->lacks);
    return false;
}

static void
no_hosts_free(MskCompute *compute)
{
    g_free(((NoHosts *) compute)->lacks);
    g_free(compute);
}

static MskCompute *
no_hosts_new(const char *lacks)
{
    static const MskComputeDriver driver = {
        .name = "nova", .find_host = no_host, .free = no_hosts_free};
    NoHosts *self = g_new0(NoHosts, 1);

    self->head.driver = &driver;
    self->lacks = g_strdup(lacks);
    return &self->head;
}

MskCompute *
msk_compute_new_hosts_only(MskConfig *config, char **ret_lacks, GError **error)
{
    if (strcmp(msk_config_string(config, "DEFAULT", "compute_driver"), "nova") != 0) {
        *ret_lacks = NULL;
        return msk_libvirt_hosts_only_new(config, error);
    }
    *ret_lacks = msk_nova_link_lacks(config);
    return *ret_lacks != NULL ? no_hosts_new(*ret_lacks) : msk_nova_compute_new(config, error);
}
