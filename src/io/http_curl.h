/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_curl: what the HTTP clients of this folder share: errors, TLS and the start of libcurl.
 *
 * Threads: any.
 * Source: libcurl 7.88 (libcurl-errors(3), CURLOPT_*).
 */

#include <curl/curl.h>
#include <glib.h>
#include <stdbool.h>

/* How to check the peer and prove who we are; to be cleared. */
typedef struct {
    char *cafile;   /* (nullable) a bundle to trust in place of the system's */
    char *certfile; /* (nullable) client certificate, PEM */
    char *keyfile;  /* (nullable) its key, PEM; without it @certfile holds both */
    bool insecure;  /* do not check the peer's certificate */
} MskHttpTls;

void msk_http_tls_clear(MskHttpTls *self);

/** msk_http_curl_start: before the first handle; may be called again. */
void msk_http_curl_start(void);

/** msk_http_curl_set_tls: options cannot fail but for lack of memory, which the transfer reports.
 */
void msk_http_curl_set_tls(CURL *easy, const MskHttpTls *tls);

/** msk_http_shown_url: Returns: (transfer full) @url with its user and password as "***". */
char *msk_http_shown_url(const char *url);

/**
 * msk_http_curl_error:
 * @message: of CURLOPT_ERRORBUFFER; may be empty.
 *
 * Returns: (transfer full) "GET URL: why", of MSK_ERROR.
 */
GError *msk_http_curl_error(CURLcode code, const char *method, const char *url,
                            const char *message);

/** msk_http_curl_retry_after: Returns: seconds, at most 3600; 0 without. */
unsigned msk_http_curl_retry_after(CURL *easy);
