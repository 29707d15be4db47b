/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/recoveries.h"

#include <string.h>

#include "engine/test_hosts.h"

/* Whole recoveries of each kind, with a real database and the model cloud of test_hosts.h, each
 * time with one thing in the way, at the first, the second, … the last moment at which it can be
 * there. They go on side by side. */

#define EVACUATE_US  50000
#define MAX_ABREAST  64u
#define INSTANCE     "c5463cf8-a348-4ad5-bfd0-e29f90920000"
#define HOST_PAYLOAD "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\"}"

/* Another recovery of the host is under way. */
#define HELD_BY_OTHER                                                                              \
    "INSERT INTO masakari_c_claims (notification_uuid, engine_uuid, epoch, attempt, state, "       \
    "claimed_at, subject) SELECT 'other', 'e9', 1, 1, 'active', 0, 'host ' || uuid FROM hosts "    \
    "WHERE name = 'h1'"

typedef struct {
    const char *name;
    const char *method; /* of the segment */
    const char *type;
    const char *payload;
    unsigned n_vms;
    const char *target;  /* (nullable) where they are in the end */
    const char *options; /* (nullable) see parts_start() */
    const char *left;    /* (nullable) a file that is there in the end */
} Kind;

static const Kind kinds[] = {
    {"host", "auto", "COMPUTE_HOST", HOST_PAYLOAD, 2, "h2", NULL, NULL},
    {"host with a reserved one", "reserved_host", "COMPUTE_HOST", HOST_PAYLOAD, 1, "r2",
     "host_failure.add_reserved_host_to_aggregate=true", NULL},
    {"host with a program", "auto", "COMPUTE_HOST", HOST_PAYLOAD, 1, "h2",
     "recovery_tasks.directory=@DIR@\nrecovery_tasks.repeatable=page\n"
     "taskflow_driver_recovery_flows.host_auto_failure_recovery_tasks=pre: "
     "['disable_compute_service_task'], main: ['prepare_HA_enabled_instances_task'], post: "
     "['evacuate_instances_task', 'exec:page']",
     "paged"},
    {"host with a fence", "auto", "COMPUTE_HOST", HOST_PAYLOAD, 1, "h2",
     "fencing.agents_dir=@DIR@\nfencing.devices_file=@DIR@/devices", "off"},
    {"process", "auto", "PROCESS", "{\"event\": \"STOPPED\", \"process_name\": \"nova-compute\"}",
     1, NULL, NULL, NULL},
    {"instance", "auto", "VM",
     "{\"event\": \"IO_ERROR\", \"vir_domain_event\": \"IO_ERROR_REPORT\", \"instance_uuid\": "
     "\"" INSTANCE "\"}",
     1, NULL, NULL, NULL},
};

typedef enum {
    NOTHING,
    DATABASE_FAILS,
    CALL_FAILS,
    CALL_IS_REFUSED, /* for good, as far as the cloud knows */
    ANSWER_IS_LOST,
    LEASE_IS_SHORT, /* when it is asked for */
    LEASE_ENDS,     /* before the order is given */
    CLAIM_IS_LOST,
    HANDED_OVER, /* to another engine */
    DROPPED,     /* with the lease; another engine takes over */
} Fault;

/* How often each thing happens when nothing is in the way. */
typedef struct {
    unsigned n_begun; /* transactions */
    unsigned n_calls;
    unsigned n_asked; /* for the lease */
} Counts;

typedef struct {
    Parts parts; /* first: see parts_may_act() */
    const Kind *kind;
    Fault fault;
    unsigned number; /* of the moment, from 1 */
    MskRecoveries *recoveries;
    char *uuid;
    unsigned n_ended;
    bool moved_on; /* HANDED_OVER and DROPPED: it was */
    bool resting;  /* no call of the first engine is on its way any more */
    bool taken;    /* by the other engine */
} Run;

/* ---- one recovery ------------------------------------------------------------------------ */

