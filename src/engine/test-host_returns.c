/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_returns.h"

#include <string.h>

#include "base/log.h"
#include "engine/test_hosts.h"

/* A host whose failure was recovered lives again, with a real database and the model cloud of
 * test_hosts.h, each time with one thing in the way. Returns that may be looked at together go on
 * side by side. */

#define ENGINE "e1"
#define OTHER  "e2"

/* Another engine takes the host. */
#define TAKE "UPDATE masakari_c_claims SET subject = 'returning', engine_uuid = '" OTHER "'"
/* It fails once more. */
#define FAIL                                                                                       \
    "INSERT INTO notifications (created_at, notification_uuid, generated_time, source_host_uuid, " \
    "type, payload, status, deleted) SELECT created_at, 'b', generated_time, source_host_uuid, "   \
    "type, payload, 'new', 0 FROM notifications"

typedef struct {
    Parts parts; /* first: see parts_may_act() */
    MskHostReturns *returns;
    MskEventNotifier *events; /* (nullable) */
    const char *engine_uuid;  /* (nullable) who we are */
    unsigned nobody_from;     /* the transaction from which on we are nobody; 0: none */
} Return;

static const char *
engine_uuid(void *data)
{
    Return *self = data;
    bool is_nobody =
        self->nobody_from > 0 && parts_count_transactions(&self->parts) >= self->nobody_from;

    return is_nobody ? NULL : self->engine_uuid;
}

/* The recovery of h1 has come to its end. */
static void
finish(MskStore *store)
{
    g_autofree char *uuid = test_place_report(
        store, "h1", "COMPUTE_HOST", "{\"event\": \"STOPPED\", \"host_status\": \"NORMAL\"}",
        g_get_real_time());
    g_autoptr(MskClaim) claim = test_place_take(store, ENGINE);
    g_autoptr(GError) error = NULL;
    MskClaimRef ref = {uuid, ENGINE, claim->epoch};

    g_assert_cmpint(
        msk_store_host_failed(store, &ref, claim->notification->source_host_uuid, &error), ==,
        MSK_STORE_DONE);
    g_assert_cmpint(
        msk_store_claim_finish(store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL, NULL, &error),
        ==, MSK_STORE_DONE);
    g_assert_cmpint(msk_store_engine_register(store, OTHER, "c2", 600000, &error), ==,
                    MSK_STORE_DONE);
}

static void
set_up(Return *self)
{
    World *world = NULL;

    parts_set_up(&self->parts, "auto", 1);
    parts_start(&self->parts, "host_failure.auto_return=true");
    finish(self->parts.store);
    self->engine_uuid = ENGINE;
    world = self->parts.place.world;
    world->forced_down = true;
    world->disabled = true;
    g_strlcpy(world->reason, self->parts.settings.host_disable_reason, sizeof world->reason);
    world->beats = true;
    world->restarted = true;
}

static void
begin(Return *self)
{
    self->returns = msk_host_returns_new(&(MskHostReturnsContext){.queue = self->parts.queue,
                                                                  .pool = self->parts.pool,
                                                                  .settings = &self->parts.settings,
                                                                  .events = self->events,
                                                                  .may_act = parts_may_act,
                                                                  .engine_uuid = engine_uuid,
                                                                  .data = self});
}

static void
tear_down(Return *self)
{
    parts_stop(&self->parts);
    msk_host_returns_free(self->returns);
    msk_event_notifier_free(self->events);
    parts_clear(&self->parts);
}

static bool
is_listed(const Return *self)
{
    g_autoptr(GPtrArray) hosts = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(msk_store_returns_list(self->parts.store, ENGINE, 0, &hosts, &error), ==,
                    MSK_STORE_DONE);
    return hosts->len > 0;
}

static bool
is_on_maintenance(const Return *self)
{
    g_autoptr(MskHost) host = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(msk_store_host_get_by_name(self->parts.store, "h1", &host, &error), ==,
                    MSK_STORE_DONE);
    return host->on_maintenance;
}

/* Nothing of it is changed yet. */
static void
check_untouched(const Return *self)
{
    World *world = self->parts.place.world;

    world_lock(world);
    bool untouched = world->forced_down && world->disabled;

    world_leave(world);
    g_assert_true(untouched);
    g_assert_true(is_on_maintenance(self));
}

static void
check_in_service(const Return *self)
{
    const World *world = self->parts.place.world;

    g_assert_false(world->forced_down);
    g_assert_false(world->disabled);
    g_assert_false(world->harm);
    g_assert_false(is_on_maintenance(self));
    g_assert_false(is_listed(self));
}

