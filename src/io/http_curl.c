/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_curl.h"

#include "base/error.h"

#include <string.h>

void
msk_http_curl_start(void)
{
    static gsize started;

    if (g_once_init_enter(&started)) {
        g_assert(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
        g_once_init_leave(&started, 1);
    }
}

void
msk_http_tls_clear(MskHttpTls *self)
{
    g_clear_pointer(&self->cafile, g_free);
    g_clear_pointer(&self->certfile, g_free);
    g_clear_pointer(&self->keyfile, g_free);
}

static void
set_tls(CURL *easy, const MskHttpTls *tls)
{
    if (tls->cafile != NULL && g_file_test(tls->cafile, G_FILE_TEST_IS_DIR)) {
        (void) curl_easy_setopt(easy, CURLOPT_CAINFO, NULL); /* not the system's besides */
        (void) curl_easy_setopt(easy, CURLOPT_CAPATH, tls->cafile);
    } else if (tls->cafile != NULL) {
        (void) curl_easy_setopt(easy, CURLOPT_CAINFO, tls->cafile);
        (void) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* as above: some builds have one */
    }
    if (tls->certfile != NULL) {
        (void) curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->certfile);
        (void) curl_easy_setopt(easy, CURLOPT_SSLKEY,
                                tls->keyfile != NULL ? tls->keyfile : tls->certfile);
    }
    if (tls->insecure) {
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

void
msk_http_curl_set_request(CURL *easy, const MskHttpCurlRequest *request)
{
    (void) curl_easy_setopt(easy, CURLOPT_URL, request->url);
    (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void) curl_easy_setopt(easy, CURLOPT_USERAGENT, request->user_agent);
    (void) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    if (request->body != NULL) {
        (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t) request->body_length);
        (void) curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    }
    if (strcmp(request->method, "HEAD") == 0) {
        (void) curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    (void) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    set_tls(easy, request->tls);
}

struct curl_slist *
msk_http_curl_headers(const char *const *lines)
{
    struct curl_slist *headers = NULL;

    for (size_t i = 0; lines != NULL && lines[i] != NULL; i++) {
        headers = curl_slist_append(headers, lines[i]);
    }
    return headers;
}

char *
msk_http_shown_url(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *authority = scheme_end != NULL ? scheme_end + strlen("://") : url;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#")); /* curl takes the last */

    if (scheme_end == NULL || at == NULL) {
        return g_strdup(url);
    }
    return g_strdup_printf("%.*s***%s", (int) (authority - url), url, at);
}

static MskErrorCode
error_code_of(CURLcode code)
{
    /* The list of curl's codes is long and grows; the few that matter are picked out. */
    switch ((int) code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return MSK_ERROR_INVALID;
    case CURLE_PEER_FAILED_VERIFICATION:
        return MSK_ERROR_DENIED;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return MSK_ERROR_INTERNAL;
    default:
        return MSK_ERROR_UNAVAILABLE;
    }
}

GError *
msk_http_curl_error(CURLcode code, const char *method, const char *url, const char *message)
{
    g_autofree char *shown = msk_http_shown_url(url);

    return g_error_new(MSK_ERROR, (int) error_code_of(code), "%s %s: %s", method, shown,
                       message[0] != '\0' ? message : curl_easy_strerror(code));
}

GError *
msk_http_curl_too_long(const char *method, const char *url, size_t max_bytes)
{
    g_autofree char *shown = msk_http_shown_url(url);

    return g_error_new(MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                       "%s %s: the answer is longer than %zu bytes", method, shown, max_bytes);
}

unsigned
msk_http_curl_retry_after(CURL *easy)
{
    curl_off_t seconds = 0;

    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0) {
        return 0;
    }
    return (unsigned) MIN(seconds, 3600);
}
