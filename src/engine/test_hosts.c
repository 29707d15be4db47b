/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/test_hosts.h"
#include "engine/test_place.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define EVACUATE_US INT64_C(300000)
#define TIMEOUT_US  (INT64_C(120) * G_USEC_PER_SEC)

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

static World *
enter(MskCompute *compute)
{
    World *world = ((Cloud *) compute)->world;

    world_lock(world);
    world->n_calls++;
    for (unsigned i = 0; i < world->n_vms; i++) {
        Vm *vm = &world->vms[i];

        if (vm->arrives_us > 0 && vm->arrives_us <= g_get_monotonic_time()) {
            vm->arrives_us = 0;
            vm->elsewhere = !vm->no_host;
            vm->n_evacuations += vm->elsewhere ? 1 : 0;
            vm->vm_state = vm->elsewhere ? MSK_VM_ACTIVE : MSK_VM_ERROR;
        }
    }
    return world;
}

void
world_leave(World *world)
{
    g_assert_cmpint(pthread_mutex_unlock(&world->lock), ==, 0);
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

    server->name = g_strdup_printf("vm%u", index);
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
    World *world = enter(compute);
    MskServer *server = describe(world, (unsigned) (vm_of(world, ref->uuid) - world->vms));

    (void) call;
    (void) error;
    world_leave(world);
    return server;
}

static bool
cloud_turn(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) compute;
    (void) call;
    (void) ref;
    (void) error;
    return true;
}

static MskComputeService *
cloud_get_service(MskCompute *compute, MskComputeCall *call, const char *host, const char *binary,
                  GError **error)
{
    World *world = enter(compute);
    MskComputeService *service = g_new0(MskComputeService, 1);

    (void) call;
    (void) error;
    service->id = g_strdup("1");
    service->host = g_strdup(host);
    service->binary = g_strdup(binary);
    service->forced_down = world->forced_down;
    service->enabled = !world->disabled;
    service->disabled_reason = world->disabled ? g_strdup(world->reason) : NULL;
    service->up = !world->forced_down && world->beats;
    service->answered_us = g_get_real_time();
    service->updated_us = service->answered_us - (world->beats ? 3 : 60) * (int64_t) G_USEC_PER_SEC;
    world_leave(world);
    return service;
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
    World *world = enter(compute);

    (void) call;
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
    world_leave(world);
    return true;
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

static GPtrArray *
cloud_list(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    World *world = enter(compute);
    GPtrArray *servers = g_ptr_array_new_with_free_func(free_server);

    (void) call;
    (void) error;
    for (unsigned i = 0; i < world->n_vms; i++) {
        if (!world->vms[i].elsewhere && strcmp(world->vms[i].source, host) == 0) {
            g_ptr_array_add(servers, describe(world, i));
        }
    }
    world_leave(world);
    hold(world);
    return servers;
}

/* Those that were ordered to move; the engine has to find the others by other means. */
static GPtrArray *
cloud_list_changed(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    World *world = enter(compute);
    GPtrArray *servers = g_ptr_array_new_with_free_func(free_server);

    (void) call;
    g_assert_cmpint(since_us, >, 0);
    g_assert_cmpint(since_us, <=, g_get_real_time());
    for (unsigned i = 0; i < world->n_vms; i++) {
        if (world->vms[i].n_orders > 0) {
            g_ptr_array_add(servers, describe(world, i));
        }
    }
    world_leave(world);
    g_atomic_int_inc(&world->n_changed);
    hold(world);
    while (g_atomic_int_get(&world->hold_changed) != 0) {
        g_usleep(1000);
    }
    if (g_atomic_int_get(&world->n_refusals) > 0) {
        g_atomic_int_add(&world->n_refusals, -1);
        g_ptr_array_unref(servers);
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "out of order");
        return NULL;
    }
    return servers;
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
    World *world = enter(compute);
    GPtrArray *migrations = g_ptr_array_new_with_free_func(free_migration);

    (void) call;
    (void) since_us;
    (void) error;
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
    world_leave(world);
    return migrations;
}

