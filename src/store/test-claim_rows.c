/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "store/test_fixture.h"

#define ENGINE_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ENGINE_B "bbbbbbbb-0000-4000-8000-000000000002"
#define LEASE_MS 60000

static void
setup(Fixture *fixture)
{
    fixture_init(fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture->store, "segment");
    g_autoptr(MskHost) host = make_host(fixture->store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture->store, ENGINE_A, "a", LEASE_MS, error));
    ASSERT_DONE(msk_store_engine_register(fixture->store, ENGINE_B, "b", LEASE_MS, error));
}

static void
post(MskStore *store, const char *instance)
{
    g_assert_cmpint(post_vm(store, "h1", instance, g_get_real_time(), NULL), ==, MSK_STORE_DONE);
}

static MskNotificationStatus
status_of(MskStore *store, const char *uuid, char **ret_message)
{
    g_autoptr(MskNotification) notification = NULL;

    ASSERT_DONE(msk_store_notification_get(store, uuid, &notification, error));
    if (ret_message != NULL) {
        *ret_message = g_strdup(notification->message);
    }
    return notification->status;
}

/* What another program does to the tables. */
static void
run_sql(const Fixture *fixture, const char *sql)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(MskDb) db = fixture_db(fixture, MSK_DB_USE);

    g_assert_no_error(failure);
    g_assert_true(db->driver->script(db, sql, &failure));
}

static void
test_new_notifications_are_claimed_once_oldest_first(void)
{
    Fixture fixture;

    setup(&fixture);
    g_autoptr(GPtrArray) nothing = NULL;
    g_autoptr(GPtrArray) two = NULL;
    g_autoptr(GPtrArray) one = NULL;

    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_A, 10, &nothing, error));
    g_assert_cmpuint(nothing->len, ==, 0);
    post(fixture.store, "1");
    post(fixture.store, "2");
    post(fixture.store, "3");
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_A, 2, &two, error));
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_B, 2, &one, error));
    g_assert_cmpuint(two->len, ==, 2);
    g_assert_cmpuint(one->len, ==, 1);

    const MskClaim *first = g_ptr_array_index(two, 0);
    const MskClaim *last = g_ptr_array_index(one, 0);

    g_assert_cmpint(first->notification->meta.id, ==, 1);
    g_assert_cmpint(last->notification->meta.id, ==, 3);
    g_assert_cmpint(first->notification->status, ==, MSK_NOTIFICATION_RUNNING);
    g_assert_cmpint(first->epoch, ==, 1);
    g_assert_cmpint(first->attempt, ==, 1);
    g_assert_false(first->taken_over);
    g_assert_null(first->state);
    fixture_clear(&fixture);
}

static void
test_an_unknown_engine_has_lost(void)
{
    static const char engine[] = "cccccccc-0000-4000-8000-000000000003";
    Fixture fixture;
    GPtrArray *claims = NULL;

    setup(&fixture);
    post(fixture.store, "1");
    ASSERT_RESULT(msk_store_claim_new(fixture.store, engine, 1, &claims, error), MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_claim_error(fixture.store, engine, 0, 1, &claims, error),
                  MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_claim_take_over(fixture.store, engine, NULL, NULL, 1, &claims, error),
                  MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_engine_renew(fixture.store, engine, 1, error), MSK_STORE_LOST);
    g_assert_null(claims);
    fixture_clear(&fixture);
}

static MskClaim *
claim_one(MskStore *store, const char *engine)
{
    g_autoptr(GPtrArray) claims = NULL;

    ASSERT_DONE(msk_store_claim_new(store, engine, 1, &claims, error));
    g_assert_cmpuint(claims->len, ==, 1);
    return g_ptr_array_steal_index(claims, 0);
}

static void
test_only_the_owner_finishes_and_only_once(void)
{
    Fixture fixture;

    setup(&fixture);
    post(fixture.store, "1");
    g_autoptr(MskClaim) claim = claim_one(fixture.store, ENGINE_A);
    MskClaimRef owner = claim_ref(claim, ENGINE_A);
    MskClaimRef stranger = claim_ref(claim, ENGINE_B);
    MskClaimRef stale = owner;
    g_autofree char *message = NULL;

    stale.epoch--;
    ASSERT_RESULT(msk_store_claim_finish(fixture.store, &stranger, MSK_NOTIFICATION_FINISHED, NULL,
                                         NULL, NULL, error),
                  MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_claim_finish(fixture.store, &stale, MSK_NOTIFICATION_FINISHED, NULL,
                                         NULL, NULL, error),
                  MSK_STORE_LOST);
    ASSERT_DONE(msk_store_claim_finish(fixture.store, &owner, MSK_NOTIFICATION_IGNORED, "because",
                                       NULL, NULL, error));
    ASSERT_RESULT(msk_store_claim_finish(fixture.store, &owner, MSK_NOTIFICATION_FINISHED, NULL,
                                         NULL, NULL, error),
                  MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_claim_release(fixture.store, &owner, error), MSK_STORE_LOST);
    g_assert_cmpint(status_of(fixture.store, owner.notification_uuid, &message), ==,
                    MSK_NOTIFICATION_IGNORED);
    g_assert_cmpstr(message, ==, "because");
    fixture_clear(&fixture);
}

