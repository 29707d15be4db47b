/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ONE   "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER "aaaaaaaa-0000-4000-8000-000000000002"

static char *
post(MskStore *store, const char *type, const char *payload)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->type = g_strdup(type);
    notification->generated_time_us = g_get_real_time();
    notification->payload = g_strdup(payload);
    ASSERT_DONE(msk_store_notification_create(store, "h1", 0, notification, error));
    return g_strdup(notification->uuid);
}

/* A failure of h1 that engine ONE recovers, and that ends with @status. */
static char *
fail_host(MskStore *store, const char *host_uuid, MskNotificationStatus status)
{
    g_autoptr(GPtrArray) claims = NULL;
    char *uuid = post(store, "COMPUTE_HOST", "{\"event\": \"STOPPED\"}");

    ASSERT_DONE(msk_store_claim_new(store, ONE, 9, &claims, error));
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ONE);

    ASSERT_DONE(msk_store_host_failed(store, &ref, host_uuid, error));
    ASSERT_DONE(msk_store_claim_finish(store, &ref, status, NULL, NULL, NULL, error));
    return uuid;
}

static unsigned
count(MskStore *store, const char *engine_uuid)
{
    g_autoptr(GPtrArray) hosts = NULL;

    ASSERT_DONE(msk_store_returns_list(store, engine_uuid, 0, &hosts, error));
    return hosts->len;
}

static void
set_maintenance(MskStore *store, const char *uuid, bool on_maintenance)
{
    g_autoptr(MskHost) host = g_new0(MskHost, 1);

    host->uuid = g_strdup(uuid);
    host->on_maintenance = on_maintenance;
    ASSERT_DONE(msk_store_host_update(store, host, MSK_HOST_ON_MAINTENANCE, error));
}

static MskHost *
get(MskStore *store, const char *uuid)
{
    MskHost *host = NULL;

    ASSERT_DONE(msk_store_host_get(store, NULL, uuid, &host, error));
    return host;
}

static void
set_up(Fixture *fixture, MskSegment **ret_segment, MskHost **ret_host)
{
    fixture_init(fixture);
    *ret_segment = make_segment(fixture->store, "segment");
    *ret_host = make_host(fixture->store, (*ret_segment)->uuid, "h1");
    ASSERT_DONE(msk_store_engine_register(fixture->store, ONE, "a", 60000, error));
    ASSERT_DONE(msk_store_engine_register(fixture->store, OTHER, "b", 60000, error));
}

static void
test_a_host_is_taken_back_by_one_engine_and_once(void)
{
    Fixture fixture;
    g_autoptr(MskSegment) segment = NULL;
    g_autoptr(MskHost) host = NULL;
    g_autoptr(GPtrArray) hosts = NULL;
    g_autoptr(MskHost) back = NULL;

    set_up(&fixture, &segment, &host);
    MskStore *store = fixture.store;

    g_assert_cmpuint(count(store, ONE), ==, 0);
    g_autofree char *first = fail_host(store, host->uuid, MSK_NOTIFICATION_FINISHED);

    set_maintenance(store, host->uuid, false);
    g_autofree char *uuid = fail_host(store, host->uuid, MSK_NOTIFICATION_FINISHED);

    ASSERT_DONE(msk_store_returns_list(store, OTHER, 0, &hosts, error));
    g_assert_cmpuint(hosts->len, ==, 1);
    const MskHostBack *listed = g_ptr_array_index(hosts, 0);

    g_assert_cmpstr(listed->notification_uuid, ==, uuid);
    g_assert_cmpstr(listed->host, ==, "h1");
    g_assert_true(listed->on_maintenance);
    g_assert_false(listed->taken);
    g_assert_cmpuint(listed->n_failures, ==, 2);
    ASSERT_RESULT(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_IN_SERVICE, error),
                  MSK_STORE_LOST);
    ASSERT_RESULT(msk_store_return_mark(store, ONE, first, MSK_RETURN_MARK_BEGUN, error),
                  MSK_STORE_LOST);
    ASSERT_DONE(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_BEGUN, error));
    ASSERT_DONE(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_BEGUN, error));
    g_assert_cmpuint(count(store, OTHER), ==, 0);
    ASSERT_RESULT(msk_store_return_mark(store, OTHER, uuid, MSK_RETURN_MARK_BEGUN, error),
                  MSK_STORE_LOST);
    ASSERT_DONE(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_IN_SERVICE, error));
    back = get(store, host->uuid);
    g_assert_false(back->on_maintenance);
    g_assert_cmpuint(count(store, ONE), ==, 1); /* its service is to be enabled yet */
    ASSERT_DONE(msk_store_engine_unregister(store, ONE, error));
    g_assert_cmpuint(count(store, OTHER), ==, 1); /* who began is gone */
    ASSERT_DONE(msk_store_return_mark(store, OTHER, uuid, MSK_RETURN_MARK_ENDED, error));
    g_assert_cmpuint(count(store, OTHER), ==, 0);
    set_maintenance(store, host->uuid, true); /* of a person */
    g_assert_cmpuint(count(store, OTHER), ==, 0);
    fixture_clear(&fixture);
}