static void
on_ended(void *data)
{
    ((Run *) data)->n_ended++;
}

static void
set_faults(Run *self)
{
    World *world = self->parts.place.world;
    bool of_call = self->fault == CALL_FAILS || self->fault == CALL_IS_REFUSED ||
                   self->fault == ANSWER_IS_LOST;

    world->evacuate_us = EVACUATE_US;
    world->fail_code = self->fault == CALL_FAILS ? MSK_ERROR_UNAVAILABLE : MSK_ERROR_CONFLICT;
    world->answer_lost = self->fault == ANSWER_IS_LOST;
    world->fail_at = of_call ? self->number : 0;
    self->parts.faults.fail_at = self->fault == DATABASE_FAILS ? (int) self->number : 0;
    self->parts.faults.lose_at = self->fault == CLAIM_IS_LOST ? (int) self->number : 0;
    self->parts.short_at = self->fault == LEASE_IS_SHORT ? self->number : 0;
    self->parts.over_at = self->fault == LEASE_ENDS ? self->number : 0;
}

/* @sql: (nullable) what happens after it was claimed. */
static Run *
begin(const Kind *kind, Fault fault, unsigned number, const char *sql)
{
    Run *self = g_new0(Run, 1);
    Parts *parts = &self->parts;

    *self = (Run){.kind = kind, .fault = fault, .number = number};
    parts_set_up(parts, kind->method, kind->n_vms);
    parts_write(parts);
    parts_start(parts, kind->options);
    set_faults(self);
    self->uuid =
        test_place_report(parts->store, "h1", kind->type, kind->payload, g_get_real_time());
    self->recoveries = msk_recoveries_new(&(MskRecoveriesContext){.queue = parts->queue,
                                                                  .pool = parts->pool,
                                                                  .settings = &parts->settings,
                                                                  .may_act = parts_may_act,
                                                                  .ended = on_ended,
                                                                  .data = self});
    MskClaim *claim = test_place_take(parts->store, "e1");

    if (sql != NULL) {
        test_place_run_sql(parts->place.file, sql);
    }
    msk_recoveries_add(self->recoveries, "e1", claim);
    return self;
}

static void
end(Run *self)
{
    parts_stop(&self->parts);
    msk_recoveries_free(self->recoveries);
    parts_clear(&self->parts);
    g_free(self->uuid);
    g_free(self);
}

static Counts
counts_of(Run *self)
{
    return (Counts){.n_begun = parts_count_transactions(&self->parts),
                    .n_calls = parts_count_calls(&self->parts),
                    .n_asked = self->parts.n_asked};
}

/* ---- another engine goes on -------------------------------------------------------------- */

static void
do_nothing(MskCompute *compute, void *data)
{
    (void) compute;
    (void) data;
}

static void
on_rest(void *data)
{
    ((Run *) data)->resting = true;
}

static void
keep(void *data)
{
    (void) data;
}

/* The pool makes one call at a time: those that were under way are over by then. */
static void
move_on(Run *self)
{
    static const MskPoolJob rest = {do_nothing, on_rest, keep};

    self->moved_on = true;
    if (self->fault == DROPPED) {
        msk_recoveries_drop_all(self->recoveries);
        g_assert_cmpuint(msk_recoveries_count(self->recoveries), ==, 0);
    } else {
        msk_recoveries_release_all(self->recoveries);
    }
    msk_call_pool_run(self->parts.pool, &rest, self);
}

static void
take_over(Run *self)
{
    static const char *const dead[] = {"e1", NULL};
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GError) error = NULL;

    self->taken = true;
    g_assert_cmpint(msk_store_engine_register(self->parts.store, "e2", "c2", 600000, &error), ==,
                    MSK_STORE_DONE);
    g_assert_cmpint(
        msk_store_claim_take_over(self->parts.store, "e2", dead, NULL, 9, &claims, &error), ==,
        MSK_STORE_DONE);
    while (claims->len > 0) { /* or it had come to its end */
        msk_recoveries_add(self->recoveries, "e2", g_ptr_array_steal_index(claims, 0));
    }
}

