/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_session.h"

#include "base/error.h"
#include "io/http_curl.h"

#include <string.h>
#include <strings.h>

enum {
    MAX_HEAD_BYTES = 64 * 1024,
    MAX_REDIRECTS = 5,
};

struct MskHttpSession {
    char *user_agent;
    MskHttpTls tls;
    unsigned connect_timeout_ms;
    unsigned timeout_ms;
    size_t max_answer_bytes;
    unsigned max_idle;
    GMutex mutex;    /* guards @idle */
    GPtrArray *idle; /* of CURL, owned, with their connections */
};

/* One transfer on its way. */
typedef struct {
    const MskHttpSession *session;
    MskHttpReply *reply;
    bool too_long;
    char message[CURL_ERROR_SIZE];
} Transfer;

void
msk_http_reply_clear(MskHttpReply *self)
{
    if (self->body != NULL) {
        (void) g_string_free(self->body, TRUE); /* NULL, as it is freed */
    }
    if (self->head != NULL) {
        (void) g_string_free(self->head, TRUE); /* as above */
    }
    *self = (MskHttpReply){0};
}

char *
msk_http_reply_header(const MskHttpReply *self, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = self->head == NULL ? "" : self->head->str; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t size = end == NULL ? strlen(line) : (size_t) (end - line);

        if (size > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            return g_strstrip(g_strndup(line + length + 1, size - length - 1));
        }
        line += size + (end == NULL ? 0 : 1);
    }
    return NULL;
}

static void
handle_free(void *easy)
{
    curl_easy_cleanup(easy);
}

MskHttpSession *
msk_http_session_new(const MskHttpSessionOptions *options)
{
    MskHttpSession *self = g_new0(MskHttpSession, 1);

    msk_http_curl_start();
    self->user_agent = g_strdup(options->user_agent);
    self->tls = (MskHttpTls){.cafile = g_strdup(options->cafile),
                             .certfile = g_strdup(options->certfile),
                             .keyfile = g_strdup(options->keyfile),
                             .insecure = options->insecure};
    self->connect_timeout_ms = options->connect_timeout_ms;
    self->timeout_ms = options->timeout_ms;
    self->max_answer_bytes = options->max_answer_bytes;
    self->max_idle = options->max_idle;
    self->idle = g_ptr_array_new_with_free_func(handle_free);
    g_mutex_init(&self->mutex);
    return self;
}

void
msk_http_session_free(MskHttpSession *self)
{
    if (self == NULL) {
        return;
    }
    g_ptr_array_unref(self->idle);
    g_mutex_clear(&self->mutex);
    msk_http_tls_clear(&self->tls);
    g_free(self->user_agent);
    g_free(self);
}

/* The handle that was used last has the youngest connection. */
static CURL *
take_handle(MskHttpSession *self)
{
    CURL *easy = NULL;

    g_mutex_lock(&self->mutex);
    if (self->idle->len > 0) {
        easy = g_ptr_array_steal_index(self->idle, self->idle->len - 1);
    }
    g_mutex_unlock(&self->mutex);
    if (easy == NULL) {
        easy = curl_easy_init();
        g_assert(easy != NULL);
    }
    return easy;
}

static void
give_handle(MskHttpSession *self, CURL *easy)
{
    curl_easy_reset(easy); /* the connections stay */
    g_mutex_lock(&self->mutex);
    if (self->idle->len < self->max_idle) {
        g_ptr_array_add(self->idle, easy);
        easy = NULL;
    }
    g_mutex_unlock(&self->mutex);
    if (easy != NULL) {
        handle_free(easy);
    }
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
    Transfer *self = data;
    size_t length = size * count;

    if (length > self->session->max_answer_bytes - self->reply->body->len) {
        self->too_long = true;
        return 0;
    }
    g_string_append_len(self->reply->body, bytes, (ssize_t) length);
    return length;
}

