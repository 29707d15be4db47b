/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * test_server: an HTTP server of a unit test's own and a client for it, with limits that a busy
 * machine keeps.
 */

#include "io/http_server.h"
#include "io/http_session.h"

#define TEST_PATIENCE_MS 60000

/* Handlers of tests wait for things. */
G_GNUC_UNUSED static bool
test_server_needs_worker(const MskHttpRequest *request, void *data)
{
    (void) request;
    (void) data;
    return true;
}

/* Returns: (transfer full) one that listens on a free port of 127.0.0.1, where no proxy is in the
 * way. @workers: requests that are answered at once. */
G_GNUC_UNUSED static MskHttpServer *
test_server_new(const MskHttpHandler *handler, unsigned workers, void *data)
{
    const MskHttpServerOptions options = {.address = "127.0.0.1",
                                          .workers = workers,
                                          .queue_size = 100,
                                          .max_connections = 100,
                                          .max_body_bytes = 10000,
                                          .max_header_bytes = 20000,
                                          .request_timeout_s = TEST_PATIENCE_MS / 1000,
                                          .keep_alive = true};
    g_autoptr(GError) error = NULL;

    g_assert_true(g_setenv("no_proxy", "*", TRUE));
    MskHttpServer *server = msk_http_server_new(&options, handler, data, &error);

    g_assert_no_error(error);
    return server;
}

/* Returns: (transfer full) where it is, followed by @path. */
G_GNUC_UNUSED static char *
test_server_url(const MskHttpServer *server, const char *path)
{
    return g_strdup_printf("http://127.0.0.1:%u%s", msk_http_server_port(server), path);
}

G_GNUC_UNUSED static MskHttpSessionOptions
test_session_options(size_t max_answer_bytes, unsigned max_idle)
{
    return (MskHttpSessionOptions){.user_agent = "test",
                                   .connect_timeout_ms = TEST_PATIENCE_MS,
                                   .timeout_ms = TEST_PATIENCE_MS,
                                   .max_answer_bytes = max_answer_bytes,
                                   .max_idle = max_idle};
}