static void
test_what_is_left_alone(void)
{
    static const struct {
        const char *what;
        MskNotificationStatus status;
        const char *type; /* (nullable) of one more notification */
        const char *payload;
        bool taken_back; /* by a person */
        bool disabled;   /* the segment */
        unsigned n;
    } table[] = {
        {"as it should be", MSK_NOTIFICATION_FINISHED, NULL, NULL, false, false, 1},
        {"was not recovered", MSK_NOTIFICATION_FAILED, NULL, NULL, false, false, 0},
        {"will be tried again", MSK_NOTIFICATION_ERROR, NULL, NULL, false, false, 0},
        {"a person was quicker", MSK_NOTIFICATION_FINISHED, NULL, NULL, true, false, 0},
        {"the segment is off", MSK_NOTIFICATION_FINISHED, NULL, NULL, false, true, 0},
        {"failed again", MSK_NOTIFICATION_FINISHED, "COMPUTE_HOST", "{\"event\": \"STOPPED\"}",
         true, false, 0},
        {"another kind of failure", MSK_NOTIFICATION_FINISHED, "PROCESS",
         "{\"event\": \"STOPPED\"}", true, false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        Fixture fixture;
        g_autoptr(MskSegment) segment = NULL;
        g_autoptr(MskHost) host = NULL;

        g_test_message("%s", table[i].what);
        set_up(&fixture, &segment, &host);
        g_autofree char *uuid = fail_host(fixture.store, host->uuid, table[i].status);

        if (table[i].taken_back) {
            set_maintenance(fixture.store, host->uuid, false);
        }
        if (table[i].type != NULL) {
            g_autofree char *more = post(fixture.store, table[i].type, table[i].payload);
        }
        if (table[i].disabled) {
            segment->enabled = false;
            ASSERT_DONE(
                msk_store_segment_update(fixture.store, segment, MSK_SEGMENT_ENABLED, error));
        }
        g_assert_cmpuint(count(fixture.store, ONE), ==, table[i].n);
        ASSERT_RESULT(msk_store_return_mark(fixture.store, ONE, uuid, MSK_RETURN_MARK_BEGUN, error),
                      table[i].n == 1 ? MSK_STORE_DONE : MSK_STORE_LOST);
        fixture_clear(&fixture);
    }
}

/* Failed again between being in service and being enabled. */
static void
test_a_new_failure_ends_a_return(void)
{
    Fixture fixture;
    g_autoptr(MskSegment) segment = NULL;
    g_autoptr(MskHost) host = NULL;

    set_up(&fixture, &segment, &host);
    MskStore *store = fixture.store;
    g_autofree char *uuid = fail_host(store, host->uuid, MSK_NOTIFICATION_FINISHED);

    ASSERT_DONE(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_BEGUN, error));
    ASSERT_DONE(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_IN_SERVICE, error));
    g_autofree char *started = post(store, "COMPUTE_HOST", "{\"event\": \"STARTED\"}");
    g_autoptr(GPtrArray) claims = NULL;

    g_assert_cmpuint(count(store, ONE), ==, 0); /* until that is seen to */
    ASSERT_DONE(msk_store_claim_new(store, ONE, 9, &claims, error));
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ONE);

    ASSERT_DONE(
        msk_store_claim_finish(store, &ref, MSK_NOTIFICATION_FINISHED, NULL, NULL, NULL, error));
    g_assert_cmpuint(count(store, ONE), ==, 1);
    g_autofree char *again = fail_host(store, host->uuid, MSK_NOTIFICATION_FINISHED);

    ASSERT_RESULT(msk_store_return_mark(store, ONE, uuid, MSK_RETURN_MARK_ENDED, error),
                  MSK_STORE_LOST);
    g_assert_cmpuint(count(store, ONE), ==, 1); /* of the new one */
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/return_rows/once", test_a_host_is_taken_back_by_one_engine_and_once);
    g_test_add_func("/return_rows/left_alone", test_what_is_left_alone);
    g_test_add_func("/return_rows/new_failure", test_a_new_failure_ends_a_return);
    return g_test_run();
}
