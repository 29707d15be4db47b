/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ENGINE_B "bbbbbbbb-0000-4000-8000-000000000002"

/* The engine's host, or NULL when it is not listed. */
static char *
describe(const GPtrArray *engines, const char *uuid, int64_t *ret_left_ms)
{
    for (unsigned i = 0; i < engines->len; i++) {
        const MskEngineRecord *record = g_ptr_array_index(engines, i);

        if (g_str_equal(record->uuid, uuid)) {
            *ret_left_ms = record->lease_left_ms;
            return g_strdup(record->host);
        }
    }
    return NULL;
}

static void
test_leases_are_listed_with_what_is_left_of_them(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) engines = NULL;

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_A, "host-a", 60000, error));
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_B, "host-b", 10, error));
    ASSERT_DONE(msk_store_engine_renew(fixture.store, ENGINE_B, -5000, error));
    ASSERT_DONE(msk_store_engine_list(fixture.store, &engines, error));
    g_assert_cmpuint(engines->len, ==, 2);
    int64_t left_ms = 0;
    g_autofree char *host_a = describe(engines, ENGINE_A, &left_ms);

    g_assert_cmpstr(host_a, ==, "host-a");
    g_assert_cmpint(left_ms, >, 50000);
    g_assert_cmpint(left_ms, <=, 60000);
    g_autofree char *host_b = describe(engines, ENGINE_B, &left_ms);

    g_assert_cmpstr(host_b, ==, "host-b");
    g_assert_cmpint(left_ms, <=, -5000);
    fixture_clear(&fixture);
}

static void
test_an_owner_without_a_lease_is_listed_until_its_claims_end(void)
{
    static const char *const dead[] = {ENGINE_A, NULL};
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) taken = NULL;
    g_autoptr(GPtrArray) engines = NULL;
    g_autoptr(GPtrArray) later = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_A, "a", 60000, error));
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_B, "b", 60000, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_A, 1, &claims, error));
    /* A is struck off, but nothing of it is taken over yet. */
    ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_B, dead, NULL, 0, &taken, error));
    g_assert_cmpuint(taken->len, ==, 0);
    ASSERT_DONE(msk_store_engine_list(fixture.store, &engines, error));
    g_assert_cmpuint(engines->len, ==, 2);
    int64_t left_ms = 0;
    g_autofree char *gone = describe(engines, ENGINE_A, &left_ms);

    g_assert_cmpstr(gone, ==, ""); /* whose host is no longer known */
    g_assert_cmpint(left_ms, <, 0);

    g_clear_pointer(&taken, g_ptr_array_unref);
    ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_B, NULL, NULL, 5, &taken, error));
    g_assert_cmpuint(taken->len, ==, 1);
    ASSERT_DONE(msk_store_engine_list(fixture.store, &later, error));
    g_assert_cmpuint(later->len, ==, 1);
    g_assert_null(describe(later, ENGINE_A, &left_ms));
    fixture_clear(&fixture);
}

static void
test_leaving_releases_what_is_left(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) taken = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_A, "a", 60000, error));
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_B, "b", 60000, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_A, 1, &claims, error));
    ASSERT_DONE(msk_store_engine_unregister(fixture.store, ENGINE_A, error));
    ASSERT_RESULT(msk_store_engine_renew(fixture.store, ENGINE_A, 60000, error), MSK_STORE_LOST);
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE_A);

    ASSERT_RESULT(msk_store_claim_save_state(fixture.store, &ref, "x", error), MSK_STORE_LOST);
    ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_B, NULL, NULL, 5, &taken, error));
    g_assert_cmpuint(taken->len, ==, 1);
    fixture_clear(&fixture);
}

static const MskEngineRecord *
only_one(const GPtrArray *engines)
{
    g_assert_cmpuint(engines->len, ==, 1);
    return g_ptr_array_index(engines, 0);
}

/* Nobody is dead because of a clock: only a stamp that stays the same says anything. */
static void
test_a_renewal_changes_the_stamp_and_an_old_one_harms_nobody(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) engines = NULL;
    g_autoptr(GPtrArray) later = NULL;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) taken = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_A, "a", 0, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE_A, 1, &claims, error));
    ASSERT_DONE(msk_store_engine_list(fixture.store, &engines, error));
    int64_t stamp = only_one(engines)->stamp;

    ASSERT_DONE(msk_store_engine_renew(fixture.store, ENGINE_A, -3600000, error));
    ASSERT_DONE(msk_store_engine_list(fixture.store, &later, error));
    g_assert_cmpint(only_one(later)->stamp, <, stamp);
    g_assert_cmpint(only_one(later)->lease_left_ms, <, 0);
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE_B, "b", 60000, error));
    ASSERT_DONE(msk_store_claim_take_over(fixture.store, ENGINE_B, NULL, NULL, 5, &taken, error));
    g_assert_cmpuint(taken->len, ==, 0);
    ASSERT_DONE(msk_store_engine_renew(fixture.store, ENGINE_A, 60000, error));
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine_rows/leases_are_listed_with_what_is_left_of_them",
                    test_leases_are_listed_with_what_is_left_of_them);
    g_test_add_func("/engine_rows/an_owner_without_a_lease_is_listed_until_its_claims_end",
                    test_an_owner_without_a_lease_is_listed_until_its_claims_end);
    g_test_add_func("/engine_rows/leaving_releases_what_is_left",
                    test_leaving_releases_what_is_left);
    g_test_add_func("/engine_rows/a_renewal_changes_the_stamp_and_an_old_one_harms_nobody",
                    test_a_renewal_changes_the_stamp_and_an_old_one_harms_nobody);
    return g_test_run();
}
