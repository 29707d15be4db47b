/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"
#define SECOND INT64_C(1000000)

static void
setup(Fixture *fixture)
{
    fixture_init(fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture->store, "segment");
    g_autoptr(MskHost) host = make_host(fixture->store, segment->uuid, "h1");
    g_autoptr(MskHost) other = make_host(fixture->store, segment->uuid, "h2");

    ASSERT_DONE(msk_store_engine_register(fixture->store, ENGINE, "a", 60000, error));
}

static MskStoreResult
post(MskStore *store, const char *host, const char *type, const char *payload, int64_t generated_us)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup(type);
    notification->payload = g_strdup(payload);
    notification->generated_time_us = generated_us;

    MskStoreResult result = msk_store_notification_create(store, host, 180, notification, &error);

    g_assert_no_error(error);
    return result;
}

static void
test_a_notification_is_new_and_knows_its_host(void)
{
    Fixture fixture;
    int64_t generated_us = 1795418060114763;
    g_autoptr(MskNotification) made = NULL;
    g_autoptr(MskNotification) read = NULL;
    g_autoptr(MskHost) host = NULL;

    setup(&fixture);
    g_assert_cmpint(post_vm(fixture.store, "H1", "vm", generated_us, &made), ==, MSK_STORE_DONE);
    ASSERT_DONE(msk_store_host_get_by_name(fixture.store, "h1", &host, error));
    g_assert_cmpstr(made->source_host_uuid, ==, host->uuid);
    g_assert_cmpstr(made->failover_segment_uuid, ==, host->failover_segment_id);
    g_assert_cmpint(made->status, ==, MSK_NOTIFICATION_NEW);
    g_assert_cmpint(made->generated_time_us, ==, generated_us);
    g_assert_cmpint(made->meta.updated_at_us, ==, 0);
    ASSERT_DONE(msk_store_notification_get(fixture.store, made->uuid, &read, error));
    g_assert_cmpint(read->generated_time_us, ==, generated_us - 114763);
    /* What was handed out is not read, so it has to be what reading gives. */
    g_assert_cmpint(made->meta.id, >, 0);
    g_assert_cmpint(made->meta.id, ==, read->meta.id);
    g_assert_cmpint(made->meta.created_at_us, >, 0);
    g_assert_cmpint(made->meta.created_at_us, ==, read->meta.created_at_us);
    g_assert_cmpint(made->meta.deleted_at_us, ==, read->meta.deleted_at_us);
    g_assert_cmpint(made->meta.deleted, ==, read->meta.deleted);
    g_assert_cmpstr(made->uuid, ==, read->uuid);
    g_assert_cmpstr(made->source_host_uuid, ==, read->source_host_uuid);
    g_assert_cmpstr(made->failover_segment_uuid, ==, read->failover_segment_uuid);
    g_assert_cmpstr(made->type, ==, read->type);
    g_assert_cmpint(made->status, ==, read->status);
    g_assert_cmpstr(made->payload, ==, read->payload);
    g_assert_null(made->message);
    g_assert_null(read->message);
    fixture_clear(&fixture);
}

static void
test_unknown_hosts_and_those_on_maintenance_are_refused(void)
{
    Fixture fixture;
    g_autoptr(MskHost) host = NULL;

    setup(&fixture);
    g_assert_cmpint(post(fixture.store, "h3", "VM", "{}", 1), ==, MSK_STORE_NOT_FOUND);
    ASSERT_DONE(msk_store_host_get_by_name(fixture.store, "h1", &host, error));
    host->on_maintenance = true;
    ASSERT_DONE(msk_store_host_update(fixture.store, host, MSK_HOST_ON_MAINTENANCE, error));
    g_assert_cmpint(post(fixture.store, "h1", "VM", "{}", 1), ==, MSK_STORE_ON_MAINTENANCE);
    g_assert_cmpint(post(fixture.store, "h2", "VM", "{}", 1), ==, MSK_STORE_DONE);
    fixture_clear(&fixture);
}

