/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * life_memory: which domains were running, as kept on disk, so that a monitor that was away knows
 * what it missed.
 *
 *   {"version": 1, "boot_id": s, "domains": [{"uuid": s, "name": s, "pid": i, "start_time": i,
 *    "since": s, "ended": b, "ordered": b, "reported": b}]}
 *
 * A memory of another boot is not used: what ran on a host that crashed is the host monitor's
 * business, and may run elsewhere by now.
 * Pure; any thread.
 */

#include "monitor/instance/instance_life.h"

typedef struct {
    char uuid[37];
    char *name;
    MskLife life; /* RUNNING or ENDED */
    MskProcessId process;
    int64_t since_us; /* UTC; when the life was first seen */
} MskLifeRecord;

/** msk_life_records_new: Returns: (transfer full) an empty array of MskLifeRecord. */
GArray *msk_life_records_new(void);

/** msk_life_memory_to_text: Returns: (transfer full) JSON text for a file. */
char *msk_life_memory_to_text(const GArray *records, const char *boot_id);

/**
 * msk_life_memory_from_text:
 * @text: of a file; any bytes.
 * @error: %MSK_ERROR_INVALID when it is not what msk_life_memory_to_text writes;
 *   %MSK_ERROR_NOT_FOUND when it is of another boot.
 *
 * Returns: (transfer full) (nullable) an array of MskLifeRecord.
 */
GArray *msk_life_memory_from_text(const char *text, size_t length, const char *boot_id,
                                  GError **error);
