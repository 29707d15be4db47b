/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/test_hosts.h"
#include "engine/test_place.h"

#include "base/error.h"
#include "engine/engine_clock.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define EVACUATE_US INT64_C(300000)
#define LEASE_US    (INT64_C(600) * G_USEC_PER_SEC)

typedef struct {
    MskCompute head;
    World *world;
} Cloud;

/* ---- the cloud --------------------------------------------------------------------------- */

void
world_lock(World *world)
{
    int result = pthread_mutex_lock(&world->lock);

    if (result == EOWNERDEAD) {
        result = pthread_mutex_consistent(&world->lock);
    }
    g_assert_cmpint(result, ==, 0);
}

static void
arrive(World *world)
{
    for (unsigned i = 0; i < world->n_vms; i++) {
        Vm *vm = &world->vms[i];

        if (vm->arrives_us > 0 && vm->arrives_us <= g_get_monotonic_time()) {
            vm->arrives_us = 0;
            vm->elsewhere = !vm->no_host;
            vm->n_evacuations += vm->elsewhere ? 1 : 0;
            vm->vm_state = vm->elsewhere ? MSK_VM_ACTIVE : MSK_VM_ERROR;
        }
    }
}

void
world_leave(World *world)
{
    g_assert_cmpint(pthread_mutex_unlock(&world->lock), ==, 0);
}

/* Returns: (nullable) the world for leave(), or NULL when the call is refused. */
static World *
enter(MskCompute *compute, GError **error)
{
    World *world = ((Cloud *) compute)->world;

    world_lock(world);
    arrive(world);
    world->n_calls++;
    if (world->n_calls != world->fail_at || world->answer_lost) {
        return world;
    }
    world_leave(world);
    g_set_error(error, MSK_ERROR, world->fail_code, "the cloud refuses");
    return NULL;
}

/* Returns: whether the caller hears of what was done. */
static bool
leave(World *world, MskComputeCall *call, GError **error)
{
    bool lost = world->n_calls == world->fail_at;

    world_leave(world);
    if (lost) {
        call->effect_unknown = true;
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "the answer was lost");
    }
    return !lost;
}

static Vm *
vm_of(World *world, const char *uuid)
{
    unsigned index = (unsigned) g_ascii_strtoull(uuid + strlen(uuid) - 4, NULL, 10);

    g_assert_cmpuint(index, <, world->n_vms);
    return &world->vms[index];
}

static char *
uuid_of(unsigned index)
{
    return g_strdup_printf("c5463cf8-a348-4ad5-bfd0-e29f9092%04u", index);
}

static MskServer *
describe(const World *world, unsigned index)
{
    const Vm *vm = &world->vms[index];
    g_autofree char *uuid = uuid_of(index);
    MskServer *server = msk_server_new(uuid);

    server->name = index == 1 ? NULL : g_strdup_printf("vm%u", index); /* not all have one */
    server->host = g_strdup(vm->elsewhere ? vm->target : vm->source);
    server->vm_state = vm->vm_state;
    server->locked = vm->locked;
    server->task_state = vm->arrives_us > 0 ? g_strdup("rebuilding") : NULL;
    server->fault = vm->vm_state == MSK_VM_ERROR ? g_strdup("No valid host was found.") : NULL;
    return server;
}

static bool
cloud_find_host(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    (void) compute;
    (void) call;
    (void) host;
    (void) error;
    return true;
}

static MskServer *
cloud_get(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    World *world = enter(compute, error);
    g_autoptr(MskServer) server = NULL;

    if (world == NULL) {
        return NULL;
    }
    server = describe(world, (unsigned) (vm_of(world, ref->uuid) - world->vms));
    return leave(world, call, error) ? g_steal_pointer(&server) : NULL;
}

static bool
turn(MskCompute *compute, MskComputeCall *call, const char *uuid, MskVmState vm_state,
     GError **error)
{
    World *world = enter(compute, error);

    if (world == NULL) {
        return false;
    }
    Vm *vm = vm_of(world, uuid);

    vm->n_starts += vm_state == MSK_VM_ACTIVE && vm->vm_state != MSK_VM_ACTIVE ? 1 : 0;
    vm->vm_state = vm_state;
    return leave(world, call, error);
}

static bool
cloud_stop(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return turn(compute, call, ref->uuid, MSK_VM_STOPPED, error);
}

static bool
cloud_start(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    return turn(compute, call, ref->uuid, MSK_VM_ACTIVE, error);
}

