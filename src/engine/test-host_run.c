/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/test_clock.h"
#include "engine/test_hosts.h"

/* Recoveries of hosts and of their services, with engines that are killed: see test_hosts.h. */

static void
recover_all(const char *method, unsigned n_vms, const char *target)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, method, n_vms);
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    g_autoptr(GPtrArray) flows = NULL;
    g_autoptr(GError) error = NULL;
    MskEngine *engine = fixture_engine(&fixture, NULL);

    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    fixture_check_moved(&fixture, store, uuid, target);
    g_assert_cmpint(msk_store_progress_list(store, uuid, &flows, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(flows->len, ==, 1);
    const MskFlowProgress *flow = g_ptr_array_index(flows, 0);

    g_assert_cmpstr(flow->name, ==, "instance_evacuate_engine");
    g_assert_cmpuint(flow->tasks->len, ==, 3);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
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
    world_lock(world);
    unsigned n = world->vms[vm].n_orders;

    world_leave(world);
    return n;
}

static void
open_hosts(World *world, unsigned vm)
{
    world_lock(world);
    world->vms[vm].no_host = false;
    world_leave(world);
}

static void
test_auto_priority_with_no_valid_host(void)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto_priority", 2);
    fixture.world->vms[0].no_host = true;
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    g_autoptr(GPtrArray) moves = NULL;
    g_autoptr(GError) error = NULL;
    MskEngine *engine = fixture_engine(&fixture, NULL);

    while (count_orders(fixture.world, 0) < 2) { /* the cloud has room again by the second way */
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
    open_hosts(fixture.world, 0);
    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_false(fixture.world->harm);
    g_assert_cmpint(msk_store_moves_list(store, uuid, &moves, &error), ==, MSK_STORE_DONE);
    g_assert_cmpuint(moves->len, ==, 3);
    g_assert_cmpint(fixture.world->vms[0].vm_state, ==, MSK_VM_ACTIVE);
    g_assert_cmpstr(fixture.world->vms[0].target, ==, "r2");
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

static void
test_a_living_host_is_left_alone(void)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto", 2);
    fixture.world->beats = true;
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, "host_failure.hold_timeout=1");

    fixture_work_until(store, uuid, MSK_NOTIFICATION_FAILED);
    g_assert_cmpuint(fixture.world->n_orders, ==, 0);
    g_assert_false(fixture.world->forced_down);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

typedef struct {
    const Fixture *fixture;
    TestFaults *faults;
    int n_lists;
    int n_failed;
} Awaited;

static bool
was_listed(void *data)
{
    const Awaited *awaited = data;

    return g_atomic_int_get(&awaited->fixture->world->n_lists) >= awaited->n_lists;
}

static bool
has_failed(void *data)
{
    const Awaited *awaited = data;

    return g_atomic_int_get(&awaited->faults->n_failed) >= awaited->n_failed;
}

/* The database goes away while the @number-th list is under way; what follows from it could not be
 * stored when this returns. */
static void
take_database_away_at(const Fixture *self, TestFaults *faults, int number)
{
    Awaited awaited = {self, faults, number, 0};

    test_place_until(was_listed, &awaited);
    g_atomic_int_set(&faults->away, 1);
    g_atomic_int_set(&self->world->held, 0);
    /* Some of them may be the engine's lease, its look for work, or what the run had to save. */
    awaited.n_failed = g_atomic_int_get(&faults->n_failed) + 6;
    test_place_until(has_failed, &awaited);
}

/* First the plan, then the order could not be stored for a while; when it can be, a person has
 * moved the VM. */
static void
test_no_evacuation_on_an_old_look(void)
{
    Fixture fixture = {0};
    TestFaults faults = {0};

    fixture_set_up(&fixture, "auto", 1);
    World *world = fixture.world;

    g_atomic_int_set(&world->held, 1);
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine_with(&fixture, NULL, &faults);

    take_database_away_at(&fixture, &faults, 1);
    test_clock_forward(6);
    g_atomic_int_set(&world->held, 2); /* which looks at the VM once more, before the order */
    g_atomic_int_set(&faults.away, 0);
    take_database_away_at(&fixture, &faults, 2);
    world_lock(world);
    world->vms[0].elsewhere = true;
    g_strlcpy(world->vms[0].target, "h3", sizeof world->vms[0].target);
    world_leave(world);
    test_clock_forward(6);
    g_atomic_int_set(&faults.away, 0);
    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_false(world->harm);
    g_assert_cmpuint(world->vms[0].n_orders, ==, 0);
    g_assert_false(world->vms[0].locked);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

static void
report_process(const Fixture *self, MskStore *store, const char *host, const char *name)
{
    g_autofree char *payload =
        g_strdup_printf("{\"event\": \"STOPPED\", \"process_name\": \"%s\"}", name);
    g_autofree char *uuid = fixture_report_as(self, host, "PROCESS", payload);

    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
}

static void
test_process(void)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto", 1);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, NULL);

    report_process(&fixture, store, "h2", "libvirtd");
    g_assert_false(fixture.world->disabled);
    report_process(&fixture, store, "h1", "nova-compute");
    g_assert_true(fixture.world->disabled);
    g_assert_false(fixture.world->forced_down); /* its VMs run on */
    g_assert_cmpuint(fixture.world->n_orders, ==, 0);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
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

/* Held for as long as it is disarmed, for all to see; then it goes on by itself, without a restart.
 */
static void
test_disarmed(void)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto", 2);
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, "host_failure.armed=false");

    while (!has_note(store, uuid, "gate 'armed'")) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(2000);
    }
    fixture_work_until(store, uuid, MSK_NOTIFICATION_RUNNING);
    fixture_reload(engine, "host_failure.disarmed_segments=s1:soon"); /* is refused as a whole */
    test_place_for(300);
    g_assert_false(fixture.world->forced_down);
    fixture_reload(engine, NULL);
    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    fixture_check_moved(&fixture, store, uuid, "h2");
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