/* Whether it is over, for both engines. */
static bool
go_on(Run *self)
{
    bool over = msk_recoveries_count(self->recoveries) == 0;

    if (self->fault != HANDED_OVER && self->fault != DROPPED) {
        return over;
    }
    if (!self->moved_on) {
        Counts counts = counts_of(self);

        if (over || counts.n_begun + counts.n_calls >= self->number) {
            move_on(self);
        }
        return false;
    }
    if (!self->taken && over && self->resting) {
        take_over(self);
        return false;
    }
    return self->taken && over;
}

/* ---- what must hold ---------------------------------------------------------------------- */

static void
check_done(Run *self)
{
    const World *world = self->parts.place.world;

    if (self->kind->left != NULL) {
        g_autofree char *path = g_build_filename(self->parts.place.dir, self->kind->left, NULL);

        g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    }
    g_assert_cmpint(test_place_status(self->parts.store, self->uuid, NULL), ==,
                    MSK_NOTIFICATION_FINISHED);
    if (self->kind->target != NULL) {
        fixture_check_moved(&self->parts.place, self->parts.store, self->uuid, self->kind->target);
        bool to_reserved = g_str_equal(self->kind->target, "r2");

        g_assert_true(world->forced_down);
        g_assert_cmpstr(world->joined, ==, to_reserved ? "r2" : "");
        g_assert_cmpint(world->reserved_enabled, ==, to_reserved);
    } else {
        bool of_vm = g_str_equal(self->kind->type, "VM");

        g_assert_cmpint(world->disabled, ==, !of_vm);
        g_assert_cmpint(world->vms[0].vm_state, ==, MSK_VM_ACTIVE);
        g_assert_cmpuint(world->vms[0].n_starts, ==, of_vm ? 1 : 0);
        g_assert_cmpuint(world->n_orders, ==, 0);
    }
}

/* However it ended: nothing is left that others have to put in order. */
static void
check_no_harm(const Run *self)
{
    const World *world = self->parts.place.world;

    g_assert_false(world->harm);
    for (unsigned i = 0; i < world->n_vms; i++) {
        g_assert_cmpuint(world->vms[i].n_orders, <=, 1);
        g_assert_cmpuint(world->vms[i].n_starts, <=, 1);
    }
}

/* It is another engine's: this one has written nothing since, and gives no more orders. */
static void
check_left_alone(Run *self)
{
    MskNotificationStatus status = test_place_status(self->parts.store, self->uuid, NULL);
    bool was_lost = g_atomic_int_get(&self->parts.faults.n_begun) >= self->parts.faults.lose_at;

    g_assert_cmpint(status, ==, was_lost ? MSK_NOTIFICATION_RUNNING : MSK_NOTIFICATION_FINISHED);
}

static void
check(Run *self)
{
    g_test_message("%s: fault %d at moment %u", self->kind->name, self->fault, self->number);
    check_no_harm(self);
    if (self->fault == CLAIM_IS_LOST) {
        check_left_alone(self);
    } else if (self->fault != CALL_IS_REFUSED) {
        check_done(self);
    } else {
        g_assert_cmpint(test_place_status(self->parts.store, self->uuid, NULL), !=,
                        MSK_NOTIFICATION_RUNNING);
    }
    if (self->fault != HANDED_OVER && self->fault != DROPPED) {
        g_assert_cmpuint(self->n_ended, ==, 1);
    }
}

/* ---- all moments ------------------------------------------------------------------------- */

static bool
are_over(void *data)
{
    const GPtrArray *runs = data;
    bool over = true;

    for (unsigned i = 0; i < runs->len; i++) {
        over = go_on(g_ptr_array_index(runs, i)) && over;
    }
    return over;
}

static void
end_run(void *data)
{
    end(data);
}

