/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_server.h"

#include "base/error.h"
#include "io/http_deadline.h"
#include "io/http_head.h"
#include "io/http_listen.h"
#include "io/http_loop.h"
#include "io/http_workers.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MAX_HEADERS  100
#define READ_STEP    4096
#define SPARE_FDS    128
#define MICROSECONDS G_USEC_PER_SEC
#define DISCARD_BYTES                                                                              \
    ((size_t) 1024 * 1024) /* a body this much too large is still read, so that                    \
                              the client reads the answer and not a reset */

struct MskHttpServer {
    MskHttpServerOptions options;
    const MskHttpHandler *handler;
    void *handler_data;
    int listen_fd;
    uint16_t port;
    struct MHD_Daemon *daemon;
    MskHttpLoop *loop;
    MskHttpDeadlines *deadlines;
    MskHttpWorkers *pool;
    MskHttpWorkers *write_pool; /* (nullable) */
    int waiting;                /* atomic: requests in the pools' queues or in work */
    int active;   /* atomic: requests whose head is complete and whose answer is not all sent */
    int draining; /* atomic */
    GMutex lock;
    bool stopping; /* guarded by the lock: the pools are not touched any more */
    bool quieting; /* guarded by the lock: on_quiet() is at work on the pools */
    GCond quieted;
    MskTlsCredentials *tls; /* (nullable) guarded by the lock: for the next connection */
    int drained_called;     /* atomic */
    MskHttpDrainedFunc drained;
    void *drained_data;
};

typedef struct {
    MskHttpDeadline *deadline;
    MskTlsCredentials *tls; /* (nullable) what it began with */
    char client[NI_MAXHOST];
} Connection;

typedef enum {
    STEP_TARGET, /* the request line is known */
    STEP_BODY,   /* the head was checked */
    STEP_WORKER, /* suspended until a worker has filled in the answer */
    STEP_ANSWER, /* the answer is there, or was given to libmicrohttpd */
} Step;

typedef struct {
    MskHttpServer *server;
    struct MHD_Connection *connection;
    Connection *peer;
    Step step;
    bool counted; /* in server->active */
    bool close_after;
    char *target;
    GString *body; /* (nullable) until the first byte */
    size_t discarded_bytes;
    size_t head_bytes;
    GPtrArray *trimmed; /* (nullable) (element-type char*) values without the blanks behind them */
    MskHttpHeader headers[MAX_HEADERS];
    MskHttpRequest request;
    MskHttpResponse response;
} Request;

/* ---- one request, on the event thread ----------------------------------------------------- */

static void
answer_plainly(MskHttpResponse *response, unsigned status, const char *why)
{
    msk_http_response_clear(response);
    response->status = status;
    response->body = g_string_new(NULL);
    g_string_printf(response->body, "%u %s\n\n%s\n", status, MHD_get_reason_phrase_for(status),
                    why);
    msk_http_response_add_header(response, "Content-Type", "text/plain; charset=UTF-8");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        msk_http_response_add_header(response, "Retry-After", "1");
    }
}

static void
set_deadline(const Request *self, int64_t seconds)
{
    if (self->peer != NULL) {
        msk_http_deadlines_set(self->server->deadlines, self->peer->deadline,
                               seconds == 0 ? 0 : g_get_monotonic_time() + seconds * MICROSECONDS);
    }
}

