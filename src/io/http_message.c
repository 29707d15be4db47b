/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler reads of a request, and fills in of a response. */
#include "io/http_server.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

const char *
msk_http_request_header(const MskHttpRequest *self, const char *name)
{
    for (size_t i = 0; i < self->n_headers; i++) {
        if (strcasecmp(self->headers[i].name, name) == 0) {
            return self->headers[i].value;
        }
    }
    return NULL;
}

char *
msk_http_request_header_list(const MskHttpRequest *self, const char *name)
{
    GString *joined = NULL;

    for (size_t i = 0; i < self->n_headers; i++) {
        if (strcasecmp(self->headers[i].name, name) != 0) {
            continue;
        }
        if (joined == NULL) {
            joined = g_string_new(self->headers[i].value);
        } else {
            g_string_append_c(joined, ',');
            g_string_append(joined, self->headers[i].value);
        }
    }
    return joined == NULL ? NULL : g_string_free(joined, FALSE);
}

void
msk_http_response_add_header(MskHttpResponse *self, const char *name, const char *value)
{
    g_assert(self->n_headers < MSK_HTTP_MAX_RESPONSE_HEADERS);
    g_assert(strpbrk(value, "\r\n") == NULL);

    self->headers[self->n_headers].name = name;
    self->headers[self->n_headers].value = g_strdup(value);
    self->n_headers++;
}

void
msk_http_response_append_header(MskHttpResponse *self, const char *name, const char *value)
{
    for (size_t i = 0; i < self->n_headers; i++) {
        if (strcasecmp(self->headers[i].name, name) == 0) {
            g_autofree char *before = self->headers[i].value;

            self->headers[i].value = g_strconcat(before, ",", value, NULL);
            return;
        }
    }
    msk_http_response_add_header(self, name, value);
}

void
msk_http_response_clear(MskHttpResponse *self)
{
    for (size_t i = 0; i < self->n_headers; i++) {
        g_free(self->headers[i].value);
    }
    self->n_headers = 0;
    self->status = MHD_HTTP_OK;
    if (self->body != NULL) {
        g_string_free(self->body, TRUE);
        self->body = NULL;
    }
}
