/* SPDX-License-Identifier: Apache-2.0 */
#include "api/client_view.h"

#include <string.h>
#include <strings.h>

/* Takes @text when there is something in it. */
static void
put(char **place, char *text)
{
    if (text == NULL || *text == '\0') {
        g_free(text);
        return;
    }
    g_free(*place);
    *place = text;
}

/* A scheme goes into links; what cannot be one is not believed. */
static void
put_scheme(char **place, char *text)
{
    bool is_scheme = text != NULL && g_ascii_isalpha(*text);

    for (const char *c = text; is_scheme && *c != '\0'; c++) {
        is_scheme = g_ascii_isalnum(*c) || strchr("+-.", *c) != NULL;
    }
    if (is_scheme) {
        put(place, text);
    } else {
        g_free(text);
    }
}

/* Without blanks around it and, as RFC 7239 has it, without the quotes. */
static char *
value_of(const char *text, size_t size)
{
    g_autofree char *value = g_strstrip(g_strndup(text, size));
    size_t length = strlen(value);

    if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
        return g_strndup(value + 1, length - 2);
    }
    return g_steal_pointer(&value);
}

/* One "key=value" of a proxy. */
static void
read_pair(const char *text, size_t size, MskClientView *ret)
{
    const char *equals = memchr(text, '=', size);

    if (equals == NULL) {
        return;
    }
    g_autofree char *key = g_strstrip(g_strndup(text, (size_t) (equals - text)));
    char *value = value_of(equals + 1, size - (size_t) (equals + 1 - text));

    if (g_ascii_strcasecmp(key, "proto") == 0) {
        put_scheme(&ret->scheme, value);
    } else if (g_ascii_strcasecmp(key, "host") == 0) {
        put(&ret->host, value);
    } else if (g_ascii_strcasecmp(key, "for") == 0) {
        put(&ret->address, value);
    } else {
        g_free(value);
    }
}

/* The first proxy is the one that the client talks to. */
static void
read_forwarded(const char *header, MskClientView *ret)
{
    size_t size = strcspn(header, ",");

    for (size_t at = 0; at <= size;) {
        size_t length = MIN(strcspn(header + at, ";"), size - at);

        read_pair(header + at, length, ret);
        at += length + 1;
    }
}

/* "HTTP_X_FORWARDED_PROTO" is the header "X-Forwarded-Proto". */
static const char *
cgi_header(const MskHttpRequest *request, const char *variable)
{
    static const char http[] = "HTTP_";

    if (strncmp(variable, http, strlen(http)) != 0) {
        return NULL;
    }
    g_autofree char *name = g_strdelimit(g_strdup(variable + strlen(http)), "_", '-');

    return msk_http_request_header(request, name);
}

void
msk_client_view_read(const MskHttpRequest *request, const MskProxySettings *settings,
                     MskClientView *ret)
{
    *ret = (MskClientView){0};
    if (settings->parse_headers) {
        g_autofree char *forwarded = msk_http_request_header_list(request, "Forwarded");

        if (forwarded != NULL && *forwarded != '\0') {
            read_forwarded(forwarded, ret);
        } else {
            put_scheme(&ret->scheme, msk_http_request_header_list(request, "X-Forwarded-Proto"));
            put(&ret->host, msk_http_request_header_list(request, "X-Forwarded-Host"));
            put(&ret->address, msk_http_request_header_list(request, "X-Forwarded-For"));
        }
        put(&ret->prefix, msk_http_request_header_list(request, "X-Forwarded-Prefix"));
    }
    if (settings->use_forwarded_for) {
        put(&ret->address, msk_http_request_header_list(request, "X-Forwarded-For"));
    }
    if (settings->scheme_header != NULL) {
        put_scheme(&ret->scheme, g_strdup(cgi_header(request, settings->scheme_header)));
    }
}

void
msk_client_view_clear(MskClientView *self)
{
    g_clear_pointer(&self->scheme, g_free);
    g_clear_pointer(&self->host, g_free);
    g_clear_pointer(&self->address, g_free);
    g_clear_pointer(&self->prefix, g_free);
}
