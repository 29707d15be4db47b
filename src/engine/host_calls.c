/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_calls.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "engine/engine_clock.h"

#define BINARY       "nova-compute"
#define PRIORITY_KEY "HA_Priority"
#define MAX_MISSING  2u /* asked for one by one rather than by a list */

struct MskHostCall {
    MskHostQuestion question;
    char *host;
    char *reserved;
    char *reason;
    char *ha_key;
    char *request_id;
    char **uuids;
    char *instance_uuid;
    MskHostAnswerFunc answer;
    void *data;
    GDestroyNotify free_data;

    MskComputeCall call;
    MskHostEvent event;
    /* MskServer: what the VMs lend their strings from. */
    GPtrArray *changed;       /* (nullable) of the whole cloud; others may have it, too */
    GPtrArray *servers;       /* (nullable) of this host, or asked for one by one */
    GPtrArray *migrations;    /* (nullable) */
    GHashTable *on_their_way; /* (nullable) the uuids of VMs: lent by the migrations under way */
    GArray *vms;              /* (nullable) MskListedVm */
    GPtrArray *names;         /* (nullable) char *, ends with NULL */
    GError *error;
};

static void
free_call(void *data)
{
    MskHostCall *self = data;

    self->free_data(self->data);
    g_free(self->host);
    g_free(self->reserved);
    g_free(self->reason);
    g_free(self->ha_key);
    g_free(self->request_id);
    g_strfreev(self->uuids);
    g_free(self->instance_uuid);
    g_clear_pointer(&self->changed, g_ptr_array_unref);
    g_clear_pointer(&self->servers, g_ptr_array_unref);
    g_clear_pointer(&self->on_their_way, g_hash_table_unref);
    g_clear_pointer(&self->migrations, g_ptr_array_unref);
    g_clear_pointer(&self->vms, g_array_unref);
    g_clear_pointer(&self->names, g_ptr_array_unref);
    g_clear_error(&self->error);
    g_free(self);
}

static bool
get_service(MskHostCall *self, MskCompute *compute)
{
    g_autoptr(MskComputeService) service =
        msk_compute_get_service(compute, &self->call, self->host, BINARY, &self->error);

    if (service == NULL) {
        return false;
    }
    self->event.kind = MSK_HOST_EVENT_SERVICE;
    self->event.service =
        (MskServiceFacts){.up = service->up, .forced_down = service->forced_down, .age_us = -1};
    if (service->answered_us > 0 && service->updated_us > 0) {
        self->event.service.age_us = MAX(service->answered_us - service->updated_us, 0);
    }
    return true;
}

static bool
set_service(MskHostCall *self, MskCompute *compute, const char *host,
            const MskServiceChange *change)
{
    g_autoptr(MskComputeService) service =
        msk_compute_get_service(compute, &self->call, host, BINARY, &self->error);

    return service != NULL &&
           msk_compute_set_service(compute, &self->call, service, change, &self->error);
}

static bool
join_one(MskHostCall *self, MskCompute *compute, const MskAggregate *aggregate)
{
    g_autoptr(GError) error = NULL;

    if (!msk_aggregate_has_host(aggregate, self->host)) {
        return true;
    }
    if (!msk_compute_set_aggregate_host(compute, &self->call, aggregate->id, self->reserved, true,
                                        &error) &&
        error->code != MSK_ERROR_CONFLICT) {
        g_propagate_error(&self->error, g_steal_pointer(&error));
        return false;
    }
    g_ptr_array_add(self->names, g_strdup(aggregate->name));
    return true;
}

static bool
join(MskHostCall *self, MskCompute *compute)
{
    g_autoptr(GPtrArray) aggregates =
        msk_compute_list_aggregates(compute, &self->call, &self->error);
    bool done = aggregates != NULL;

    self->names = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; done && i < aggregates->len; i++) {
        done = join_one(self, compute, g_ptr_array_index(aggregates, i));
    }
    g_ptr_array_add(self->names, NULL);
    self->event.kind = MSK_HOST_EVENT_JOINED;
    return done;
}