static void
test_a_payload_has_to_be_json(void)
{
    static const char *const payloads[] = {"", "no", "{\"a\": }", "\"text\""};
    Fixture fixture;

    setup(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

        notification->type = g_strdup("VM");
        notification->payload = g_strdup(payloads[i]);
        g_assert_cmpint(
            msk_store_notification_create(fixture.store, "h1", 180, notification, &error), ==,
            MSK_STORE_FAILED);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
    fixture_clear(&fixture);
}

/* The first report is of h1 at a whole second; the second one's fate. */
static void
test_duplicates_are_of_the_same_type_host_payload_and_time(void)
{
    static const struct {
        const char *host;
        const char *type;
        const char *payload;
        int64_t later_us;
        MskStoreResult wanted;
    } rows[] = {
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", 0, MSK_STORE_DUPLICATE},
        {"h1", "PROCESS", "{ \"b\":[2],\"a\":1 }", 0, MSK_STORE_DUPLICATE},
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [3]}", 0, MSK_STORE_DONE},
        {"h1", "PROCESS", "{\"a\": 1}", 0, MSK_STORE_DONE},
        {"h2", "PROCESS", "{\"a\": 1, \"b\": [2]}", 0, MSK_STORE_DONE},
        {"h1", "COMPUTE_HOST", "{\"a\": 1, \"b\": [2]}", 0, MSK_STORE_DONE},
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", 180 * SECOND, MSK_STORE_DUPLICATE},
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", 180 * SECOND + 1, MSK_STORE_DONE},
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", 181 * SECOND, MSK_STORE_DONE},
        /* no bound on the other side */
        {"h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", -100000 * SECOND, MSK_STORE_DUPLICATE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        int64_t first_us = 1795418060 * SECOND;

        setup(&fixture);
        g_test_message("row %zu", i);
        g_assert_cmpint(post(fixture.store, "h1", "PROCESS", "{\"a\": 1, \"b\": [2]}", first_us),
                        ==, MSK_STORE_DONE);
        g_assert_cmpint(post(fixture.store, rows[i].host, rows[i].type, rows[i].payload,
                             first_us + rows[i].later_us),
                        ==, rows[i].wanted);
        fixture_clear(&fixture);
    }
}

/* What became of the first report of a VM, when the second was generated relative to its end, and
 * the second one's fate. */
static void
test_a_vm_that_fails_again_after_its_recovery_is_another_incident(void)
{
    enum { OPEN = -1 };
    static const struct {
        const char *type;
        int end; /* a status, MSK_NOTIFICATION_RUNNING, or OPEN */
        int64_t after_end_us;
        MskStoreResult wanted;
    } rows[] = {
        {"VM", OPEN, SECOND, MSK_STORE_DUPLICATE},
        {"VM", MSK_NOTIFICATION_RUNNING, SECOND, MSK_STORE_DUPLICATE},
        {"VM", MSK_NOTIFICATION_FINISHED, SECOND, MSK_STORE_DONE},
        {"VM", MSK_NOTIFICATION_IGNORED, SECOND, MSK_STORE_DONE},
        {"VM", MSK_NOTIFICATION_FAILED, SECOND, MSK_STORE_DONE},
        {"VM", MSK_NOTIFICATION_ERROR, SECOND, MSK_STORE_DONE},
        {"VM", MSK_NOTIFICATION_FINISHED, -10 * SECOND, MSK_STORE_DUPLICATE},
        /* the clock was set back */
        {"VM", MSK_NOTIFICATION_FINISHED, -184 * SECOND, MSK_STORE_DUPLICATE},
        {"VM", MSK_NOTIFICATION_FINISHED, -190 * SECOND, MSK_STORE_DONE},
        {"VM", MSK_NOTIFICATION_RUNNING, -190 * SECOND, MSK_STORE_DUPLICATE},
        {"PROCESS", MSK_NOTIFICATION_FINISHED, -190 * SECOND, MSK_STORE_DUPLICATE},
        {"PROCESS", MSK_NOTIFICATION_FINISHED, SECOND, MSK_STORE_DUPLICATE},
        {"COMPUTE_HOST", MSK_NOTIFICATION_FINISHED, SECOND, MSK_STORE_DUPLICATE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture fixture;
        int64_t before_us = g_get_real_time() - 5 * SECOND;

        setup(&fixture);
        g_test_message("row %zu", i);
        g_assert_cmpint(post(fixture.store, "h1", rows[i].type, "{}", before_us), ==,
                        MSK_STORE_DONE);
        if (rows[i].end != OPEN) {
            g_autoptr(GPtrArray) claims = NULL;

            ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
            MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

            if (rows[i].end != MSK_NOTIFICATION_RUNNING) {
                ASSERT_DONE(msk_store_claim_finish(fixture.store, &ref,
                                                   (MskNotificationStatus) rows[i].end, NULL, NULL,
                                                   NULL, error));
            }
        }
        g_assert_cmpint(
            post(fixture.store, "h1", rows[i].type, "{}", g_get_real_time() + rows[i].after_end_us),
            ==, rows[i].wanted);
        fixture_clear(&fixture);
    }
}

static void
test_an_end_without_a_claim_is_known_to_the_second(void)
{
    Fixture fixture;
    int64_t now_us = g_get_real_time();
    g_autoptr(GPtrArray) uuids = NULL;

    setup(&fixture);
    g_assert_cmpint(post(fixture.store, "h1", "VM", "{}", now_us - 50 * SECOND), ==,
                    MSK_STORE_DONE);
    ASSERT_DONE(msk_store_notification_expire(fixture.store, 40, &uuids, error));
    g_assert_cmpuint(uuids->len, ==, 1);
    /* updated_at is this second: a report of this second may be of before the end. */
    g_assert_cmpint(post(fixture.store, "h1", "VM", "{}", now_us), ==, MSK_STORE_DUPLICATE);
    g_assert_cmpint(post(fixture.store, "h1", "VM", "{}", g_get_real_time() + 2 * SECOND), ==,
                    MSK_STORE_DONE);
    fixture_clear(&fixture);
}

static void
test_times_at_the_edge_of_the_calendar_do_no_harm(void)
{
    static const int64_t times_us[] = {-62135596800 * SECOND, 253402300799 * SECOND, 0};
    Fixture fixture;

    setup(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(times_us); i++) {
        g_autofree char *payload = g_strdup_printf("{\"i\": %zu}", i);
        g_autoptr(GPtrArray) list = NULL;
        MskNotificationFilter filter = {.generated_since_us = times_us[i]};

        g_assert_cmpint(post(fixture.store, "h1", "VM", payload, times_us[i]), ==, MSK_STORE_DONE);
        ASSERT_DONE(msk_store_notification_list(fixture.store, &filter, NULL, &list, error));
        g_assert_cmpuint(list->len, >=, 1);
    }
    fixture_clear(&fixture);
}

static void
test_lists_are_filtered(void)
{
    Fixture fixture;
    int64_t base_us = 1795418060 * SECOND;
    g_autoptr(MskHost) host = NULL;
    g_autoptr(GPtrArray) claims = NULL;

    setup(&fixture);
    ASSERT_DONE(msk_store_host_get_by_name(fixture.store, "h1", &host, error));
    post(fixture.store, "h1", "VM", "{\"i\": 1}", base_us);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
    post(fixture.store, "h1", "PROCESS", "{\"i\": 2}", base_us + 10 * SECOND);
    post(fixture.store, "h2", "VM", "{\"i\": 3}", base_us + 20 * SECOND);

    const struct {
        MskNotificationFilter filter;
        unsigned count;
    } rows[] = {
        {{.type = NULL}, 3},
        {{.source_host_uuid = host->uuid}, 2},
        {{.failover_segment_uuid = host->failover_segment_id}, 3},
        {{.failover_segment_uuid = host->uuid}, 0},
        {{.type = "VM"}, 2},
        {{.type = "vm"}, 2},
        {{.statuses = MSK_STATUS_BIT(MSK_NOTIFICATION_RUNNING)}, 1},
        {{.statuses =
              MSK_STATUS_BIT(MSK_NOTIFICATION_RUNNING) | MSK_STATUS_BIT(MSK_NOTIFICATION_NEW)},
         3},
        {{.statuses = MSK_STATUS_BIT(MSK_NOTIFICATION_FAILED)}, 0},
        {{.generated_since_us = base_us + 10 * SECOND}, 2},
        {{.generated_since_us = base_us + 10 * SECOND + 1}, 1},
        {{.generated_since_us = base_us + 21 * SECOND}, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) list = NULL;

        g_test_message("row %zu", i);
        ASSERT_DONE(
            msk_store_notification_list(fixture.store, &rows[i].filter, NULL, &list, error));
        g_assert_cmpuint(list->len, ==, rows[i].count);
    }
    fixture_clear(&fixture);
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 20 };

typedef struct {
    MskStore *store;
    int accepted[ROUNDS];
} Racer;

static void *
race(void *data)
{
    Racer *racer = data;

    for (int round = 0; round < ROUNDS; round++) {
        g_autofree char *payload = g_strdup_printf("{\"round\": %d}", round);
        MskStoreResult result =
            post(racer->store, "h1", "VM", payload, 1795418060 * SECOND + round);

        g_assert_true(result == MSK_STORE_DONE || result == MSK_STORE_DUPLICATE);
        racer->accepted[round] = result == MSK_STORE_DONE;
    }
    return NULL;
}

static MskStore *
open_another(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const MskStoreOptions options = fixture_options(fixture);
    MskStore *store = msk_store_open(&options, &error);

    g_assert_no_error(error);
    return store;
}

/* Half of them in a store of their own, as in another process. */
static void
test_of_racing_duplicates_one_is_accepted(void)
{
    Fixture fixture;
    Racer racers[THREADS] = {0};
    GThread *threads[THREADS];
    int accepted[ROUNDS] = {0};

    setup(&fixture);
    MskStore *another = open_another(&fixture);

    for (int i = 0; i < THREADS; i++) {
        racers[i].store = i % 2 == 0 ? fixture.store : another;
        threads[i] = g_thread_new("reporter", race, &racers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        for (int round = 0; round < ROUNDS; round++) {
            accepted[round] += racers[i].accepted[round];
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        g_assert_cmpint(accepted[round], ==, 1);
    }
    msk_store_free(another);
    fixture_clear(&fixture);
}

typedef struct {
    MskStore *store;
    int done; /* atomic */
} Reporter;

static void *
post_one(void *data)
{
    Reporter *self = data;

    g_assert_cmpint(post(self->store, "h1", "VM", "{\"i\": 1}", 1795418060 * SECOND), ==,
                    MSK_STORE_DONE);
    g_atomic_int_set(&self->done, 1);
    return NULL;
}

static int64_t
number(MskDb *db, const char *sql)
{
    g_autoptr(GError) error = NULL;
    int64_t found = 0;

    g_assert_cmpint(msk_db_number(db, sql, MSK_DB_NO_ARGS, &found, &error), ==, 1);
    g_assert_no_error(error);
    return found;
}

/* A report that is one statement takes its turn among the writers, too. */
static void
test_a_report_waits_for_the_writer_before_it(void)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;

    setup(&fixture);
    if (fixture_driver()->begin_turn != NULL) {
        g_autoptr(MskDb) writer = fixture_db(&fixture, MSK_DB_USE);
        g_autoptr(MskDb) watcher = fixture_db(&fixture, MSK_DB_USE);

        g_assert_true(fixture_driver()->begin_turn(writer, 2, 1, &error));
        g_assert_no_error(error);
        Reporter reporter = {.store = fixture.store};
        GThread *thread = g_thread_new("reporter", post_one, &reporter);

        while (number(watcher, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE "
                               "trx_state = 'LOCK WAIT' AND trx_query LIKE "
                               "'%masakari_c_lock%'") == 0) {
            g_assert_cmpint(g_atomic_int_get(&reporter.done), ==, 0);
            g_usleep(200000); /* the table is filled anew only when nobody has read it for 0.1 s */
        }
        g_assert_cmpint(number(watcher, "SELECT COUNT(*) FROM notifications"), ==, 0);
        g_assert_true(fixture_driver()->commit(writer, &error));
        g_thread_join(thread);
        g_assert_cmpint(number(watcher, "SELECT COUNT(*) FROM notifications"), ==, 1);
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notification_rows/a_notification_is_new_and_knows_its_host",
                    test_a_notification_is_new_and_knows_its_host);
    g_test_add_func("/notification_rows/unknown_hosts_and_those_on_maintenance_are_refused",
                    test_unknown_hosts_and_those_on_maintenance_are_refused);
    g_test_add_func("/notification_rows/a_payload_has_to_be_json", test_a_payload_has_to_be_json);
    g_test_add_func("/notification_rows/duplicates_are_of_the_same_type_host_payload_and_time",
                    test_duplicates_are_of_the_same_type_host_payload_and_time);
    g_test_add_func("/notification_rows/a_vm_that_fails_again_is_another_incident",
                    test_a_vm_that_fails_again_after_its_recovery_is_another_incident);
    g_test_add_func("/notification_rows/an_end_without_a_claim_is_known_to_the_second",
                    test_an_end_without_a_claim_is_known_to_the_second);
    g_test_add_func("/notification_rows/times_at_the_edge_of_the_calendar_do_no_harm",
                    test_times_at_the_edge_of_the_calendar_do_no_harm);
    g_test_add_func("/notification_rows/lists_are_filtered", test_lists_are_filtered);
    g_test_add_func("/notification_rows/of_racing_duplicates_one_is_accepted",
                    test_of_racing_duplicates_one_is_accepted);
    g_test_add_func("/notification_rows/a_report_waits_for_the_writer_before_it",
                    test_a_report_waits_for_the_writer_before_it);
    return g_test_run();
}
