/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * nova_compute: the driver `nova`: OpenStack's compute service says what its servers are doing, and
 * moves them. See compute.h.
 */

#include "cloud/compute.h"

/** msk_nova_compute_new: @error: as of msk_compute_new(). Returns: (transfer full) */
MskCompute *msk_nova_compute_new(MskConfig *config, GError **error);