static void
finish_all(GPtrArray *runs)
{
    test_place_until(are_over, runs);
    for (unsigned i = 0; i < runs->len; i++) {
        check(g_ptr_array_index(runs, i));
    }
}

/* Returns: (transfer full) of each kind. */
static Counts *
count_moments(void)
{
    Counts *counts = g_new0(Counts, G_N_ELEMENTS(kinds));
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_ptr_array_add(runs, begin(&kinds[i], NOTHING, 0, NULL));
    }
    finish_all(runs);
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        counts[i] = counts_of(g_ptr_array_index(runs, i));
    }
    return counts;
}

static unsigned
number_of_moments(const Counts *counts, Fault fault)
{
    switch (fault) {
    case DATABASE_FAILS:
    case CLAIM_IS_LOST:
        return counts->n_begun;
    case CALL_FAILS:
    case CALL_IS_REFUSED:
    case ANSWER_IS_LOST:
        return counts->n_calls;
    case LEASE_IS_SHORT:
    case LEASE_ENDS:
        return counts->n_asked;
    case HANDED_OVER:
    case DROPPED:
        return counts->n_begun + counts->n_calls;
    case NOTHING:
        break;
    }
    g_assert_not_reached();
}

static const struct {
    Fault fault;
    unsigned stride; /* from one moment to the next that is tried */
} faults[] = {
    /* What may show late is waited for: these take the longest. */
    {ANSWER_IS_LOST, 1}, {DROPPED, 5},    {HANDED_OVER, 5},
    {DATABASE_FAILS, 1}, {CALL_FAILS, 1}, {CALL_IS_REFUSED, 3},
    {LEASE_IS_SHORT, 1}, {LEASE_ENDS, 1}, {CLAIM_IS_LOST, 2},
};

/* All that are begun, until there is room for another one. */
static void
make_room(GPtrArray *runs)
{
    while (runs->len >= MAX_ABREAST) {
        test_place_for(2);
        for (unsigned i = runs->len; i > 0; i--) {
            Run *run = g_ptr_array_index(runs, i - 1);

            if (go_on(run)) {
                check(run);
                (void) g_ptr_array_remove_index_fast(runs, i - 1); /* freed */
            }
        }
    }
}

static void
test_each_moment(void)
{
    g_autofree Counts *counts = count_moments();
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);

    for (size_t i = 0; i < G_N_ELEMENTS(faults) * G_N_ELEMENTS(kinds); i++) {
        const Kind *kind = &kinds[i % G_N_ELEMENTS(kinds)];
        Fault fault = faults[i / G_N_ELEMENTS(kinds)].fault;
        unsigned stride = faults[i / G_N_ELEMENTS(kinds)].stride;
        unsigned n_moments = number_of_moments(&counts[i % G_N_ELEMENTS(kinds)], fault);

        g_assert_cmpuint(n_moments, >, 0);
        for (unsigned number = 1; number <= n_moments; number += stride) {
            make_room(runs);
            g_ptr_array_add(runs, begin(kind, fault, number, NULL));
        }
    }
    finish_all(runs);
}

/* ---- the beginning ----------------------------------------------------------------------- */

/* What ends before any recovery begins. */
static const struct {
    const char *type;
    const char *payload;
    const char *sql; /* (nullable) what has become of the host, or its segment */
    MskNotificationStatus status;
    const char *words; /* (nullable) of the message for users */
} nothing_to_do[] = {
    {"VM", "[]", NULL, MSK_NOTIFICATION_IGNORED, NULL},
    {"PROCESS", "{\"event\": \"STARTED\"}", NULL, MSK_NOTIFICATION_FINISHED, NULL},
    {"COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"UNKNOWN\"}", NULL,
     MSK_NOTIFICATION_IGNORED, NULL},
    {"COMPUTE_HOST", HOST_PAYLOAD, "UPDATE failover_segments SET enabled = 0",
     MSK_NOTIFICATION_IGNORED, "the segment HA is disabled"},
    {"COMPUTE_HOST", HOST_PAYLOAD, "UPDATE hosts SET deleted = id", MSK_NOTIFICATION_ERROR,
     "does not exist"},
};

