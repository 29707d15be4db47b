/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_client.h"

#include "base/error.h"
#include "io/http_curl.h"

#include <glib-unix.h>

struct MskHttpClient {
    CURLM *multi;
    unsigned timer;
    GHashTable *sockets; /* descriptor to source id */
    GHashTable *calls;   /* set of MskHttpCall, owned */
    char *user_agent;
    MskHttpTls tls;
    unsigned connect_timeout_ms;
    unsigned timeout_ms;
    size_t max_answer_bytes;
};

struct MskHttpCall {
    MskHttpClient *client;
    CURL *easy;
    struct curl_slist *headers;
    char *method;
    char *url;
    GByteArray *answer;
    bool too_long;
    MskHttpDone done;
    void *data;
    char message[CURL_ERROR_SIZE];
};

static void
call_free(void *data)
{
    MskHttpCall *call = data;

    if (call->easy != NULL) {
        /* Fails only for a handle that is not there. */
        (void) curl_multi_remove_handle(call->client->multi, call->easy);
        curl_easy_cleanup(call->easy);
    }
    curl_slist_free_all(call->headers);
    g_byte_array_unref(call->answer);
    g_free(call->method);
    g_free(call->url);
    g_free(call);
}

static GError *
call_error(const MskHttpCall *call, CURLcode code)
{
    if (call->too_long) {
        return msk_http_curl_too_long(call->method, call->url, call->client->max_answer_bytes);
    }
    return msk_http_curl_error(code, call->method, call->url, call->message);
}

static void
finish_call(MskHttpCall *call, CURLcode code)
{
    MskHttpClient *self = call->client;
    g_autoptr(GError) error = NULL;
    long status = 0;

    (void) g_hash_table_steal(self->calls, call); /* it is in there */
    if (code == CURLE_OK) {
        (void) curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status); /* known to curl */
        (void) g_byte_array_append(call->answer, (const guint8 *) "", 1);
        call->done(&(MskHttpAnswer){.status = (unsigned) status,
                                    .body = (const char *) call->answer->data,
                                    .body_length = call->answer->len - 1,
                                    .retry_after_s = msk_http_curl_retry_after(call->easy)},
                   NULL, call->data);
    } else {
        error = call_error(call, code);
        call->done(NULL, error, call->data);
    }
    call_free(call);
}

static void
collect_finished(MskHttpClient *self)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) == CURLE_OK) {
            finish_call((MskHttpCall *) (void *) private, code);
        }
    }
}

static gboolean
on_socket(int fd, GIOCondition condition, void *data)
{
    MskHttpClient *self = data;
    int running;
    int events = 0;

    if ((condition & G_IO_IN) != 0) {
        events |= CURL_CSELECT_IN;
    }
    if ((condition & G_IO_OUT) != 0) {
        events |= CURL_CSELECT_OUT;
    }
    if ((condition & (G_IO_ERR | G_IO_HUP)) != 0) {
        events |= CURL_CSELECT_ERR | CURL_CSELECT_IN;
    }
    /* Failures of single transfers come as messages; there is no other answer to take. */
    (void) curl_multi_socket_action(self->multi, fd, events, &running);
    collect_finished(self);
    return G_SOURCE_CONTINUE;
}

static void
remove_source(void *id)
{
    (void) g_source_remove(GPOINTER_TO_UINT(id)); /* it is there: the table says so */
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
    MskHttpClient *self = data;
    GIOCondition condition = G_IO_ERR | G_IO_HUP;

    (void) easy;
    (void) unused;
    (void) g_hash_table_remove(self->sockets, GINT_TO_POINTER(fd)); /* maybe not there */
    if (what == CURL_POLL_REMOVE) {
        return 0;
    }
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
        condition |= G_IO_IN;
    }
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
        condition |= G_IO_OUT;
    }
    (void) g_hash_table_insert(self->sockets, GINT_TO_POINTER(fd),
                               GUINT_TO_POINTER(g_unix_fd_add(fd, condition, on_socket, self)));
    return 0;
}