static MskComputeService *
cloud_get_service(MskCompute *compute, MskComputeCall *call, const char *host, const char *binary,
                  GError **error)
{
    World *world = enter(compute, error);
    g_autoptr(MskComputeService) service = NULL;

    if (world == NULL) {
        return NULL;
    }
    service = g_new0(MskComputeService, 1);
    service->id = g_strdup("1");
    service->host = g_strdup(host);
    service->binary = g_strdup(binary);
    service->forced_down = world->forced_down;
    service->enabled = !world->disabled;
    service->disabled_reason = world->disabled ? g_strdup(world->reason) : NULL;
    service->up = !world->forced_down && world->beats;
    service->answered_us = g_get_real_time();
    service->updated_us = service->answered_us - (world->beats ? 3 : 60) * (int64_t) G_USEC_PER_SEC;
    return leave(world, call, error) ? g_steal_pointer(&service) : NULL;
}

static void
change_service(World *world, const MskServiceChange *change)
{
    if (change->forced_down != MSK_CHANGE_NONE) {
        world->forced_down = change->forced_down == MSK_CHANGE_TO_TRUE;
    }
    if (change->enabled != MSK_CHANGE_NONE) {
        world->disabled = change->enabled == MSK_CHANGE_TO_FALSE;
        g_strlcpy(world->reason, change->disabled_reason != NULL ? change->disabled_reason : "",
                  sizeof world->reason);
        world->harm = world->harm || (!world->disabled && world->forced_down);
    }
}

static bool
cloud_set_service(MskCompute *compute, MskComputeCall *call, const MskComputeService *service,
                  const MskServiceChange *change, GError **error)
{
    World *world = enter(compute, error);

    if (world == NULL) {
        return false;
    }
    if (change->forced_down == MSK_CHANGE_TO_FALSE && !world->restarted) {
        world->n_refused++;
        world_leave(world);
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT, "restart nova-compute first");
        return false;
    }
    if (strcmp(service->host, "h1") == 0 || *service->host == 'f') {
        change_service(world, change);
    } else {
        world->reserved_enabled = change->enabled == MSK_CHANGE_TO_TRUE;
    }
    return leave(world, call, error);
}

static void
free_server(void *data)
{
    msk_server_free(data);
}

/* A list is answered late if a test wants it. */
static void
hold(World *world)
{
    int number = g_atomic_int_add(&world->n_lists, 1) + 1;

    while (g_atomic_int_get(&world->held) == number) {
        g_usleep(1000);
    }
}

/* Those on @source, or, without one, those that were ordered to move, wherever they are; the engine
 * has to find the others by other means. */
static GPtrArray *
list(MskCompute *compute, MskComputeCall *call, const char *source, GError **error)
{
    World *world = enter(compute, error);
    g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func(free_server);

    if (world == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < world->n_vms; i++) {
        const Vm *vm = &world->vms[i];

        if (source == NULL ? vm->n_orders > 0 : !vm->elsewhere && strcmp(vm->source, source) == 0) {
            g_ptr_array_add(servers, describe(world, i));
        }
    }
    if (!leave(world, call, error)) {
        return NULL;
    }
    return g_steal_pointer(&servers);
}

static GPtrArray *
cloud_list(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    GPtrArray *servers = list(compute, call, host, error);

    hold(((Cloud *) compute)->world);
    return servers;
}

/* Two lists may be under way at once. */
static bool
take_refusal(World *world)
{
    int left = g_atomic_int_get(&world->n_refusals);

    while (left > 0 && !g_atomic_int_compare_and_exchange(&world->n_refusals, left, left - 1)) {
        left = g_atomic_int_get(&world->n_refusals);
    }
    return left > 0;
}

static GPtrArray *
cloud_list_changed(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    World *world = ((Cloud *) compute)->world;
    g_autoptr(GPtrArray) servers = list(compute, call, NULL, error);

    g_assert_cmpint(since_us, >, 0);
    g_assert_cmpint(since_us, <=, g_get_real_time());
    g_atomic_int_inc(&world->n_changed);
    hold(world);
    while (g_atomic_int_get(&world->hold_changed) != 0) {
        g_usleep(1000);
    }
    if (servers != NULL && take_refusal(world)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "out of order");
        return NULL;
    }
    return g_steal_pointer(&servers);
}

static void
free_migration(void *data)
{
    msk_migration_free(data);
}

