/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/nova_json.h"

#include <jansson.h>
#include <string.h>

#include "base/datetime.h"
#include "base/error.h"
#include "base/number.h"

#define MAX_FAULT_BYTES 500

typedef json_t Json;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_decref)

/* Returns: (nullable) (owned by @object) */
static const char *
text_of(const Json *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int64_t
time_of(const Json *object, const char *key)
{
    const char *text = text_of(object, key);
    int64_t time_us = 0;

    return text != NULL && msk_datetime_parse(text, &time_us) ? time_us : 0;
}

static uint64_t
count_of(const Json *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t) value : 0;
}

static bool
complain(GError **error, const char *what)
{
    g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the answer is not Nova's: %s", what);
    return false;
}

/* Returns: (transfer full) the object that @body is, with an array or object under @key. */
static Json *
load(const char *body, size_t length, const char *key, json_type type, GError **error)
{
    g_autoptr(Json) root = json_loadb(body, length, JSON_ALLOW_NUL, NULL);
    const Json *member = root == NULL ? NULL : json_object_get(root, key);

    if (member == NULL || json_typeof(member) != type) {
        g_autofree char *what = g_strdup_printf("it has no '%s'", key);

        (void) complain(error, what); /* @error tells */
        return NULL;
    }
    return g_steal_pointer(&root);
}

bool
msk_nova_parse_version(const char *body, size_t length, unsigned *ret_minor, GError **error)
{
    g_autoptr(Json) root = load(body, length, "version", JSON_OBJECT, error);
    const char *version =
        root == NULL ? NULL : text_of(json_object_get(root, "version"), "version");
    int64_t minor = 0;

    if (root == NULL) {
        return false;
    }
    if (version != NULL && g_str_has_prefix(version, "2.") &&
        !msk_parse_int64(version + 2, 0, 100000, &minor)) {
        return complain(error, "its version is not 2 and a number");
    }
    *ret_minor = (unsigned) minor;
    return true;
}

static MskPowerState
power_state_of(const Json *object)
{
    switch (json_integer_value(json_object_get(object, "OS-EXT-STS:power_state"))) {
    case MSK_POWER_RUNNING:
        return MSK_POWER_RUNNING;
    case MSK_POWER_PAUSED:
        return MSK_POWER_PAUSED;
    case MSK_POWER_OFF:
        return MSK_POWER_OFF;
    case MSK_POWER_CRASHED:
        return MSK_POWER_CRASHED;
    case MSK_POWER_SUSPENDED:
        return MSK_POWER_SUSPENDED;
    default:
        return MSK_POWER_UNKNOWN;
    }
}

static void
add_metadata(GHashTable *table, Json *metadata)
{
    const char *key = NULL;
    Json *value = NULL;

    json_object_foreach(metadata, key, value)
    {
        if (json_is_string(value)) {
            g_hash_table_insert(table, g_strdup(key), g_strdup(json_string_value(value)));
        }
    }
}

/* Returns: (transfer full) (nullable) NULL when @object is no server. */
static MskServer *
server_from(const Json *object)
{
    const char *uuid = text_of(object, "id");
    const Json *flavor = json_object_get(object, "flavor");
    MskServer *self = NULL;

    if (uuid == NULL) {
        return NULL;
    }
    self = msk_server_new(uuid);
    self->name = g_strdup(text_of(object, "name"));
    self->host = g_strdup(text_of(object, "OS-EXT-SRV-ATTR:host"));
    self->vm_state = msk_vm_state_from_name(text_of(object, "OS-EXT-STS:vm_state"));
    self->task_state = g_strdup(text_of(object, "OS-EXT-STS:task_state"));
    self->power_state = power_state_of(object);
    self->locked = json_is_true(json_object_get(object, "locked"));
    self->host_status = g_strdup(text_of(object, "host_status"));
    self->fault = g_strdup(text_of(json_object_get(object, "fault"), "message"));
    self->vcpus = (unsigned) MIN(count_of(flavor, "vcpus"), G_MAXUINT);
    self->memory_mib = count_of(flavor, "ram");
    self->disk_gib = count_of(flavor, "disk");
    add_metadata(self->metadata, json_object_get(object, "metadata"));
    return self;
}

MskServer *
msk_nova_parse_server(const char *body, size_t length, GError **error)
{
    g_autoptr(Json) root = load(body, length, "server", JSON_OBJECT, error);
    MskServer *server = root == NULL ? NULL : server_from(json_object_get(root, "server"));

    if (root != NULL && server == NULL) {
        (void) complain(error, "its server has no id"); /* @error tells */
    }
    return server;
}

