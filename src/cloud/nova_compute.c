/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/nova_compute.h"

#include "base/error.h"

MskCompute *
msk_nova_compute_new(MskConfig *config, GError **error)
{
    (void) config;
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[DEFAULT] compute_driver = nova: this release has only the driver 'libvirt'; set "
                "compute_driver = libvirt to recover the virtual machines of plain libvirt hosts");
    return NULL;
}
