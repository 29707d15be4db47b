/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * disk: small files written by a worker thread, so that a slow disk delays nothing, and in the
 * order asked for. A file is whole or absent: written aside, synced, renamed. What a full or broken
 * disk refuses stays in memory and is tried again; the log says so once an outage. A file that is
 * written later may be there earlier then, unless it was put in turn.
 *
 * Threads: the functions belong to the thread that iterates the default GMainContext.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct MskDisk MskDisk;

/** msk_disk_new: @retry_ms: the pause before what failed is tried again. */
MskDisk *msk_disk_new(unsigned retry_ms);
/** msk_disk_free: what is queued is still written; see msk_disk_flush. @self: (nullable) */
void msk_disk_free(MskDisk *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskDisk, msk_disk_free)

/** msk_disk_put: @path: in a directory that exists. @text: (transfer full) */
void msk_disk_put(MskDisk *self, const char *path, char *text);

/**
 * msk_disk_put_in_turn: as msk_disk_put, but only when all that was put before is on the disk, or
 * was deleted since. Until then the file stays as it is.
 */
void msk_disk_put_in_turn(MskDisk *self, const char *path, char *text);

/** msk_disk_delete: a file that is not there is no failure. */
void msk_disk_delete(MskDisk *self, const char *path);

/** msk_disk_n_failed: how many files could not be written so far and are kept in memory. */
unsigned msk_disk_n_failed(const MskDisk *self);

/** msk_disk_flush: Blocks, at most @timeout_ms. Returns: whether all is done and nothing failed. */
bool msk_disk_flush(MskDisk *self, unsigned timeout_ms);

/**
 * msk_disk_make_dir:
 * @error: %MSK_ERROR_UNAVAILABLE when the disk is full, broken or read-only, which may pass;
 *   %MSK_ERROR_DENIED or %MSK_ERROR_INVALID when @path is not usable at all.
 *
 * Blocks. Returns: whether @path is a directory (mode 0700 when new) that can be written to.
 */
bool msk_disk_make_dir(const char *path, GError **error);