static void
test_error_rows_are_claimed_once_more(void)
{
    Fixture fixture;

    setup(&fixture);
    post(fixture.store, "1");
    g_autoptr(MskClaim) claim = claim_one(fixture.store, ENGINE_A);
    MskClaimRef first = claim_ref(claim, ENGINE_A);
    g_autoptr(GPtrArray) early = NULL;
    g_autoptr(GPtrArray) again = NULL;

    ASSERT_DONE(msk_store_claim_hold(fixture.store, &first, "instance 1", error));
    ASSERT_DONE(msk_store_claim_save_state(fixture.store, &first, "ordered", error));
    ASSERT_DONE(msk_store_claim_finish(fixture.store, &first, MSK_NOTIFICATION_ERROR, NULL, NULL,
                                       NULL, error));
    ASSERT_DONE(msk_store_claim_error(fixture.store, ENGINE_B, 60, 10, &early, error));
    g_assert_cmpuint(early->len, ==, 0);
    ASSERT_DONE(msk_store_claim_error(fixture.store, ENGINE_B, 0, 10, &again, error));
    g_assert_cmpuint(again->len, ==, 1);

    const MskClaim *second = g_ptr_array_index(again, 0);

    g_assert_cmpint(second->epoch, ==, 2);
    g_assert_cmpint(second->attempt, ==, 2);
    g_assert_false(second->taken_over);
    g_assert_null(second->state);
    fixture_clear(&fixture);
}

static void
test_an_error_of_the_future_is_tried_at_once(void)
{
    Fixture fixture;

    setup(&fixture);
    post(fixture.store, "1");
    g_autoptr(MskClaim) claim = claim_one(fixture.store, ENGINE_A);
    MskClaimRef first = claim_ref(claim, ENGINE_A);
    g_autoptr(GPtrArray) again = NULL;

    ASSERT_DONE(msk_store_claim_finish(fixture.store, &first, MSK_NOTIFICATION_ERROR, NULL, NULL,
                                       NULL, error));
    run_sql(&fixture, "UPDATE masakari_c_claims SET ended_at = ended_at + 3600000000");
    ASSERT_DONE(msk_store_claim_error(fixture.store, ENGINE_B, 60, 10, &again, error));
    g_assert_cmpuint(again->len, ==, 1);
    fixture_clear(&fixture);
}

/* A Python engine tried it and left no claim; that was the first attempt. */
static void
test_error_rows_of_a_python_engine_are_claimed_once_more(void)
{
    Fixture fixture;
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) claims = NULL;

    setup(&fixture);
    post(fixture.store, "1");
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_USE);

        g_assert_true(
            db->driver->script(db, "UPDATE notifications SET status = 'error'", &failure));
        g_assert_no_error(failure);
    }
    ASSERT_DONE(msk_store_claim_error(fixture.store, ENGINE_A, 3600, 10, &claims, error));
    g_assert_cmpuint(claims->len, ==, 1);
    const MskClaim *claim = g_ptr_array_index(claims, 0);

    g_assert_cmpint(claim->attempt, ==, 2);
    g_assert_cmpint(claim->epoch, ==, 1);
    fixture_clear(&fixture);
}

/* Its running rows may be in good hands: nobody takes them over. */
static void
test_running_rows_without_a_claim_are_left_alone(void)
{
    Fixture fixture;
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) claims = NULL;

    setup(&fixture);
    post(fixture.store, "1");
    {
        g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_USE);

        g_assert_true(
            db->driver->script(db, "UPDATE notifications SET status = 'running'", &failure));
    }
    ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_A, NULL, NULL, 10, &claims, error));
    g_assert_cmpuint(claims->len, ==, 0);
    fixture_clear(&fixture);
}