static enum MHD_Result
queue_response(Request *self)
{
    MskHttpServer *server = self->server;
    MskHttpResponse *answer = &self->response;
    struct MHD_Response *response;

    if (answer->body != NULL) {
        size_t size = answer->body->len;

        response = MHD_create_response_from_buffer(size, g_string_free(answer->body, FALSE),
                                                   MHD_RESPMEM_MUST_FREE);
        answer->body = NULL;
    } else {
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    if (response == NULL) {
        return MHD_NO;
    }
    for (size_t i = 0; i < answer->n_headers; i++) {
        (void) MHD_add_response_header(response, answer->headers[i].name,
                                       answer->headers[i].value); /* fails only without memory */
    }
    if (answer->status == MHD_HTTP_NO_CONTENT) {
        /* Needless, but the Python services send it, and clients of theirs may look for it. */
        (void) MHD_set_response_options(response, MHD_RF_INSANITY_HEADER_CONTENT_LENGTH,
                                        MHD_RO_END);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LENGTH, "0");
    }
    if (self->close_after || !server->options.keep_alive ||
        g_atomic_int_get(&server->draining) != 0) {
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    self->step = STEP_ANSWER;
    set_deadline(self, server->options.request_timeout_s);
    enum MHD_Result result = MHD_queue_response(self->connection, answer->status, response);

    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
refuse(Request *self, unsigned status, const char *why)
{
    answer_plainly(&self->response, status, why);
    self->close_after = true;
    return queue_response(self);
}

/* libmicrohttpd 0.9.75 leaves the blanks behind a value, which are no part of it. */
static const char *
without_blanks(Request *self, const char *value)
{
    size_t size = strlen(value);

    if (size == 0 || strchr(" \t", value[size - 1]) == NULL) {
        return value;
    }
    while (size > 0 && strchr(" \t", value[size - 1]) != NULL) {
        size--;
    }
    if (self->trimmed == NULL) {
        self->trimmed = g_ptr_array_new_with_free_func(g_free);
    }
    char *copy = g_strndup(value, size);

    g_ptr_array_add(self->trimmed, copy);
    return copy;
}

static enum MHD_Result
collect_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    Request *self = data;

    (void) kind; /* only headers are asked for */
    self->head_bytes += strlen(name) + strlen(": \r\n") + (value == NULL ? 0 : strlen(value));
    if (self->request.n_headers < MAX_HEADERS) {
        self->headers[self->request.n_headers].name = name;
        self->headers[self->request.n_headers].value = value == NULL ? "" : value;
    }
    self->request.n_headers++;
    return MHD_YES;
}

/* Returns: (nullable) (static) why the head is refused. */
static const char *
why_too_large(const Request *self)
{
    if (self->request.n_headers > MAX_HEADERS) {
        return "There are more than 100 header fields.";
    }
    if (self->head_bytes + strlen(self->target) > self->server->options.max_header_bytes) {
        return "The head of the request is too large."; /* libmicrohttpd has some room for it */
    }
    return NULL;
}

static Connection *
connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info == NULL ? NULL : info->socket_context;
}

/* The head is complete. */
static enum MHD_Result
begin(Request *self, const char *method, const char *version)
{
    MskHttpServer *server = self->server;
    MskHttpRequest *request = &self->request;

    self->step = STEP_BODY;
    self->counted = true;
    (void) g_atomic_int_add(&server->active, 1);
    request->method = method;
    request->version = version;
    request->target = self->target;
    request->headers = self->headers;
    request->body = "";
    request->client = self->peer != NULL ? self->peer->client : "";
    request->is_tls = self->peer != NULL && self->peer->tls != NULL;
    (void) MHD_get_connection_values(self->connection, MHD_HEADER_KIND, collect_header, self);
    const char *why = why_too_large(self);

    if (why != NULL) {
        return refuse(self, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, why);
    }
    why = msk_http_head_check(self->headers, request->n_headers);
    if (why != NULL) {
        return refuse(self, MHD_HTTP_BAD_REQUEST, why);
    }
    for (size_t i = 0; i < request->n_headers; i++) {
        /* Not before the check, which has to see what libmicrohttpd goes by. */
        self->headers[i].value = without_blanks(self, self->headers[i].value);
    }
    const char *length = msk_http_request_header(request, "Content-Length");

    if (length != NULL) {
        uint64_t bytes = g_ascii_strtoull(length, NULL, 10); /* digits only, checked above */

        request->body_too_large = bytes > server->options.max_body_bytes;
        if (bytes > server->options.max_body_bytes + DISCARD_BYTES) {
            self->close_after = true;
            request->received_mono_us = g_get_monotonic_time();
            server->handler->handle(request, &self->response, server->handler_data);
            return queue_response(self);
        }
    }
    return MHD_YES;
}

static enum MHD_Result
take_body(Request *self, const char *data, size_t *size)
{
    size_t have = self->body == NULL ? 0 : self->body->len;
    size_t bytes = *size;

    *size = 0;
    if (self->step != STEP_BODY) {
        return MHD_YES; /* refused; what is left of the body is read and dropped */
    }
    if (self->request.body_too_large || bytes > self->server->options.max_body_bytes - have) {
        self->request.body_too_large = true;
        self->discarded_bytes += bytes;
        return self->discarded_bytes > DISCARD_BYTES + self->server->options.max_body_bytes
                   ? MHD_NO
                   : MHD_YES;
    }
    if (self->body == NULL) {
        self->body = g_string_sized_new(MIN(self->server->options.max_body_bytes, READ_STEP));
    }
    g_string_append_len(self->body, data, (gssize) bytes);
    return MHD_YES;
}

/* Those that write wait for each other and for the disk, and are not to hold up those that read. */
static MskHttpWorkers *
pool_for(const MskHttpServer *server, const MskHttpRequest *request)
{
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

    return reads || server->write_pool == NULL ? server->pool : server->write_pool;
}