static int64_t
priority_of(const MskServer *server)
{
    const char *text = g_hash_table_lookup(server->metadata, PRIORITY_KEY);
    int64_t priority = 0;

    return text != NULL && msk_parse_int64(text, INT32_MIN, INT32_MAX, &priority) ? priority : 0;
}

static void
add_vm(MskHostCall *self, const MskServer *server)
{
    const char *enabled =
        self->ha_key != NULL ? g_hash_table_lookup(server->metadata, self->ha_key) : NULL;
    MskListedVm vm = {
        .uuid = server->uuid,
        .name = server->name,
        .ha_enabled = msk_bool_from_string(enabled),
        .priority = priority_of(server),
        .size = (uint64_t) server->vcpus * 1024 + server->memory_mib,
        .sight = {.gone = server->vm_state == MSK_VM_DELETED,
                  .elsewhere = server->host != NULL && strcmp(server->host, self->host) != 0,
                  .busy = server->task_state != NULL,
                  .locked = server->locked,
                  .powered_off = server->power_state == MSK_POWER_OFF,
                  .migrations_asked = self->migrations != NULL,
                  .evacuating = self->on_their_way != NULL &&
                                g_hash_table_contains(self->on_their_way, server->uuid),
                  .heard = self->migrations != NULL && self->migrations->len > 0,
                  .vm_state = server->vm_state,
                  .host = server->host,
                  .fault = server->fault},
    };

    g_array_append_val(self->vms, vm);
}

/* Always before the VMs: one that is over by then has its VM on its new host in what is asked for
 * later. */
static bool
list_migrations(MskHostCall *self, MskCompute *compute)
{
    self->migrations =
        msk_compute_list_migrations(compute, &self->call, self->host, 0, &self->error);
    if (self->migrations == NULL) {
        return false;
    }
    self->on_their_way = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < self->migrations->len; i++) {
        const MskMigration *migration = g_ptr_array_index(self->migrations, i);

        if (migration->state == MSK_MIGRATION_UNDER_WAY && migration->instance_uuid != NULL) {
            (void) g_hash_table_add(self->on_their_way, migration->instance_uuid);
        }
    }
    return true;
}

static void
add_vms(MskHostCall *self)
{
    /* The later sight is the fresher one. */
    const GPtrArray *lists[] = {self->changed, self->servers};

    self->vms = g_array_new(FALSE, FALSE, sizeof(MskListedVm));
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (unsigned j = 0; lists[i] != NULL && j < lists[i]->len; j++) {
            add_vm(self, g_ptr_array_index(lists[i], j));
        }
    }
    self->event.vms = (MskListedVm *) (void *) self->vms->data;
    self->event.n_vms = self->vms->len;
}

static bool
list(MskHostCall *self, MskCompute *compute)
{
    self->event.kind = MSK_HOST_EVENT_LISTED;
    if (!list_migrations(self, compute)) {
        return false;
    }
    self->servers = msk_compute_list_servers(compute, &self->call, self->host, &self->error);
    if (self->servers == NULL) {
        return false;
    }
    add_vms(self);
    return true;
}

/* @servers: (nullable) */
static void
add_uuids(GHashTable *known, const GPtrArray *servers)
{
    for (unsigned i = 0; servers != NULL && i < servers->len; i++) {
        const MskServer *server = g_ptr_array_index(servers, i);

        (void) g_hash_table_add(known, server->uuid);
    }
}

/* Returns: (transfer container) those of the uuids that are asked for and that no list had. */
static GPtrArray *
find_missing(const MskHostCall *self)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *missing = g_ptr_array_new();

    add_uuids(known, self->changed);
    add_uuids(known, self->servers);
    for (unsigned i = 0; self->uuids != NULL && self->uuids[i] != NULL; i++) {
        if (!g_hash_table_contains(known, self->uuids[i])) {
            g_ptr_array_add(missing, self->uuids[i]);
        }
    }
    return missing;
}

