/* SPDX-License-Identifier: Apache-2.0 */
#include "io/amqp.h"

#if __has_include(<rabbitmq-c/amqp.h>) // from 0.12 on; Debian 12 has 0.11
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "io/inflate.h"

#define CHANNEL       1
#define FRAME_MAX     131072
#define CLOSE_MS      1000
#define MAX_ARGUMENTS 8

/* What the next frames belong to. */
typedef enum { CONTENT_NONE, CONTENT_DELIVERY, CONTENT_RETURN } Content;

/* How its sender has compressed a body. */
typedef enum { COMPRESSION_NONE, COMPRESSION_ZLIB, COMPRESSION_UNKNOWN } Compression;

struct MskAmqp {
    amqp_connection_state_t state;
    char *where; /* "host:port", for messages */
    unsigned timeout_ms;
    bool broken;
    bool blocked;
    bool corked; /* what is sent leaves when the cork is pulled, or a packet is full */

    Content content;
    bool headed; /* its header was read */
    uint64_t delivery_tag;
    uint64_t left; /* bytes of the body that are still to come */
    Compression compression;
    GByteArray *body; /* (nullable) NULL: the body cannot be taken and is dropped */
    GQueue arrived;   /* GByteArray; NULL for one that was dropped */

    uint64_t settled;   /* messages of this channel that all were confirmed */
    unsigned published; /* those after them */
    uint64_t confirmed; /* a bit for each of these that the broker has, the lowest for the first */
    bool refused;       /* it has refused one */
    bool returned;      /* one came back, of those that are not confirmed yet */
};

/* ---- failures ---------------------------------------------------------------------------- */

static struct timeval
to_timeval(unsigned ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t) (ms % 1000) * 1000};
}

static bool
fail(MskAmqp *self, MskErrorCode code, const char *what, const char *why, GError **error)
{
    self->broken = true;
    g_set_error(error, MSK_ERROR, code, "AMQP broker %s: %s: %s", self->where, what, why);
    return false;
}

static bool
fail_library(MskAmqp *self, const char *what, int status, GError **error)
{
    return fail(self, MSK_ERROR_UNAVAILABLE, what, amqp_error_string2(status), error);
}

static MskErrorCode
code_of_reply(uint16_t code)
{
    switch (code) {
    case AMQP_ACCESS_REFUSED:
    case AMQP_NOT_ALLOWED:
        return MSK_ERROR_DENIED;
    case AMQP_PRECONDITION_FAILED:
        return MSK_ERROR_CONFLICT;
    default:
        return MSK_ERROR_UNAVAILABLE;
    }
}

/* @method: channel.close or connection.close, or something else that was not asked for. */
static bool
fail_method(MskAmqp *self, const char *what, const amqp_method_t *method, GError **error)
{
    uint16_t code = 0;
    amqp_bytes_t text = amqp_empty_bytes;

    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *closed = method->decoded;

        code = closed->reply_code;
        text = closed->reply_text;
    } else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *closed = method->decoded;

        code = closed->reply_code;
        text = closed->reply_text;
    } else {
        return fail(self, MSK_ERROR_UNAVAILABLE, what, "an answer that was not asked for", error);
    }
    g_autofree char *reply = g_utf8_make_valid(text.bytes, (gssize) text.len);

    return fail(self, code_of_reply(code), what, reply, error);
}

/* The answer to the last call that waits for one. */
static bool
check(MskAmqp *self, const char *what, GError **error)
{
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(self->state);

    amqp_maybe_release_buffers(self->state);
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return true;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return fail_method(self, what, &reply.reply, error);
    case AMQP_RESPONSE_NONE:
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        break;
    }
    return fail_library(self, what, reply.library_error, error);
}

/* ---- opening and closing ----------------------------------------------------------------- */

static bool
set_up_tls(MskAmqp *self, amqp_socket_t *socket, const MskAmqpTls *tls, GError **error)
{
    bool check_peer = tls->ca_file != NULL;

    amqp_ssl_socket_set_verify_peer(socket, check_peer);
    amqp_ssl_socket_set_verify_hostname(socket, check_peer && tls->check_host);
    (void) amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    if (check_peer && amqp_ssl_socket_set_cacert(socket, tls->ca_file) != AMQP_STATUS_OK) {
        return fail(self, MSK_ERROR_INVALID, "the file of certificate authorities cannot be used",
                    tls->ca_file, error);
    }
    if (tls->cert_file != NULL &&
        amqp_ssl_socket_set_key(socket, tls->cert_file, tls->key_file) != AMQP_STATUS_OK) {
        return fail(self, MSK_ERROR_INVALID, "the certificate or its key cannot be used",
                    tls->cert_file, error);
    }
    return true;
}

