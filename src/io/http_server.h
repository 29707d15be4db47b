/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_server: an HTTP/1.1 server over libmicrohttpd that any daemon can embed.
 *
 *   event thread:  accept ─▶ headers, checked ─▶ body, bounded ─▶ needs_worker()? ─no─▶ handle()
 *                                                                      │yes
 *   worker pools, one for reads and one for writes:          queue (bounded) ─▶ handle()
 *   deadline thread: cuts a connection whose request is not complete in time; sleeps while none is
 *
 * The event thread never waits: a handler that reads files, the database or a peer says so through
 * needs_worker(). When the queue is full the request is answered 503 with Retry-After.
 * Messages whose end two parties could see differently (two lengths, length and chunks, two Hosts,
 * …) are answered 400 and the connection is closed, before any handler.
 *
 * Threads: new, drain and free belong to the thread of the default main context; needs_worker runs
 * on the event thread, handle on the event thread or a worker, several at once.
 * Source: RFC 9112; libmicrohttpd's manual.
 */

#include "io/tls_credentials.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct MskHttpServer MskHttpServer;

typedef struct {
    const char *name;
    const char *value;
} MskHttpHeader;

/* One request; all pointers are valid during the callback. */
typedef struct {
    const char *method;
    const char *target;  /* as sent, not decoded: "/v1/segments?limit=1" */
    const char *version; /* "HTTP/1.1" or "HTTP/1.0" */
    const MskHttpHeader *headers;
    size_t n_headers;
    const char *body; /* bytes, never NULL; followed by a NUL that does not count */
    size_t body_size;
    bool body_too_large;      /* it had more than max_body_bytes; @body is empty */
    int64_t received_mono_us; /* when the last byte of it was read */
    const char *client;       /* address of the peer, such as "127.0.0.1" */
    bool is_tls;              /* it came over TLS to this server */
} MskHttpRequest;

/**
 * msk_http_request_header:
 * @name: in any case.
 *
 * Returns: (nullable) (owned by @self) the first value of that name.
 */
const char *msk_http_request_header(const MskHttpRequest *self, const char *name);

/**
 * msk_http_request_header_list:
 *
 * Returns: (nullable) (transfer full) all values of that name joined by ",", as CGI has them.
 */
char *msk_http_request_header_list(const MskHttpRequest *self, const char *name);

#define MSK_HTTP_MAX_RESPONSE_HEADERS 16

/* The answer under construction; starts as 200 without a body. */
typedef struct {
    unsigned status;
    GString *body; /* (nullable) (owned); the server takes it */
    struct {
        const char *name; /* (static) */
        char *value;
    } headers[MSK_HTTP_MAX_RESPONSE_HEADERS];
    size_t n_headers;
} MskHttpResponse;

/** msk_http_response_add_header: @name: (static); @value: copied, without line breaks. */
void msk_http_response_add_header(MskHttpResponse *self, const char *name, const char *value);
/** msk_http_response_append_header: adds @value, behind a comma, to the header @name when there is
 *  one already. */
void msk_http_response_append_header(MskHttpResponse *self, const char *name, const char *value);
/** msk_http_response_clear: back to an empty 200; frees what it holds. */
void msk_http_response_clear(MskHttpResponse *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskHttpResponse, msk_http_response_clear)

typedef struct {
    /* Whether handle() may wait for anything; never for a request with body_too_large, which is
     * not asked about. */
    bool (*needs_worker)(const MskHttpRequest *request, void *data);
    void (*handle)(const MskHttpRequest *request, MskHttpResponse *response, void *data);
} MskHttpHandler;

typedef struct {
    const char *address; /* numeric IPv4 or IPv6 address, or a name that resolves to one */
    uint16_t port;       /* 0 picks a free one */
    unsigned workers;    /* from 1 */
    unsigned writers;    /* workers for what is neither GET nor HEAD; 0: the same ones */
    unsigned queue_size; /* requests that may wait for a worker, from 1 */
    unsigned max_connections;
    size_t max_body_bytes;
    size_t max_header_bytes;    /* of one request's head */
    unsigned idle_timeout_s;    /* of a kept-alive connection without a request; 0: none */
    unsigned request_timeout_s; /* for all of a request to arrive, and for all of an answer to be
                                   taken, however steadily it trickles; from 1 */
    unsigned tcp_keepidle_s;    /* TCP_KEEPIDLE; 0: no keep-alive probes */
    bool keep_alive;            /* false closes after each answer */
    /* (nullable) called with the handler's data on a worker in the first quiet second after a load
     */
    void (*quiet)(void *data);
    int inherited_fd; /* a listening TCP socket that is used in place of @address and @port and is
                         closed by the server; 0: none */
    MskTlsCredentials *tls; /* (nullable) (borrowed for the call): speaks TLS alone when given */
} MskHttpServerOptions;

/**
 * msk_http_server_new:
 * @handler: (static); @data is handed to its functions.
 * @error: %MSK_ERROR_INVALID when @address does not resolve, %MSK_ERROR_CONFLICT when the port is
 *   taken, %MSK_ERROR_DENIED when it may not be bound, %MSK_ERROR_INTERNAL otherwise;
 *   %MSK_ERROR_INVALID when @inherited_fd is no listening TCP socket.
 *
 * Blocks while a name resolves. Returns: (transfer full) the server, listening.
 */
MskHttpServer *msk_http_server_new(const MskHttpServerOptions *options,
                                   const MskHttpHandler *handler, void *data, GError **error);

/**
 * msk_http_server_set_tls: gives connections from now on other credentials; those that are there
 * keep theirs. Only for a server that began with some. Any thread.
 */
void msk_http_server_set_tls(MskHttpServer *self, MskTlsCredentials *tls);

/** msk_http_server_port: Returns: the port that it listens on. */
uint16_t msk_http_server_port(const MskHttpServer *self);

typedef void (*MskHttpDrainedFunc)(void *data);

/**
 * msk_http_server_drain:
 * @drained: called once on the default main context when no request is under way any more.
 *
 * Stops listening. Requests that came in are answered, with `Connection: close`.
 */
void msk_http_server_drain(MskHttpServer *self, MskHttpDrainedFunc drained, void *data);

/**
 * msk_http_server_free:
 * @self: (nullable)
 *
 * Blocks until the requests that workers have are answered; connections are closed as they are.
 */
void msk_http_server_free(MskHttpServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskHttpServer, msk_http_server_free)