/* Returns: false when there is an answer already, because no worker will take it. */
static bool
hand_to_worker(Request *self)
{
    MskHttpServer *server = self->server;
    g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&server->lock);

    if (server->stopping) {
        answer_plainly(&self->response, MHD_HTTP_SERVICE_UNAVAILABLE,
                       "The service is stopping; try again.");
        return false;
    }
    if (g_atomic_int_get(&server->waiting) >=
        (int) (server->options.queue_size + server->options.workers + server->options.writers)) {
        answer_plainly(&self->response, MHD_HTTP_SERVICE_UNAVAILABLE,
                       "Too many requests are waiting; try again.");
        return false;
    }
    (void) g_atomic_int_add(&server->waiting, 1);
    self->step = STEP_WORKER;
    MHD_suspend_connection(self->connection);
    msk_http_workers_push(pool_for(server, &self->request), self);
    return true;
}

/* The whole request is there: answer it, or hand it to a worker. */
static enum MHD_Result
finish(Request *self)
{
    MskHttpServer *server = self->server;
    MskHttpRequest *request = &self->request;

    set_deadline(self, 0);
    if (self->body != NULL && !request->body_too_large) {
        request->body = self->body->str;
        request->body_size = self->body->len;
    }
    request->received_mono_us = g_get_monotonic_time();
    if (request->body_too_large || !server->handler->needs_worker(request, server->handler_data)) {
        server->handler->handle(request, &self->response, server->handler_data);
        return queue_response(self);
    }
    if (!hand_to_worker(self)) {
        return queue_response(self);
    }
    return MHD_YES;
}

static enum MHD_Result
on_access(void *data, struct MHD_Connection *connection, const char *url, const char *method,
          const char *version, const char *upload_data, size_t *upload_size, void **request)
{
    Request *self = *request;

    (void) data; /* reached through the request */
    (void) url;  /* cut at the question mark; target is the whole */
    (void) connection;
    g_assert(self != NULL);
    switch (self->step) {
    case STEP_TARGET:
        return begin(self, method, version);
    case STEP_BODY:
        if (*upload_size > 0) {
            return take_body(self, upload_data, upload_size);
        }
        return finish(self);
    case STEP_WORKER:
        return queue_response(self);
    case STEP_ANSWER:
        *upload_size = 0;
        return MHD_YES;
    default:
        g_assert_not_reached();
    }
}

/* @item: a request, or the server itself: then a load is over. */
static void
run_in_worker(void *item, void *data)
{
    Request *self = item;
    MskHttpServer *server = data;

    if (item == data) {
        server->options.quiet(server->handler_data);
        return;
    }
    server->handler->handle(&self->request, &self->response, server->handler_data);
    (void) g_atomic_int_add(&server->waiting, -1);
    MHD_resume_connection(self->connection); /* from here on @self may be gone */
    msk_http_loop_wake(server->loop);
}

static void *
on_target(void *data, const char *target, struct MHD_Connection *connection)
{
    Request *self = g_new0(Request, 1);

    self->server = data;
    self->connection = connection;
    self->peer = connection_of(connection);
    self->target = g_strdup(target);
    self->response.status = MHD_HTTP_OK;
    set_deadline(self, self->server->options.request_timeout_s);
    return self;
}

static gboolean
call_drained(void *data)
{
    MskHttpServer *self = data;

    self->drained(self->drained_data);
    return G_SOURCE_REMOVE;
}

static void
check_drained(MskHttpServer *self)
{
    if (g_atomic_int_get(&self->draining) != 0 && g_atomic_int_get(&self->active) == 0 &&
        g_atomic_int_compare_and_exchange(&self->drained_called, 0, 1)) {
        g_idle_add(call_drained, self);
    }
}

static void
on_completed(void *data, struct MHD_Connection *connection, void **request,
             enum MHD_RequestTerminationCode reason)
{
    Request *self = *request;
    MskHttpServer *server = data;

    (void) connection;
    (void) reason; /* however it ended, it is over */
    if (self == NULL) {
        return;
    }
    *request = NULL;
    if (self->peer != NULL) {
        /* The next request's line has no event before it is complete; this bounds it. */
        set_deadline(self, server->options.idle_timeout_s == 0
                               ? 0
                               : (int64_t) server->options.idle_timeout_s +
                                     server->options.request_timeout_s);
    }
    msk_http_response_clear(&self->response);
    if (self->body != NULL) {
        g_string_free(self->body, TRUE);
    }
    g_clear_pointer(&self->trimmed, g_ptr_array_unref);
    g_free(self->target);
    if (self->counted && g_atomic_int_add(&server->active, -1) == 1) {
        check_drained(server);
    }
    g_free(self);
}

