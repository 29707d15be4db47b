/* SPDX-License-Identifier: Apache-2.0 */

/*
 * nova-call: makes calls of the compute driver, one for each line of its input, and prints one line
 * of JSON for each: {"ok": b, "code": s, "message": s, "status": n, "unknown": b, "retry_after": n,
 * "result": any}. The arguments are "group.name=value" of the configuration.
 *
 *   find HOST | server UUID | stop UUID | start UUID | lock UUID | unlock UUID | reset UUID STATE
 *   service HOST BINARY | disable HOST REASON | enable HOST | force-down HOST | unforce HOST
 *   fence HOST REASON (disabled and forced down) | servers HOST | changed SINCE | aggregates
 *   migrations HOST SINCE | evacuate UUID [HOST] | join ID HOST | part ID HOST
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "cloud/compute.h"

typedef struct {
    MskCompute *compute;
    MskComputeCall call;
    char **words;
    GError *error;
} Line;

static const char *
word(const Line *self, unsigned index)
{
    return index < g_strv_length(self->words) ? self->words[index] : NULL;
}

static int64_t
number(const Line *self, unsigned index)
{
    return word(self, index) == NULL ? 0 : g_ascii_strtoll(word(self, index), NULL, 10);
}

static json_t *
server_json(const MskServer *server)
{
    json_t *metadata = json_object();
    GHashTableIter iter;
    void *key = NULL;
    void *value = NULL;

    g_hash_table_iter_init(&iter, server->metadata);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        (void) json_object_set_new(metadata, key, json_string(value)); /* for lack of memory only */
    }
    return json_pack("{s:s, s:s?, s:s?, s:s, s:s?, s:i, s:b, s:s?, s:s?, s:i, s:I, s:I, s:o}",
                     "uuid", server->uuid, "name", server->name, "host", server->host, "vm_state",
                     msk_vm_state_name(server->vm_state), "task_state", server->task_state,
                     "power_state", (int) server->power_state, "locked", (int) server->locked,
                     "host_status", server->host_status, "fault", server->fault, "vcpus",
                     (int) server->vcpus, "memory_mib", (json_int_t) server->memory_mib, "disk_gib",
                     (json_int_t) server->disk_gib, "metadata", metadata);
}

static json_t *
service_json(const MskComputeService *service)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s?, s:I, s:I}", "id", service->id, "host",
                     service->host, "binary", service->binary, "up", (int) service->up, "enabled",
                     (int) service->enabled, "forced_down", (int) service->forced_down,
                     "disabled_reason", service->disabled_reason, "updated_us",
                     (json_int_t) service->updated_us, "answered_us",
                     (json_int_t) service->answered_us);
}

static json_t *
migration_json(const MskMigration *migration)
{
    return json_pack("{s:I, s:s?, s:s, s:s?, s:s?, s:s, s:i, s:I, s:I}", "id",
                     (json_int_t) migration->id, "uuid", migration->uuid, "instance_uuid",
                     migration->instance_uuid, "source_host", migration->source_host, "dest_host",
                     migration->dest_host, "status", migration->status, "state",
                     (int) migration->state, "created_us", (json_int_t) migration->created_us,
                     "updated_us", (json_int_t) migration->updated_us);
}

static json_t *
aggregate_json(const MskAggregate *aggregate)
{
    json_t *hosts = json_array();

    for (unsigned i = 0; i < aggregate->hosts->len; i++) {
        (void) json_array_append_new(hosts, json_string(aggregate->hosts->pdata[i])); /* as above */
    }
    return json_pack("{s:I, s:s, s:o}", "id", (json_int_t) aggregate->id, "name", aggregate->name,
                     "hosts", hosts);
}

/* Returns: (nullable) the elements of @list, which is freed. */
static json_t *
list_json(GPtrArray *list, json_t *(*element)(const void *) )
{
    json_t *array = list == NULL ? NULL : json_array();

    for (unsigned i = 0; list != NULL && i < list->len; i++) {
        (void) json_array_append_new(array, element(list->pdata[i])); /* as above */
    }
    if (list != NULL) {
        g_ptr_array_unref(list);
    }
    return array;
}

static json_t *
any_server(const void *server)
{
    return server_json(server);
}

static json_t *
any_migration(const void *migration)
{
    return migration_json(migration);
}

static json_t *
any_aggregate(const void *aggregate)
{
    return aggregate_json(aggregate);
}

/* Returns: (nullable) what a look told. */
static json_t *
look(Line *self, const char *verb)
{
    MskServerRef ref = {.uuid = word(self, 1)};
    json_t *result = NULL;

    if (strcmp(verb, "server") == 0) {
        g_autoptr(MskServer) server =
            msk_compute_get_server(self->compute, &self->call, &ref, &self->error);

        result = server == NULL ? NULL : server_json(server);
    } else if (strcmp(verb, "service") == 0) {
        g_autoptr(MskComputeService) service = msk_compute_get_service(
            self->compute, &self->call, word(self, 1), word(self, 2), &self->error);

        result = service == NULL ? NULL : service_json(service);
    } else if (strcmp(verb, "servers") == 0) {
        result = list_json(
            msk_compute_list_servers(self->compute, &self->call, word(self, 1), &self->error),
            any_server);
    } else if (strcmp(verb, "changed") == 0) {
        result = list_json(msk_compute_list_changed_servers(self->compute, &self->call,
                                                            number(self, 1), &self->error),
                           any_server);
    } else if (strcmp(verb, "migrations") == 0) {
        result = list_json(msk_compute_list_migrations(self->compute, &self->call, word(self, 1),
                                                       number(self, 2), &self->error),
                           any_migration);
    } else if (strcmp(verb, "aggregates") == 0) {
        result = list_json(msk_compute_list_aggregates(self->compute, &self->call, &self->error),
                           any_aggregate);
    }
    return result;
}

