/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <glib/gstdio.h>
#include <string.h>

#include "engine/engine_metrics.h"
#include "engine/test_clock.h"
#include "engine/test_hosts.h"
#include "io/wakeup.h"

/* What an engine does of itself, with a database that fails or stands still and with others that
 * take it for dead: each time one crashed VM is still brought back once. */

#define INSTANCE "c5463cf8-a348-4ad5-bfd0-e29f90920000"
#define CRASHED                                                                                    \
    "{\"event\": \"LIFECYCLE\", \"vir_domain_event\": \"STOPPED_FAILED\", \"instance_uuid\": "     \
    "\"" INSTANCE "\"}"
#define SHUT_DOWN                                                                                  \
    "{\"event\": \"LIFECYCLE\", \"vir_domain_event\": \"STOPPED_SHUTDOWN\", \"instance_uuid\": "   \
    "\"" INSTANCE "\"}"

typedef struct {
    Fixture place;
    TestFaults faults;
    MskStore *store; /* the test's own connection */
    MskEngine *engine;
    bool drained;
} Lonely;

static void
set_up(Lonely *self)
{
    fixture_set_up(&self->place, "auto", 1);
    self->place.world->vms[0].vm_state = MSK_VM_STOPPED;
    self->store = fixture_store(&self->place);
}

static void
start(Lonely *self, const char *extra)
{
    self->engine = fixture_engine_with(&self->place, extra, &self->faults);
}

static void
tear_down(Lonely *self)
{
    msk_engine_free(self->engine);
    msk_store_free(self->store);
    fixture_tear_down(&self->place);
}

static void
end(void *data)
{
    tear_down(data);
    g_free(data);
}

static unsigned
count_engines(const Lonely *self)
{
    g_autoptr(GPtrArray) engines = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(msk_store_engine_list(self->store, &engines, &error), ==, MSK_STORE_DONE);
    return engines->len;
}

static bool
is_registered(void *data)
{
    return count_engines(data) > 0;
}

/* A crash is reported, and its VM brought back. */
static void
check_works(Lonely *self)
{
    g_autofree char *uuid = fixture_report_as(&self->place, "h1", "VM", CRASHED);

    fixture_work_until(self->store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_cmpint(self->place.world->vms[0].vm_state, ==, MSK_VM_ACTIVE);
    g_assert_cmpuint(self->place.world->vms[0].n_starts, ==, 1);
}

/* ---- each of its transactions ------------------------------------------------------------ */

static bool
are_finished(void *data)
{
    const GPtrArray *all = data;
    bool finished = true;

    for (unsigned i = 0; finished && i < all->len; i++) {
        const Lonely *self = g_ptr_array_index(all, i);
        MskNotificationFilter filter = {.statuses = MSK_STATUS_BIT(MSK_NOTIFICATION_FINISHED)};
        MskPage page = {.limit = 1};
        g_autoptr(GPtrArray) rows = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(msk_store_notification_list(self->store, &filter, &page, &rows, &error), ==,
                        MSK_STORE_DONE);
        finished = rows->len == 1;
    }
    return finished;
}

/* @sql: (nullable) what happens before the transaction of each number; NULL: it fails. */
static void
check_at_each_transaction(const char *sql, int first, int last)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(end);

    for (int number = first; number <= last; number++) {
        Lonely *self = g_new0(Lonely, 1);

        set_up(self);
        g_autofree char *uuid = fixture_report_as(&self->place, "h1", "VM", CRASHED);

        self->faults.lose_sql = sql;
        *(sql != NULL ? &self->faults.lose_at : &self->faults.fail_at) = number;
        start(self, NULL);
        g_ptr_array_add(all, self);
    }
    test_place_until(are_finished, all);
    for (unsigned i = 0; i < all->len; i++) {
        const Lonely *self = g_ptr_array_index(all, i);

        g_test_message("transaction %d", first + (int) i);
        g_assert_cmpint(self->place.world->vms[0].vm_state, ==, MSK_VM_ACTIVE);
        g_assert_cmpuint(self->place.world->vms[0].n_starts, ==, 1);
    }
}

static void
test_a_transaction_fails(void)
{
    check_at_each_transaction(NULL, 1, 16);
}

static void
test_it_is_taken_for_dead(void)
{
    check_at_each_transaction("DELETE FROM masakari_c_engines", 2, 14);
}

/* ---- others ------------------------------------------------------------------------------ */

static bool
has_taken_over(void *data)
{
    Lonely *self = data;
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    g_ptr_array_add(all, self);
    return are_finished(all);
}