static bool
connect_socket(MskAmqp *self, const MskAmqpPeer *peer, GError **error)
{
    const struct timeval timeout = to_timeval(peer->timeout_ms);
    amqp_socket_t *socket =
        peer->tls != NULL ? amqp_ssl_socket_new(self->state) : amqp_tcp_socket_new(self->state);

    if (socket == NULL) {
        return fail(self, MSK_ERROR_UNAVAILABLE, "cannot connect", "no socket", error);
    }
    if (peer->tls != NULL && !set_up_tls(self, socket, peer->tls, error)) {
        return false;
    }
    int status = amqp_socket_open_noblock(socket, peer->host, peer->port, &timeout);

    return status == AMQP_STATUS_OK || fail_library(self, "cannot connect", status, error);
}

static amqp_table_entry_t
flag(const char *name)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(name),
        .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value = {.boolean = 1}}};
}

static bool
log_in(MskAmqp *self, const MskAmqpPeer *peer, GError **error)
{
    amqp_table_entry_t capabilities[] = {flag("authentication_failure_close"),
                                         flag("connection.blocked"),
                                         flag("consumer_cancel_notify")};
    amqp_table_entry_t properties[] = {
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE,
                   .value = {.table = {G_N_ELEMENTS(capabilities), capabilities}}}},
        {.key = amqp_cstring_bytes("connection_name"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value = {.bytes = amqp_cstring_bytes(peer->name)}}},
    };
    const amqp_table_t table = {G_N_ELEMENTS(properties), properties};
    int heartbeat = (int) MIN(peer->heartbeat_s, 65535);
    amqp_rpc_reply_t reply =
        peer->external
            ? amqp_login_with_properties(self->state, peer->virtual_host, 0, FRAME_MAX, heartbeat,
                                         &table, AMQP_SASL_METHOD_EXTERNAL, peer->username)
            : amqp_login_with_properties(self->state, peer->virtual_host, 0, FRAME_MAX, heartbeat,
                                         &table, AMQP_SASL_METHOD_PLAIN, peer->username,
                                         peer->password);

    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        return fail_method(self, "the login is refused", &reply.reply, error);
    }
    return reply.reply_type == AMQP_RESPONSE_NORMAL ||
           fail_library(self, "the login failed", reply.library_error, error);
}

static bool
open_channel(MskAmqp *self, GError **error)
{
    (void) amqp_channel_open(self->state, CHANNEL);
    if (!check(self, "cannot open a channel", error)) {
        return false;
    }
    self->settled = 0;
    self->published = 0;
    self->confirmed = 0;
    (void) amqp_confirm_select(self->state, CHANNEL);
    return check(self, "it does not confirm messages", error);
}

MskAmqp *
msk_amqp_open(const MskAmqpPeer *peer, GError **error)
{
    g_autoptr(MskAmqp) self = g_new0(MskAmqp, 1);
    const struct timeval timeout = to_timeval(peer->timeout_ms);

    self->where = g_strdup_printf("%s:%u", peer->host, peer->port);
    self->timeout_ms = peer->timeout_ms;
    self->state = amqp_new_connection();
    g_assert(self->state != NULL);
    if (!connect_socket(self, peer, error)) {
        return NULL;
    }
    (void) amqp_set_handshake_timeout(self->state, &timeout);
    (void) amqp_set_rpc_timeout(self->state, &timeout);
    if (!log_in(self, peer, error) || !open_channel(self, error)) {
        return NULL;
    }
    return g_steal_pointer(&self);
}

static void
free_arrived(void *data)
{
    if (data != NULL) {
        g_byte_array_unref(data);
    }
}

