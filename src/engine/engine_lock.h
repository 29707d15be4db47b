/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_lock: which engines of this machine live. Each holds a flock on <dir>/<uuid>.lock as long
 * as its process exists; the kernel lets go of it whatever way the process ends. So whoever gets
 * the lock of another engine knows, at once and for certain, that that engine is dead.
 *
 * Blocks for the time of a few file operations. Any thread; not two at a time for one directory
 * and process.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct MskEngineLock MskEngineLock;

/**
 * msk_engine_lock_take:
 * @dir: made with mode 0750 when missing; its parent must exist.
 * @uuid: never used before.
 * @error: %MSK_ERROR_DENIED when the directory cannot be made or written, %MSK_ERROR_UNAVAILABLE
 *   otherwise (such as a full disk).
 *
 * Take it before anyone can know @uuid from elsewhere. Returns: (transfer full)
 */
MskEngineLock *msk_engine_lock_take(const char *dir, const char *uuid, GError **error);

/** msk_engine_lock_free: @self: (nullable) removes the file and lets go. */
void msk_engine_lock_free(MskEngineLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskEngineLock, msk_engine_lock_free)

/**
 * msk_engine_lock_list_dead:
 * @own_uuid: is passed over.
 *
 * Returns: (transfer full) NULL-terminated uuids of the engines in @dir that are dead.
 */
char **msk_engine_lock_list_dead(const char *dir, const char *own_uuid);

/** msk_engine_lock_forget: removes what a dead engine left, once nothing of its is left to do. */
void msk_engine_lock_forget(const char *dir, const char *uuid);
