/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libvirt_compute: the driver `libvirt`: each host's own daemon says what its virtual machines are
 * doing. See compute.h.
 */

#include "cloud/compute.h"

/** msk_libvirt_compute_new: @error: as of msk_compute_new(). Returns: (transfer full) */
MskCompute *msk_libvirt_compute_new(MskConfig *config, GError **error);