void
msk_amqp_free(MskAmqp *self)
{
    const struct timeval timeout = to_timeval(CLOSE_MS);

    if (self == NULL) {
        return;
    }
    if (!self->broken) {
        (void) amqp_set_rpc_timeout(self->state, &timeout);
        (void) amqp_connection_close(self->state, AMQP_REPLY_SUCCESS); /* politeness */
    }
    (void) amqp_destroy_connection(self->state);
    g_queue_clear_full(&self->arrived, free_arrived);
    g_clear_pointer(&self->body, g_byte_array_unref);
    g_free(self->where);
    g_free(self);
}

/* ---- declarations ------------------------------------------------------------------------ */

typedef struct {
    amqp_table_entry_t entries[MAX_ARGUMENTS];
    amqp_table_t table;
} Table;

static void
fill_table(Table *self, const MskAmqpArgument *arguments, size_t n)
{
    g_assert(n <= MAX_ARGUMENTS);
    for (size_t i = 0; i < n; i++) {
        amqp_field_value_t *value = &self->entries[i].value;

        self->entries[i].key = amqp_cstring_bytes(arguments[i].name);
        if (arguments[i].text != NULL) {
            value->kind = AMQP_FIELD_KIND_UTF8;
            value->value.bytes = amqp_cstring_bytes(arguments[i].text);
        } else {
            value->kind = AMQP_FIELD_KIND_I64;
            value->value.i64 = arguments[i].number;
        }
    }
    self->table = (amqp_table_t){(int) n, self->entries};
}

/* Whether the last declaration failed because a service with other settings was first; then the
 * channel, which the broker has closed, is open again. */
static bool
is_not_durable_there(MskAmqp *self, bool durable, GError **error)
{
    if (!durable || !g_error_matches(*error, MSK_ERROR, MSK_ERROR_CONFLICT) ||
        strstr((*error)->message, "inequivalent arg 'durable'") == NULL) {
        return false;
    }
    g_clear_error(error);
    self->broken = false;
    return open_channel(self, error);
}

bool
msk_amqp_declare_exchange(MskAmqp *self, const char *name, const char *type, bool durable,
                          bool auto_delete, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const amqp_bytes_t bytes = amqp_cstring_bytes(name);
    const amqp_bytes_t type_bytes = amqp_cstring_bytes(type);

    (void) amqp_exchange_declare(self->state, CHANNEL, bytes, type_bytes, 0, durable, auto_delete,
                                 0, amqp_empty_table);
    if (check(self, "cannot declare an exchange", &problem)) {
        return true;
    }
    if (!is_not_durable_there(self, durable, &problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    (void) amqp_exchange_declare(self->state, CHANNEL, bytes, type_bytes, 0, 0, auto_delete, 0,
                                 amqp_empty_table);
    return check(self, "cannot declare an exchange", error);
}

bool
msk_amqp_declare_queue(MskAmqp *self, const char *name, bool durable, bool auto_delete,
                       const MskAmqpArgument *arguments, size_t n_arguments, GError **error)
{
    g_autoptr(GError) problem = NULL;
    const amqp_bytes_t bytes = amqp_cstring_bytes(name);
    Table args = {0};

    fill_table(&args, arguments, n_arguments);
    (void) amqp_queue_declare(self->state, CHANNEL, bytes, 0, durable, 0, auto_delete, args.table);
    if (check(self, "cannot declare a queue", &problem)) {
        return true;
    }
    if (!is_not_durable_there(self, durable, &problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    (void) amqp_queue_declare(self->state, CHANNEL, bytes, 0, 0, 0, auto_delete, args.table);
    return check(self, "cannot declare a queue", error);
}

bool
msk_amqp_bind(MskAmqp *self, const char *queue, const char *exchange, const char *routing_key,
              GError **error)
{
    (void) amqp_queue_bind(self->state, CHANNEL, amqp_cstring_bytes(queue),
                           amqp_cstring_bytes(exchange), amqp_cstring_bytes(routing_key),
                           amqp_empty_table);
    return check(self, "cannot bind a queue", error);
}

bool
msk_amqp_prefetch(MskAmqp *self, uint16_t count, GError **error)
{
    (void) amqp_basic_qos(self->state, CHANNEL, 0, count, 0);
    return check(self, "cannot limit what it sends", error);
}

bool
msk_amqp_consume(MskAmqp *self, const char *queue, const MskAmqpArgument *arguments,
                 size_t n_arguments, GError **error)
{
    Table args = {0};

    fill_table(&args, arguments, n_arguments);
    (void) amqp_basic_consume(self->state, CHANNEL, amqp_cstring_bytes(queue), amqp_empty_bytes, 0,
                              0, 0, args.table);
    return check(self, "cannot consume", error);
}

/* ---- frames ------------------------------------------------------------------------------ */

/* As kombu does it: what is false in Python is as good as no header. */
static Compression
compression_named(const amqp_field_value_t *name)
{
    static const char zlib[] = "application/x-gzip"; /* of kombu's "gzip" and "zlib" */

    switch (name->kind) {
    case AMQP_FIELD_KIND_VOID:
        return COMPRESSION_NONE;
    case AMQP_FIELD_KIND_BOOLEAN:
        return name->value.boolean ? COMPRESSION_UNKNOWN : COMPRESSION_NONE;
    case AMQP_FIELD_KIND_UTF8:
    case AMQP_FIELD_KIND_BYTES:
        break;
    default:
        return COMPRESSION_UNKNOWN;
    }
    const amqp_bytes_t text = name->value.bytes;

    if (text.len == 0) {
        return COMPRESSION_NONE;
    }
    return name->kind == AMQP_FIELD_KIND_UTF8 && text.len == strlen(zlib) &&
                   memcmp(text.bytes, zlib, strlen(zlib)) == 0
               ? COMPRESSION_ZLIB
               : COMPRESSION_UNKNOWN;
}

static Compression
compression_of(const amqp_basic_properties_t *properties)
{
    static const char name[] = "compression";

    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) == 0) {
        return COMPRESSION_NONE;
    }
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];

        if (entry->key.len == strlen(name) && memcmp(entry->key.bytes, name, strlen(name)) == 0) {
            return compression_named(&entry->value);
        }
    }
    return COMPRESSION_NONE;
}

