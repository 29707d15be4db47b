/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"
#include "io/wakeup.h"

/*
 * Recoveries of hosts with a real database, engines that are killed, and a model cloud in memory
 * that all processes share. It wedges a VM that is evacuated twice, as Nova does.
 */

#define MAX_VMS     32
#define EVACUATE_US INT64_C(300000)
#define TIMEOUT_US  (INT64_C(120) * G_USEC_PER_SEC)

typedef struct {
    MskVmState vm_state;
    bool locked;
    bool no_host;
    char target[16];    /* where it is, or goes */
    int64_t arrives_us; /* 0: it is not on its way */
    bool elsewhere;
    unsigned n_evacuations;
    unsigned n_orders;
} Vm;

/* Shared by processes: covered by the lock. */
typedef struct {
    pthread_mutex_t lock;
    Vm vms[MAX_VMS];
    unsigned n_vms;
    unsigned n_orders;
    unsigned n_calls;
    bool forced_down;
    bool disabled;
    bool reserved_enabled;
    bool beats;
    bool harm;
} World;

typedef struct {
    MskCompute head;
    World *world;
} Cloud;

typedef struct {
    char *dir;
    char *file;
    char *bus;
    World *world;
} Fixture;

/* ---- the cloud --------------------------------------------------------------------------- */

static World *
enter(MskCompute *compute)
{
    World *world = ((Cloud *) compute)->world;
    int result = pthread_mutex_lock(&world->lock);

    if (result == EOWNERDEAD) {
        result = pthread_mutex_consistent(&world->lock);
    }
    g_assert_cmpint(result, ==, 0);
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

static void
leave(World *world)
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
    server->host = g_strdup(vm->elsewhere ? vm->target : "h1");
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
    leave(world);
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
    service->up = !world->forced_down;
    service->answered_us = g_get_real_time();
    service->updated_us = service->answered_us - (world->beats ? 3 : 30) * (int64_t) G_USEC_PER_SEC;
    leave(world);
    return service;
}

static bool
cloud_set_service(MskCompute *compute, MskComputeCall *call, const MskComputeService *service,
                  const MskServiceChange *change, GError **error)
{
    World *world = enter(compute);

    (void) call;
    (void) error;
    if (strcmp(service->host, "h1") == 0) {
        world->forced_down = change->forced_down == MSK_CHANGE_TO_TRUE;
        world->disabled = change->enabled == MSK_CHANGE_TO_FALSE;
    } else {
        world->reserved_enabled = change->enabled == MSK_CHANGE_TO_TRUE;
    }
    leave(world);
    return true;
}

static void
free_server(void *data)
{
    msk_server_free(data);
}

static GPtrArray *
cloud_list(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    World *world = enter(compute);
    GPtrArray *servers = g_ptr_array_new_with_free_func(free_server);

    (void) call;
    (void) error;
    g_assert_cmpstr(host, ==, "h1");
    for (unsigned i = 0; i < world->n_vms; i++) {
        if (!world->vms[i].elsewhere) {
            g_ptr_array_add(servers, describe(world, i));
        }
    }
    leave(world);
    return servers;
}

/* Those that were ordered to move; the engine has to find the others by other means. */
static GPtrArray *
cloud_list_changed(MskCompute *compute, MskComputeCall *call, int64_t since_us, GError **error)
{
    World *world = enter(compute);
    GPtrArray *servers = g_ptr_array_new_with_free_func(free_server);

    (void) call;
    (void) error;
    g_assert_cmpint(since_us, >, 0);
    g_assert_cmpint(since_us, <=, g_get_real_time());
    for (unsigned i = 0; i < world->n_vms; i++) {
        if (world->vms[i].n_orders > 0) {
            g_ptr_array_add(servers, describe(world, i));
        }
    }
    leave(world);
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
        if (world->vms[i].n_orders > 0) {
            MskMigration *migration = g_new0(MskMigration, 1);

            migration->instance_uuid = uuid_of(i);
            migration->source_host = g_strdup(source);
            migration->state =
                world->vms[i].arrives_us > 0 ? MSK_MIGRATION_UNDER_WAY : MSK_MIGRATION_DONE;
            g_ptr_array_add(migrations, migration);
        }
    }
    leave(world);
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
    leave(world);
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
    leave(world);
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
    leave(world);
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

static MskStore *
open_store(const Fixture *self)
{
    g_autofree char *url = g_strconcat("sqlite:///", self->file, NULL);
    MskStoreOptions options = {.connection = url, .max_connections = 1, .busy_timeout_ms = 2000};
    g_autoptr(GError) error = NULL;
    MskStore *store = NULL;

    g_assert_true(msk_store_sync(&options, NULL, &error));
    store = msk_store_open(&options, &error);
    g_assert_no_error(error);
    return store;
}

static MskConfig *
load_config(const char *extra)
{
    const char *overrides[] = {"DEFAULT.process_unfinished_notifications_interval=1", extra, NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_engine_add_options(schema);
    MskConfig *config =
        msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);

    g_assert_no_error(error);
    return config;
}