/* What a test waits for: of the world, or of the hosts in the database. */
typedef struct {
    const Fixture *fixture;
    MskStore *store;
    bool (*holds)(const Fixture *self, MskStore *store);
} Condition;

static bool
is_so(void *data)
{
    const Condition *condition = data;

    world_lock(condition->fixture->world);
    bool so = condition->holds(condition->fixture, condition->store);

    world_leave(condition->fixture->world);
    return so;
}

static void
work_until_it_is(const Fixture *self, MskStore *store,
                 bool (*holds)(const Fixture *self, MskStore *store))
{
    Condition condition = {self, store, holds};

    test_place_until(is_so, &condition);
}

static bool
was_refused(const Fixture *self, MskStore *store)
{
    (void) store;
    return self->world->n_refused > 0;
}

static bool
is_on_maintenance(MskStore *store)
{
    g_autoptr(GPtrArray) hosts = NULL;
    g_autoptr(GError) error = NULL;
    MskHostFilter filter = {.on_maintenance = 1, .reserved = -1};
    MskPage page = {.limit = 100};

    g_assert_cmpint(msk_store_host_list(store, &filter, &page, &hosts, &error), ==, MSK_STORE_DONE);
    return hosts->len > 0;
}

static bool
is_in_service(const Fixture *self, MskStore *store)
{
    return !self->world->forced_down && !self->world->disabled && !is_on_maintenance(store);
}

/* Not before the cloud has cleaned up what was evacuated. */
static void
test_a_host_that_lives_again_is_taken_back(void)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto", 2);
    g_autofree char *uuid = fixture_report(&fixture);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, "host_failure.auto_return=true");

    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    fixture_check_moved(&fixture, store, uuid, "h2");
    world_lock(fixture.world);
    fixture.world->beats = true;
    world_leave(fixture.world);
    work_until_it_is(&fixture, store, was_refused);
    g_assert_true(fixture.world->disabled);
    g_assert_true(is_on_maintenance(store));
    world_lock(fixture.world);
    fixture.world->restarted = true;
    world_leave(fixture.world);
    work_until_it_is(&fixture, store, is_in_service);
    g_assert_false(fixture.world->harm);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

#define N_HOSTS 5u

static void
report_hosts(const Fixture *self, char **ret_uuids)
{
    for (unsigned i = 0; i < self->n_hosts; i++) {
        g_autofree char *host = g_strdup_printf("f%u", i + 1);

        ret_uuids[i] = fixture_report_host(self, host);
    }
}

