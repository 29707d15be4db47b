/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fence_file: the file of fencing devices, [fencing] devices_file. It holds secrets, so it is
 * refused when anybody but its owner may read or write it.
 * Threads: any. Blocks (reads a file).
 */

#include <stdbool.h>

#include "model/recovery/fence_plan.h"

/**
 * msk_fence_file_load: the devices of one host.
 * @path: (nullable) no file when NULL.
 * @host: (nullable) whose devices are wanted; NULL only checks.
 * @attributes: (nullable) its control_attributes, which count when the file has none of it.
 * @ret: (out) (transfer full) (nullable) NULL when the host has no devices.
 * @error: %MSK_ERROR_INVALID for what is in it or in @attributes, %MSK_ERROR_DENIED for its mode,
 *   %MSK_ERROR_NOT_FOUND or %MSK_ERROR_UNAVAILABLE when it cannot be read. Shows no secrets.
 */
bool msk_fence_file_load(const char *path, const char *host, const char *attributes,
                         MskFencePlan **ret, GError **error);
