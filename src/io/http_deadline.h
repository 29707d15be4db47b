/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_deadline: cuts connections at a point in time. libmicrohttpd's own timeout restarts with
 * every byte, so a client that sends one byte at a time could hold a connection for ever.
 *
 * One thread of its own, which sleeps without a timeout while no deadline is set.
 * Threads: any thread may call; new and free are called once.
 */

#include <glib.h>
#include <stdint.h>

typedef struct MskHttpDeadlines MskHttpDeadlines;
typedef struct MskHttpDeadline MskHttpDeadline;

/** msk_http_deadlines_new: Returns: (transfer full) with its thread running. */
MskHttpDeadlines *msk_http_deadlines_new(void);
/** msk_http_deadlines_free: @self: (nullable); every entry has been removed before. */
void msk_http_deadlines_free(MskHttpDeadlines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpDeadlines, msk_http_deadlines_free)

/**
 * msk_http_deadlines_add:
 * @fd: a connected socket that stays open until the entry is removed.
 *
 * Returns: (owned by @self, valid until msk_http_deadlines_remove()) an entry without a deadline.
 */
MskHttpDeadline *msk_http_deadlines_add(MskHttpDeadlines *self, int fd);

/** msk_http_deadlines_set: @mono_us: when to shut the socket down in both directions; 0: never. */
void msk_http_deadlines_set(MskHttpDeadlines *self, MskHttpDeadline *entry, int64_t mono_us);

void msk_http_deadlines_remove(MskHttpDeadlines *self, MskHttpDeadline *entry);
