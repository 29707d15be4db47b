/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/nova_compute.h"

#include <string.h>

#include "base/datetime.h"
#include "base/error.h"
#include "cloud/nova_json.h"
#include "cloud/nova_link.h"

#define MAX_PAGES    1000
#define NOVA_COMPUTE "nova-compute"
/* Dates have whole seconds, and Nova's own machines need not agree to the second either. */
#define CLOCK_MARGIN_US INT64_C(5000000)

typedef struct {
    MskCompute head;
    MskNovaLink *link;
} NovaCompute;

static MskNovaLink *
link_of(MskCompute *compute)
{
    return ((NovaCompute *) compute)->link;
}

/* ---- looks ------------------------------------------------------------------------------- */

static bool
get(MskCompute *compute, MskComputeCall *call, const char *what, const char *path, unsigned minor,
    MskHttpReply *ret, GError **error)
{
    const MskNovaRequest request = {.what = what, .method = "GET", .path = path, .minor = minor};

    return msk_nova_link_send(link_of(compute), call, &request, ret, error);
}

static MskComputeService *
get_service(MskCompute *compute, MskComputeCall *call, const char *host, const char *binary,
            GError **error)
{
    g_autofree char *what = g_strdup_printf("look for %s of host '%s'", binary, host);
    g_autofree char *host_text = g_uri_escape_string(host, NULL, false);
    g_autofree char *binary_text = g_uri_escape_string(binary, NULL, false);
    g_autofree char *path =
        g_strdup_printf("/os-services?host=%s&binary=%s", host_text, binary_text);
    g_auto(MskHttpReply) reply = {0};

    if (!get(compute, call, what, path, 0, &reply, error)) {
        return NULL;
    }
    g_autoptr(GPtrArray) services =
        msk_nova_parse_services(reply.body->str, reply.body->len, error);
    g_autofree char *date = msk_http_reply_header(&reply, "Date");

    for (unsigned i = 0; services != NULL && i < services->len; i++) {
        MskComputeService *service = g_ptr_array_index(services, i);

        if (strcmp(service->host, host) == 0 && strcmp(service->binary, binary) == 0) {
            service->answered_us = msk_nova_http_date(date);
            return g_ptr_array_steal_index(services, i);
        }
    }
    if (services != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND, "Nova has no %s on a host '%s'", binary,
                    host);
    }
    return NULL;
}

static bool
find_host(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    g_autoptr(MskComputeService) service = get_service(compute, call, host, NOVA_COMPUTE, error);

    return service != NULL;
}

static MskServer *
get_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    g_autofree char *what = g_strdup_printf("look at server %s", ref->uuid);
    g_autofree char *uuid = g_uri_escape_string(ref->uuid, NULL, false);
    g_autofree char *path = g_strdup_printf("/servers/%s", uuid);
    g_auto(MskHttpReply) reply = {0};

    if (!get(compute, call, what, path, 0, &reply, error)) {
        return NULL;
    }
    return msk_nova_parse_server(reply.body->str, reply.body->len, error);
}

typedef bool (*ParsePage)(const char *body, size_t length, GPtrArray *into, char **ret_marker,
                          GError **error);

