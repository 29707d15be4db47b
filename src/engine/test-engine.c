/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"
#include "engine/test_clock.h"
#include "engine/test_place.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "io/wakeup.h"

/*
 * The engine with a real database and a cloud of one VM, which is told how to answer. Whole
 * recoveries with real virtual machines are in tests/functional.
 */

#define VM "c5463cf8-a348-4ad5-bfd0-e29f90929277"

/* Used by the engine's threads and by the test: covered by the lock. */
typedef struct {
    MskCompute head;
    pthread_mutex_t *lock;
    MskVmState vm_state;
    MskStopReason stop_reason;
    bool away;
    bool unknown;
    bool slow;       /* calls take 50 ms */
    unsigned n_seen; /* it has said how the VM is */
    unsigned n_starts;
    unsigned n_stops;
} Cloud;

typedef struct {
    char *dir;
    char *file;
    char *bus;
    MskConfig *config;
    MskStore *store;   /* the test's own connection */
    TestFaults faults; /* of the engine's store */
    pthread_mutex_t lock;
    Cloud *cloud; /* owned by the engine */
    MskEngine *engine;
    bool drained;
} Fixture;

/* ---- the cloud --------------------------------------------------------------------------- */

static bool
enter(Cloud *self, GError **error)
{
    g_assert(pthread_mutex_lock(self->lock) == 0);
    bool slow = self->slow;
    bool away = self->away;
    bool unknown = self->unknown;

    if (slow) {
        g_assert(pthread_mutex_unlock(self->lock) == 0);
        g_usleep(50000);
        g_assert(pthread_mutex_lock(self->lock) == 0);
    }
    if (away || unknown) {
        g_assert(pthread_mutex_unlock(self->lock) == 0);
        g_set_error(error, MSK_ERROR, away ? MSK_ERROR_UNAVAILABLE : MSK_ERROR_NOT_FOUND,
                    "the cloud is %s", away ? "away" : "clueless");
        return false;
    }
    return true;
}

static void
exit_cloud(Cloud *self)
{
    g_assert(pthread_mutex_unlock(self->lock) == 0);
}

static bool
cloud_find_host(MskCompute *compute, MskComputeCall *call, const char *host, GError **error)
{
    (void) call;
    (void) compute;
    (void) host;
    (void) error;
    return true;
}

static MskServer *
cloud_get(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) call;
    Cloud *self = (Cloud *) compute;
    MskServer *server = NULL;

    g_assert_cmpstr(ref->uuid, ==, VM);
    g_assert_cmpstr(ref->host, ==, "h1");
    if (!enter(self, error)) {
        return NULL;
    }
    server = msk_server_new(ref->uuid);
    server->vm_state = self->vm_state;
    server->stop_reason = self->stop_reason;
    self->n_seen++;
    g_hash_table_insert(server->metadata, g_strdup("HA_Enabled"), g_strdup("True"));
    exit_cloud(self);
    return server;
}

static bool
cloud_turn(MskCompute *compute, MskVmState from, MskVmState to, unsigned *count, GError **error)
{
    Cloud *self = (Cloud *) compute;
    bool done = false;

    if (!enter(self, error)) {
        return false;
    }
    done = from == MSK_VM_STOPPED ? self->vm_state == from : self->vm_state != MSK_VM_STOPPED;
    if (done) {
        self->vm_state = to;
        self->stop_reason = MSK_STOP_ORDERED;
        *count += 1;
    } else {
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT, "it is not in that state");
    }
    exit_cloud(self);
    return done;
}

static bool
cloud_stop(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) call;
    (void) ref;
    return cloud_turn(compute, MSK_VM_ACTIVE, MSK_VM_STOPPED, &((Cloud *) compute)->n_stops, error);
}

static bool
cloud_start(MskCompute *compute, MskComputeCall *call, const MskServerRef *ref, GError **error)
{
    (void) call;
    (void) ref;
    return cloud_turn(compute, MSK_VM_STOPPED, MSK_VM_ACTIVE, &((Cloud *) compute)->n_starts,
                      error);
}

static void
cloud_free(MskCompute *compute)
{
    g_free(compute);
}

static const MskComputeDriver driver = {
    .name = "test",
    .live_truth = true,
    .find_host = cloud_find_host,
    .get_server = cloud_get,
    .stop_server = cloud_stop,
    .start_server = cloud_start,
    .free = cloud_free,
};

/* ---- the fixture ------------------------------------------------------------------------- */

static void
make_host(Fixture *self)
{
    g_autofree char *segment_uuid = test_place_segment(self->store, "auto");

    test_place_host(self->store, segment_uuid, "h1", false);
}

