/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * client_view: how a client behind proxies sees this server, and which address it has itself:
 * what links in answers and lines of the log are made from.
 * Pure; any thread.
 * Source: oslo.middleware http_proxy_to_wsgi.py; RFC 7239; upstream masakari/api/wsgi.py (Request).
 */

#include "io/http_server.h"

typedef struct {
    bool parse_headers;        /* [oslo_middleware] enable_proxy_headers_parsing */
    bool use_forwarded_for;    /* [DEFAULT] use_forwarded_for */
    const char *scheme_header; /* (nullable) [wsgi] secure_proxy_ssl_header, in CGI's spelling:
                                  "HTTP_X_FORWARDED_PROTO" */
} MskProxySettings;

/* NULL where no proxy says anything: it is as the request has it. */
typedef struct {
    char *scheme;  /* of letters, digits, "+", "-" and "." */
    char *host;    /* "name" or "name:port" */
    char *address; /* of the client, for the log */
    char *prefix;  /* of all paths, such as "/ha" */
} MskClientView;

/** msk_client_view_read: @ret: (out) to be cleared. */
void msk_client_view_read(const MskHttpRequest *request, const MskProxySettings *settings,
                          MskClientView *ret);

void msk_client_view_clear(MskClientView *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskClientView, msk_client_view_clear)