/* Adds what all pages of the list at @path have. */
static bool
list(MskCompute *compute, MskComputeCall *call, const char *what, const char *path, unsigned minor,
     ParsePage parse, GPtrArray *into, GError **error)
{
    g_autofree char *marker = NULL;

    for (int page = 0; page < MAX_PAGES; page++) {
        g_autofree char *page_path =
            marker == NULL ? g_strdup(path) : g_strdup_printf("%s&marker=%s", path, marker);
        g_auto(MskHttpReply) reply = {0};
        char *next = NULL;

        if (!get(compute, call, what, page_path, minor, &reply, error) ||
            !parse(reply.body->str, reply.body->len, into, &next, error)) {
            return false;
        }
        g_free(marker);
        marker = next;
        if (marker == NULL) {
            return true;
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                "Could not %s: there are more than %d pages of them", what, MAX_PAGES);
    return false;
}

static GPtrArray *
list_servers(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
    g_autofree char *what = g_strdup_printf("list the servers of host '%s'", host);
    g_autofree char *host_text = g_uri_escape_string(host, NULL, false);
    g_autofree char *path = g_strdup_printf("/servers/detail?all_tenants=True&host=%s", host_text);

    if (!list(compute, call, what, path, 0, msk_nova_parse_servers, servers, error)) {
        return NULL;
    }
    for (unsigned i = servers->len; i > 0; i--) {
        const MskServer *server = g_ptr_array_index(servers, i - 1);

        if (g_strcmp0(server->host, host) != 0) {
            g_ptr_array_remove_index(servers, i - 1);
        }
    }
    return g_steal_pointer(&servers);
}

/* Returns: (transfer full) "2026-01-02T03:04:05Z", in a URL as it is. */
static char *
url_time(int64_t time_us)
{
    g_autofree char *text = msk_datetime_format_rest(time_us - time_us % G_USEC_PER_SEC);

    return g_strdup_printf("%.19sZ", text);
}

static GPtrArray *
list_changed_servers(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func((GDestroyNotify) msk_server_free);
    int64_t since_there_us = since_us + msk_nova_link_clock(link_of(compute)) - CLOCK_MARGIN_US;
    g_autofree char *since = url_time(MAX(since_there_us, 0));
    g_autofree char *what = g_strdup_printf("list the servers that changed since %s", since);
    g_autofree char *path =
        g_strdup_printf("/servers/detail?all_tenants=True&changes-since=%s", since);

    return list(compute, call, what, path, 0, msk_nova_parse_servers, servers, error)
               ? g_steal_pointer(&servers)
               : NULL;
}

static int
newest_first(const void *a, const void *b)
{
    const MskMigration *left = *(const MskMigration *const *) a;
    const MskMigration *right = *(const MskMigration *const *) b;

    return (right->id > left->id) - (right->id < left->id);
}

static GPtrArray *
list_migrations(MskCompute *compute, MskComputeCall *call, const char *source_host,
                int64_t since_us, GError **error)
{
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify) msk_migration_free);
    g_autofree char *what = g_strdup_printf("list the evacuations of host '%s'", source_host);
    g_autofree char *host_text = g_uri_escape_string(source_host, NULL, false);
    g_autofree char *since = url_time(since_us);
    unsigned minor = 0;

    if (!msk_nova_link_minor(link_of(compute), call, &minor, error)) {
        return NULL;
    }
    minor = minor >= MSK_NOVA_MIGRATIONS ? MSK_NOVA_MIGRATIONS : MSK_NOVA_FLOOR;
    bool with_since = since_us > 0 && minor == MSK_NOVA_MIGRATIONS;
    g_autofree char *path =
        g_strdup_printf("/os-migrations?migration_type=evacuation&source_compute=%s%s%s", host_text,
                        with_since ? "&changes-since=" : "", with_since ? since : "");

    if (!list(compute, call, what, path, minor, msk_nova_parse_migrations, migrations, error)) {
        return NULL;
    }
    for (unsigned i = migrations->len; i > 0; i--) {
        const MskMigration *migration = g_ptr_array_index(migrations, i - 1);

        if (g_strcmp0(migration->source_host, source_host) != 0 ||
            migration->updated_us < since_us - since_us % G_USEC_PER_SEC) {
            g_ptr_array_remove_index(migrations, i - 1);
        }
    }
    g_ptr_array_sort(migrations, newest_first);
    return g_steal_pointer(&migrations);
}

static GPtrArray *
list_aggregates(MskCompute *compute, MskComputeCall *call, GError **error)
{
    g_auto(MskHttpReply) reply = {0};

    if (!get(compute, call, "list the aggregates", "/os-aggregates", 0, &reply, error)) {
        return NULL;
    }
    return msk_nova_parse_aggregates(reply.body->str, reply.body->len, error);
}

/* ---- orders ------------------------------------------------------------------------------ */

static bool
order(MskCompute *compute, MskComputeCall *call, const MskNovaRequest *request, GError **error)
{
    g_auto(MskHttpReply) reply = {0};

    return msk_nova_link_send(link_of(compute), call, request, &reply, error);
}