/* @gives_up: when the cloud stays away, and for good. */
static MskConfig *
load_config(bool gives_up)
{
    const char *overrides[] = {gives_up ? "DEFAULT.process_unfinished_notifications_interval=600"
                                        : "DEFAULT.process_unfinished_notifications_interval=1",
                               "DEFAULT.check_expired_notifications_interval=1",
                               gives_up ? "DEFAULT.wait_period_after_power_off=1"
                                        : "DEFAULT.wait_period_after_power_off=60",
                               "DEFAULT.wait_period_after_power_on=2", NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GError) error = NULL;

    msk_engine_add_options(schema);
    MskConfig *config =
        msk_config_load(schema, &(MskConfigSources){.overrides = overrides}, &error);

    g_assert_no_error(error);
    return config;
}

static MskStore *
open_store(Fixture *self)
{
    return test_place_open(self->file, 200, &self->faults);
}

static void
start_engine(Fixture *self)
{
    MskEnginePlaces places = {.host = "h1", .state_path = self->dir, .bus_dir = self->bus};
    g_autoptr(GError) error = NULL;

    self->cloud = g_new0(Cloud, 1);
    self->cloud->head.driver = &driver;
    self->cloud->lock = &self->lock;
    self->cloud->vm_state = MSK_VM_STOPPED;
    self->cloud->stop_reason = MSK_STOP_FAILURE;
    self->engine =
        msk_engine_new(&places, self->config, open_store(self), &self->cloud->head, &error);
    g_assert_no_error(error);
}

static const bool gives_up = true;

static void
set_up(Fixture *self, const void *data)
{
    self->dir = g_dir_make_tmp("msk-engine-XXXXXX", NULL);
    self->file = g_build_filename(self->dir, "test.sqlite", NULL);
    self->bus = g_build_filename(self->dir, "bus", NULL);
    self->config = load_config(data == &gives_up);
    self->store = test_place_open(self->file, 200, NULL);
    g_assert(pthread_mutex_init(&self->lock, NULL) == 0);
    make_host(self);
    start_engine(self);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_engine_free(self->engine);
    msk_store_free(self->store);
    msk_config_unref(self->config);
    test_place_remove(self->dir);
    g_assert(pthread_mutex_destroy(&self->lock) == 0);
    g_free(self->bus);
    g_free(self->file);
    g_free(self->dir);
}

static char *
report_of(Fixture *self, const char *event, const char *detail, int64_t age_s)
{
    g_autofree char *payload = g_strdup_printf(
        "{\"event\": \"%s\", \"vir_domain_event\": \"%s\", \"instance_uuid\": \"" VM "\"}", event,
        detail);
    char *uuid = test_place_report(self->store, "h1", "VM", payload,
                                   g_get_real_time() - age_s * G_USEC_PER_SEC);
    g_autoptr(MskWakeupSender) wakeups = msk_wakeup_sender_new(self->bus);

    (void) msk_wakeup_send(wakeups); /* the poll would do as well */
    return uuid;
}

static char *
report(Fixture *self, const char *event, const char *detail)
{
    return report_of(self, event, detail, 0);
}

static MskNotificationStatus
status_of(Fixture *self, const char *uuid)
{
    return test_place_status(self->store, uuid, NULL);
}

/* What a test waits for. */
typedef struct {
    Fixture *fixture;
    const char *uuid;
    MskNotificationStatus status;
    int n_begun; /* transactions */
    int n_failed;
} Awaited;

static bool
has_status(void *data)
{
    const Awaited *awaited = data;

    return status_of(awaited->fixture, awaited->uuid) == awaited->status;
}

/* Lets the engine work until the notification has the status. */
static void
work_until(Fixture *self, const char *uuid, MskNotificationStatus status)
{
    Awaited awaited = {.fixture = self, .uuid = uuid, .status = status};

    test_place_until(has_status, &awaited);
}

static void
on_drained(void *data)
{
    Fixture *self = data;

    self->drained = true;
}

static bool
is_drained(void *data)
{
    const Fixture *self = data;

    return self->drained;
}

static void
drain(Fixture *self)
{
    msk_engine_drain(self->engine, on_drained, self);
    test_place_until(is_drained, self);
    g_clear_pointer(&self->engine, msk_engine_free);
    self->drained = false;
}

static void
set_cloud(Fixture *self, MskVmState vm_state, MskStopReason stop_reason, bool away)
{
    g_assert(pthread_mutex_lock(&self->lock) == 0);
    self->cloud->vm_state = vm_state;
    self->cloud->stop_reason = stop_reason;
    self->cloud->away = away;
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
}

