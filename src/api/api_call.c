/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api_call.h"

#include "api/fault.h"
#include "api/json_text.h"

#include <string.h>

#define MAX_TEXT_BYTES 65535 /* of MariaDB's TEXT */

void
msk_call_clear(MskApiCall *self)
{
    msk_client_view_clear(&self->view);
    g_clear_pointer(&self->version, g_free);
    msk_caller_clear(&self->caller);
    for (size_t i = 0; i < MSK_API_MAX_IDS; i++) {
        g_clear_pointer(&self->ids[i], g_free);
    }
    g_clear_pointer(&self->query, msk_query_free);
    g_clear_pointer(&self->body, msk_json_free);
}

const MskQuery *
msk_call_query(MskApiCall *self)
{
    if (self->query == NULL) {
        self->query = msk_query_parse(self->query_text);
        if (self->query == NULL) {
            msk_fault(self, 400, "Invalid input received: the query is no UTF-8");
        }
    }
    return self->query;
}

bool
msk_call_check_text(MskApiCall *self, const char *name, const char *value)
{
    if (value == NULL || strlen(value) <= MAX_TEXT_BYTES) {
        return true;
    }
    msk_fault(self, 400,
              "Invalid input for field/attribute %s. It is longer than %d bytes of UTF-8", name,
              MAX_TEXT_BYTES);
    return false;
}

void
msk_call_reply(MskApiCall *self, unsigned status, GString *body)
{
    MskHttpResponse *response = self->response;

    response->status = status;
    response->body = body;
    msk_http_response_add_header(response, "Content-Type", self->content_type);
    if (self->version != NULL) {
        g_autofree char *version = g_strconcat("masakari ", self->version, NULL);

        msk_http_response_add_header(response, "OpenStack-API-Version", version);
        msk_http_response_add_header(response, "Vary", "OpenStack-API-Version");
    }
}

void
msk_call_reply_object(MskApiCall *self, unsigned status, const char *name,
                      void (*append)(GString *out, const void *record), const void *record)
{
    GString *body = g_string_sized_new(512);

    g_string_append_c(body, '{');
    msk_json_append_name(body, name);
    append(body, record);
    g_string_append_c(body, '}');
    msk_call_reply(self, status, body);
}

char *
msk_call_host_url(const MskApiCall *self)
{
    const char *host =
        self->view.host != NULL ? self->view.host : msk_http_request_header(self->http, "Host");
    const char *own_scheme = self->http->is_tls ? "https" : "http";
    const char *scheme = self->view.scheme != NULL ? self->view.scheme : own_scheme;
    const char *usual_port = "";

    if (host == NULL || *host == '\0') {
        return g_strdup_printf("%s://localhost:%u", scheme, self->settings->port);
    }
    g_autofree char *shown = msk_latin1_decode(host); /* any bytes; the answer is text */
    size_t size = strlen(shown);

    if (strcmp(scheme, "http") == 0) {
        usual_port = ":80";
    } else if (strcmp(scheme, "https") == 0) {
        usual_port = ":443";
    }
    /* Neither an empty port is written nor the one that the scheme implies. */
    if (*usual_port != '\0' && g_str_has_suffix(shown, usual_port)) {
        size -= strlen(usual_port);
    } else if (g_str_has_suffix(shown, ":")) {
        size--;
    }

    return g_strdup_printf("%s://%.*s", scheme, (int) size, shown);
}

char *
msk_call_link(const MskApiCall *self, const char *script)
{
    const char *prefix = self->settings->link_prefix;
    g_autofree char *sent = msk_latin1_decode(self->view.prefix != NULL ? self->view.prefix : "");
    g_autofree char *behind = msk_path_encode(sent);

    if (prefix == NULL || *prefix == '\0') {
        g_autofree char *host_url = msk_call_host_url(self);

        return g_strconcat(host_url, behind, script, NULL);
    }
    char *link = g_strconcat(prefix, behind, script, NULL);
    size_t size = strlen(link);

    while (size > 0 && link[size - 1] == '/') {
        link[--size] = '\0';
    }
    return link;
}
