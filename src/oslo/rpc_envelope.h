/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * rpc_envelope: messages as oslo.messaging puts them on the wire.
 *
 *   body     {"oslo.version": "2.0", "oslo.message": "<JSON of the message>"}
 *   request  {"method": s, "args": {…}, "version": s, ["namespace": s,] "_unique_id": 32 hex,
 *             "_context_<name>": …, ["_msg_id": 32 hex, "_reply_q": s, "_timeout": n|null]}
 *   reply    {"result": …, "failure": null|"<JSON of a failure>", "ending": b, "_msg_id": 32 hex,
 *             "_unique_id": 32 hex}
 *   failure  {"class": s, "module": s, "message": s, "tb": [s], "args": […], "kwargs": {…}}
 *
 * A request without _msg_id is a cast: nobody waits for an answer.
 *
 * Threads: pure but for the random ids; JSON values belong to their owner's thread.
 * Source: oslo.messaging _drivers/common.py, _drivers/amqp.py, _drivers/amqpdriver.py,
 * rpc/dispatcher.py.
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/** msk_rpc_unique_id: Returns: (transfer full) 32 hexadecimal digits. */
char *msk_rpc_unique_id(void);

/** msk_rpc_append_quoted: @json: as it stands within a string of JSON, without quotes around it. */
void msk_rpc_append_quoted(GString *out, const char *json);

/** msk_rpc_seal: adds a _unique_id. @message: an object. Returns: (transfer full) the body. */
char *msk_rpc_seal(json_t *message);
/** msk_rpc_seal_bare: the same without an envelope, as in version 1.0. */
char *msk_rpc_seal_bare(json_t *message);

/**
 * msk_rpc_open:
 * @body: with or without an envelope.
 * @error: %MSK_ERROR_INVALID: no JSON object, an envelope of another major version, or nested
 *   deeper than JSON may be.
 *
 * Returns: (transfer full) the message.
 */
json_t *msk_rpc_open(const char *body, size_t length, GError **error);

typedef struct {
    char *method;
    char *version;   /* "1.0" when the request names none */
    char *space;     /* (nullable) the namespace */
    char *unique_id; /* (nullable) */
    char *msg_id;    /* (nullable) NULL for a cast */
    char *reply_q;   /* (nullable) */
    json_t *args;    /* an object */
    json_t *context; /* an object: the _context_ keys without that word */
} MskRpcRequest;

/**
 * msk_rpc_request_read:
 * @error: %MSK_ERROR_INVALID: @message is no request.
 *
 * Returns: (transfer full)
 */
MskRpcRequest *msk_rpc_request_read(json_t *message, GError **error);
/** msk_rpc_request_free: @self: (nullable) */
void msk_rpc_request_free(MskRpcRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskRpcRequest, msk_rpc_request_free)

/**
 * msk_rpc_cast_new:
 * @args: (transfer full); @context: an object.
 *
 * For tests only, as what is sent is written by rpc_hint.h: test-rpc_hint.c compares that with it,
 * others have casts to read from it.
 *
 * Returns: (transfer full) for msk_rpc_seal().
 */
json_t *msk_rpc_cast_new(const char *method, const char *version, json_t *args, json_t *context);

/** msk_rpc_add_context: sets the _context_ keys. @context: an object. */
void msk_rpc_add_context(json_t *message, json_t *context);

/**
 * msk_rpc_reply_new:
 * @result: (nullable) (transfer full); @failure: (nullable) (transfer full) of
 *   msk_rpc_failure_new(). One of them, or none for a method without a result.
 */
json_t *msk_rpc_reply_new(const char *msg_id, json_t *result, json_t *failure);

/**
 * msk_rpc_failure_new:
 * @args: (nullable) (transfer full) an array, what the Python class is made with; NULL: [message].
 * @kwargs: (nullable) (transfer full) an object; NULL: {}.
 */
json_t *msk_rpc_failure_new(const char *module, const char *class_name, const char *message,
                            json_t *args, json_t *kwargs);

/** msk_rpc_failure_no_method: as an oslo.messaging server answers a method that it lacks. */
json_t *msk_rpc_failure_no_method(const char *method);
/** msk_rpc_failure_version: the same for a version that it lacks. */
json_t *msk_rpc_failure_version(const char *version, const char *method);

/** msk_rpc_version_serves: whether a server of version @ours serves @wanted: the same major number,
 *  and a minor number that is not above ours. Both are "major.minor[.revision]". */
bool msk_rpc_version_serves(const char *ours, const char *wanted);