static int64_t
stamp_of(MskStore *store, const char *engine_uuid)
{
    g_autoptr(GPtrArray) engines = NULL;

    ASSERT_DONE(msk_store_engine_list(store, &engines, error));
    for (unsigned i = 0; i < engines->len; i++) {
        const MskEngineRecord *record = g_ptr_array_index(engines, i);

        if (g_str_equal(record->uuid, engine_uuid)) {
            return record->stamp;
        }
    }
    return 0;
}

/* Who owns a claim, why it is up for grabs, and whether it is taken. */
static void
test_claims_of_the_dead_are_taken_over(void)
{
    static const char *const dead_a[] = {ENGINE_A, NULL};
    enum { ALIVE, DEAD_BY_LIST, EXPIRED, RENEWED, UNREGISTERED, RELEASED, N_CASES };
    Fixture fixture;

    setup(&fixture);
    for (int i = 0; i < N_CASES; i++) {
        g_autofree char *instance = g_strdup_printf("%d", i);
        g_autoptr(GPtrArray) taken = NULL;
        g_autoptr(GPtrArray) expired = g_ptr_array_new();

        ASSERT_DONE(msk_store_engine_unregister(fixture.store, ENGINE_A, error));
        ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_A, "a", LEASE_MS, error));
        post(fixture.store, instance);
        g_autoptr(MskClaim) claim = claim_one(fixture.store, ENGINE_A);
        MskClaimRef old = claim_ref(claim, ENGINE_A);

        ASSERT_DONE(msk_store_claim_save_state(fixture.store, &old, "start ordered", error));
        char uuid_a[] = ENGINE_A;
        MskLease lease = {.uuid = uuid_a, .stamp = stamp_of(fixture.store, ENGINE_A)};
        bool alive = i == ALIVE || i == RENEWED;

        if (i == EXPIRED || i == RENEWED) {
            g_ptr_array_add(expired, &lease);
        }
        if (i == RENEWED) { /* after it was taken for dead, before anything was taken over */
            ASSERT_DONE(msk_store_engine_renew(fixture.store, ENGINE_A, LEASE_MS, error));
        } else if (i == UNREGISTERED) {
            ASSERT_DONE(msk_store_engine_unregister(fixture.store, ENGINE_A, error));
        } else if (i == RELEASED) {
            ASSERT_DONE(msk_store_claim_release(fixture.store, &old, error));
        }
        ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_B,
                                              i == DEAD_BY_LIST ? dead_a : NULL, expired, 10,
                                              &taken, error));
        g_assert_cmpuint(taken->len, ==, !alive);
        if (!alive) {
            const MskClaim *mine = g_ptr_array_index(taken, 0);
            MskClaimRef ref = claim_ref(mine, ENGINE_B);

            g_assert_cmpstr(mine->notification->uuid, ==, old.notification_uuid);
            g_assert_true(mine->taken_over);
            g_assert_cmpint(mine->epoch, ==, 2);
            g_assert_cmpint(mine->attempt, ==, 1);
            g_assert_cmpstr(mine->state, ==, "start ordered");
            ASSERT_RESULT(msk_store_claim_finish(fixture.store, &old, MSK_NOTIFICATION_FINISHED,
                                                 NULL, NULL, NULL, error),
                          MSK_STORE_LOST);
            ASSERT_DONE(msk_store_claim_finish(fixture.store, &ref, MSK_NOTIFICATION_FINISHED, NULL,
                                               NULL, NULL, error));
        }
        if (i == DEAD_BY_LIST || i == EXPIRED) {
            ASSERT_RESULT(msk_store_engine_renew(fixture.store, ENGINE_A, LEASE_MS, error),
                          MSK_STORE_LOST);
        }
        if (alive) {
            ASSERT_DONE(msk_store_claim_finish(fixture.store, &old, MSK_NOTIFICATION_FINISHED, NULL,
                                               NULL, NULL, error));
        }
    }
    fixture_clear(&fixture);
}