static void
assert_counts(Fixture *self, unsigned n_stops, unsigned n_starts)
{
    g_assert(pthread_mutex_lock(&self->lock) == 0);
    unsigned stops = self->cloud->n_stops;
    unsigned starts = self->cloud->n_starts;

    g_assert(pthread_mutex_unlock(&self->lock) == 0);
    g_assert_cmpuint(stops, ==, n_stops);
    g_assert_cmpuint(starts, ==, n_starts);
}

/* ---- the tests --------------------------------------------------------------------------- */

static void
test_recovers(Fixture *self, const void *data)
{
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;

    (void) data;
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, 1);
    g_assert_cmpint(msk_store_progress_list(self->store, uuid, &flows, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(flows->len, ==, 1);
    const MskFlowProgress *flow = g_ptr_array_index(flows, 0);

    g_assert_cmpstr(flow->name, ==, "instance_recovery_engine");
    g_assert_cmpint(flow->state, ==, MSK_PROGRESS_SUCCESS);
    g_assert_cmpuint(flow->tasks->len, ==, 3);
    for (unsigned i = 0; i < 3; i++) {
        const MskTaskProgress *task = g_ptr_array_index(flow->tasks, i);

        g_assert_cmpint(task->state, ==, MSK_PROGRESS_SUCCESS);
        g_assert_cmpuint(task->details->len, ==, i == 0 ? 1 : 2);
    }
}

static void
test_ignores_what_asks_for_nothing(Fixture *self, const void *data)
{
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_SHUTDOWN");

    (void) data;
    work_until(self, uuid, MSK_NOTIFICATION_IGNORED);
    assert_counts(self, 0, 0);
}

static void
test_waits_for_the_cloud(Fixture *self, const void *data)
{
    (void) data;
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, true);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_RUNNING);
    test_place_for(300);
    g_assert_cmpint(status_of(self, uuid), ==, MSK_NOTIFICATION_RUNNING);
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, false);
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, 1);
}

static void
test_fails_after_one_more_try(Fixture *self, const void *data)
{
    g_autofree char *message = NULL;

    (void) data;
    g_assert(pthread_mutex_lock(&self->lock) == 0);
    self->cloud->unknown = true;
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_ERROR);
    work_until(self, uuid, MSK_NOTIFICATION_FAILED);
    g_assert_cmpint(test_place_status(self->store, uuid, &message), ==, MSK_NOTIFICATION_FAILED);
    g_assert_nonnull(strstr(message, VM));
    g_assert_nonnull(strstr(message, "clueless"));
}

static void
test_one_recovery_of_a_vm_at_a_time(Fixture *self, const void *data)
{
    (void) data;
    g_assert(pthread_mutex_lock(&self->lock) == 0);
    self->cloud->vm_state = MSK_VM_ACTIVE;
    self->cloud->slow = true;
    g_assert(pthread_mutex_unlock(&self->lock) == 0);
    g_autofree char *first = report(self, "IO_ERROR", "IO_ERROR_REPORT");
    g_autofree char *second = report(self, "QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED");

    work_until(self, first, MSK_NOTIFICATION_FINISHED);
    work_until(self, second, MSK_NOTIFICATION_FINISHED);
    /* The second one tells of the life before the restart. */
    assert_counts(self, 1, 1);
}

static void
test_hands_back_and_goes_on(Fixture *self, const void *data)
{
    (void) data;
    set_cloud(self, MSK_VM_ACTIVE, MSK_STOP_UNKNOWN, true);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_RUNNING);
    test_place_for(200);
    drain(self);
    g_assert_cmpint(status_of(self, uuid), ==, MSK_NOTIFICATION_RUNNING);
    start_engine(self);
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, 1);
}

static void
test_an_idle_engine_drains_at_once(Fixture *self, const void *data)
{
    (void) data;
    test_place_for(50);
    drain(self);
}

/* Waits for the engine's row. Returns: (element-type MskEngineRecord) one of it. */
static GPtrArray *
wait_for_engine(const Fixture *self)
{
    g_autoptr(GPtrArray) engines = NULL;

    while (engines == NULL || engines->len == 0) {
        g_autoptr(GError) error = NULL;

        test_place_for(10);
        g_clear_pointer(&engines, g_ptr_array_unref);
        g_assert_cmpint(msk_store_engine_list(self->store, &engines, &error), ==, MSK_STORE_DONE);
    }
    g_assert_cmpuint(engines->len, ==, 1);
    return g_steal_pointer(&engines);
}

