/* SPDX-License-Identifier: Apache-2.0 */
#include "api/cors.h"

#include <string.h>

/* What a page may send without asking, by the Python service's list. */
static const char *const simple_headers[] = {"Accept",        "Accept-Language",  "Content-Type",
                                             "Cache-Control", "Content-Language", "Expires",
                                             "Last-Modified", "Pragma",           NULL};

static bool
has_header_name(const char *const *names, const char *name)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (g_ascii_strcasecmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns: (nullable) what is answered as the allowed origin. */
static const char *
allowed_origin(const MskCors *self, const char *origin)
{
    if (g_strv_contains(self->allowed_origins, origin)) {
        return origin;
    }
    return g_strv_contains(self->allowed_origins, "*") ? "*" : NULL;
}

static void
allow(const MskCors *self, const char *origin, MskHttpResponse *response)
{
    msk_http_response_append_header(response, "Vary", "Origin");
    msk_http_response_add_header(response, "Access-Control-Allow-Origin", origin);
    if (self->allow_credentials) {
        msk_http_response_add_header(response, "Access-Control-Allow-Credentials", "true");
    }
}

/* Returns: (transfer full) (nullable) the names that a preflight asks for, joined by ","; NULL when
 * one of them is not allowed. */
static char *
allowed_headers(const MskCors *self, const char *wanted)
{
    g_auto(GStrv) names = g_strsplit(wanted == NULL ? "" : wanted, ",", -1);
    GString *joined = g_string_new(NULL);

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *name = g_strstrip(names[i]);

        if (*name == '\0') {
            continue;
        }
        if (!has_header_name(simple_headers, name) && !has_header_name(self->allow_headers, name)) {
            (void) g_string_free(joined, TRUE);
            return NULL;
        }
        g_string_append_printf(joined, "%s%s", joined->len > 0 ? "," : "", name);
    }
    return g_string_free(joined, FALSE);
}

static void
answer_preflight(const MskCors *self, const MskHttpRequest *request, const char *origin,
                 MskHttpResponse *response)
{
    g_autofree char *method =
        msk_http_request_header_list(request, "Access-Control-Request-Method");
    g_autofree char *wanted =
        msk_http_request_header_list(request, "Access-Control-Request-Headers");

    if (method == NULL || !g_strv_contains(self->allow_methods, method)) {
        return;
    }
    g_autofree char *headers = allowed_headers(self, wanted);

    if (headers == NULL) {
        return;
    }
    allow(self, origin, response);
    if (self->max_age_s != 0) {
        g_autofree char *age = g_strdup_printf("%" G_GINT64_FORMAT, self->max_age_s);

        msk_http_response_add_header(response, "Access-Control-Max-Age", age);
    }
    msk_http_response_add_header(response, "Access-Control-Allow-Methods", method);
    if (*headers != '\0') {
        msk_http_response_add_header(response, "Access-Control-Allow-Headers", headers);
    }
}

void
msk_cors_apply(const MskCors *self, const MskHttpRequest *request, MskHttpResponse *response)
{
    if (self->allowed_origins[0] == NULL) {
        return;
    }
    g_autofree char *sent = msk_http_request_header_list(request, "Origin");
    const char *origin = sent == NULL ? NULL : allowed_origin(self, sent);

    if (origin == NULL) {
        return;
    }
    if (strcmp(request->method, "OPTIONS") == 0) {
        answer_preflight(self, request, origin, response);
        return;
    }
    allow(self, origin, response);
    if (self->expose_headers[0] != NULL) {
        g_autoptr(GString) exposed = g_string_new(self->expose_headers[0]);

        for (size_t i = 1; self->expose_headers[i] != NULL; i++) {
            g_string_append_printf(exposed, ",%s", self->expose_headers[i]);
        }
        msk_http_response_add_header(response, "Access-Control-Expose-Headers", exposed->str);
    }
}