static void
take_delivery(MskAmqp *self)
{
    GByteArray *body = g_steal_pointer(&self->body);

    if (body != NULL && self->compression == COMPRESSION_ZLIB) {
        GByteArray *plain = msk_inflate(body->data, body->len, MSK_AMQP_MAX_BODY);

        g_byte_array_unref(body);
        body = plain;
    }
    g_queue_push_tail(&self->arrived, body);
}

static bool
end_content(MskAmqp *self, GError **error)
{
    int status = AMQP_STATUS_OK;

    if (self->content == CONTENT_DELIVERY) {
        take_delivery(self);
        status = amqp_basic_ack(self->state, CHANNEL, self->delivery_tag, 0);
    } else {
        self->returned = true;
    }
    g_clear_pointer(&self->body, g_byte_array_unref);
    self->content = CONTENT_NONE;
    self->headed = false;
    return status == AMQP_STATUS_OK || fail_library(self, "cannot acknowledge", status, error);
}

static bool
take_header(MskAmqp *self, const amqp_frame_t *frame, GError **error)
{
    uint64_t size = frame->payload.properties.body_size;

    /* Those of other classes have other properties. */
    if (self->content == CONTENT_NONE || self->headed ||
        frame->payload.properties.class_id != AMQP_BASIC_CLASS) {
        return fail(self, MSK_ERROR_UNAVAILABLE, "it sends nonsense", "a header out of place",
                    error);
    }
    self->headed = true;
    self->left = size;
    self->compression = compression_of(frame->payload.properties.decoded);
    if (self->content == CONTENT_DELIVERY && size <= MSK_AMQP_MAX_BODY &&
        self->compression != COMPRESSION_UNKNOWN) {
        self->body = g_byte_array_new();
    }
    return size > 0 || end_content(self, error);
}

static bool
take_body(MskAmqp *self, amqp_bytes_t fragment, GError **error)
{
    if (!self->headed || fragment.len > self->left) {
        return fail(self, MSK_ERROR_UNAVAILABLE, "it sends nonsense", "a body out of place", error);
    }
    self->left -= fragment.len;
    if (self->body != NULL) {
        g_byte_array_append(self->body, fragment.bytes, (unsigned) fragment.len);
    }
    return self->left > 0 || end_content(self, error);
}

static bool
begin_content(MskAmqp *self, Content content, GError **error)
{
    if (self->content != CONTENT_NONE) {
        return fail(self, MSK_ERROR_UNAVAILABLE, "it sends nonsense",
                    "a message in the middle of another", error);
    }
    self->content = content;
    self->headed = false;
    return true;
}