static GPtrArray *
cloud_migrations(MskCompute *compute, MskComputeCall *call, const char *source, int64_t since_us,
                 GError **error)
{
    World *world = enter(compute, error);
    g_autoptr(GPtrArray) migrations = g_ptr_array_new_with_free_func(free_migration);

    (void) since_us;
    if (world == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < world->n_vms; i++) {
        if (world->vms[i].n_orders > 0 && strcmp(world->vms[i].source, source) == 0) {
            MskMigration *migration = g_new0(MskMigration, 1);

            migration->instance_uuid = uuid_of(i);
            migration->source_host = g_strdup(source);
            migration->state =
                world->vms[i].arrives_us > 0 ? MSK_MIGRATION_UNDER_WAY : MSK_MIGRATION_DONE;
            g_ptr_array_add(migrations, migration);
        }
    }
    return leave(world, call, error) ? g_steal_pointer(&migrations) : NULL;
}

static bool
cloud_evacuate(MskCompute *compute, MskComputeCall *call, const char *uuid, const char *target,
               GError **error)
{
    World *world = enter(compute, error);

    if (world == NULL) {
        return false;
    }
    Vm *vm = vm_of(world, uuid);

    world->harm =
        world->harm || vm->arrives_us > 0 || vm->elsewhere || world->beats || !world->forced_down;
    vm->arrives_us =
        g_get_monotonic_time() + (world->evacuate_us > 0 ? world->evacuate_us : EVACUATE_US);
    g_strlcpy(vm->target, target != NULL ? target : "h2", sizeof vm->target);
    vm->n_orders++;
    world->n_orders++;
    return leave(world, call, error);
}

static bool
cloud_set_locked(MskCompute *compute, MskComputeCall *call, const char *uuid, bool locked,
                 GError **error)
{
    World *world = enter(compute, error);

    if (world == NULL) {
        return false;
    }
    vm_of(world, uuid)->locked = locked;
    return leave(world, call, error);
}

static bool
cloud_reset(MskCompute *compute, MskComputeCall *call, const char *uuid, MskVmState vm_state,
            GError **error)
{
    World *world = enter(compute, error);

    if (world == NULL) {
        return false;
    }
    vm_of(world, uuid)->vm_state = vm_state;
    return leave(world, call, error);
}

static void
free_aggregate(void *data)
{
    msk_aggregate_free(data);
}

/* One, with the failed host in it. */
static GPtrArray *
cloud_aggregates(MskCompute *compute, MskComputeCall *call, GError **error)
{
    World *world = enter(compute, error);
    g_autoptr(GPtrArray) aggregates = g_ptr_array_new_with_free_func(free_aggregate);
    MskAggregate *aggregate = NULL;

    if (world == NULL) {
        return NULL;
    }
    aggregate = g_new0(MskAggregate, 1);
    aggregate->id = 1;
    aggregate->name = g_strdup("a1");
    aggregate->hosts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(aggregate->hosts, g_strdup("h1"));
    g_ptr_array_add(aggregates, aggregate);
    return leave(world, call, error) ? g_steal_pointer(&aggregates) : NULL;
}

static bool
cloud_set_aggregate_host(MskCompute *compute, MskComputeCall *call, int64_t id, const char *host,
                         bool member, GError **error)
{
    World *world = enter(compute, error);

    g_assert_cmpint(id, ==, 1);
    g_assert_true(member);
    if (world == NULL) {
        return false;
    }
    g_strlcpy(world->joined, host, sizeof world->joined);
    return leave(world, call, error);
}

static void
cloud_free(MskCompute *compute)
{
    g_free(compute);
}

static const MskComputeDriver driver = {
    .name = "test",
    .find_host = cloud_find_host,
    .get_server = cloud_get,
    .stop_server = cloud_stop,
    .start_server = cloud_start,
    .free = cloud_free,
    .is_cloud = true,
    .get_service = cloud_get_service,
    .set_service = cloud_set_service,
    .list_servers = cloud_list,
    .list_changed_servers = cloud_list_changed,
    .list_migrations = cloud_migrations,
    .evacuate = cloud_evacuate,
    .set_locked = cloud_set_locked,
    .reset_state = cloud_reset,
    .list_aggregates = cloud_aggregates,
    .set_aggregate_host = cloud_set_aggregate_host,
};

MskCompute *
fixture_cloud(const Fixture *self)
{
    Cloud *cloud = g_new0(Cloud, 1);

    cloud->head.driver = &driver;
    cloud->world = self->world;
    return &cloud->head;
}

/* ---- the fixture ------------------------------------------------------------------------- */

MskStore *
fixture_store(const Fixture *self)
{
    return test_place_open(self->file, 2000, NULL);
}

