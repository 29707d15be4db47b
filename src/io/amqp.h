/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * amqp: one connection to a broker of AMQP 0-9-1, with one channel, publisher confirms, and
 * messages that are acknowledged when they arrive.
 *
 * Whatever fails leaves the connection broken: free it and open another one. What the broker sends
 * is bounded: frames by what was negotiated, bodies by MSK_AMQP_MAX_BODY.
 *
 * Threads: a connection belongs to one thread, which must call msk_amqp_receive() or
 * msk_amqp_tick() more often than every half of the heartbeat.
 * Errors, of every call: %MSK_ERROR_UNAVAILABLE: the broker is away, hangs or answers nonsense;
 * %MSK_ERROR_DENIED: it refuses the login or the operation; %MSK_ERROR_CONFLICT: what is declared
 * exists already, but differently; %MSK_ERROR_INVALID: a file of the TLS settings cannot be used.
 * Source: AMQP 0-9-1; RabbitMQ's extensions (confirms, cancel, blocked).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MSK_AMQP_MAX_BODY        (16U << 20)
#define MSK_AMQP_MAX_UNCONFIRMED 64U

typedef struct {
    const char *ca_file;   /* (nullable) NULL: the broker's certificate is not checked */
    const char *cert_file; /* (nullable) */
    const char *key_file;  /* (nullable) of cert_file: there, if that is */
    bool check_host;       /* whether the certificate must be for the host; with ca_file only */
} MskAmqpTls;

typedef struct {
    const char *host;
    uint16_t port;
    const char *virtual_host;
    const char *username;
    const char *password;
    bool external;         /* log in by the certificate, without username and password */
    const MskAmqpTls *tls; /* (nullable) */
    unsigned heartbeat_s;  /* 0: none */
    unsigned timeout_ms;   /* of every step that waits for the broker */
    const char *name;      /* of the connection, for the broker's people */
} MskAmqpPeer;

/* An argument of a queue or a consumer. */
typedef struct {
    const char *name;
    const char *text; /* (nullable) NULL: it is number */
    int64_t number;
} MskAmqpArgument;

typedef struct {
    const char *exchange; /* "" is the default exchange */
    const char *routing_key;
    const char *body;      /* text, ends with a NUL */
    int64_t expiration_ms; /* 0: never */
    bool mandatory;        /* tell when no queue takes it */
    bool more;             /* another one follows before msk_amqp_confirm(): they leave together */
} MskAmqpMessage;

typedef struct MskAmqp MskAmqp;

/** msk_amqp_open: Returns: (transfer full) a connection that is logged in. Blocks. */
MskAmqp *msk_amqp_open(const MskAmqpPeer *peer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_amqp_free: @self: (nullable). Blocks for a second at most. */
void msk_amqp_free(MskAmqp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskAmqp, msk_amqp_free)

/**
 * msk_amqp_declare_exchange:
 * @type: "topic" or "fanout".
 *
 * Where another service has made it, and not durable, that one is used. Blocks.
 */
bool msk_amqp_declare_exchange(MskAmqp *self, const char *name, const char *type, bool durable,
                               bool auto_delete, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_amqp_declare_queue: as for an exchange. Blocks. */
bool msk_amqp_declare_queue(MskAmqp *self, const char *name, bool durable, bool auto_delete,
                            const MskAmqpArgument *arguments, size_t n_arguments,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool msk_amqp_bind(MskAmqp *self, const char *queue, const char *exchange, const char *routing_key,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_amqp_prefetch: @count: how many messages may be under way to us; 0 is any number. */
bool msk_amqp_prefetch(MskAmqp *self, uint16_t count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool msk_amqp_consume(MskAmqp *self, const char *queue, const MskAmqpArgument *arguments,
                      size_t n_arguments, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    MSK_AMQP_FAILED = -1,
    MSK_AMQP_SENT = 0, /* the broker has it */
    MSK_AMQP_UNROUTED, /* a mandatory message that no queue takes; it is gone */
} MskAmqpSent;

/** msk_amqp_send: one of up to MSK_AMQP_MAX_UNCONFIRMED messages, which the broker has once
 *  msk_amqp_confirm() says so. After a failure it may have any of them or not. */
bool msk_amqp_send(MskAmqp *self, const MskAmqpMessage *message,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_amqp_confirm: waits until the broker has all that was sent. Blocks. Returns: UNROUTED when
 * one of them came back. */
MskAmqpSent msk_amqp_confirm(MskAmqp *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_amqp_receive:
 * @wake_fd: a descriptor that ends the wait when it is readable, or -1.
 * @ret_body: (out) (transfer full) (nullable) ends with a NUL that does not count; what its sender
 *   has compressed as zlib does is what it was before. NULL for a message above the limit, or that
 *   cannot be read, which is dropped.
 *
 * Blocks for @timeout_ms at most. Returns: 1 with a message, which is acknowledged already; 0 when
 * there is none; -1 with @error.
 */
int msk_amqp_receive(MskAmqp *self, unsigned timeout_ms, int wake_fd, char **ret_body,
                     size_t *ret_length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_amqp_tick: heartbeats, and whether the connection still lives; does not wait. */
bool msk_amqp_tick(MskAmqp *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** msk_amqp_blocked: whether the broker takes no messages for want of memory or disk. */
bool msk_amqp_blocked(const MskAmqp *self);
