/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * tls_credentials: what a TLS server shows of itself and asks of its clients: a certificate with
 * its key, the authorities that client certificates have to come from, the allowed protocols.
 *
 * Never changes once made; counted, so that a connection keeps what it began with while new ones
 * get newer credentials.
 *
 * Threads: any; the count is atomic.
 * Source: upstream masakari/api/wsgi.py (Server.start); oslo.service sslutils.py; GnuTLS' manual.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct MskTlsCredentials MskTlsCredentials;

/* Where they are. All files are PEM. */
typedef struct {
    const char *cert_file; /* the certificate, then the ones between it and the root */
    const char *key_file;  /* its private key, not encrypted; may be the same file */
    const char *ca_file;   /* (nullable) given: a client has to show a certificate of these */
    const char *priority;  /* a priority string of GnuTLS: protocols, ciphers, curves */
} MskTlsFiles;

/**
 * msk_tls_credentials_new:
 * @files: borrowed for the call.
 * @error: %MSK_ERROR_NOT_FOUND, %MSK_ERROR_DENIED or %MSK_ERROR_UNAVAILABLE for a file that cannot
 *   be read; %MSK_ERROR_INVALID for what is in it: no PEM, an encrypted key, a key that is not the
 *   certificate's, a priority string that cannot be read.
 *
 * Blocks (reads files). Returns: (transfer full) the credentials.
 */
MskTlsCredentials *msk_tls_credentials_new(const MskTlsFiles *files, GError **error);

MskTlsCredentials *msk_tls_credentials_ref(MskTlsCredentials *self);
/** msk_tls_credentials_unref: @self: (nullable) */
void msk_tls_credentials_unref(MskTlsCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskTlsCredentials, msk_tls_credentials_unref)

/** msk_tls_credentials_subject: Returns: (owned by @self) who the certificate is for, "CN=…". */
const char *msk_tls_credentials_subject(const MskTlsCredentials *self);

/** msk_tls_credentials_expiry_us: Returns: when the certificate ends. */
int64_t msk_tls_credentials_expiry_us(const MskTlsCredentials *self);

/**
 * msk_tls_credentials_apply:
 * @session: a gnutls_session_t of a server, before its handshake; @self outlives it.
 *
 * Returns: whether @session will use them; if not, it must not go on.
 */
bool msk_tls_credentials_apply(const MskTlsCredentials *self, void *session);