MskConfig *
fixture_config(const char *extra)
{
    g_autofree char *text = g_strconcat("DEFAULT.process_unfinished_notifications_interval=1\n"
                                        "instance_failure.process_all_instances=true\n"
                                        "host_failure.auto_return_after=0\n"
                                        "host_failure.storm_segment_percent=0\n"
                                        "host_failure.storm_percent=0",
                                        extra != NULL ? "\n" : "", extra, NULL);
    g_auto(GStrv) overrides = g_strsplit(text, "\n", -1);
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_engine_add_options(schema);
    MskConfig *config = msk_config_load(
        schema, &(MskConfigSources){.overrides = (const char *const *) overrides}, &error);

    g_assert_no_error(error);
    return config;
}

MskEngine *
fixture_engine_with(const Fixture *self, const char *extra, TestFaults *faults)
{
    MskEnginePlaces places = {.host = "c1", .state_path = self->dir, .bus_dir = self->bus};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfig) config = fixture_config(extra);
    MskStore *store = test_place_open(self->file, 2000, faults);
    MskEngine *engine = msk_engine_new(&places, config, store, fixture_cloud(self), &error);

    g_assert_no_error(error);
    return engine;
}

MskEngine *
fixture_engine(const Fixture *self, const char *extra)
{
    return fixture_engine_with(self, extra, NULL);
}

void
fixture_reload(MskEngine *engine, const char *extra)
{
    g_autoptr(MskConfig) config = fixture_config(extra);

    msk_engine_reload(engine, config);
}

/* Returns: (transfer full) the uuid of the segment. */
static char *
set_up(Fixture *self, const char *method, unsigned n_vms)
{
    pthread_mutexattr_t attributes;

    self->dir = g_dir_make_tmp("msk-hosts-XXXXXX", NULL);
    self->file = g_build_filename(self->dir, "test.sqlite", NULL);
    self->bus = g_build_filename(self->dir, "bus", NULL);
    self->world =
        mmap(NULL, sizeof(World), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(self->world != MAP_FAILED);
    g_assert_cmpint(pthread_mutexattr_init(&attributes), ==, 0);
    g_assert_cmpint(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), ==, 0);
    g_assert_cmpint(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), ==, 0);
    g_assert_cmpint(pthread_mutex_init(&self->world->lock, &attributes), ==, 0);
    g_assert_cmpuint(n_vms, <=, MAX_VMS);
    self->n_hosts = 1;
    self->world->n_vms = n_vms;
    for (unsigned i = 0; i < n_vms; i++) {
        g_strlcpy(self->world->vms[i].source, "h1", sizeof self->world->vms[i].source);
    }
    g_autoptr(MskStore) store = fixture_store(self);
    char *segment_uuid = test_place_segment(store, method);

    test_place_host(store, segment_uuid, "h1", false);
    test_place_host(store, segment_uuid, "h2", false);
    test_place_host(store, segment_uuid, "r1", true);
    test_place_host(store, segment_uuid, "r2", true);
    return segment_uuid;
}

void
fixture_set_up(Fixture *self, const char *method, unsigned n_vms)
{
    g_autofree char *segment_uuid = set_up(self, method, n_vms);
}

void
fixture_set_up_many(Fixture *self, unsigned n_hosts, unsigned n_vms)
{
    g_autofree char *segment_uuid = set_up(self, "auto", n_vms);
    g_autoptr(MskStore) store = fixture_store(self);

    g_assert_cmpuint(n_vms % n_hosts, ==, 0);
    self->n_hosts = n_hosts;
    for (unsigned i = 1; i <= n_hosts; i++) {
        g_autofree char *name = g_strdup_printf("f%u", i);

        test_place_host(store, segment_uuid, name, false);
    }
    for (unsigned i = 0; i < n_vms; i++) {
        Vm *vm = &self->world->vms[i];

        (void) g_snprintf(vm->source, sizeof vm->source, "f%u", i % n_hosts + 1); /* it fits */
    }
}

void
fixture_tear_down(Fixture *self)
{
    test_place_remove(self->dir);
    g_assert_cmpint(munmap(self->world, sizeof(World)), ==, 0);
    g_free(self->bus);
    g_free(self->file);
    g_free(self->dir);
}

char *
fixture_report_as(const Fixture *self, const char *host, const char *type, const char *payload)
{
    g_autoptr(MskStore) store = fixture_store(self);

    return test_place_report(store, host, type, payload, g_get_real_time());
}