static bool
cloud_evacuate(MskCompute *compute, MskComputeCall *call, const char *uuid, const char *target,
               GError **error)
{
    World *world = enter(compute);
    Vm *vm = vm_of(world, uuid);

    (void) call;
    (void) error;
    world->harm =
        world->harm || vm->arrives_us > 0 || vm->elsewhere || world->beats || !world->forced_down;
    vm->arrives_us = g_get_monotonic_time() + EVACUATE_US;
    g_strlcpy(vm->target, target != NULL ? target : "h2", sizeof vm->target);
    vm->n_orders++;
    world->n_orders++;
    world_leave(world);
    return true;
}

static bool
cloud_set_locked(MskCompute *compute, MskComputeCall *call, const char *uuid, bool locked,
                 GError **error)
{
    World *world = enter(compute);

    (void) call;
    (void) error;
    vm_of(world, uuid)->locked = locked;
    world_leave(world);
    return true;
}

static bool
cloud_reset(MskCompute *compute, MskComputeCall *call, const char *uuid, MskVmState vm_state,
            GError **error)
{
    World *world = enter(compute);

    (void) call;
    (void) error;
    vm_of(world, uuid)->vm_state = vm_state;
    world_leave(world);
    return true;
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
    .stop_server = cloud_turn,
    .start_server = cloud_turn,
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
};

/* ---- the fixture ------------------------------------------------------------------------- */

MskStore *
fixture_store(const Fixture *self)
{
    return test_place_open(self->file, 2000);
}

static MskConfig *
load_config(const char *extra)
{
    const char *overrides[] = {"DEFAULT.process_unfinished_notifications_interval=1",
                               "host_failure.auto_return_after=0",
                               "host_failure.storm_segment_percent=0",
                               "host_failure.storm_percent=0",
                               extra,
                               NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_engine_add_options(schema);
    MskConfig *config =
        msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);

    g_assert_no_error(error);
    return config;
}

MskEngine *
fixture_engine(const Fixture *self, const char *extra)
{
    MskEnginePlaces places = {.host = "c1", .state_path = self->dir, .bus_dir = self->bus};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfig) config = load_config(extra);
    Cloud *cloud = g_new0(Cloud, 1);

    cloud->head.driver = &driver;
    cloud->world = self->world;
    MskEngine *engine = msk_engine_new(&places, config, fixture_store(self), &cloud->head, &error);

    g_assert_no_error(error);
    return engine;
}

void
fixture_reload(MskEngine *engine, const char *extra)
{
    g_autoptr(MskConfig) config = load_config(extra);

    msk_engine_reload(engine, config);
}

static void
add_host(MskStore *store, const char *segment_uuid, const char *name, bool reserved)
{
    g_autoptr(MskHost) host = g_new0(MskHost, 1);
    g_autoptr(GError) error = NULL;

    host->name = g_strdup(name);
    host->type = g_strdup("KVM");
    host->control_attributes = g_strdup("none");
    host->failover_segment_id = g_strdup(segment_uuid);
    host->reserved = reserved;
    g_assert_cmpint(msk_store_host_create(store, host, &error), ==, MSK_STORE_DONE);
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
    g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);
    g_autoptr(GError) error = NULL;

    segment->name = g_strdup("s1");
    segment->service_type = g_strdup("COMPUTE");
    segment->recovery_method = g_strdup(method);
    segment->enabled = true;
    g_assert_cmpint(msk_store_segment_create(store, segment, &error), ==, MSK_STORE_DONE);
    add_host(store, segment->uuid, "h1", false);
    add_host(store, segment->uuid, "h2", false);
    add_host(store, segment->uuid, "r1", true);
    add_host(store, segment->uuid, "r2", true);
    return g_strdup(segment->uuid);
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

        add_host(store, segment_uuid, name, false);
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
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);
    g_autoptr(GError) error = NULL;

    notification->type = g_strdup(type);
    notification->payload = g_strdup(payload);
    notification->generated_time_us = g_get_real_time();
    g_assert_cmpint(msk_store_notification_create(store, host, 0, notification, &error), ==,
                    MSK_STORE_DONE);
    return g_strdup(notification->uuid);
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

void
fixture_work_until(MskStore *store, const char *uuid, MskNotificationStatus status)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;
    MskNotificationStatus now = MSK_NOTIFICATION_NEW;

    while (now != status) {
        g_autoptr(MskNotification) notification = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(2000);
        g_assert_cmpint(msk_store_notification_get(store, uuid, &notification, &error), ==,
                        MSK_STORE_DONE);
        now = notification->status;
    }
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