/* Returns: a bit for each of the first @n messages. */
static uint64_t
first_bits(unsigned n)
{
    return n >= MSK_AMQP_MAX_UNCONFIRMED ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* The broker may name messages in any order, and one that it named before.
 * @ret: (out) a bit for each message that it names now and that is not settled.
 * Returns: false for one that was never sent. */
static bool
find_messages(const MskAmqp *self, uint64_t tag, bool multiple, uint64_t *ret)
{
    if (multiple && tag == 0) { /* all */
        tag = self->settled + self->published;
    }
    if (tag > self->settled + self->published || (tag == 0 && !multiple)) {
        return false;
    }
    *ret = 0;
    if (tag > self->settled) {
        unsigned n = (unsigned) (tag - self->settled);

        *ret = multiple ? first_bits(n) : UINT64_C(1) << (n - 1);
    }
    return true;
}

static bool
take_answer(MskAmqp *self, const amqp_method_t *method, GError **error)
{
    uint64_t named = 0;
    bool known;

    if (method->id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *ack = method->decoded;

        known = find_messages(self, ack->delivery_tag, ack->multiple != 0, &named);
        self->confirmed |= named;
    } else {
        const amqp_basic_nack_t *nack = method->decoded;

        known = find_messages(self, nack->delivery_tag, nack->multiple != 0, &named);
        self->refused = self->refused || (named & ~self->confirmed) != 0;
    }
    return known || fail(self, MSK_ERROR_UNAVAILABLE, "it sends nonsense",
                         "an answer to a message that was not sent", error);
}

static bool
take_method(MskAmqp *self, const amqp_method_t *method, GError **error)
{
    switch (method->id) {
    case AMQP_BASIC_DELIVER_METHOD:
        self->delivery_tag = ((const amqp_basic_deliver_t *) method->decoded)->delivery_tag;
        return begin_content(self, CONTENT_DELIVERY, error);
    case AMQP_BASIC_RETURN_METHOD:
        return begin_content(self, CONTENT_RETURN, error);
    case AMQP_BASIC_ACK_METHOD:
    case AMQP_BASIC_NACK_METHOD:
        return take_answer(self, method, error);
    case AMQP_CONNECTION_BLOCKED_METHOD:
        self->blocked = true;
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        self->blocked = false;
        return true;
    case AMQP_BASIC_CANCEL_METHOD:
        return fail(self, MSK_ERROR_UNAVAILABLE, "it ended the delivery", "its queue is gone",
                    error);
    default:
        return fail_method(self, "it closed the connection", method, error);
    }
}

static bool
take_frame(MskAmqp *self, const amqp_frame_t *frame, GError **error)
{
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return take_method(self, &frame->payload.method, error);
    case AMQP_FRAME_HEADER:
        return take_header(self, frame, error);
    case AMQP_FRAME_BODY:
        return take_body(self, frame->payload.body_fragment, error);
    default:
        return true;
    }
}

/* Takes what is there. Returns: 1 when it took a frame, 0 when there was none, -1 with @error. */
static int
take_next(MskAmqp *self, GError **error)
{
    const struct timeval now = {0};
    amqp_frame_t frame;
    int status = amqp_simple_wait_frame_noblock(self->state, &frame, &now);

    if (status == AMQP_STATUS_TIMEOUT) {
        return 0;
    }
    if (status != AMQP_STATUS_OK) {
        (void) fail_library(self, "the connection is lost", status, error);
        return -1;
    }
    bool taken = take_frame(self, &frame, error);

    amqp_maybe_release_buffers(self->state);
    return taken ? 1 : -1;
}

/* Waits until there may be something to read. Returns: whether @wake_fd ended it. */
static bool
wait_for_input(MskAmqp *self, int64_t until_us, int wake_fd)
{
    int64_t left_ms = MAX(until_us - g_get_monotonic_time(), 0) / 1000 + 1;
    int heartbeat_ms = amqp_get_heartbeat(self->state) * 1000 / 4;
    struct pollfd fds[] = {{.fd = amqp_get_sockfd(self->state), .events = POLLIN},
                           {.fd = wake_fd, .events = POLLIN}};

    if (heartbeat_ms > 0) {
        left_ms = MIN(left_ms, heartbeat_ms);
    }
    (void) poll(fds, G_N_ELEMENTS(fds), (int) MIN(left_ms, 60000)); /* looked at again below */
    return (fds[1].revents & POLLIN) != 0;
}

