/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/rpc_hint.h"

#include <string.h>

#include "base/datetime.h"
#include "oslo/rpc_envelope.h"

/* The message is text within the text of the envelope: a backslash stands before each quote. */
#define QUOTE         "\\\""
#define KEY(name)     "," QUOTE name QUOTE ":"
#define CONTEXT(name) KEY("_context_" name)
#define START_BYTES   3072 /* of a message without long names */

static char *
put(char *at, const char *text, size_t size)
{
    return (char *) memcpy(at, text, size) + size;
}

/* How many bytes of @text, up to its end, are the same in JSON. */
static size_t
plain_size(const char *text)
{
    const char *at = text;

    while (*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\') {
        at++;
    }
    return (size_t) (at - text);
}

/* As JSON has it within a string, and that once more. */
static void
append_escaped(GString *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            g_string_append(out, *at == '"' ? "\\\\" QUOTE : "\\\\\\\\");
        } else if ((unsigned char) *at < ' ') {
            g_string_append_printf(out, "\\\\u%04X", (unsigned) *at);
        } else {
            g_string_append_c(out, *at);
        }
    }
}

/* One growth of the string for a member: most of the time would go into small appends. */
static void
add_raw(GString *out, const char *key, const char *value, size_t size)
{
    size_t before = out->len;
    size_t key_size = strlen(key);

    if (out->str[before - 1] == '{') { /* no comma before the first */
        key++;
        key_size--;
    }
    g_string_set_size(out, before + key_size + size);
    (void) put(put(out->str + before, key, key_size), value, size);
}

static void
add_word(GString *out, const char *key, const char *word)
{
    add_raw(out, key, word, strlen(word));
}

/* @text: (nullable) */
static void
add_text(GString *out, const char *key, const char *text)
{
    size_t size = text == NULL ? 0 : plain_size(text);

    if (text == NULL || (text[size] != '\0' && !g_utf8_validate(text, -1, NULL))) {
        add_word(out, key, "null");
        return;
    }
    add_word(out, key, QUOTE);
    if (text[size] == '\0') {
        g_string_append_len(out, text, (gssize) size);
    } else {
        append_escaped(out, text);
    }
    g_string_append_len(out, QUOTE, strlen(QUOTE));
}

static void
add_bool(GString *out, const char *key, bool value)
{
    add_word(out, key, value ? "true" : "false");
}

/* As versioned objects have it, in whole seconds. */
static void
add_time(GString *out, const char *key, int64_t time_us)
{
    char text[MSK_DATETIME_BYTES];

    if (time_us != 0) {
        msk_datetime_write_rest(time_us, text);
        (void) g_strlcpy(strchr(text, '.'), "Z", sizeof "Z");
    }
    add_text(out, key, time_us == 0 ? NULL : text);
}

static void
add_id(GString *out, const MskNotification *notification)
{
    char text[32];

    if (notification->meta.id != 0) {
        g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, notification->meta.id);
        add_word(out, KEY("id"), text);
        add_text(out, KEY("notification_uuid"), notification->uuid);
    }
}

/* Notification 1.1 with the fields of 1.2, see rpc_objects.c. */
static void
add_notification(GString *out, const MskNotification *notification)
{
    add_word(out, KEY("notification"), "{");
    add_text(out, KEY("masakari_object.name"), "Notification");
    add_text(out, KEY("masakari_object.namespace"), "masakari");
    add_text(out, KEY("masakari_object.version"), "1.1");
    add_word(out, KEY("masakari_object.data"), "{");
    add_id(out, notification);
    add_time(out, KEY("generated_time"), notification->generated_time_us);
    add_text(out, KEY("source_host_uuid"), notification->source_host_uuid);
    add_text(out, KEY("type"), notification->type);
    add_word(out, KEY("payload"), "");
    msk_rpc_append_quoted(out, notification->payload == NULL ? "{}" : notification->payload);
    add_text(out, KEY("status"), msk_notification_status_name(notification->status));
    add_text(out, KEY("failover_segment_uuid"), notification->failover_segment_uuid);
    add_text(out, KEY("message"), notification->message);
    add_time(out, KEY("created_at"), notification->meta.created_at_us);
    add_time(out, KEY("updated_at"), notification->meta.updated_at_us);
    add_time(out, KEY("deleted_at"), notification->meta.deleted_at_us);
    add_bool(out, KEY("deleted"), notification->meta.deleted != 0);
    g_string_append(out, "}}");
}