/* The leases of all others end. A longer jump would be as if it had slept itself. */
static void
let_lease_end(Lonely *self)
{
    for (unsigned i = 0; i < 2; i++) {
        int n_begun = g_atomic_int_get(&self->faults.n_begun);

        test_clock_forward(7);
        while (g_atomic_int_get(&self->faults.n_begun) < n_begun + 8) {
            test_place_for(10);
        }
    }
}

/* Another engine, on another machine, stops in the middle of a recovery; nothing but the time that
 * passes tells so. */
static void
test_an_engine_that_does_not_renew_its_lease(void)
{
    Lonely self = {0};

    set_up(&self);
    g_autofree char *uuid = fixture_report_as(&self.place, "h1", "VM", CRASHED);
    g_autoptr(MskClaim) claim = test_place_take(self.store, "other");

    start(&self, NULL);
    test_place_for(2500); /* it is looked at twice, and left alone */
    g_assert_cmpint(test_place_status(self.store, uuid, NULL), ==, MSK_NOTIFICATION_RUNNING);
    g_assert_cmpuint(self.place.world->vms[0].n_starts, ==, 0);
    let_lease_end(&self);
    test_place_until(has_taken_over, &self);
    g_assert_cmpuint(self.place.world->vms[0].n_starts, ==, 1);
    tear_down(&self);
}

/* More than it may have at a time, and all at once. */
static void
test_more_than_it_can_hold(void)
{
    Lonely self = {0};
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);

    set_up(&self);
    for (unsigned i = 0; i < 300; i++) {
        g_ptr_array_add(
            uuids, test_place_report(self.store, "h1", "VM", SHUT_DOWN, g_get_real_time() + i));
    }
    start(&self, NULL);
    for (unsigned i = 0; i < uuids->len; i++) {
        fixture_work_until(self.store, g_ptr_array_index(uuids, i), MSK_NOTIFICATION_IGNORED);
    }
    check_works(&self);
    tear_down(&self);
}

/* ---- where it is ------------------------------------------------------------------------- */