static const struct {
    const char *verb;
    MskServiceChange change;
} changes[] = {
    {"disable", {.enabled = MSK_CHANGE_TO_FALSE}},
    {"enable", {.enabled = MSK_CHANGE_TO_TRUE}},
    {"force-down", {.forced_down = MSK_CHANGE_TO_TRUE}},
    {"unforce", {.forced_down = MSK_CHANGE_TO_FALSE}},
    {"fence", {.enabled = MSK_CHANGE_TO_FALSE, .forced_down = MSK_CHANGE_TO_TRUE}},
};

static bool
change_service(Line *self, const char *verb)
{
    g_autoptr(MskComputeService) service = msk_compute_get_service(
        self->compute, &self->call, word(self, 1), "nova-compute", &self->error);

    for (size_t i = 0; service != NULL && i < G_N_ELEMENTS(changes); i++) {
        if (strcmp(verb, changes[i].verb) == 0) {
            MskServiceChange change = changes[i].change;

            change.disabled_reason = word(self, 2);
            return msk_compute_set_service(self->compute, &self->call, service, &change,
                                           &self->error);
        }
    }
    return false;
}

/* Returns: whether an order that names a server was taken. */
static bool
order(Line *self, const char *verb)
{
    MskServerRef ref = {.uuid = word(self, 1)};

    if (strcmp(verb, "stop") == 0) {
        return msk_compute_stop_server(self->compute, &self->call, &ref, &self->error);
    }
    if (strcmp(verb, "start") == 0) {
        return msk_compute_start_server(self->compute, &self->call, &ref, &self->error);
    }
    if (strcmp(verb, "lock") == 0 || strcmp(verb, "unlock") == 0) {
        return msk_compute_set_locked(self->compute, &self->call, ref.uuid, *verb == 'l',
                                      &self->error);
    }
    if (strcmp(verb, "reset") == 0) {
        return msk_compute_reset_state(self->compute, &self->call, ref.uuid,
                                       msk_vm_state_from_name(word(self, 2)), &self->error);
    }
    if (strcmp(verb, "evacuate") == 0) {
        return msk_compute_evacuate(self->compute, &self->call, ref.uuid, word(self, 2),
                                    &self->error);
    }
    if (strcmp(verb, "join") == 0 || strcmp(verb, "part") == 0) {
        return msk_compute_set_aggregate_host(self->compute, &self->call, number(self, 1),
                                              word(self, 2), *verb == 'j', &self->error);
    }
    if (strcmp(verb, "find") == 0) {
        return msk_compute_find_host(self->compute, &self->call, word(self, 1), &self->error);
    }
    return change_service(self, verb);
}

static void
answer(const Line *self, bool ok, json_t *result)
{
    json_t *line = json_pack(
        "{s:b, s:s?, s:s?, s:i, s:b, s:i, s:o*}", "ok", (int) ok, "code",
        self->error == NULL ? NULL : msk_error_code_name((MskErrorCode) self->error->code),
        "message", self->error == NULL ? NULL : self->error->message, "status",
        (int) self->call.status, "unknown", (int) self->call.effect_unknown, "retry_after",
        (int) self->call.retry_after_s, "result", result);
    char *text = json_dumps(line, JSON_COMPACT);

    g_assert(puts(text) >= 0 && fflush(stdout) == 0);
    free(text);
    json_decref(line);
}

int
main(int argc, char **argv)
{
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    size_t size = 0;

    (void) argc;
    msk_compute_add_options(schema);
    g_autoptr(MskConfig) config = msk_config_load(
        schema, &(MskConfigSources){.overrides = (const char *const *) argv + 1}, &error);
    g_autoptr(MskCompute) compute = config == NULL ? NULL : msk_compute_new(config, &error);

    if (compute == NULL) {
        (void) fprintf(stderr, "%s\n", error->message); /* nothing to be done about it */
        return EXIT_FAILURE;
    }
    while (getline(&text, &size, stdin) > 0) {
        Line line = {
            .compute = compute, .words = g_strsplit(g_strstrip(text), " ", 4), .call = {0}};
        json_t *result = NULL;
        bool ok = false;

        line.call.request_id = "req-11111111-2222-4333-8444-555555555555";
        result = look(&line, line.words[0]);
        ok = result != NULL || (line.error == NULL && order(&line, line.words[0]));
        answer(&line, ok, result);
        g_clear_error(&line.error);
        g_strfreev(line.words);
    }
    free(text);
    return EXIT_SUCCESS;
}