static void
test_nothing_to_do(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nothing_to_do); i++) {
        Kind kind = {"nothing", "auto", nothing_to_do[i].type, nothing_to_do[i].payload, 1, NULL,
                     NULL,      NULL};
        Run *run = begin(&kind, NOTHING, 0, nothing_to_do[i].sql);
        g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);
        g_autofree char *message = NULL;

        g_test_message("row %zu", i);
        g_ptr_array_add(runs, run);
        test_place_until(are_over, runs);
        g_assert_cmpint(test_place_status(run->parts.store, run->uuid, &message), ==,
                        nothing_to_do[i].status);
        g_assert_true(nothing_to_do[i].words == NULL ||
                      strstr(message, nothing_to_do[i].words) != NULL);
        g_assert_cmpuint(parts_count_calls(&run->parts), ==, 0);
    }
}

/* One recovery of a host at a time, of its services as well. */
static void
test_waits_for_another_recovery_of_the_host(void)
{
    Run *run = begin(&kinds[0], NOTHING, 0, HELD_BY_OTHER);
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);

    g_ptr_array_add(runs, run);
    while (parts_count_transactions(&run->parts) < 8) { /* it asks again and again */
        test_place_for(10);
    }
    g_assert_cmpuint(parts_count_calls(&run->parts), ==, 0);
    test_place_run_sql(run->parts.place.file,
                       "DELETE FROM masakari_c_claims WHERE notification_uuid = 'other'");
    test_place_until(are_over, runs);
    check(run);
}

/* Recoveries that are like one above, but for how they come to it. */
static void
test_other_hosts(void)
{
    static const Kind others[] = {
        {"a method of later times", "auto_later", "COMPUTE_HOST", HOST_PAYLOAD, 1, "h2", NULL,
         NULL},
        {"fence devices that cannot be read", "auto", "COMPUTE_HOST", HOST_PAYLOAD, 1, "h2",
         "fencing.devices_file=@DIR@/none\nfencing.fallback_to_heartbeat=true", NULL},
        {"reserved first", "rh_priority", "COMPUTE_HOST", HOST_PAYLOAD, 1, "r2",
         "host_failure.add_reserved_host_to_aggregate=true", NULL},
    };
    g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_ptr_array_add(runs, begin(&others[i], NOTHING, 0, NULL));
    }
    finish_all(runs);
}

/* Handed back before it has begun: while it is prepared, or waits for another one. */
static void
test_released_before_it_begins(void)
{
    for (int waits = 0; waits < 2; waits++) {
        Run *run = begin(&kinds[0], NOTHING, 0, waits == 0 ? NULL : HELD_BY_OTHER);
        g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(end_run);
        g_auto(GStrv) uuids = msk_recoveries_list(run->recoveries);

        g_ptr_array_add(runs, run);
        g_assert_cmpuint(g_strv_length(uuids), ==, 1);
        g_assert_cmpstr(uuids[0], ==, run->uuid);
        while (waits == 1 && parts_count_transactions(&run->parts) < 8) {
            test_place_for(10);
        }
        msk_recoveries_release_all(run->recoveries);
        test_place_until(are_over, runs);
        g_assert_cmpuint(parts_count_calls(&run->parts), ==, 0);
        g_assert_cmpint(test_place_status(run->parts.store, run->uuid, NULL), ==,
                        MSK_NOTIFICATION_RUNNING);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recoveries/nothing_to_do", test_nothing_to_do);
    g_test_add_func("/recoveries/another_one", test_waits_for_another_recovery_of_the_host);
    g_test_add_func("/recoveries/other_hosts", test_other_hosts);
    g_test_add_func("/recoveries/released_before_it_begins", test_released_before_it_begins);
    g_test_add_func("/recoveries/each_moment", test_each_moment);
    return g_test_run();
}