static void
test_a_subject_is_held_by_one_claim(void)
{
    static const char *const dead_a[] = {ENGINE_A, NULL};
    Fixture fixture;

    setup(&fixture);
    post(fixture.store, "1");
    post(fixture.store, "2");
    g_autoptr(MskClaim) one = claim_one(fixture.store, ENGINE_A);
    g_autoptr(MskClaim) two = claim_one(fixture.store, ENGINE_B);
    MskClaimRef first = claim_ref(one, ENGINE_A);
    MskClaimRef second = claim_ref(two, ENGINE_B);
    g_autoptr(GPtrArray) taken = NULL;

    ASSERT_DONE(msk_store_claim_hold(fixture.store, &first, "instance 7", error));
    ASSERT_DONE(msk_store_claim_hold(fixture.store, &first, "instance 7", error));
    ASSERT_RESULT(msk_store_claim_hold(fixture.store, &second, "instance 7", error),
                  MSK_STORE_BUSY);
    ASSERT_DONE(msk_store_claim_release(fixture.store, &first, error));
    ASSERT_RESULT(msk_store_claim_hold(fixture.store, &second, "instance 7", error),
                  MSK_STORE_BUSY);
    ASSERT_DONE(
        msk_store_claim_take_over(fixture.store, ENGINE_B, dead_a, NULL, 10, &taken, error));
    g_assert_cmpuint(taken->len, ==, 1);

    MskClaimRef successor = claim_ref(g_ptr_array_index(taken, 0), ENGINE_B);

    ASSERT_RESULT(msk_store_claim_hold(fixture.store, &first, "instance 7", error), MSK_STORE_LOST);
    ASSERT_DONE(msk_store_claim_finish(fixture.store, &successor, MSK_NOTIFICATION_FINISHED, NULL,
                                       NULL, NULL, error));
    ASSERT_DONE(msk_store_claim_hold(fixture.store, &second, "instance 7", error));
    fixture_clear(&fixture);
}

/* A Python engine's expiry, or a person, ends the row; @dead: and the owner is gone. */
static void
check_subject_of_a_row_that_others_ended(bool dead)
{
    Fixture fixture;

    setup(&fixture);
    post(fixture.store, "1");
    post(fixture.store, "2");
    g_autoptr(MskClaim) one = claim_one(fixture.store, ENGINE_A);
    g_autoptr(MskClaim) two = claim_one(fixture.store, ENGINE_B);
    MskClaimRef first = claim_ref(one, ENGINE_A);
    MskClaimRef second = claim_ref(two, ENGINE_B);
    g_autoptr(GPtrArray) taken = NULL;

    ASSERT_DONE(msk_store_claim_hold(fixture.store, &first, "instance 7", error));
    run_sql(&fixture, "UPDATE notifications SET status = 'failed' WHERE id = 1");
    ASSERT_RESULT(msk_store_claim_hold(fixture.store, &second, "instance 7", error),
                  MSK_STORE_BUSY);
    if (dead) {
        static const char *const dead_a[] = {ENGINE_A, NULL};

        ASSERT_DONE(
            msk_store_claim_take_over(fixture.store, ENGINE_B, dead_a, NULL, 10, &taken, error));
        g_assert_cmpuint(taken->len, ==, 0);
    } else {
        ASSERT_RESULT(msk_store_claim_finish(fixture.store, &first, MSK_NOTIFICATION_FINISHED, NULL,
                                             NULL, NULL, error),
                      MSK_STORE_LOST);
    }
    g_assert_cmpint(status_of(fixture.store, one->notification->uuid, NULL), ==,
                    MSK_NOTIFICATION_FAILED);
    ASSERT_DONE(msk_store_claim_hold(fixture.store, &second, "instance 7", error));
    fixture_clear(&fixture);
}

static void
test_a_row_that_others_ended_holds_nothing(void)
{
    check_subject_of_a_row_that_others_ended(false);
    check_subject_of_a_row_that_others_ended(true);
}