static size_t
take_head(char *bytes, size_t size, size_t count, void *data)
{
    Transfer *self = data;
    size_t length = size * count;

    if (length >= strlen("HTTP/") && memcmp(bytes, "HTTP/", strlen("HTTP/")) == 0) {
        /* Of a redirect or an interim answer before the one that counts. */
        g_string_truncate(self->reply->head, 0);
        g_string_truncate(self->reply->body, 0);
    }
    if (length > MAX_HEAD_BYTES - self->reply->head->len) {
        self->too_long = true;
        return 0;
    }
    g_string_append_len(self->reply->head, bytes, (ssize_t) length);
    return length;
}

/* Returns: how long it may take, or 0 when the deadline is over. */
static long
time_left_ms(const MskHttpSession *self, const MskHttpSessionRequest *request)
{
    int64_t left_ms = self->timeout_ms;

    if (request->deadline_mono_us != 0) {
        left_ms = MIN(left_ms, (request->deadline_mono_us - g_get_monotonic_time() + 999) / 1000);
    }
    return (long) MAX(left_ms, 0);
}

/* As msk_http_curl_set_request(). */
static void
set_request(const MskHttpSession *self, CURL *easy, const MskHttpSessionRequest *request,
            struct curl_slist *headers, long timeout_ms)
{
    msk_http_curl_set_request(easy, &(MskHttpCurlRequest){.method = request->method,
                                                          .url = request->url,
                                                          .user_agent = self->user_agent,
                                                          .headers = headers,
                                                          .body = request->body,
                                                          .body_length = request->body_length,
                                                          .tls = &self->tls});
    (void) curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->follow_redirects ? 1L : 0L);
    (void) curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long) MAX_REDIRECTS);
    (void) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh_connection ? 1L : 0L);
    (void) curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                            MIN((long) self->connect_timeout_ms, timeout_ms));
    (void) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
}

static CURLcode
perform(CURL *easy, Transfer *transfer)
{
    CURLcode code;
    long status = 0;

    (void) curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void) curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    (void) curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    code = curl_easy_perform(easy);
    if (code == CURLE_OK) {
        (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* known to curl */
        transfer->reply->status = (unsigned) status;
        transfer->reply->retry_after_s = msk_http_curl_retry_after(easy);
    }
    return code;
}

/* libcurl counts the bytes of the request's head that it has written. */
static bool
was_sent(CURL *easy)
{
    long size = 0;

    return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &size) != CURLE_OK || size > 0;
}

bool
msk_http_session_send(MskHttpSession *self, const MskHttpSessionRequest *request, MskHttpReply *ret,
                      GError **error)
{
    g_auto(MskHttpReply) reply = {.body = g_string_new(NULL), .head = g_string_new(NULL)};
    Transfer transfer = {.session = self, .reply = &reply};
    struct curl_slist *headers;
    long timeout_ms = time_left_ms(self, request);
    CURLcode code;

    if (request->ret_sent != NULL) {
        *request->ret_sent = false;
    }
    if (timeout_ms == 0) {
        g_autofree char *shown = msk_http_shown_url(request->url);

        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "%s %s: no time was left to ask it",
                    request->method, shown);
        return false;
    }
    headers = msk_http_curl_headers(request->headers);
    CURL *easy = take_handle(self);

    set_request(self, easy, request, headers, timeout_ms);
    code = perform(easy, &transfer);
    if (request->ret_sent != NULL) {
        *request->ret_sent = was_sent(easy);
    }
    give_handle(self, easy);
    curl_slist_free_all(headers);
    if (transfer.too_long) {
        g_propagate_error(
            error, msk_http_curl_too_long(request->method, request->url, self->max_answer_bytes));
        return false;
    }
    if (code != CURLE_OK) {
        g_propagate_error(
            error, msk_http_curl_error(code, request->method, request->url, transfer.message));
        return false;
    }
    *ret = reply;
    reply = (MskHttpReply){0};
    return true;
}