static bool
has_next_page(const Json *root, const char *links_key)
{
    const Json *links = json_object_get(root, links_key);

    for (size_t i = 0; i < json_array_size(links); i++) {
        if (g_strcmp0(text_of(json_array_get(links, i), "rel"), "next") == 0) {
            return true;
        }
    }
    return false;
}

bool
msk_nova_parse_servers(const char *body, size_t length, GPtrArray *into, char **ret_marker,
                       GError **error)
{
    g_autoptr(Json) root = load(body, length, "servers", JSON_ARRAY, error);
    const Json *servers = root == NULL ? NULL : json_object_get(root, "servers");
    const MskServer *last = NULL;

    if (root == NULL) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(servers); i++) {
        const Json *object = json_array_get(servers, i);
        MskServer *server = server_from(object);

        if (server == NULL) {
            return complain(error, "a server has no id");
        }
        g_ptr_array_add(into, server);
        last = server;
        if (json_object_get(object, "OS-EXT-SRV-ATTR:host") == NULL) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_DENIED,
                        "Nova does not tell on which hosts the servers are; the account of "
                        "[DEFAULT] os_privileged_user_name needs the role admin");
            return false;
        }
    }
    *ret_marker =
        last != NULL && has_next_page(root, "servers_links") ? g_strdup(last->uuid) : NULL;
    return true;
}

GPtrArray *
msk_nova_parse_services(const char *body, size_t length, GError **error)
{
    g_autoptr(Json) root = load(body, length, "services", JSON_ARRAY, error);
    g_autoptr(GPtrArray) all =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_compute_service_free);
    const Json *services = root == NULL ? NULL : json_object_get(root, "services");

    if (root == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(services); i++) {
        const Json *object = json_array_get(services, i);
        MskComputeService *self = g_new0(MskComputeService, 1);

        g_ptr_array_add(all, self);
        self->id = g_strdup(text_of(object, "id"));
        self->host = g_strdup(text_of(object, "host"));
        self->binary = g_strdup(text_of(object, "binary"));
        self->up = g_strcmp0(text_of(object, "state"), "up") == 0;
        self->enabled = g_strcmp0(text_of(object, "status"), "enabled") == 0;
        self->forced_down = json_is_true(json_object_get(object, "forced_down"));
        self->disabled_reason = g_strdup(text_of(object, "disabled_reason"));
        self->updated_us = time_of(object, "updated_at");
        if (self->id == NULL || self->host == NULL || self->binary == NULL) {
            (void) complain(error, "a service has no id, host or binary"); /* @error tells */
            return NULL;
        }
    }
    return g_steal_pointer(&all);
}

/* Returns: (transfer full) (nullable) NULL when @object is no migration. */
static MskMigration *
migration_from(const Json *object)
{
    const char *instance = text_of(object, "instance_uuid");
    const char *status = text_of(object, "status");
    MskMigration *self = NULL;

    if (instance == NULL || status == NULL || !json_is_integer(json_object_get(object, "id"))) {
        return NULL;
    }
    self = g_new0(MskMigration, 1);
    self->id = json_integer_value(json_object_get(object, "id"));
    self->uuid = g_strdup(text_of(object, "uuid"));
    self->instance_uuid = g_strdup(instance);
    self->source_host = g_strdup(text_of(object, "source_compute"));
    self->dest_host = g_strdup(text_of(object, "dest_compute"));
    self->status = g_strdup(status);
    self->state = msk_migration_state(status);
    self->created_us = time_of(object, "created_at");
    self->updated_us = time_of(object, "updated_at");
    if (self->updated_us == 0) {
        self->updated_us = self->created_us;
    }
    return self;
}

bool
msk_nova_parse_migrations(const char *body, size_t length, GPtrArray *into, char **ret_marker,
                          GError **error)
{
    g_autoptr(Json) root = load(body, length, "migrations", JSON_ARRAY, error);
    const Json *migrations = root == NULL ? NULL : json_object_get(root, "migrations");
    const MskMigration *last = NULL;

    if (root == NULL) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(migrations); i++) {
        MskMigration *migration = migration_from(json_array_get(migrations, i));

        if (migration == NULL) {
            return complain(error, "a migration has no id, status or instance");
        }
        g_ptr_array_add(into, migration);
        last = migration;
    }
    *ret_marker =
        last != NULL && has_next_page(root, "migrations_links") ? g_strdup(last->uuid) : NULL;
    return true;
}