static MskEngine *
start_engine(const Fixture *self, const char *extra)
{
    MskEnginePlaces places = {.host = "c1", .state_path = self->dir, .bus_dir = self->bus};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfig) config = load_config(extra);
    Cloud *cloud = g_new0(Cloud, 1);

    cloud->head.driver = &driver;
    cloud->world = self->world;
    MskEngine *engine = msk_engine_new(&places, config, open_store(self), &cloud->head, &error);

    g_assert_no_error(error);
    return engine;
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

static void
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
    self->world->n_vms = n_vms;
    g_autoptr(MskStore) store = open_store(self);
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
}

static void
remove_below(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name = NULL;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *entry = g_build_filename(path, name, NULL);

        remove_below(entry);
    }
    g_clear_pointer(&entries, g_dir_close);
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void
tear_down(Fixture *self)
{
    remove_below(self->dir);
    g_assert_cmpint(munmap(self->world, sizeof(World)), ==, 0);
    g_free(self->bus);
    g_free(self->file);
    g_free(self->dir);
}

static char *
report_as(const Fixture *self, const char *host, const char *type, const char *payload)
{
    g_autoptr(MskStore) store = open_store(self);
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);
    g_autoptr(GError) error = NULL;

    notification->type = g_strdup(type);
    notification->payload = g_strdup(payload);
    notification->generated_time_us = g_get_real_time();
    g_assert_cmpint(msk_store_notification_create(store, host, 0, notification, &error), ==,
                    MSK_STORE_DONE);
    return g_strdup(notification->uuid);
}

static char *
report(const Fixture *self)
{
    return report_as(self, "h1", "COMPUTE_HOST",
                     "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\", "
                     "\"cluster_status\": \"OFFLINE\"}");
}

static void
work_until(MskStore *store, const char *uuid, MskNotificationStatus status)
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

/* Every VM was evacuated once, to @target, and is unlocked; so say the cloud and the database. */
static void
check_moved(const Fixture *self, MskStore *store, const char *uuid, const char *target)
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
    g_assert_cmpuint(moves->len, ==, self->world->n_vms);
    for (unsigned i = 0; i < moves->len; i++) {
        const MskStoredMove *move = g_ptr_array_index(moves, i);

        g_assert_cmpstr(move->vmove->status, ==, "succeeded");
        g_assert_cmpstr(move->vmove->dest_host, ==, target);
        g_assert_cmpint(move->vmove->start_time_us, >, 0);
        g_assert_cmpint(move->vmove->end_time_us, >, 0);
    }
}

