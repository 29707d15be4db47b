/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_curl: what the HTTP clients of this folder share: errors, TLS, headers, and the start of
 * libcurl.
 *
 * Threads: any.
 * Source: libcurl 7.88 (libcurl-errors(3), CURLOPT_*).
 */

#include <curl/curl.h>
#include <glib.h>
#include <stdbool.h>

/* How to check the peer and prove who we are; to be cleared. */
typedef struct {
    char *cafile;   /* (nullable) file or directory to trust in place of the system's */
    char *certfile; /* (nullable) client certificate, PEM */
    char *keyfile;  /* (nullable) its key, PEM; without it @certfile holds both */
    bool insecure;  /* do not check the peer's certificate */
} MskHttpTls;

void msk_http_tls_clear(MskHttpTls *self);

/** msk_http_curl_start: before the first handle; may be called again. */
void msk_http_curl_start(void);

/* What is asked, and who asks; all of it lent. */
typedef struct {
    const char *method;
    const char *url;
    const char *user_agent;
    struct curl_slist *headers;
    const char *body; /* (nullable) copied */
    size_t body_length;
    const MskHttpTls *tls;
} MskHttpCurlRequest;

/** msk_http_curl_set_request: options cannot fail but for lack of memory, which the transfer
 *  reports. */
void msk_http_curl_set_request(CURL *easy, const MskHttpCurlRequest *request);

/** msk_http_curl_headers: @lines: (nullable) NULL-terminated "Name: value". Returns: (transfer
 * full) (nullable) */
struct curl_slist *msk_http_curl_headers(const char *const *lines);

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

/** msk_http_curl_too_long: Returns: (transfer full) the same for an answer that was cut. */
GError *msk_http_curl_too_long(const char *method, const char *url, size_t max_bytes);

/** msk_http_curl_retry_after: Returns: seconds, at most 3600; 0 without. */
unsigned msk_http_curl_retry_after(CURL *easy);