GPtrArray *
msk_nova_parse_aggregates(const char *body, size_t length, GError **error)
{
    g_autoptr(Json) root = load(body, length, "aggregates", JSON_ARRAY, error);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) msk_aggregate_free);
    const Json *aggregates = root == NULL ? NULL : json_object_get(root, "aggregates");

    if (root == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(aggregates); i++) {
        const Json *object = json_array_get(aggregates, i);
        const Json *hosts = json_object_get(object, "hosts");
        MskAggregate *self = g_new0(MskAggregate, 1);

        g_ptr_array_add(all, self);
        self->hosts = g_ptr_array_new_with_free_func(g_free);
        self->id = json_integer_value(json_object_get(object, "id"));
        self->name = g_strdup(text_of(object, "name"));
        for (size_t j = 0; j < json_array_size(hosts); j++) {
            const char *host = json_string_value(json_array_get(hosts, j));

            if (host != NULL) {
                g_ptr_array_add(self->hosts, g_strdup(host));
            }
        }
        if (self->name == NULL || !json_is_integer(json_object_get(object, "id"))) {
            (void) complain(error, "an aggregate has no id or name"); /* @error tells */
            return NULL;
        }
    }
    return g_steal_pointer(&all);
}

char *
msk_nova_fault_text(const char *body, size_t length)
{
    g_autoptr(Json) root = json_loadb(body, length, 0, NULL);
    const char *message = NULL;
    const char *key = NULL;
    Json *value = NULL;

    json_object_foreach(root, key, value)
    {
        if (message == NULL) {
            message = text_of(value, "message");
        }
    }
    g_autofree char *raw = message != NULL ? g_strdup(message) : g_strndup(body, length);
    g_autofree char *text = g_utf8_make_valid(raw, -1);

    for (char *c = text; *c != '\0'; c++) {
        if (g_ascii_iscntrl(*c)) {
            *c = ' ';
        }
    }
    (void) g_strstrip(text); /* the same text */
    if (*text == '\0') {
        return g_strdup("no reason given");
    }
    if (strlen(text) > MAX_FAULT_BYTES) {
        text[MAX_FAULT_BYTES] = '\0';
    }
    return g_utf8_make_valid(text, -1);
}

bool
msk_nova_is_item_not_found(const char *body, size_t length)
{
    g_autoptr(Json) root = json_loadb(body, length, 0, NULL);

    return json_object_get(root, "itemNotFound") != NULL;
}

/* Returns: (transfer full) @object as text; frees it. */
static char *
dump(Json *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(object);
    return copy;
}

char *
msk_nova_action_body(const char *action)
{
    Json *body = json_object();

    (void) json_object_set_new(body, action, json_null()); /* for lack of memory only */
    return dump(body);
}

char *
msk_nova_action_body_with(const char *action, const char *key, const char *value)
{
    Json *body = json_object();
    Json *arguments = json_object();

    if (value != NULL) {
        (void) json_object_set_new(arguments, key, json_string(value)); /* as above */
    }
    (void) json_object_set_new(body, action, arguments); /* as above */
    return dump(body);
}

char *
msk_nova_service_body(const MskServiceChange *change)
{
    Json *body = json_object();

    if (change->enabled != MSK_CHANGE_NONE) {
        bool enable = change->enabled == MSK_CHANGE_TO_TRUE;

        (void) json_object_set_new(body, "status",
                                   json_string(enable ? "enabled" : "disabled")); /* as above */
        if (!enable && change->disabled_reason != NULL && *change->disabled_reason != '\0') {
            (void) json_object_set_new(body, "disabled_reason",
                                       json_string(change->disabled_reason)); /* as above */
        }
    }
    if (change->forced_down != MSK_CHANGE_NONE) {
        (void) json_object_set_new(
            body, "forced_down",
            json_boolean(change->forced_down == MSK_CHANGE_TO_TRUE)); /* as above */
    }
    return dump(body);
}

int64_t
msk_nova_http_date(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    g_auto(GStrv) words = g_strsplit(text == NULL ? "" : text, " ", 7);
    g_autofree char *iso = NULL;
    const char *month = NULL;
    int64_t time_us = 0;

    if (g_strv_length(words) != 6 || strlen(words[2]) != 3 || strcmp(words[5], "GMT") != 0) {
        return 0;
    }
    month = strstr(months, words[2]);
    if (month == NULL || (month - months) % 3 != 0) {
        return 0;
    }
    iso = g_strdup_printf("%s-%02d-%sT%sZ", words[3], (int) (month - months) / 3 + 1, words[1],
                          words[4]);
    return msk_datetime_parse(iso, &time_us) ? time_us : 0;
}