static void
recover_all(const char *method, unsigned n_vms, const char *target)
{
    Fixture fixture = {0};

    set_up(&fixture, method, n_vms);
    g_autofree char *uuid = report(&fixture);
    g_autoptr(MskStore) store = open_store(&fixture);
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;
    MskEngine *engine = start_engine(&fixture, NULL);

    work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    check_moved(&fixture, store, uuid, target);
    g_assert_cmpint(msk_store_progress_list(store, uuid, &flows, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(flows->len, ==, 1);
    const MskFlowProgress *flow = g_ptr_array_index(flows, 0);

    g_assert_cmpstr(flow->name, ==, "instance_evacuate_engine");
    g_assert_cmpuint(flow->tasks->len, ==, 3);
    msk_engine_free(engine);
    tear_down(&fixture);
}

static void
test_auto(void)
{
    recover_all("auto", 1, "h2");
    recover_all("auto", 10, "h2");
}

static void
test_reserved_host(void)
{
    recover_all("reserved_host", 2, "r2");
}

static void
test_rh_priority(void)
{
    recover_all("rh_priority", 3, "r2");
}

static unsigned
count_orders(World *world, unsigned vm)
{
    g_assert_cmpint(pthread_mutex_lock(&world->lock), ==, 0);
    unsigned n = world->vms[vm].n_orders;

    leave(world);
    return n;
}

static void
open_hosts(World *world, unsigned vm)
{
    g_assert_cmpint(pthread_mutex_lock(&world->lock), ==, 0);
    world->vms[vm].no_host = false;
    leave(world);
}

static void
test_auto_priority_with_no_valid_host(void)
{
    Fixture fixture = {0};

    set_up(&fixture, "auto_priority", 2);
    fixture.world->vms[0].no_host = true;
    g_autofree char *uuid = report(&fixture);
    g_autoptr(MskStore) store = open_store(&fixture);
    g_autoptr(GPtrArray) moves = NULL;
    g_autoptr(GError) error = NULL;
    MskEngine *engine = start_engine(&fixture, NULL);

    while (count_orders(fixture.world, 0) < 2) { /* the cloud has room again by the second way */
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
    open_hosts(fixture.world, 0);
    work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_false(fixture.world->harm);
    g_assert_cmpint(msk_store_moves_list(store, uuid, &moves, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(moves->len, ==, 3);
    g_assert_cmpint(fixture.world->vms[0].vm_state, ==, MSK_VM_ACTIVE);
    g_assert_cmpstr(fixture.world->vms[0].target, ==, "r2");
    msk_engine_free(engine);
    tear_down(&fixture);
}

static void
test_a_living_host_is_left_alone(void)
{
    Fixture fixture = {0};

    set_up(&fixture, "auto", 2);
    fixture.world->beats = true;
    g_autofree char *uuid = report(&fixture);
    g_autoptr(MskStore) store = open_store(&fixture);
    MskEngine *engine = start_engine(&fixture, "host_failure.hold_timeout=1");

    work_until(store, uuid, MSK_NOTIFICATION_FAILED);
    g_assert_cmpuint(fixture.world->n_orders, ==, 0);
    g_assert_false(fixture.world->forced_down);
    msk_engine_free(engine);
    tear_down(&fixture);
}

static void
report_process(const Fixture *self, MskStore *store, const char *host, const char *name)
{
    g_autofree char *payload =
        g_strdup_printf("{\"event\": \"STOPPED\", \"process_name\": \"%s\"}", name);
    g_autofree char *uuid = report_as(self, host, "PROCESS", payload);

    work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
}

static void
test_process(void)
{
    Fixture fixture = {0};

    set_up(&fixture, "auto", 1);
    g_autoptr(MskStore) store = open_store(&fixture);
    MskEngine *engine = start_engine(&fixture, NULL);

    report_process(&fixture, store, "h2", "libvirtd");
    g_assert_false(fixture.world->disabled);
    report_process(&fixture, store, "h1", "nova-compute");
    g_assert_true(fixture.world->disabled);
    g_assert_false(fixture.world->forced_down); /* its VMs run on */
    g_assert_cmpuint(fixture.world->n_orders, ==, 0);
    msk_engine_free(engine);
    tear_down(&fixture);
}

static bool
has_note(MskStore *store, const char *uuid, const char *words)
{
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;
    bool found = false;

    g_assert_cmpint(msk_store_progress_list(store, uuid, &flows, &error), ==, MSK_STORE_DONE);
    for (unsigned i = 0; i < flows->len; i++) {
        const MskFlowProgress *flow = g_ptr_array_index(flows, i);
        const MskTaskProgress *task = g_ptr_array_index(flow->tasks, 0);

        for (unsigned j = 0; j < task->details->len; j++) {
            const MskProgressDetail *detail = g_ptr_array_index(task->details, j);

            found = found || strstr(detail->message, words) != NULL;
        }
    }
    return found;
}

/* Held for as long as it is disarmed, for all to see; then it goes on by itself. */
static void
test_disarmed(void)
{
    Fixture fixture = {0};

    set_up(&fixture, "auto", 2);
    g_autofree char *uuid = report(&fixture);
    g_autoptr(MskStore) store = open_store(&fixture);
    MskEngine *engine = start_engine(&fixture, "host_failure.armed=false");

    while (!has_note(store, uuid, "gate 'armed'")) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(2000);
    }
    work_until(store, uuid, MSK_NOTIFICATION_RUNNING);
    g_assert_false(fixture.world->forced_down);
    msk_engine_free(engine);
    engine = start_engine(&fixture, NULL);
    work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    check_moved(&fixture, store, uuid, "h2");
    msk_engine_free(engine);
    tear_down(&fixture);
}

static void
run_engine_until_killed(const Fixture *fixture)
{
    g_random_set_seed((uint32_t) getpid()); /* not the uuids of the parent */
    (void) start_engine(fixture, NULL);
    for (;;) {
        g_main_context_iteration(NULL, TRUE);
    }
}

/* kill -9 at the moment of the n-th order; another engine goes on. */
static void
kill_at(unsigned n_orders)
{
    Fixture fixture = {0};

    set_up(&fixture, "auto", 8);
    g_autofree char *uuid = report(&fixture);
    pid_t child = fork();

    if (child == 0) {
        run_engine_until_killed(&fixture);
    }
    g_assert_cmpint(child, >, 0);
    while (*(volatile unsigned *) &fixture.world->n_orders < n_orders) {
        g_usleep(500);
    }
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    g_autoptr(MskStore) store = open_store(&fixture);
    MskEngine *engine = start_engine(&fixture, NULL);

    work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    check_moved(&fixture, store, uuid, "h2");
    msk_engine_free(engine);
    tear_down(&fixture);
}

static void
test_kill(void)
{
    static const unsigned moments[] = {1, 2, 5, 8};

    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        if (g_test_subprocess()) {
            kill_at(moments[i]);
        }
    }
    if (!g_test_subprocess()) {
        /* A process of its own: no thread of another test is there when it forks. */
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_run/kill", test_kill);
    g_test_add_func("/host_run/auto", test_auto);
    g_test_add_func("/host_run/reserved_host", test_reserved_host);
    g_test_add_func("/host_run/rh_priority", test_rh_priority);
    g_test_add_func("/host_run/auto_priority", test_auto_priority_with_no_valid_host);
    g_test_add_func("/host_run/disarmed", test_disarmed);
    g_test_add_func("/host_run/process", test_process);
    g_test_add_func("/host_run/living", test_a_living_host_is_left_alone);
    return g_test_run();
}