static void
add_roles(GString *out, const char *const *roles)
{
    add_word(out, CONTEXT("roles"), "[");
    for (const char *const *role = roles; role != NULL && *role != NULL; role++) {
        add_text(out, role == roles ? "" : ",", *role);
    }
    g_string_append_c(out, ']');
}

/* See rpc_context.c for what this and the next one write. */
static void
add_identity(GString *out, const MskPolicyCredentials *credentials)
{
    const char *const parts[] = {credentials->user_id, credentials->project_id,
                                 credentials->domain_id, credentials->user_domain_id,
                                 credentials->project_domain_id};
    g_autoptr(GString) text = g_string_sized_new(128);

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (i > 0) {
            g_string_append_c(text, ' ');
        }
        g_string_append(text, parts[i] == NULL || parts[i][0] == '\0' ? "-" : parts[i]);
    }
    add_text(out, CONTEXT("user_identity"), text->str);
}

static void
add_caller(GString *out, const MskRpcContext *context)
{
    const MskPolicyCredentials *credentials = msk_rpc_context_credentials(context);

    add_text(out, CONTEXT("user"), credentials->user_id);
    add_text(out, CONTEXT("user_id"), credentials->user_id);
    add_text(out, CONTEXT("user_name"), context->user_name);
    add_text(out, CONTEXT("user_domain"), credentials->user_domain_id);
    add_text(out, CONTEXT("project"), credentials->project_id);
    add_text(out, CONTEXT("project_id"), credentials->project_id);
    add_text(out, CONTEXT("project_name"), context->project_name);
    add_text(out, CONTEXT("project_domain"), credentials->project_domain_id);
    add_text(out, CONTEXT("domain"), credentials->domain_id);
    add_text(out, CONTEXT("system_scope"), credentials->system_scope);
    add_roles(out, credentials->roles);
    add_identity(out, credentials);
    add_bool(out, CONTEXT("is_admin"), credentials->is_admin == MSK_POLICY_ADMIN_YES);
    add_bool(out, CONTEXT("is_admin_project"), credentials->is_admin_project);
}

static void
add_context(GString *out, const MskRpcContext *context)
{
    char timestamp[MSK_DATETIME_BYTES];

    add_caller(out, context);
    add_bool(out, CONTEXT("read_only"), false);
    add_bool(out, CONTEXT("show_deleted"), false);
    add_text(out, CONTEXT("read_deleted"), "no");
    add_text(out, CONTEXT("resource_uuid"), NULL);
    add_text(out, CONTEXT("request_id"), context->request_id);
    add_text(out, CONTEXT("global_request_id"), context->global_request_id);
    add_text(out, CONTEXT("auth_token"), context->auth_token);
    add_text(out, CONTEXT("remote_address"), context->remote_address);
    msk_datetime_write_rest(context->time_us, timestamp);
    add_text(out, CONTEXT("timestamp"), timestamp);
    add_word(out, CONTEXT("service_catalog"), "[]");
}

char *
msk_rpc_hint(const MskRpcContext *context, const MskNotification *notification)
{
    GString *out = g_string_sized_new(START_BYTES);
    g_autofree char *unique_id = msk_rpc_unique_id();

    g_string_append(out, "{\"oslo.version\":\"2.0\",\"oslo.message\":\"{");
    add_text(out, KEY("method"), "process_notification");
    add_word(out, KEY("args"), "{");
    add_notification(out, notification);
    g_string_append_c(out, '}');
    add_text(out, KEY("version"), "1.0");
    add_context(out, context);
    add_text(out, KEY("_unique_id"), unique_id);
    g_string_append(out, "}\"}");
    return g_string_free(out, FALSE);
}
