/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_loop: the event thread of a libmicrohttpd daemon that was started with MHD_USE_EPOLL and no
 * thread of its own.
 *
 *   wait for the daemon's epoll descriptor, no longer than it asks ─▶ MHD_run(), which never waits
 *
 * The own thread of libmicrohttpd 0.9.75 takes up to 128 events from epoll, and when there were
 * exactly so many it waits for more before it serves them: a burst of requests stays without
 * answers until somebody else sends something. Source: libmicrohttpd's manual; what 0.9.75
 * and 1.0.1 were seen to do in test-http_server and tests/functional/test_api_hostile.py.
 */

#include <glib.h>
#include <stdbool.h>

struct MHD_Daemon;
typedef struct MskHttpLoop MskHttpLoop;

/** MskHttpQuietFunc: @after_load: whether it is the first quiet second after a load. */
typedef void (*MskHttpQuietFunc)(bool after_load, void *data);

/**
 * msk_http_loop_new:
 * @daemon: outlives the loop, and is stopped after it.
 * @quiet: called with @data on the thread, which serves nobody meanwhile, after each quiet second.
 * @error: %MSK_ERROR_INTERNAL.
 *
 * Returns: (transfer full) for msk_http_loop_start().
 */
MskHttpLoop *msk_http_loop_new(struct MHD_Daemon *daemon, MskHttpQuietFunc quiet, void *data,
                               GError **error);

/** msk_http_loop_start: once; requests are served from here on. */
bool msk_http_loop_start(MskHttpLoop *self, GError **error);

/**
 * msk_http_loop_wake: has the thread run the daemon; any thread. To be called after
 * MHD_resume_connection(): libmicrohttpd 0.9.75 forgets its own wake-up when it comes while
 * MHD_run() is at work.
 */
void msk_http_loop_wake(MskHttpLoop *self);

/** msk_http_loop_free: @self: (nullable). Waits for the end of the thread; not on that thread. */
void msk_http_loop_free(MskHttpLoop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpLoop, msk_http_loop_free)
