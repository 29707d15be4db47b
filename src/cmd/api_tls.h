/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_tls: keeps the TLS credentials of a running server those that are in the files.
 *
 * Looks at the files every two seconds (which also sees a link that leads elsewhere, and network
 * file systems) and when it is told to. What cannot be used is logged, and the server goes on with
 * what it has. Warns when a certificate is about to end.
 *
 * Threads: the main one.
 */

#include "io/http_server.h"

typedef struct MskApiTls MskApiTls;

/**
 * msk_api_tls_new:
 * @files: what it points to outlives the result.
 * @error: as of msk_tls_credentials_new().
 *
 * Blocks (reads files). Returns: (transfer full)
 */
MskApiTls *msk_api_tls_new(const MskTlsFiles *files, GError **error);

/** msk_api_tls_credentials: Returns: (owned by @self) the present ones, to start a server with. */
MskTlsCredentials *msk_api_tls_credentials(const MskApiTls *self);

/** msk_api_tls_follow: from now on gives @server what changes; @self is freed before it. */
void msk_api_tls_follow(MskApiTls *self, MskHttpServer *server);

/** msk_api_tls_reload: reads the files now. After msk_api_tls_follow(). */
void msk_api_tls_reload(MskApiTls *self);

/** msk_api_tls_free: @self: (nullable) */
void msk_api_tls_free(MskApiTls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskApiTls, msk_api_tls_free)