static void
free_server(void *data)
{
    msk_server_free(data);
}

/* What no list has is asked for by itself, or is gone. */
static bool
add_missing(MskHostCall *self, MskCompute *compute, const char *uuid)
{
    MskServerRef ref = {.uuid = uuid, .host = self->host};
    MskServer *server = msk_compute_get_server(compute, &self->call, &ref, &self->error);

    if (server == NULL && g_error_matches(self->error, MSK_ERROR, MSK_ERROR_NOT_FOUND)) {
        g_clear_error(&self->error);
        server = msk_server_new(uuid);
        server->vm_state = MSK_VM_DELETED;
    }
    if (server != NULL) {
        if (self->servers == NULL) {
            self->servers = g_ptr_array_new_with_free_func(free_server);
        }
        g_ptr_array_add(self->servers, server);
    }
    return server != NULL;
}

static bool
misses_many(const MskHostCall *self)
{
    g_autoptr(GPtrArray) missing = find_missing(self);

    return missing->len > MAX_MISSING;
}

/* What is moved has changed since, and is in that one list wherever it is. Where the clocks do not
 * agree, it may not be: those that are on the host still are found by the host's list. */
static bool
list_moved(MskHostCall *self, MskCompute *compute)
{
    if (self->changed == NULL && self->question.since_us > 0) {
        self->changed = msk_compute_list_changed_servers(compute, &self->call,
                                                         self->question.since_us, &self->error);
        if (self->changed == NULL) {
            return false;
        }
    }
    if (self->changed != NULL) {
        self->event.complete_us = self->question.complete_us;
        if (!misses_many(self)) {
            return true;
        }
    }
    self->servers = msk_compute_list_servers(compute, &self->call, self->host, &self->error);
    return self->servers != NULL;
}

/* One or two lists; what is in none of them is asked for by itself. */
static bool
look(MskHostCall *self, MskCompute *compute)
{
    self->event.kind = MSK_HOST_EVENT_LOOKED;
    if (self->question.migrations && !list_migrations(self, compute)) {
        return false;
    }
    if (!list_moved(self, compute)) {
        return false;
    }
    g_autoptr(GPtrArray) missing = find_missing(self);

    for (unsigned i = 0; i < missing->len; i++) {
        if (!add_missing(self, compute, g_ptr_array_index(missing, i))) {
            return false;
        }
    }
    add_vms(self);
    return true;
}

static bool
move(MskHostCall *self, MskCompute *compute)
{
    const char *uuid = self->instance_uuid;
    MskServerRef ref = {.uuid = uuid};

    self->event.kind = MSK_HOST_EVENT_MOVE;
    self->event.move = self->question.move;
    self->event.move_event.kind = MSK_MOVE_DONE;
    switch (self->question.move_act) {
    case MSK_MOVE_ACT_LOCK:
    case MSK_MOVE_ACT_UNLOCK:
        return msk_compute_set_locked(compute, &self->call, uuid,
                                      self->question.move_act == MSK_MOVE_ACT_LOCK, &self->error);
    case MSK_MOVE_ACT_RESET:
    case MSK_MOVE_ACT_MARK:
        return msk_compute_reset_state(compute, &self->call, uuid, MSK_VM_ERROR, &self->error);
    case MSK_MOVE_ACT_EVACUATE:
        return msk_compute_evacuate(compute, &self->call, uuid, self->reserved, &self->error);
    case MSK_MOVE_ACT_STOP:
        return msk_compute_stop_server(compute, &self->call, &ref, &self->error);
    case MSK_MOVE_ACT_LOOK:
    case MSK_MOVE_ACT_FINISH:
    case MSK_N_MOVE_ACTS:
        break;
    }
    g_assert_not_reached();
}