static bool
set_service(MskCompute *compute, MskComputeCall *call, const MskComputeService *service,
            const MskServiceChange *change, GError **error)
{
    g_autofree char *what =
        g_strdup_printf("change %s of host '%s'", service->binary, service->host);
    g_autofree char *id = g_uri_escape_string(service->id, NULL, false);
    g_autofree char *path = g_strdup_printf("/os-services/%s", id);
    g_autofree char *body = msk_nova_service_body(change);
    GError *reason = NULL;

    if (order(compute, call,
              &(MskNovaRequest){.what = what, .method = "PUT", .path = path, .body = body},
              &reason)) {
        return true;
    }
    if (call->status == 400 && change->forced_down == MSK_CHANGE_TO_FALSE) {
        reason->code = MSK_ERROR_CONFLICT;
    }
    g_propagate_error(error, reason);
    return false;
}

static bool
act(MskCompute *compute, MskComputeCall *call, const char *verb, const char *uuid, char *body,
    GError **error)
{
    g_autofree char *owned_body = body;
    g_autofree char *what = g_strdup_printf("%s server %s", verb, uuid);
    g_autofree char *id = g_uri_escape_string(uuid, NULL, false);
    g_autofree char *path = g_strdup_printf("/servers/%s/action", id);

    return order(compute, call,
                 &(MskNovaRequest){
                     .what = what,
                     .method = "POST",
                     .path = path,
                     .body = owned_body,
                     .once = true,
                 },
                 error);
}

static bool
stop_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return act(compute, call, "stop", ref->uuid, msk_nova_action_body("os-stop"), error);
}

static bool
start_server(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return act(compute, call, "start", ref->uuid, msk_nova_action_body("os-start"), error);
}

static bool
evacuate(MskCompute *compute, MskComputeCall *call, const char *uuid, const char *target,
         GError **error)
{
    GError *reason = NULL;

    if (act(compute, call, "evacuate", uuid, msk_nova_action_body_with("evacuate", "host", target),
            &reason)) {
        return true;
    }
    /* Nova has no status of its own for a host that it takes for up. */
    if (call->status == 400 && strstr(reason->message, "still in use") != NULL) {
        reason->code = MSK_ERROR_CONFLICT;
    }
    g_propagate_error(error, reason);
    return false;
}

static bool
set_locked(MskCompute *compute, MskComputeCall *call, const char *uuid, bool locked, GError **error)
{
    const char *verb = locked ? "lock" : "unlock";

    return act(compute, call, verb, uuid, msk_nova_action_body(verb), error);
}

static bool
reset_state(MskCompute *compute, MskComputeCall *call, const char *uuid, MskVmState vm_state,
            GError **error)
{
    return act(compute, call, "reset the state of", uuid,
               msk_nova_action_body_with("os-resetState", "state", msk_vm_state_name(vm_state)),
               error);
}

static bool
set_aggregate_host(MskCompute *compute, MskComputeCall *call, int64_t aggregate_id,
                   const char *host, bool member, GError **error)
{
    g_autofree char *what =
        g_strdup_printf("%s host '%s' %s aggregate %" G_GINT64_FORMAT, member ? "add" : "remove",
                        host, member ? "to" : "from", aggregate_id);
    g_autofree char *path =
        g_strdup_printf("/os-aggregates/%" G_GINT64_FORMAT "/action", aggregate_id);
    g_autofree char *body =
        msk_nova_action_body_with(member ? "add_host" : "remove_host", "host", host);

    return order(compute, call,
                 &(MskNovaRequest){.what = what, .method = "POST", .path = path, .body = body},
                 error);
}

static void
free_compute(MskCompute *compute)
{
    msk_nova_link_free(link_of(compute));
    g_free(compute);
}

MskCompute *
msk_nova_compute_new(MskConfig *config, GError **error)
{
    static const MskComputeDriver driver = {
        .name = "nova",
        .find_host = find_host,
        .get_server = get_server,
        .stop_server = stop_server,
        .start_server = start_server,
        .free = free_compute,
        .is_cloud = true,
        .get_service = get_service,
        .set_service = set_service,
        .list_servers = list_servers,
        .list_changed_servers = list_changed_servers,
        .list_migrations = list_migrations,
        .evacuate = evacuate,
        .set_locked = set_locked,
        .reset_state = reset_state,
        .list_aggregates = list_aggregates,
        .set_aggregate_host = set_aggregate_host,
    };
    MskNovaLink *link = msk_nova_link_new(config, error);
    NovaCompute *self = NULL;

    if (link == NULL) {
        return NULL;
    }
    self = g_new0(NovaCompute, 1);
    self->head.driver = &driver;
    self->link = link;
    return &self->head;
}