/* ---- taken back, whatever gets in the way ------------------------------------------------ */

typedef enum { DATABASE_FAILS, CALL_FAILS, CALL_IS_REFUSED, LEASE_IS_SHORT, LEASE_ENDS } Fault;

static void
set_fault(Return *self, Fault fault, unsigned number)
{
    World *world = self->parts.place.world;

    world->fail_code = fault == CALL_FAILS ? MSK_ERROR_UNAVAILABLE : MSK_ERROR_DENIED;
    world->fail_at = fault == CALL_FAILS || fault == CALL_IS_REFUSED ? number : 0;
    self->parts.faults.fail_at = fault == DATABASE_FAILS ? (int) number : 0;
    self->parts.short_at = fault == LEASE_IS_SHORT ? number : 0;
    self->parts.over_at = fault == LEASE_ENDS ? number : 0;
}

static bool
are_over(void *data)
{
    GPtrArray *returns = data;
    bool over = true;

    for (unsigned i = 0; i < returns->len; i++) {
        over = !is_listed(g_ptr_array_index(returns, i)) && over;
    }
    return over;
}

static void
end(void *data)
{
    Return *self = data;

    tear_down(self);
    g_free(self);
}

static void
test_taken_back_whatever_gets_in_its_way(void)
{
    static const struct {
        Fault fault;
        unsigned last;
    } table[] = {
        /* Three rounds until it is known to live; then each change has a round of its own. */
        {DATABASE_FAILS, 9}, {CALL_FAILS, 12}, {CALL_IS_REFUSED, 12},
        {LEASE_IS_SHORT, 2}, {LEASE_ENDS, 2},
    };
    g_autoptr(GPtrArray) returns = g_ptr_array_new_with_free_func(end);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        for (unsigned number = 1; number <= table[i].last; number++) {
            Return *self = g_new0(Return, 1);

            set_up(self);
            set_fault(self, table[i].fault, number);
            begin(self);
            g_ptr_array_add(returns, self);
        }
    }
    test_place_until(are_over, returns);
    for (unsigned i = 0; i < returns->len; i++) {
        g_test_message("return %u", i);
        check_in_service(g_ptr_array_index(returns, i));
    }
}

static void
count_events(const MskLogRecord *record, void *data)
{
    unsigned *n_told = data;

    if (strcmp(record->logger, "oslo.messaging.notification.host.update.end") == 0) {
        (*n_told)++;
        g_assert_nonnull(strstr(record->message, "\"on_maintenance\":false"));
    }
}

/* With this driver of events. */
static void
check_told(const char *driver, unsigned wanted)
{
    g_autofree char *override = g_strconcat("oslo_messaging_notifications.driver=", driver, NULL);
    const char *const overrides[] = {override, NULL};
    const MskConfigSources sources = {.overrides = overrides};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(GPtrArray) returns = g_ptr_array_new_with_free_func(end);
    Return *self = g_new0(Return, 1);
    unsigned n_told = 0;

    msk_event_notifier_add_options(schema);
    g_autoptr(MskConfig) config = msk_config_load(schema, &sources, NULL);

    set_up(self);
    self->parts.faults.watched = "WHERE t.name = ?"; /* the row of a host */
    self->events = msk_event_notifier_new(config, "masakari-engine", NULL);
    g_assert_nonnull(self->events);
    msk_log_set_sink(count_events, &n_told);
    begin(self);
    g_ptr_array_add(returns, self);
    test_place_until(are_over, returns);
    msk_log_set_sink(NULL, NULL);
    check_in_service(self);
    g_assert_cmpuint(n_told, ==, wanted);
    g_assert_cmpint(g_atomic_int_get(&self->parts.faults.n_watched), ==, (int) wanted);
}

static void
test_listeners_are_told(void)
{
    check_told("log", 1);
}

static void
test_nothing_is_read_for_nobody(void)
{
    check_told("noop", 0);
}

/* ---- not taken back ---------------------------------------------------------------------- */

static bool
has_asked_six_times(void *data)
{
    Return *self = data;

    return parts_count_transactions(&self->parts) >= 6;
}

static bool
has_called_six_times(void *data)
{
    const Return *self = data;

    return parts_count_calls(&self->parts) >= 6;
}

static void
test_not_without_a_name(void)
{
    Return self = {0};

    set_up(&self);
    self.nobody_from = 3; /* it was about to be taken */
    begin(&self);
    test_place_for(2500);
    check_untouched(&self);
    tear_down(&self);
}