static gboolean
on_timer(void *data)
{
    MskHttpClient *self = data;
    int running;

    self->timer = 0;
    (void) curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running); /* as above */
    collect_finished(self);
    return G_SOURCE_REMOVE;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *data)
{
    MskHttpClient *self = data;

    (void) multi;
    if (self->timer != 0) {
        (void) g_source_remove(self->timer); /* on_timer clears it when it has run */
        self->timer = 0;
    }
    if (timeout_ms >= 0) {
        self->timer = g_timeout_add((unsigned) timeout_ms, on_timer, self);
    }
    return 0;
}

MskHttpClient *
msk_http_client_new(const MskHttpClientOptions *options)
{
    MskHttpClient *self = g_new0(MskHttpClient, 1);

    msk_http_curl_start();
    self->user_agent = g_strdup(options->user_agent);
    self->tls = (MskHttpTls){.cafile = g_strdup(options->cafile),
                             .certfile = g_strdup(options->certfile),
                             .keyfile = g_strdup(options->keyfile),
                             .insecure = options->insecure};
    self->connect_timeout_ms = options->connect_timeout_ms;
    self->timeout_ms = options->timeout_ms;
    self->max_answer_bytes = options->max_answer_bytes;
    self->sockets = g_hash_table_new_full(NULL, NULL, NULL, remove_source);
    self->calls = g_hash_table_new_full(NULL, NULL, call_free, NULL);
    self->multi = curl_multi_init();
    g_assert(self->multi != NULL);
    (void) curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    (void) curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void) curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    (void) curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    (void) curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             (long) options->max_connections);
    return self;
}

void
msk_http_client_free(MskHttpClient *self)
{
    if (self == NULL) {
        return;
    }
    g_hash_table_unref(self->calls);
    (void) curl_multi_cleanup(self->multi); /* no handle is left in it */
    if (self->timer != 0) {
        (void) g_source_remove(self->timer); /* see want_timer */
    }
    g_hash_table_unref(self->sockets);
    g_free(self->user_agent);
    msk_http_tls_clear(&self->tls);
    g_free(self);
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
    MskHttpCall *call = data;
    size_t length = size * count;

    if (length > call->client->max_answer_bytes - call->answer->len) {
        call->too_long = true;
        return 0;
    }
    (void) g_byte_array_append(call->answer, (const guint8 *) bytes, (unsigned) length);
    return length;
}

/* As msk_http_curl_set_request(). */
static void
set_request(MskHttpCall *call, const MskHttpClientRequest *request)
{
    const MskHttpClient *self = call->client;
    CURL *easy = call->easy;

    msk_http_curl_set_request(easy, &(MskHttpCurlRequest){.method = request->method,
                                                          .url = request->url,
                                                          .user_agent = self->user_agent,
                                                          .headers = call->headers,
                                                          .body = request->body,
                                                          .body_length = request->body_length,
                                                          .tls = &self->tls});
    (void) curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void) curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->message);
    (void) curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) self->connect_timeout_ms);
    (void) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) self->timeout_ms);
    (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

MskHttpCall *
msk_http_client_send(MskHttpClient *self, const MskHttpClientRequest *request, MskHttpDone done,
                     void *data)
{
    MskHttpCall *call = g_new0(MskHttpCall, 1);

    call->client = self;
    call->method = g_strdup(request->method);
    call->url = g_strdup(request->url);
    call->answer = g_byte_array_new();
    call->done = done;
    call->data = data;
    call->headers = msk_http_curl_headers(request->headers);
    call->easy = curl_easy_init();
    g_assert(call->easy != NULL);
    set_request(call, request);
    (void) g_hash_table_add(self->calls, call); /* new, so never there */
    /* The first step is made by curl's own timer, on the main loop. */
    g_assert(curl_multi_add_handle(self->multi, call->easy) == CURLM_OK);
    return call;
}

void
msk_http_call_cancel(MskHttpCall *call)
{
    (void) g_hash_table_remove(call->client->calls, call); /* frees it */
}
