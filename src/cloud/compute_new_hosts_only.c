/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/libvirt_hosts.h"
#include "cloud/nova_compute.h"

MskCompute *
msk_compute_new_hosts_only(MskConfig *config, GError **error)
{
    return strcmp(msk_config_string(config, "DEFAULT", "compute_driver"), "nova") == 0
               ? msk_nova_compute_new(config, error)
               : msk_libvirt_hosts_only_new(config, error);
}
