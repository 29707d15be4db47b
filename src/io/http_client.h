/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_client: HTTP requests on the main loop, with libcurl. No threads of our own, nothing blocks;
 * connections are kept open and used again.
 *
 * Threads: one client belongs to the thread that iterates the default GMainContext.
 * Errors, of every call: %MSK_ERROR_UNAVAILABLE when the peer cannot be reached, does not answer in
 * time or breaks off; %MSK_ERROR_DENIED when its certificate is not trusted; %MSK_ERROR_INVALID for
 * a bad URL or unusable TLS files; %MSK_ERROR_INTERNAL else. An answer of any status is no error.
 * Source: libcurl 7.88 multi interface (curl_multi_socket_action), keystoneauth session options.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *user_agent;
    unsigned connect_timeout_ms;
    unsigned timeout_ms;     /* of a whole request, connecting included */
    size_t max_answer_bytes; /* a longer body is an error */
    unsigned max_connections;
    const char *cafile;   /* (nullable) file or directory to trust in place of the system's */
    const char *certfile; /* (nullable) client certificate, PEM */
    const char *keyfile;  /* (nullable) its key, PEM */
    bool insecure;        /* do not check the peer's certificate */
} MskHttpClientOptions;

typedef struct {
    const char *method;         /* "GET", "POST", … */
    const char *url;            /* http: or https: only; other schemes are refused */
    const char *const *headers; /* (nullable) NULL-terminated "Name: value" */
    const char *body;           /* (nullable) */
    size_t body_length;
} MskHttpClientRequest;

typedef struct {
    unsigned status;
    const char *body; /* NUL-terminated after @body_length bytes; valid for the call */
    size_t body_length;
    unsigned retry_after_s; /* of a Retry-After header in seconds; 0 without */
} MskHttpAnswer;

typedef struct MskHttpClient MskHttpClient;
typedef struct MskHttpCall MskHttpCall;

/**
 * MskHttpDone:
 * @answer: (nullable) NULL when the request failed.
 * @error: (nullable) why.
 *
 * The call is freed after it returns. May send new requests.
 */
typedef void (*MskHttpDone)(const MskHttpAnswer *answer, const GError *error, void *data);

/** msk_http_client_new: @options: copied. */
MskHttpClient *msk_http_client_new(const MskHttpClientOptions *options);
/** msk_http_client_free: cancels what is under way. @self: (nullable) */
void msk_http_client_free(MskHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpClient, msk_http_client_free)

/**
 * msk_http_client_send:
 * @request: copied.
 * @done: called once from the main loop, never from within this function.
 *
 * Returns: (owned by @self, valid until @done or a cancel)
 */
MskHttpCall *msk_http_client_send(MskHttpClient *self, const MskHttpClientRequest *request,
                                  MskHttpDone done, void *data);

/** msk_http_call_cancel: @done is not called any more; the peer may have acted already. */
void msk_http_call_cancel(MskHttpCall *call);
