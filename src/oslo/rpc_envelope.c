/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_envelope.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"

#define VERSION_KEY    "oslo.version"
#define MESSAGE_KEY    "oslo.message"
#define ENVELOPE       "2.0"
#define CONTEXT_PREFIX "_context_"
#define DISPATCHER     "oslo_messaging.rpc.dispatcher"

char *
msk_rpc_unique_id(void)
{
    char *id = g_uuid_string_random();
    char *to = id;

    for (const char *from = id; *from != '\0'; from++) {
        if (*from != '-') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return id;
}

/* Text that came from outside was checked before; what cannot be put into JSON is a bug. */
static char *
dump(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    g_assert(text != NULL);
    char *copy = g_strdup(text);

    free(text);
    return copy;
}

char *
msk_rpc_seal_bare(json_t *message)
{
    g_autofree char *unique_id = msk_rpc_unique_id();

    json_object_set_new(message, "_unique_id", json_string(unique_id));
    return dump(message);
}

static bool
wants_backslash(char c)
{
    return c == '"' || c == '\\';
}

/* The text is JSON itself, so its control characters are escaped. */
void
msk_rpc_append_quoted(GString *out, const char *json)
{
    size_t before = out->len;
    size_t size = 0;

    for (const char *from = json; *from != '\0'; from++) {
        size += wants_backslash(*from) ? 2 : 1;
    }
    g_string_set_size(out, before + size);
    char *to = out->str + before;

    for (const char *from = json; *from != '\0'; from++) {
        if (wants_backslash(*from)) {
            *to++ = '\\';
        }
        *to++ = *from;
    }
}

/* The envelope is put together here: jansson takes most of a hint's time for text within text. */
char *
msk_rpc_seal(json_t *message)
{
    g_autofree char *text = msk_rpc_seal_bare(message);
    GString *envelope = g_string_sized_new(strlen(text) * 5 / 4 + 64);

    g_string_append(envelope, "{\"" VERSION_KEY "\":\"" ENVELOPE "\",\"" MESSAGE_KEY "\":\"");
    msk_rpc_append_quoted(envelope, text);
    g_string_append(envelope, "\"}");
    return g_string_free(envelope, FALSE);
}

static json_t *
load_object(const char *text, size_t length, GError **error)
{
    json_error_t why;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);

    if (json_is_object(value)) {
        return value;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "the message is no JSON object: %s",
                value == NULL ? why.text : "another type");
    json_decref(value);
    return NULL;
}

json_t *
msk_rpc_open(const char *body, size_t length, GError **error)
{
    json_auto_t *outer = load_object(body, length, error);

    if (outer == NULL) {
        return NULL;
    }
    const json_t *version = json_object_get(outer, VERSION_KEY);
    const json_t *inner = json_object_get(outer, MESSAGE_KEY);

    if (version == NULL || inner == NULL) {
        return g_steal_pointer(&outer);
    }
    if (!json_is_string(version) || !json_is_string(inner) ||
        !msk_rpc_version_serves(ENVELOPE, json_string_value(version))) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the message's envelope is not of version " ENVELOPE);
        return NULL;
    }
    return load_object(json_string_value(inner), json_string_length(inner), error);
}

/* Returns: false when it is there and no text. @ret: (out) (nullable) (transfer full) */
static bool
take_text(const json_t *message, const char *name, char **ret)
{
    const json_t *value = json_object_get(message, name);

    if (value == NULL || json_is_null(value)) {
        return true;
    }
    *ret = g_strdup(json_string_value(value));
    return *ret != NULL;
}

static json_t *
take_context(json_t *message)
{
    json_t *context = json_object();
    const char *key;
    json_t *value;

    json_object_foreach(message, key, value)
    {
        if (g_str_has_prefix(key, CONTEXT_PREFIX)) {
            json_object_set(context, key + strlen(CONTEXT_PREFIX), value);
        }
    }
    return context;
}