char *
fixture_report_host(const Fixture *self, const char *host)
{
    return fixture_report_as(self, host, "COMPUTE_HOST",
                             "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\", "
                             "\"cluster_status\": \"OFFLINE\"}");
}

char *
fixture_report(const Fixture *self)
{
    return fixture_report_host(self, "h1");
}

typedef struct {
    MskStore *store;
    const char *uuid;
    MskNotificationStatus status;
} Awaited;

static bool
has_status(void *data)
{
    const Awaited *awaited = data;

    return test_place_status(awaited->store, awaited->uuid, NULL) == awaited->status;
}

void
fixture_work_until(MskStore *store, const char *uuid, MskNotificationStatus status)
{
    Awaited awaited = {store, uuid, status};

    test_place_until(has_status, &awaited);
}

void
fixture_check_moved(const Fixture *self, MskStore *store, const char *uuid, const char *target)
{
    g_autoptr(GPtrArray) moves = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_false(self->world->harm);
    for (unsigned i = 0; i < self->world->n_vms; i++) {
        const Vm *vm = &self->world->vms[i];

        g_assert_true(vm->elsewhere);
        g_assert_cmpstr(vm->target, ==, target);
        g_assert_cmpuint(vm->n_evacuations, ==, 1);
        g_assert_cmpuint(vm->n_orders, ==, 1);
        g_assert_false(vm->locked);
    }
    g_assert_cmpint(msk_store_moves_list(store, uuid, &moves, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(moves->len, ==, self->world->n_vms / self->n_hosts);
    for (unsigned i = 0; i < moves->len; i++) {
        const MskStoredMove *move = g_ptr_array_index(moves, i);

        g_assert_cmpstr(move->vmove->status, ==, "succeeded");
        g_assert_cmpstr(move->vmove->dest_host, ==, target);
        g_assert_cmpint(move->vmove->start_time_us, >, 0);
        g_assert_cmpint(move->vmove->end_time_us, >, 0);
    }
}

/* ---- the parts of an engine -------------------------------------------------------------- */

void
parts_set_up(Parts *self, const char *method, unsigned n_vms)
{
    fixture_set_up(&self->place, method, n_vms);
    self->store = fixture_store(&self->place);
}

static void
write_file(const Parts *self, const char *name, const char *text, int mode)
{
    g_autofree char *path = g_build_filename(self->place.dir, name, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, &error));
}

void
parts_write(const Parts *self)
{
    write_file(self, "page", "#!/bin/sh\ncd ${0%/*} && cat >paged\n", 0700);
    write_file(self, "fence_test",
               "#!/bin/sh\ncd ${0%/*}\ngrep -q action=off && { touch off; exit 0; }; "
               "test -e off && exit 2\n",
               0700);
    write_file(self, "devices", "[h1]\nagent = fence_test\n", 0600);
}

void
parts_start(Parts *self, const char *extra)
{
    g_autoptr(GString) options = g_string_new(extra);
    g_autoptr(GError) error = NULL;

    (void) g_string_replace(options, "@DIR@", self->place.dir, 0); /* any number of times */
    self->queue = msk_store_queue_new(test_place_open(self->place.file, 2000, &self->faults));
    g_atomic_int_set(&self->faults.n_begun, 0); /* opening it does not count */
    self->pool = msk_call_pool_new(fixture_cloud(&self->place), 1);
    self->config = fixture_config(options->len > 0 ? options->str : NULL);
    g_assert_true(msk_engine_settings_load(self->config, &self->settings, &error));
}

void
parts_stop(Parts *self)
{
    msk_store_queue_free(self->queue);
    msk_call_pool_free(self->pool, 60000);
}

void
parts_clear(Parts *self)
{
    msk_engine_settings_clear(&self->settings);
    msk_config_unref(self->config);
    msk_store_free(self->store);
    fixture_tear_down(&self->place);
}

bool
parts_may_act(void *self, int64_t *ret_until_us)
{
    Parts *parts = self;

    parts->n_asked++;
    *ret_until_us = parts->n_asked == parts->over_at ? 1 : msk_engine_now_us() + LEASE_US;
    return parts->n_asked != parts->short_at;
}

unsigned
parts_count_calls(const Parts *self)
{
    world_lock(self->place.world);
    unsigned n_calls = self->place.world->n_calls;

    world_leave(self->place.world);
    return n_calls;
}

unsigned
parts_count_transactions(Parts *self)
{
    return (unsigned) g_atomic_int_get(&self->faults.n_begun);
}
