/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * wakeup: "look now", between processes of one machine. A listener binds a datagram socket
 * <dir>/<name>.sock; a sender sends one empty-handed datagram to every *.sock of the directory, up
 * to 64 of them. It stays connected to them, and reads the directory again only when that has
 * changed or somebody does not answer any more.
 *
 *   api ── send ──▶ <dir>/<engine 1>.sock ──▶ engine 1 looks into the database
 *              └──▶ <dir>/<engine 2>.sock ──▶ engine 2 looks, too, and finds it claimed
 *
 * It carries no content and may be lost: the receiver polls as well, so a lost one costs a poll
 * interval. Nothing sent to it can do more than make the receiver look once.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct MskWakeup MskWakeup;

typedef void (*MskWakeupFunc)(void *data);

/**
 * msk_wakeup_listen:
 * @dir: an absolute path; made with mode 0750 when missing (its parent must exist).
 * @name: unique in @dir, such as the engine's uuid; no '/'.
 * @func: called on the thread that runs the default main context, once for any number of
 *   datagrams that came since.
 * @error: %MSK_ERROR_DENIED when the directory cannot be made or written, %MSK_ERROR_CONFLICT when
 *   @name is taken by a live listener, %MSK_ERROR_UNAVAILABLE otherwise.
 *
 * Returns: (transfer full) the listener; freeing it removes the socket.
 */
MskWakeup *msk_wakeup_listen(const char *dir, const char *name, MskWakeupFunc func, void *data,
                             GError **error);

/** msk_wakeup_free: @self: (nullable); on the thread of the default main context. */
void msk_wakeup_free(MskWakeup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskWakeup, msk_wakeup_free)

typedef struct MskWakeupSender MskWakeupSender;

/** msk_wakeup_sender_new: @dir: as given to msk_wakeup_listen(); a missing one has no listeners, it
 *  may be made, removed and made again at any time. */
MskWakeupSender *msk_wakeup_sender_new(const char *dir);
/** msk_wakeup_sender_free: @self: (nullable) */
void msk_wakeup_sender_free(MskWakeupSender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskWakeupSender, msk_wakeup_sender_free)

/**
 * msk_wakeup_send:
 *
 * Any thread; never blocks on a listener (a full queue means that it is about to look anyway).
 * Sockets that nobody listens on any more are removed.
 *
 * Returns: how many listeners were reached.
 */
unsigned msk_wakeup_send(MskWakeupSender *self);
