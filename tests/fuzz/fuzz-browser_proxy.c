/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The headers of a request, one a line, name and value parted by the first ": ", as browsers and
 * proxies send them. Whatever they say, a link begins with a scheme, and an origin is allowed only
 * when it is a configured one.
 */

#include "fuzz.h"

#include "api/client_view.h"
#include "api/cors.h"

#include <string.h>

#define MAX_HEADERS 64

static const char *const origins[] = {"https://h.example", NULL};
static const char *const methods[] = {"GET", "PUT", NULL};
static const char *const names[] = {"X-Auth-Token", NULL};

static void
check_cors(const MskHttpRequest *request)
{
    static const MskCors cors = {
        .allowed_origins = origins,
        .allow_methods = methods,
        .allow_headers = names,
        .expose_headers = names,
        .max_age_s = 1,
        .allow_credentials = true,
    };
    g_auto(MskHttpResponse) response = {0};

    msk_cors_apply(&cors, request, &response);
    for (size_t i = 0; i < response.n_headers; i++) {
        if (strcmp(response.headers[i].name, "Access-Control-Allow-Origin") == 0) {
            g_assert_cmpstr(response.headers[i].value, ==, origins[0]);
        } else if (strcmp(response.headers[i].name, "Access-Control-Allow-Methods") == 0) {
            g_assert_true(g_strv_contains(methods, response.headers[i].value));
        }
    }
}

static void
check_view(const MskHttpRequest *request)
{
    static const MskProxySettings settings = {
        .parse_headers = true, .use_forwarded_for = true, .scheme_header = "HTTP_X_SCHEME"};
    g_auto(MskClientView) view = {0};

    msk_client_view_read(request, &settings, &view);
    if (view.scheme != NULL) {
        g_assert_true(g_ascii_isalpha(view.scheme[0]));
        g_assert_null(strpbrk(view.scheme, ":/\"\\<> "));
    }
    g_assert_true(view.host == NULL || *view.host != '\0');
    g_assert_true(view.prefix == NULL || *view.prefix != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(g_strdelimit(text, "\r", ' '), "\n", MAX_HEADERS);
    MskHttpHeader headers[MAX_HEADERS];
    MskHttpRequest request = {.method = "GET", .headers = headers};

    for (size_t i = 0; lines[i] != NULL; i++) {
        char *colon = strstr(lines[i], ": ");

        if (colon != NULL) {
            *colon = '\0';
        }
        headers[i] = (MskHttpHeader){lines[i], colon != NULL ? colon + 2 : ""};
        request.n_headers++;
    }
    check_view(&request);
    check_cors(&request);
    request.method = "OPTIONS";
    check_cors(&request);
    return 0;
}