static bool
make(MskHostCall *self, MskCompute *compute)
{
    MskServiceChange down = {.enabled = MSK_CHANGE_TO_FALSE,
                             .disabled_reason = self->reason,
                             .forced_down = MSK_CHANGE_TO_TRUE};
    MskServiceChange enable = {.enabled = MSK_CHANGE_TO_TRUE};

    self->event.kind = MSK_HOST_EVENT_DONE;
    if (self->question.kind == MSK_HOST_ACT_GET_SERVICE) {
        return get_service(self, compute);
    }
    if (self->question.kind == MSK_HOST_ACT_FORCE_DOWN) {
        return set_service(self, compute, self->host, &down);
    }
    if (self->question.kind == MSK_HOST_ACT_ENABLE) {
        return set_service(self, compute, self->reserved, &enable);
    }
    if (self->question.kind == MSK_HOST_ACT_JOIN) {
        return join(self, compute);
    }
    if (self->question.kind == MSK_HOST_ACT_LIST) {
        return list(self, compute);
    }
    if (self->question.kind == MSK_HOST_ACT_LOOK) {
        return look(self, compute);
    }
    g_assert(self->question.kind == MSK_HOST_ACT_MOVE);
    return move(self, compute);
}

static void
fail(MskHostCall *self)
{
    MskErrorCode code = (MskErrorCode) self->error->code;
    int64_t retry_after_us = (int64_t) self->call.retry_after_s * G_USEC_PER_SEC;

    if (self->question.kind == MSK_HOST_ACT_MOVE) {
        self->event.move_event = (MskMoveEvent){.kind = MSK_MOVE_FAILED,
                                                .code = code,
                                                .effect_unknown = self->call.effect_unknown,
                                                .retry_after_us = retry_after_us,
                                                .message = self->error->message};
    } else {
        self->event.kind = MSK_HOST_EVENT_FAILED;
        self->event.code = code;
        self->event.retry_after_us = retry_after_us;
        self->event.message = self->error->message;
    }
}

static void
be_late(MskHostCall *self)
{
    if (self->question.kind == MSK_HOST_ACT_MOVE) {
        self->event.kind = MSK_HOST_EVENT_MOVE;
        self->event.move = self->question.move;
        self->event.move_event.kind = MSK_MOVE_STALE;
        return;
    }
    g_set_error(&self->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                "it waited for a thread for too long and was not done; it is decided anew");
    fail(self);
}

static void
run_call(MskCompute *compute, void *data)
{
    MskHostCall *self = data;

    self->call.request_id = self->request_id;
    self->event.asked_us = self->changed != NULL ? self->question.asked_us : msk_engine_now_us();
    if (self->question.until_us > 0 && msk_engine_now_us() >= self->question.until_us) {
        be_late(self); /* the lease may be another's by now, or the list too old */
    } else if (!make(self, compute)) {
        fail(self);
    }
}

static void
end_call(void *data)
{
    MskHostCall *self = data;

    self->event.now_us = g_get_monotonic_time();
    if (self->names != NULL) {
        self->event.names = (const char *const *) self->names->pdata;
    }
    self->answer(&self->event, self->data);
}

void
msk_host_call_push(MskCallPool *pool, const MskHostQuestion *question, MskHostAnswerFunc answer,
                   void *data, GDestroyNotify free_data)
{
    static const MskPoolJob job = {run_call, end_call, free_call};
    MskHostCall *self = g_new0(MskHostCall, 1);

    self->question = *question;
    self->host = g_strdup(question->host);
    self->reserved = g_strdup(question->reserved);
    self->reason = g_strdup(question->reason);
    self->ha_key = g_strdup(question->ha_key);
    self->request_id = g_strdup(question->request_id);
    self->changed = question->changed != NULL ? g_ptr_array_ref(question->changed) : NULL;
    self->uuids = g_strdupv(question->uuids);
    self->instance_uuid = g_strdup(question->instance_uuid);
    self->answer = answer;
    self->data = data;
    self->free_data = free_data;
    msk_call_pool_run(pool, &job, self);
}