MskRpcRequest *
msk_rpc_request_read(json_t *message, GError **error)
{
    g_autoptr(MskRpcRequest) self = g_new0(MskRpcRequest, 1);
    json_t *args = json_object_get(message, "args");
    bool good = take_text(message, "method", &self->method) &&
                take_text(message, "version", &self->version) &&
                take_text(message, "namespace", &self->space) &&
                take_text(message, "_unique_id", &self->unique_id) &&
                take_text(message, "_msg_id", &self->msg_id) &&
                take_text(message, "_reply_q", &self->reply_q);

    if (!good || self->method == NULL || (args != NULL && !json_is_object(args))) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the message is no request: method, args or one of its ids is missing or of "
                    "another type");
        return NULL;
    }
    if (self->version == NULL) {
        self->version = g_strdup("1.0");
    }
    self->args = args == NULL ? json_object() : json_incref(args);
    self->context = take_context(message);
    return g_steal_pointer(&self);
}

void
msk_rpc_request_free(MskRpcRequest *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->method);
    g_free(self->version);
    g_free(self->space);
    g_free(self->unique_id);
    g_free(self->msg_id);
    g_free(self->reply_q);
    json_decref(self->args);
    json_decref(self->context);
    g_free(self);
}

void
msk_rpc_add_context(json_t *message, json_t *context)
{
    const char *key;
    json_t *value;

    json_object_foreach(context, key, value)
    {
        g_autofree char *name = g_strconcat(CONTEXT_PREFIX, key, NULL);

        json_object_set(message, name, value);
    }
}

json_t *
msk_rpc_cast_new(const char *method, const char *version, json_t *args, json_t *context)
{
    json_t *message =
        json_pack("{s:s, s:o, s:s}", "method", method, "args", args, "version", version);

    msk_rpc_add_context(message, context);
    return message;
}

json_t *
msk_rpc_reply_new(const char *msg_id, json_t *result, json_t *failure)
{
    json_auto_t *owned = failure;
    g_autofree char *text = failure == NULL ? NULL : dump(failure);

    return json_pack("{s:o, s:s?, s:b, s:s}", "result", result == NULL ? json_null() : result,
                     "failure", text, "ending", 1, "_msg_id", msg_id);
}

json_t *
msk_rpc_failure_new(const char *module, const char *class_name, const char *message, json_t *args,
                    json_t *kwargs)
{
    return json_pack("{s:s, s:s, s:s, s:[s], s:o, s:o}", "class", class_name, "module", module,
                     "message", message, "tb", message, "args",
                     args == NULL ? json_pack("[s]", message) : args, "kwargs",
                     kwargs == NULL ? json_object() : kwargs);
}

json_t *
msk_rpc_failure_no_method(const char *method)
{
    g_autofree char *message = g_strdup_printf("Endpoint does not support RPC method %s", method);

    return msk_rpc_failure_new(DISPATCHER, "NoSuchMethod", message, NULL, NULL);
}

json_t *
msk_rpc_failure_version(const char *version, const char *method)
{
    g_autofree char *message = g_strdup_printf(
        "Endpoint does not support RPC version %s. Attempted method: %s", version, method);

    return msk_rpc_failure_new(DISPATCHER, "UnsupportedVersion", message, NULL, NULL);
}

static bool
read_version(const char *text, int64_t *ret_major, int64_t *ret_minor)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);

    return g_strv_length(parts) >= 2 && msk_parse_int64(parts[0], 0, INT32_MAX, ret_major) &&
           msk_parse_int64(parts[1], 0, INT32_MAX, ret_minor);
}

bool
msk_rpc_version_serves(const char *ours, const char *wanted)
{
    int64_t our_major = 0;
    int64_t our_minor = 0;
    int64_t major = 0;
    int64_t minor = 0;

    return read_version(ours, &our_major, &our_minor) && read_version(wanted, &major, &minor) &&
           our_major == major && minor <= our_minor;
}