/* Each host has its answers, also when the lists that all of them wait for are refused at first. */
static void
test_hosts_that_fail_together(void)
{
    char *uuids[N_HOSTS + 1] = {NULL};
    Fixture fixture = {0};

    fixture_set_up_many(&fixture, N_HOSTS, N_HOSTS * 10);
    g_atomic_int_set(&fixture.world->n_refusals, 2);
    report_hosts(&fixture, uuids);
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, "DEFAULT.host_failure_recovery_threads=10");

    for (unsigned i = 0; i < N_HOSTS; i++) {
        fixture_work_until(store, uuids[i], MSK_NOTIFICATION_FINISHED);
    }
    for (unsigned i = 0; i < N_HOSTS; i++) {
        fixture_check_moved(&fixture, store, uuids[i], "h2");
        g_free(uuids[i]);
    }
    g_assert_cmpint(fixture.world->n_refusals, ==, 0);
    g_test_message("%d lists of what changed", fixture.world->n_changed);
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

static void
test_an_engine_ends_while_hosts_wait_for_a_list(void)
{
    char *uuids[N_HOSTS + 1] = {NULL};
    Fixture fixture = {0};

    fixture_set_up_many(&fixture, N_HOSTS, N_HOSTS);
    g_atomic_int_set(&fixture.world->hold_changed, 1);
    report_hosts(&fixture, uuids);
    MskEngine *engine = fixture_engine(&fixture, NULL);

    while (g_atomic_int_get(&fixture.world->n_changed) == 0) {
        test_place_for(2);
    }
    g_atomic_int_set(&fixture.world->hold_changed, 0);
    msk_engine_free(engine);
    test_place_for(2); /* nobody answers to what is gone */
    for (unsigned i = 0; i < N_HOSTS; i++) {
        g_free(uuids[i]);
    }
    g_assert_false(fixture.world->harm);
    fixture_tear_down(&fixture);
}

static void
run_engine_until_killed(const Fixture *fixture)
{
    g_random_set_seed((uint32_t) getpid()); /* not the uuids of the parent */
    (void) fixture_engine(fixture, NULL);
    for (;;) {
        g_main_context_iteration(NULL, TRUE);
    }
}

/* kill -9 at the moment of the n-th order; another engine goes on. */
static void
kill_at(unsigned n_orders)
{
    Fixture fixture = {0};

    fixture_set_up(&fixture, "auto", 8);
    g_autofree char *uuid = fixture_report(&fixture);
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
    g_autoptr(MskStore) store = fixture_store(&fixture);
    MskEngine *engine = fixture_engine(&fixture, NULL);

    fixture_work_until(store, uuid, MSK_NOTIFICATION_FINISHED);
    fixture_check_moved(&fixture, store, uuid, "h2");
    msk_engine_free(engine);
    fixture_tear_down(&fixture);
}

/* All moments at once: whoever takes over waits for what the dead engine may have ordered. */
static void
kill_at_each(void)
{
    static const unsigned moments[] = {1, 2, 5, 8};
    pid_t children[G_N_ELEMENTS(moments)];

    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        children[i] = fork();
        g_assert_cmpint(children[i], >=, 0);
        if (children[i] == 0) {
            g_random_set_seed((uint32_t) getpid());
            kill_at(moments[i]);
            exit(0);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        int status = 0;

        g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
        g_assert_cmpint(status, ==, 0);
    }
}

static void
test_kill(void)
{
    if (g_test_subprocess()) {
        kill_at_each();
    } else {
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
    g_test_add_func("/host_run/together", test_hosts_that_fail_together);
    g_test_add_func("/host_run/end_in_a_look", test_an_engine_ends_while_hosts_wait_for_a_list);
    g_test_add_func("/host_run/process", test_process);
    g_test_add_func("/host_run/returns", test_a_host_that_lives_again_is_taken_back);
    g_test_add_func("/host_run/living", test_a_living_host_is_left_alone);
    g_test_add_func("/host_run/no_evacuation_on_an_old_look", test_no_evacuation_on_an_old_look);
    return g_test_run();
}