/* ---- messages ---------------------------------------------------------------------------- */

/* The library sends each message by itself: several of them make a packet each, and each packet
 * wakes the broker. */
static void
cork(MskAmqp *self, bool corked)
{
    const int value = corked;

    if (corked != self->corked) {
        self->corked = corked;
        /* Without it they leave one by one. */
        (void) setsockopt(amqp_get_sockfd(self->state), IPPROTO_TCP, TCP_CORK, &value,
                          sizeof value);
    }
}

bool
msk_amqp_send(MskAmqp *self, const MskAmqpMessage *message, GError **error)
{
    char expiration[32];
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                  AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG |
                  AMQP_BASIC_HEADERS_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .content_encoding = amqp_cstring_bytes("utf-8"),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
    };

    g_assert(self->published < MSK_AMQP_MAX_UNCONFIRMED);
    if (message->expiration_ms > 0) {
        g_snprintf(expiration, sizeof expiration, "%" G_GINT64_FORMAT, message->expiration_ms);
        properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
        properties.expiration = amqp_cstring_bytes(expiration);
    }
    if (message->more) {
        cork(self, true);
    }
    int status = amqp_basic_publish(self->state, CHANNEL, amqp_cstring_bytes(message->exchange),
                                    amqp_cstring_bytes(message->routing_key), message->mandatory, 0,
                                    &properties, amqp_cstring_bytes(message->body));

    if (status != AMQP_STATUS_OK) {
        return fail_library(self, "cannot publish", status, error);
    }
    self->published++;
    return true;
}

MskAmqpSent
msk_amqp_confirm(MskAmqp *self, GError **error)
{
    int64_t until_us = g_get_monotonic_time() + self->timeout_ms * INT64_C(1000);

    cork(self, false);
    while (self->confirmed != first_bits(self->published)) {
        int taken = take_next(self, error);

        if (taken < 0) {
            return MSK_AMQP_FAILED;
        }
        if (self->refused) {
            (void) fail(self, MSK_ERROR_UNAVAILABLE, "a message is refused",
                        "the broker could not take it", error);
            return MSK_AMQP_FAILED;
        }
        if (taken == 0 && g_get_monotonic_time() >= until_us) {
            (void) fail(self, MSK_ERROR_UNAVAILABLE, "a message is not confirmed",
                        self->blocked ? "the broker is short of memory or disk" : "no answer",
                        error);
            return MSK_AMQP_FAILED;
        }
        if (taken == 0) {
            (void) wait_for_input(self, until_us, -1);
        }
    }
    bool returned = self->returned; /* the broker says so before it confirms */

    self->settled += self->published;
    self->published = 0;
    self->confirmed = 0;
    self->returned = false;
    return returned ? MSK_AMQP_UNROUTED : MSK_AMQP_SENT;
}

int
msk_amqp_receive(MskAmqp *self, unsigned timeout_ms, int wake_fd, char **ret_body,
                 size_t *ret_length, GError **error)
{
    int64_t until_us = g_get_monotonic_time() + timeout_ms * INT64_C(1000);

    while (g_queue_is_empty(&self->arrived)) {
        int taken = take_next(self, error);

        if (taken < 0) {
            return -1;
        }
        if (taken == 0 &&
            (g_get_monotonic_time() >= until_us || wait_for_input(self, until_us, wake_fd))) {
            return 0;
        }
    }
    GByteArray *body = g_queue_pop_head(&self->arrived);

    *ret_body = NULL;
    *ret_length = 0;
    if (body != NULL) {
        *ret_length = body->len;
        g_byte_array_append(body, (const uint8_t *) "", 1);
        *ret_body = (char *) g_byte_array_free(body, FALSE);
    }
    return 1;
}

bool
msk_amqp_tick(MskAmqp *self, GError **error)
{
    int taken;

    do {
        taken = take_next(self, error);
    } while (taken > 0);
    return taken == 0;
}

bool
msk_amqp_blocked(const MskAmqp *self)
{
    return self->blocked;
}