static void
test_begins_again_when_taken_for_dead(Fixture *self, const void *data)
{
    g_autoptr(GPtrArray) engines = wait_for_engine(self);
    g_autoptr(GError) error = NULL;

    (void) data;
    const MskEngineRecord *engine = g_ptr_array_index(engines, 0);

    g_assert_cmpint(msk_store_engine_unregister(self->store, engine->uuid, &error), ==,
                    MSK_STORE_DONE);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, 1);
}

/* Another engine gets all that the present one has. */
static void
steal(Fixture *self)
{
    g_autoptr(GPtrArray) engines = NULL;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GError) error = NULL;
    const char *dead[] = {NULL, NULL};

    g_assert_cmpint(msk_store_engine_list(self->store, &engines, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(engines->len, ==, 1);
    dead[0] = ((const MskEngineRecord *) g_ptr_array_index(engines, 0))->uuid;
    g_assert_cmpint(msk_store_engine_register(self->store, "thief", "h2", 60000, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpint(
        msk_store_claim_take_over(self->store, "thief", dead, NULL, 10, &claims, &error), ==,
        MSK_STORE_DONE);
    g_assert_cmpuint(claims->len, ==, 1);
}

/* An engine that does not know yet that it was taken for dead gives no order. */
static void
test_gives_no_order_without_its_claim(Fixture *self, const void *data)
{
    (void) data;
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, true);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_RUNNING);
    test_place_for(100);
    steal(self);
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, false);
    test_place_for(700);
    assert_counts(self, 0, 0);
    g_assert_cmpint(status_of(self, uuid), ==, MSK_NOTIFICATION_RUNNING);
}

static void
test_the_old_expire(Fixture *self, const void *data)
{
    (void) data;
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, true);
    g_autofree char *uuid = report_of(self, "LIFECYCLE", "STOPPED_FAILED", INT64_C(172800));

    work_until(self, uuid, MSK_NOTIFICATION_FAILED);
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, false);
    test_place_for(700);
    assert_counts(self, 0, 0);
    g_assert_cmpint(status_of(self, uuid), ==, MSK_NOTIFICATION_FAILED);
}

static void
set_away(Fixture *self, bool away)
{
    g_atomic_int_set(&self->faults.away, away ? 1 : 0);
}

static bool
has_seen(void *data)
{
    Fixture *self = data;

    g_assert(pthread_mutex_lock(&self->lock) == 0);
    bool seen = self->cloud->n_seen > 0;

    g_assert(pthread_mutex_unlock(&self->lock) == 0);
    return seen;
}

static bool
has_failed_often(void *data)
{
    const Awaited *awaited = data;

    return g_atomic_int_get(&awaited->fixture->faults.n_failed) >= awaited->n_failed;
}

/* The database goes away just when the cloud comes back and says how the VM is, and what follows
 * from that could not be stored when this returns. Returns: the notification. */
static char *
report_without_database(Fixture *self, const char *event, MskVmState vm_state,
                        MskStopReason stop_reason)
{
    Awaited awaited = {.fixture = self};

    set_cloud(self, vm_state, stop_reason, true);
    char *uuid = report(self, event, "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_RUNNING);
    test_place_for(50);
    set_away(self, true);
    set_cloud(self, vm_state, stop_reason, false);
    test_place_until(has_seen, self);
    /* Some of them may be the engine's lease, its look for work, or what the run had to save. */
    awaited.n_failed = g_atomic_int_get(&self->faults.n_failed) + 6;
    test_place_until(has_failed_often, &awaited);
    return uuid;
}

static void
wait_for_database(Fixture *self, MskStopReason stop_reason, unsigned n_starts)
{
    g_autofree char *uuid = report_without_database(self, "LIFECYCLE", MSK_VM_STOPPED, stop_reason);

    assert_counts(self, 0, 0);
    g_assert_cmpint(status_of(self, uuid), ==, MSK_NOTIFICATION_RUNNING);
    set_away(self, false);
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, n_starts);
}

static void
test_waits_for_the_database_before_an_order(Fixture *self, const void *data)
{
    (void) data;
    wait_for_database(self, MSK_STOP_FAILURE, 1);
}

static void
test_waits_for_the_database_at_the_end(Fixture *self, const void *data)
{
    (void) data;
    wait_for_database(self, MSK_STOP_ORDERED, 0);
}

/* The cloud says that @first holds when the database goes away; then a person comes, and @then
 * holds by the time the order could be given. */