/* ---- connections -------------------------------------------------------------------------- */

static void
name_client(struct MHD_Connection *connection, char *ret, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;

    ret[0] = '\0';
    if (address != NULL) {
        /* Without an answer the name stays empty, which only a log line shows. */
        (void) getnameinfo(address,
                           address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                          : sizeof(struct sockaddr_in),
                           ret, (socklen_t) size, NULL, 0, NI_NUMERICHOST);
    }
}

static void
set_up_socket(const MskHttpServer *self, int fd)
{
    int on = 1;
    int idle_s = (int) self->options.tcp_keepidle_s;

    /* Without these a connection works, only a dead peer is noticed later. */
    if (idle_s > 0) {
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        (void) setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    }
}

/* Which credentials a connection gets is decided here, when it begins. */
static void
begin_tls(MskHttpServer *self, struct MHD_Connection *connection, Connection *peer, int fd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (info == NULL) {
        return; /* not a TLS server */
    }
    void *session = info->tls_session;

    g_mutex_lock(&self->lock);
    peer->tls = msk_tls_credentials_ref(self->tls);
    g_mutex_unlock(&self->lock);
    if (!msk_tls_credentials_apply(peer->tls, session)) {
        (void) shutdown(fd, SHUT_RDWR); /* its handshake fails then, if it was not over already */
    }
}

/* libmicrohttpd wants one of its own; begin_tls() replaces it. */
static int
offer_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
                     const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
                     gnutls_pcert_st **certificates, unsigned *n_certificates,
                     gnutls_privkey_t *key)
{
    (void) session;
    (void) authorities;
    (void) n_authorities;
    (void) algorithms;
    (void) n_algorithms;
    (void) certificates;
    (void) n_certificates;
    (void) key;
    return -1;
}

static void
on_connection(void *data, struct MHD_Connection *connection, void **context,
              enum MHD_ConnectionNotificationCode code)
{
    MskHttpServer *self = data;
    Connection *peer = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        /* Read at once: libmicrohttpd 1.0 answers the next question in the same place. */
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

        peer = g_new0(Connection, 1);
        name_client(connection, peer->client, sizeof peer->client);
        set_up_socket(self, fd);
        begin_tls(self, connection, peer, fd);
        peer->deadline = msk_http_deadlines_add(self->deadlines, fd);
        msk_http_deadlines_set(self->deadlines, peer->deadline,
                               g_get_monotonic_time() +
                                   (int64_t) self->options.request_timeout_s * MICROSECONDS);
        *context = peer;
    } else if (peer != NULL) {
        msk_http_deadlines_remove(self->deadlines, peer->deadline);
        msk_tls_credentials_unref(peer->tls);
        g_free(peer);
        *context = NULL;
    }
}

/* Targets stay as they were sent; the handler decodes them. */
static size_t
keep_escapes(void *data, struct MHD_Connection *connection, char *text)
{
    (void) data;
    (void) connection;
    return strlen(text);
}

/* ---- the server --------------------------------------------------------------------------- */

/* Each connection is a descriptor; the usual soft limit of 1024 is for programs with select(). */
static void
allow_descriptors(unsigned connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + SPARE_FDS) {
        limit.rlim_cur = MIN(limit.rlim_max, connections + SPARE_FDS);
        /* With fewer, accept() fails above the limit and goes on when a connection closes. */
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static struct MHD_Daemon *
start_daemon(MskHttpServer *self)
{
    const MskHttpServerOptions *options = &self->options;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, self->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t) options->max_connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t) options->idle_timeout_s, NULL},
        /* The head, its copy with the arguments split, and room to read the body into. */
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t) (options->max_header_bytes * 2 + READ_STEP),
         NULL},
        {MHD_OPTION_CONNECTION_MEMORY_INCREMENT, READ_STEP, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t) on_completed, self},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t) on_connection, self},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t) on_target, self},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t) keep_escapes, NULL},
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL},
#else
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
#endif
        {MHD_OPTION_END, 0, NULL},
    };
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

    if (self->tls == NULL) {
        return MHD_start_daemon(flags, 0, NULL, NULL, on_access, self, MHD_OPTION_ARRAY, items,
                                MHD_OPTION_END);
    }
    return MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, on_access, self, MHD_OPTION_ARRAY,
                            items, MHD_OPTION_HTTPS_CERT_CALLBACK, offer_no_certificate,
                            MHD_OPTION_END);
}

