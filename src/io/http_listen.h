/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_listen: the listening socket of an HTTP server: opened here, or handed over by whoever
 * started the program. Any thread.
 * Source: getaddrinfo(3); sd_listen_fds(3).
 */

#include <glib.h>
#include <stdint.h>

/**
 * msk_http_open_listener:
 * @address: numeric IPv4 or IPv6 address, or a name that resolves to one.
 * @port: 0 picks a free one.
 * @error: as of msk_http_server_new().
 *
 * Blocks while a name resolves. Returns: (transfer full) a descriptor, or -1.
 */
int msk_http_open_listener(const char *address, uint16_t port, GError **error);

/**
 * msk_http_adopt_listener:
 * @fd: a descriptor, which belongs to the caller if this fails.
 * @error: %MSK_ERROR_INVALID when it is no listening TCP socket.
 *
 * Returns: @fd, made ready, or -1.
 */
int msk_http_adopt_listener(int fd, GError **error);

/** msk_http_listener_port: Returns: the port, 0 when it has none. */
uint16_t msk_http_listener_port(int fd);