static void
check_order_on_an_old_look(Fixture *self, const char *event, MskVmState first, MskVmState then,
                           unsigned n_orders)
{
    g_autofree char *uuid = report_without_database(self, event, first, MSK_STOP_FAILURE);

    set_cloud(self, then, MSK_STOP_ORDERED, false);
    test_clock_forward(6);
    set_away(self, false);
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, n_orders, n_orders);
}

static void
test_no_start_on_an_old_look(Fixture *self, const void *data)
{
    (void) data;
    check_order_on_an_old_look(self, "LIFECYCLE", MSK_VM_STOPPED, MSK_VM_STOPPED, 0);
}

static void
test_no_stop_on_an_old_look(Fixture *self, const void *data)
{
    (void) data;
    check_order_on_an_old_look(self, "QEMU_GUEST_AGENT_ERROR", MSK_VM_ACTIVE, MSK_VM_STOPPED, 0);
}

/* What is wanted still is done once the database is back. */
static void
test_looks_again_and_gives_the_order(Fixture *self, const void *data)
{
    (void) data;
    check_order_on_an_old_look(self, "QEMU_GUEST_AGENT_ERROR", MSK_VM_ACTIVE, MSK_VM_ACTIVE, 1);
}

static bool
has_worked(void *data)
{
    const Awaited *awaited = data;

    return g_atomic_int_get(&awaited->fixture->faults.n_begun) >= awaited->n_begun;
}

/* It is gone without a word: not before its lease is over others have what it had. */
static void
test_freed_in_the_middle(Fixture *self, const void *data)
{
    (void) data;
    set_cloud(self, MSK_VM_STOPPED, MSK_STOP_FAILURE, true);
    g_autofree char *uuid = report(self, "LIFECYCLE", "STOPPED_FAILED");

    work_until(self, uuid, MSK_NOTIFICATION_RUNNING);
    test_place_for(100);
    g_clear_pointer(&self->engine, msk_engine_free);
    start_engine(self);
    for (unsigned i = 0; i < 2; i++) { /* a longer jump would be as if it had slept itself */
        Awaited awaited = {.fixture = self};

        awaited.n_begun = g_atomic_int_get(&self->faults.n_begun) + 8; /* a look or two */
        test_place_until(has_worked, &awaited);
        if (i == 0) {
            assert_counts(self, 0, 0);
        }
        test_clock_forward(7);
    }
    work_until(self, uuid, MSK_NOTIFICATION_FINISHED);
    assert_counts(self, 0, 1);
}

static void
test_no_place_to_be(Fixture *self, const void *data)
{
    MskEnginePlaces places = {.host = "h1", .state_path = "/proc/none", .bus_dir = self->bus};
    g_autoptr(GError) error = NULL;
    Cloud *cloud = g_new0(Cloud, 1);

    (void) data;
    cloud->head.driver = &driver;
    g_assert_null(msk_engine_new(&places, self->config, open_store(self), &cloud->head, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_DENIED);
}

static void
add(const char *path, void (*test)(Fixture *, const void *))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/engine/recovers", test_recovers);
    add("/engine/ignores_what_asks_for_nothing", test_ignores_what_asks_for_nothing);
    add("/engine/waits_for_the_cloud", test_waits_for_the_cloud);
    add("/engine/fails_after_one_more_try", test_fails_after_one_more_try);
    add("/engine/one_recovery_of_a_vm_at_a_time", test_one_recovery_of_a_vm_at_a_time);
    add("/engine/hands_back_and_goes_on", test_hands_back_and_goes_on);
    add("/engine/an_idle_engine_drains_at_once", test_an_idle_engine_drains_at_once);
    add("/engine/begins_again_when_taken_for_dead", test_begins_again_when_taken_for_dead);
    add("/engine/gives_no_order_without_its_claim", test_gives_no_order_without_its_claim);
    g_test_add("/engine/the_old_expire", Fixture, &gives_up, set_up, test_the_old_expire,
               tear_down);
    add("/engine/waits_for_the_database_before_an_order",
        test_waits_for_the_database_before_an_order);
    add("/engine/waits_for_the_database_at_the_end", test_waits_for_the_database_at_the_end);
    add("/engine/no_start_on_an_old_look", test_no_start_on_an_old_look);
    add("/engine/no_stop_on_an_old_look", test_no_stop_on_an_old_look);
    add("/engine/looks_again_and_gives_the_order", test_looks_again_and_gives_the_order);
    add("/engine/freed_in_the_middle", test_freed_in_the_middle);
    add("/engine/no_place_to_be", test_no_place_to_be);
    return g_test_run();
}