static bool
start_workers(MskHttpServer *self, GError **error)
{
    const MskHttpServerOptions *options = &self->options;

    self->pool = msk_http_workers_new(options->workers, run_in_worker, self, error);
    if (self->pool != NULL && options->writers > 0) {
        self->write_pool = msk_http_workers_new(options->writers, run_in_worker, self, error);
    }
    return self->pool != NULL && (self->write_pool != NULL || options->writers == 0);
}

/* On the event thread. */
static void
on_quiet(bool after_load, void *data)
{
    MskHttpServer *self = data;

    g_mutex_lock(&self->lock);
    self->quieting = !self->stopping;
    bool may = self->quieting;

    g_mutex_unlock(&self->lock);
    if (!may) {
        return;
    }
    msk_http_workers_rest(self->pool);
    msk_http_workers_rest(self->write_pool);
    if (after_load && self->options.quiet != NULL) {
        msk_http_workers_push(self->pool, self);
    }
    g_mutex_lock(&self->lock);
    self->quieting = false;
    g_cond_signal(&self->quieted);
    g_mutex_unlock(&self->lock);
}

MskHttpServer *
msk_http_server_new(const MskHttpServerOptions *options, const MskHttpHandler *handler, void *data,
                    GError **error)
{
    g_autoptr(MskHttpServer) self = g_new0(MskHttpServer, 1);

    self->options = *options;
    self->handler = handler;
    self->handler_data = data;
    self->listen_fd = -1;
    g_mutex_init(&self->lock);
    g_cond_init(&self->quieted);
    self->tls = options->tls == NULL ? NULL : msk_tls_credentials_ref(options->tls);
    self->options.tls = NULL; /* borrowed for the call, as the address is */
    self->listen_fd = options->inherited_fd > 0
                          ? msk_http_adopt_listener(options->inherited_fd, error)
                          : msk_http_open_listener(options->address, options->port, error);
    if (self->listen_fd < 0) {
        return NULL;
    }
    self->port = msk_http_listener_port(self->listen_fd);
    allow_descriptors(options->max_connections);
    self->deadlines = msk_http_deadlines_new();
    if (!start_workers(self, error)) {
        return NULL;
    }
    self->daemon = start_daemon(self);
    if (self->daemon == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                    "libmicrohttpd does not start on %s port %u: %s", options->address, self->port,
                    g_strerror(errno));
        return NULL;
    }
    self->loop = msk_http_loop_new(self->daemon, on_quiet, self, error);
    if (self->loop == NULL || !msk_http_loop_start(self->loop, error)) {
        return NULL;
    }
    self->options.address = NULL; /* borrowed for the call */
    return g_steal_pointer(&self);
}

void
msk_http_server_set_tls(MskHttpServer *self, MskTlsCredentials *tls)
{
    MskTlsCredentials *old;

    g_assert(self->tls != NULL);
    g_mutex_lock(&self->lock);
    old = self->tls;
    self->tls = msk_tls_credentials_ref(tls);
    g_mutex_unlock(&self->lock);
    msk_tls_credentials_unref(old);
}

uint16_t
msk_http_server_port(const MskHttpServer *self)
{
    return self->port;
}

void
msk_http_server_drain(MskHttpServer *self, MskHttpDrainedFunc drained, void *data)
{
    int fd = MHD_quiesce_daemon(self->daemon);

    if (fd >= 0) {
        (void) close(fd); /* nothing was written to it */
        self->listen_fd = -1;
    }
    self->drained = drained;
    self->drained_data = data;
    g_atomic_int_set(&self->draining, 1);
    check_drained(self);
}

void
msk_http_server_free(MskHttpServer *self)
{
    if (self == NULL) {
        return;
    }
    (void) g_idle_remove_by_data(self); /* it is there only between drain() and its callback */
    g_mutex_lock(&self->lock);
    self->stopping = true;
    while (self->quieting) {
        g_cond_wait(&self->quieted, &self->lock);
    }
    g_mutex_unlock(&self->lock);
    /* MHD_stop_daemon() must not meet a suspended connection: every one is resumed first. */
    msk_http_workers_free(self->pool);
    msk_http_workers_free(self->write_pool);
    msk_http_loop_free(self->loop);
    if (self->daemon != NULL) {
        MHD_stop_daemon(self->daemon); /* closes the listening socket unless drained before */
    } else if (self->listen_fd >= 0) {
        (void) close(self->listen_fd);
    }
    msk_http_deadlines_free(self->deadlines);
    msk_tls_credentials_unref(self->tls);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->quieted);
    g_free(self);
}