/* It is taken for dead, and cannot begin again before somebody has put its directory in order. */
static void
test_no_place_to_begin_again(void)
{
    Lonely self = {0};

    set_up(&self);
    start(&self, NULL);
    test_place_until(is_registered, &self);
    g_autofree char *locks = g_build_filename(self.place.dir, "engines", NULL);
    g_autofree char *aside = g_build_filename(self.place.dir, "aside", NULL);

    g_assert_cmpint(g_rename(locks, aside), ==, 0);
    g_assert_true(g_file_set_contents(locks, "", 0, NULL));
    test_place_run_sql(self.place.file, "DELETE FROM masakari_c_engines");
    g_autofree char *uuid = fixture_report_as(&self.place, "h1", "VM", CRASHED);

    test_clock_forward(4); /* the lease is to be renewed with the next poll */
    test_place_for(5000);
    g_assert_cmpuint(count_engines(&self), ==, 0);
    g_assert_cmpint(test_place_status(self.store, uuid, NULL), ==, MSK_NOTIFICATION_NEW);
    g_assert_cmpint(g_unlink(locks), ==, 0);
    g_assert_cmpint(g_rename(aside, locks), ==, 0);
    fixture_work_until(self.store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_cmpuint(self.place.world->vms[0].n_starts, ==, 1);
    tear_down(&self);
}

/* ---- its end ----------------------------------------------------------------------------- */

static void
on_drained(void *data)
{
    ((Lonely *) data)->drained = true;
}

static bool
is_drained(void *data)
{
    return ((Lonely *) data)->drained;
}

/* What it has in hand cannot be handed back: it ends all the same, and its successor finds it. */
static void
test_it_ends_without_a_database(void)
{
    Lonely self = {0};

    set_up(&self);
    start(&self, "host_failure.armed=false");
    g_autofree char *uuid = fixture_report(&self.place);

    fixture_work_until(self.store, uuid, MSK_NOTIFICATION_RUNNING);
    g_atomic_int_set(&self.faults.away, 1);
    msk_engine_drain(self.engine, on_drained, &self);
    test_place_until(is_drained, &self);
    g_assert_cmpint(test_place_status(self.store, uuid, NULL), ==, MSK_NOTIFICATION_RUNNING);
    g_clear_pointer(&self.engine, msk_engine_free);
    g_atomic_int_set(&self.faults.away, 0);
    start(&self, NULL);
    test_place_for(2500); /* it has seen who else there is */
    let_lease_end(&self);
    fixture_work_until(self.store, uuid, MSK_NOTIFICATION_FINISHED);
    g_assert_cmpuint(self.place.world->vms[0].n_orders, ==, 1);
    tear_down(&self);
}

static void
test_it_ends_before_it_has_begun(void)
{
    Lonely self = {0};

    set_up(&self);
    g_atomic_int_set(&self.faults.away, 1);
    start(&self, NULL);
    test_place_for(50);
    msk_engine_drain(self.engine, on_drained, &self);
    g_assert_true(self.drained);
    tear_down(&self);
}

static bool
has_asked(void *data)
{
    Lonely *self = data;

    return g_atomic_int_get(&self->faults.n_begun) > g_atomic_int_get(&self->faults.held);
}

/* Waits until it asks the database for something, which is answered when the test says so. */
static void
hold_database(Lonely *self)
{
    g_atomic_int_set(&self->faults.held, g_atomic_int_get(&self->faults.n_begun));
    test_place_until(has_asked, self);
}

/* Told to end while a look for work is under way, which it began under a name that it has lost
 * since. */
static void
test_it_ends_although_its_look_is_of_no_use(void)
{
    Lonely self = {0};
    g_autoptr(MskWakeupSender) wakeups = NULL;

    set_up(&self);
    wakeups = msk_wakeup_sender_new(self.place.bus);
    start(&self, NULL);
    test_place_until(is_registered, &self);
    test_place_for(100); /* the first look is over */
    test_clock_forward(4);
    hold_database(&self); /* this renews the lease, or tries to */
    test_place_run_sql(self.place.file, "DELETE FROM masakari_c_engines");
    (void) msk_wakeup_send(wakeups);
    test_place_for(50); /* the look waits behind it */
    g_atomic_int_inc(&self.faults.held);
    test_place_until(has_asked, &self);
    test_place_for(50); /* it has learned that it was taken for dead */
    msk_engine_drain(self.engine, on_drained, &self);
    test_place_for(1500); /* no longer than a second for what is under way */
    g_atomic_int_set(&self.faults.held, 0);
    test_place_until(is_drained, &self);
    g_assert_cmpuint(count_engines(&self), ==, 0);
    tear_down(&self);
}

/* ---- figures, and what is too old -------------------------------------------------------- */

static bool
shows_queue(void *data)
{
    g_autofree char *page = g_string_free(msk_metrics_text(), FALSE);

    (void) data;
    return strstr(page, "masakari_queue_notifications{status=\"running\"} 1\n") != NULL;
}

static void
test_figures(void)
{
    Lonely self = {0};

    set_up(&self);
    msk_metrics_start(msk_engine_metrics, msk_n_engine_metrics);
    start(&self, "host_failure.armed=false");
    g_autofree char *uuid = fixture_report(&self.place);

    test_place_until(shows_queue, NULL);
    tear_down(&self);
    msk_metrics_stop();
}

/* The database stands still while all of its timers are due, more than once. */
static void
test_a_database_that_stands_still(void)
{
    Lonely self = {0};

    set_up(&self);
    start(&self, "DEFAULT.check_expired_notifications_interval=1");
    test_place_until(is_registered, &self);
    test_clock_forward(4);
    hold_database(&self); /* this renews the lease, or tries to */
    test_place_for(4200);
    g_atomic_int_set(&self.faults.held, 0);
    check_works(&self);
    tear_down(&self);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine_faults/a_transaction_fails", test_a_transaction_fails);
    g_test_add_func("/engine_faults/it_is_taken_for_dead", test_it_is_taken_for_dead);
    g_test_add_func("/engine_faults/lease_not_renewed",
                    test_an_engine_that_does_not_renew_its_lease);
    g_test_add_func("/engine_faults/more_than_it_can_hold", test_more_than_it_can_hold);
    g_test_add_func("/engine_faults/no_place_to_begin_again", test_no_place_to_begin_again);
    g_test_add_func("/engine_faults/ends_without_a_database", test_it_ends_without_a_database);
    g_test_add_func("/engine_faults/ends_before_it_has_begun", test_it_ends_before_it_has_begun);
    g_test_add_func("/engine_faults/ends_although_its_look_is_of_no_use",
                    test_it_ends_although_its_look_is_of_no_use);
    g_test_add_func("/engine_faults/figures", test_figures);
    g_test_add_func("/engine_faults/stands_still", test_a_database_that_stands_still);
    return g_test_run();
}
