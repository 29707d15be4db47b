/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"

static void
make_reserved(MskStore *store, const char *segment_uuid, const char *name, char **ret_uuid)
{
    MskHost host = {.name = g_strdup(name),
                    .type = g_strdup("COMPUTE"),
                    .control_attributes = g_strdup("SSH"),
                    .failover_segment_id = g_strdup(segment_uuid),
                    .reserved = true};

    ASSERT_DONE(msk_store_host_create(store, &host, error));
    if (ret_uuid != NULL) {
        *ret_uuid = g_strdup(host.uuid);
    }
    msk_host_clear(&host);
}

static void
test_one_reserved_host_for_each_failure(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    g_autofree char *first = NULL;
    g_autofree char *again = NULL;
    g_autofree char *second = NULL;
    g_autofree char *none = NULL;
    g_autofree char *taken = NULL;
    g_autofree char *not_taken = NULL;
    g_autofree char *taken_too = NULL;
    g_autofree char *r1 = NULL;
    g_autofree char *r2 = NULL;
    g_autoptr(GError) refusal = NULL;
    g_autoptr(MskHost) failed = NULL;
    g_autoptr(MskHost) impaired = NULL;
    g_autofree char *r3 = NULL;
    MskFailureCounts counts;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) h1 = make_host(fixture.store, segment->uuid, "h1");

    make_reserved(fixture.store, segment->uuid, "r1", &r1);
    make_reserved(fixture.store, segment->uuid, "r2", &r2);
    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE, "a", 60000, error));
    post_vm(fixture.store, "h1", "vm1", g_get_real_time(), NULL);
    post_vm(fixture.store, "h1", "vm2", g_get_real_time(), NULL);
    post_vm(fixture.store, "h1", "vm3", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 3, &claims, error));
    MskClaimRef one = claim_ref(g_ptr_array_index(claims, 0), ENGINE);
    MskClaimRef two = claim_ref(g_ptr_array_index(claims, 1), ENGINE);
    MskClaimRef three = claim_ref(g_ptr_array_index(claims, 2), ENGINE);

    ASSERT_DONE(msk_store_reserved_take(fixture.store, &one, segment->uuid, &first, &taken, error));
    ASSERT_DONE(
        msk_store_reserved_take(fixture.store, &one, segment->uuid, &again, &not_taken, error));
    ASSERT_DONE(
        msk_store_reserved_take(fixture.store, &two, segment->uuid, &second, &taken_too, error));
    g_assert_cmpstr(first, ==, "r2");
    g_assert_cmpstr(again, ==, "r2");
    g_assert_cmpstr(second, ==, "r1");
    g_assert_cmpstr(taken, ==, r2);
    g_assert_null(not_taken);
    g_assert_cmpstr(taken_too, ==, r1);
    g_assert_cmpint(
        msk_store_reserved_take(fixture.store, &three, segment->uuid, &none, &not_taken, &refusal),
        ==, MSK_STORE_NOT_FOUND);
    g_assert_null(not_taken);

    ASSERT_DONE(msk_store_host_failed(fixture.store, &one, h1->uuid, error));
    ASSERT_DONE(msk_store_host_get(fixture.store, NULL, h1->uuid, &failed, error));
    g_assert_true(failed->on_maintenance);
    g_assert_false(failed->reserved);

    ASSERT_DONE(msk_store_count_failures(fixture.store, segment->uuid, "h1", 0, &counts, error));
    g_assert_cmpuint(counts.hosts, ==, 3);
    g_assert_cmpuint(counts.hosts_in_segment, ==, 3);
    g_assert_cmpuint(counts.failed, ==, 0); /* a VM's failure is not its host's */
    make_reserved(fixture.store, segment->uuid, "r3", &r3);
    ASSERT_DONE(msk_store_host_impaired(fixture.store, &one, r3, error));
    ASSERT_DONE(msk_store_host_get(fixture.store, NULL, r3, &impaired, error));
    g_assert_true(impaired->on_maintenance);
    g_assert_true(impaired->reserved);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reserved_rows/take", test_one_reserved_host_for_each_failure);
    return g_test_run();
}