static void
test_old_notifications_expire(void)
{
    Fixture fixture;
    int64_t now_us = g_get_real_time();
    g_autoptr(MskNotification) old = NULL;
    g_autoptr(MskNotification) fresh = NULL;
    g_autoptr(GPtrArray) early = NULL;
    g_autoptr(GPtrArray) uuids = NULL;
    g_autoptr(GPtrArray) none = NULL;

    setup(&fixture);
    post_vm(fixture.store, "h1", "old", now_us - INT64_C(100) * G_USEC_PER_SEC, &old);
    g_autoptr(MskClaim) claim = claim_one(fixture.store, ENGINE_A);
    MskClaimRef ref = claim_ref(claim, ENGINE_A);

    post_vm(fixture.store, "h1", "fresh", now_us, &fresh);
    ASSERT_DONE(msk_store_notification_expire(fixture.store, 90, &early, error));
    g_assert_cmpuint(early->len, ==, 0); /* its recovery has just begun */
    run_sql(&fixture, "UPDATE masakari_c_claims SET claimed_at = claimed_at - 91000000");
    ASSERT_DONE(msk_store_notification_expire(fixture.store, 90, &uuids, error));
    g_assert_nonnull(old);
    g_assert_nonnull(fresh);
    g_assert_cmpuint(uuids->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(uuids, 0), ==, old->uuid);
    g_assert_cmpint(status_of(fixture.store, old->uuid, NULL), ==, MSK_NOTIFICATION_FAILED);
    g_assert_cmpint(status_of(fixture.store, fresh->uuid, NULL), ==, MSK_NOTIFICATION_NEW);
    ASSERT_RESULT(msk_store_claim_finish(fixture.store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL,
                                         NULL, error),
                  MSK_STORE_LOST);
    ASSERT_DONE(msk_store_notification_expire(fixture.store, 90, &none, error));
    g_assert_cmpuint(none->len, ==, 0);
    fixture_clear(&fixture);
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { THREADS = 6, NOTIFICATIONS = 60 };

typedef struct {
    MskStore *store;
    char *engine;
    GPtrArray *uuids;
} Racer;

static void *
race(void *data)
{
    Racer *racer = data;
    unsigned empty = 0;

    while (empty < 2) {
        g_autoptr(GPtrArray) claims = NULL;

        ASSERT_DONE(msk_store_claim_new(racer->store, racer->engine, 3, &claims, error));
        empty = claims->len == 0 ? empty + 1 : 0;
        for (unsigned i = 0; i < claims->len; i++) {
            const MskClaim *claim = g_ptr_array_index(claims, i);
            MskClaimRef ref = claim_ref(claim, racer->engine);

            g_ptr_array_add(racer->uuids, g_strdup(claim->notification->uuid));
            ASSERT_DONE(msk_store_claim_finish(racer->store, &ref, MSK_NOTIFICATION_FINISHED, NULL,
                                               NULL, NULL, error));
        }
    }
    return NULL;
}

static void
test_racing_engines_claim_each_once(void)
{
    Fixture fixture;
    Racer racers[THREADS] = {0};
    GThread *threads[THREADS];
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    setup(&fixture);
    for (int i = 0; i < NOTIFICATIONS; i++) {
        g_autofree char *instance = g_strdup_printf("%d", i);

        post(fixture.store, instance);
    }
    for (int i = 0; i < THREADS; i++) {
        racers[i].store = fixture.store;
        racers[i].engine = g_uuid_string_random();
        racers[i].uuids = g_ptr_array_new();
        ASSERT_DONE(
            msk_store_engine_register(fixture.store, racers[i].engine, "x", LEASE_MS, error));
        threads[i] = g_thread_new("engine", race, &racers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        for (unsigned k = 0; k < racers[i].uuids->len; k++) {
            g_assert_true(g_hash_table_add(seen, g_ptr_array_index(racers[i].uuids, k)));
        }
        g_ptr_array_unref(racers[i].uuids);
        g_free(racers[i].engine);
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, NOTIFICATIONS);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/claim_rows/new_notifications_are_claimed_once_oldest_first",
                    test_new_notifications_are_claimed_once_oldest_first);
    g_test_add_func("/claim_rows/an_unknown_engine_has_lost", test_an_unknown_engine_has_lost);
    g_test_add_func("/claim_rows/only_the_owner_finishes_and_only_once",
                    test_only_the_owner_finishes_and_only_once);
    g_test_add_func("/claim_rows/error_rows_are_claimed_once_more",
                    test_error_rows_are_claimed_once_more);
    g_test_add_func("/claim_rows/error_rows_of_a_python_engine_are_claimed_once_more",
                    test_error_rows_of_a_python_engine_are_claimed_once_more);
    g_test_add_func("/claim_rows/running_rows_without_a_claim_are_left_alone",
                    test_running_rows_without_a_claim_are_left_alone);
    g_test_add_func("/claim_rows/claims_of_the_dead_are_taken_over",
                    test_claims_of_the_dead_are_taken_over);
    g_test_add_func("/claim_rows/a_subject_is_held_by_one_claim",
                    test_a_subject_is_held_by_one_claim);
    g_test_add_func("/claim_rows/a_row_that_others_ended_holds_nothing",
                    test_a_row_that_others_ended_holds_nothing);
    g_test_add_func("/claim_rows/an_error_of_the_future_is_tried_at_once",
                    test_an_error_of_the_future_is_tried_at_once);
    g_test_add_func("/claim_rows/old_notifications_expire", test_old_notifications_expire);
    g_test_add_func("/claim_rows/racing_engines_claim_each_once",
                    test_racing_engines_claim_each_once);
    return g_test_run();
}