static void
test_not_while_evacuations_are_under_way(void)
{
    Return self = {0};

    set_up(&self);
    Vm *vm = &self.parts.place.world->vms[0];

    vm->n_orders = 1;
    vm->arrives_us = INT64_MAX;
    begin(&self);
    test_place_until(has_called_six_times, &self);
    test_place_until(has_asked_six_times, &self);
    check_untouched(&self);
    world_lock(self.parts.place.world);
    vm->arrives_us = 1;
    world_leave(self.parts.place.world);
    g_autoptr(GPtrArray) returns = g_ptr_array_new();

    g_ptr_array_add(returns, &self);
    test_place_until(are_over, returns);
    check_in_service(&self);
    tear_down(&self);
}

/* Somebody else comes first, at each moment: then it is left alone, and never said to be over. */
static void
test_not_when_others_are_at_it(void)
{
    static const char *const others[] = {TAKE, FAIL};
    g_autoptr(GPtrArray) returns = g_ptr_array_new_with_free_func(end);

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        for (int number = 1; number <= 7; number++) {
            Return *self = g_new0(Return, 1);

            set_up(self);
            self->parts.faults.lose_at = number;
            self->parts.faults.lose_sql = others[i];
            begin(self);
            g_ptr_array_add(returns, self);
        }
    }
    test_place_until(are_over, returns);
    test_place_for(700); /* a round more */
    for (unsigned i = 0; i < returns->len; i++) {
        const Return *self = g_ptr_array_index(returns, i);
        const World *world = self->parts.place.world;

        g_test_message("return %u", i);
        /* The service is the last thing that is changed, and that it is over is written after. */
        g_assert_true(world->disabled || self->parts.faults.lose_at >= 7);
        g_assert_false(world->harm);
    }
}

/* Turned off while it is looked at, or the engine is told to end. */
static void
test_not_when_it_is_stopped(void)
{
    for (int reload = 0; reload < 2; reload++) {
        Return self = {0};
        World *world = NULL;

        set_up(&self);
        world = self.parts.place.world;
        world_lock(world); /* no call comes to its end */
        begin(&self);
        while (parts_count_transactions(&self.parts) == 0) {
            test_place_for(10);
        }
        test_place_for(50);
        if (reload == 1) {
            self.parts.settings.auto_return = false;
        } else {
            msk_host_returns_stop(self.returns);
        }
        test_place_for(700); /* longer than a round */
        world_leave(world);
        test_place_for(700);
        g_assert_cmpuint(parts_count_calls(&self.parts), <=, 1);
        check_untouched(&self);
        tear_down(&self);
    }
}

static bool
are_held(void *data)
{
    GPtrArray *returns = data;
    bool held = true;

    for (unsigned i = 0; i < returns->len; i++) {
        Return *self = g_ptr_array_index(returns, i);

        held = held && (int) parts_count_transactions(&self->parts) > self->parts.faults.held;
    }
    return held;
}

/* The same while the database is asked for something. */
static void
test_not_when_it_is_stopped_meanwhile(void)
{
    g_autoptr(GPtrArray) returns = g_ptr_array_new_with_free_func(end);

    for (int i = 0; i < 8; i++) {
        Return *self = g_new0(Return, 1);

        set_up(self);
        self->parts.faults.held = i / 2 + 1;
        begin(self);
        g_ptr_array_add(returns, self);
    }
    test_place_until(are_held, returns);
    for (unsigned i = 0; i < returns->len; i++) {
        Return *self = g_ptr_array_index(returns, i);

        if (i % 2 == 1) {
            self->parts.settings.auto_return = false;
        } else {
            msk_host_returns_stop(self->returns);
        }
    }
    test_place_for(700);
    for (unsigned i = 0; i < returns->len; i++) {
        Return *self = g_ptr_array_index(returns, i);

        g_atomic_int_set(&self->parts.faults.held, 0);
    }
    test_place_for(1200);
    for (unsigned i = 0; i < returns->len; i++) {
        g_test_message("return %u", i);
        check_untouched(g_ptr_array_index(returns, i));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_returns/taken_back", test_taken_back_whatever_gets_in_its_way);
    g_test_add_func("/host_returns/told", test_listeners_are_told);
    g_test_add_func("/host_returns/nobody_to_tell", test_nothing_is_read_for_nobody);
    g_test_add_func("/host_returns/without_a_name", test_not_without_a_name);
    g_test_add_func("/host_returns/evacuations", test_not_while_evacuations_are_under_way);
    g_test_add_func("/host_returns/others", test_not_when_others_are_at_it);
    g_test_add_func("/host_returns/stopped", test_not_when_it_is_stopped);
    g_test_add_func("/host_returns/stopped_meanwhile", test_not_when_it_is_stopped_meanwhile);
    return g_test_run();
}
