/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_session: HTTP requests that block, with a deadline, with libcurl. For workers; what must not
 * wait uses http_client.h. Connections are kept open and used again.
 *
 * Threads: a session may be used by any number of threads at once; each request has a handle, and
 * so connections, of its own while it runs.
 * Errors, of every request: %MSK_ERROR_UNAVAILABLE when the peer cannot be reached, does not answer
 * in time, breaks off or answers too much; %MSK_ERROR_DENIED when its certificate is not trusted;
 * %MSK_ERROR_INVALID for a bad URL or unusable TLS files; %MSK_ERROR_INTERNAL else. An answer of
 * any status is no error. Source: libcurl 7.88 easy interface, keystoneauth session options.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *user_agent;
    const char *cafile;   /* (nullable) file or directory to trust in place of the system's */
    const char *certfile; /* (nullable) client certificate, PEM */
    const char *keyfile;  /* (nullable) its key, PEM; without it @certfile holds both */
    bool insecure;        /* do not check the peer's certificate */
    unsigned connect_timeout_ms; /* from 1 */
    unsigned timeout_ms;         /* of a whole request, connecting included; from 1 */
    size_t max_answer_bytes;     /* a longer body is an error */
    unsigned max_idle;           /* handles, and so connections, kept while nothing is asked */
} MskHttpSessionOptions;

/* One request; borrowed for the call. */
typedef struct {
    const char *method;         /* "GET", "POST", … */
    const char *url;            /* http: or https: only; other schemes are refused */
    const char *const *headers; /* (nullable) NULL-terminated "Name: value" */
    const char *body;           /* (nullable) */
    size_t body_length;
    int64_t deadline_mono_us; /* of g_get_monotonic_time(); 0: only the session's timeout counts */
    bool follow_redirects;    /* the headers go to the new place, too: not with a token in them */
    /* What must not reach the peer twice: libcurl sends a request again by itself when a kept
     * connection ends before the first byte of an answer, on a new one it does not. */
    bool fresh_connection;
    bool *ret_sent; /* (out) (nullable) whether the peer may have read the request */
} MskHttpSessionRequest;

/* An answer; to be cleared. */
typedef struct {
    unsigned status;
    GString *body;          /* NUL-terminated; may hold NULs */
    GString *head;          /* header lines, see msk_http_reply_header() */
    unsigned retry_after_s; /* of a Retry-After header; 0 without */
} MskHttpReply;

/** msk_http_reply_clear: back to nothing. */
void msk_http_reply_clear(MskHttpReply *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskHttpReply, msk_http_reply_clear)

/** msk_http_reply_header: @name: in any case. Returns: (transfer full) (nullable) its first value.
 */
char *msk_http_reply_header(const MskHttpReply *self, const char *name);

typedef struct MskHttpSession MskHttpSession;

/** msk_http_session_new: @options: copied. */
MskHttpSession *msk_http_session_new(const MskHttpSessionOptions *options);
/** msk_http_session_free: no request may be under way. @self: (nullable) */
void msk_http_session_free(MskHttpSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpSession, msk_http_session_free)

/**
 * msk_http_session_send: Blocks, no longer than the session's timeout and the request's deadline.
 * @ret: (out) set on success.
 *
 * A kept connection that ends before an answer begins is opened anew and the request sent again,
 * unless fresh_connection is set; nothing else is tried twice.
 */
bool msk_http_session_send(MskHttpSession *self, const MskHttpSessionRequest *request,
                           MskHttpReply *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
