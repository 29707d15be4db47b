/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"

static MskVmove *
make_vmove(const char *instance, const char *status)
{
    MskVmove *vmove = g_new0(MskVmove, 1);

    vmove->instance_uuid = g_strdup(instance);
    vmove->instance_name = g_strdup("vm");
    vmove->source_host = g_strdup("h1");
    vmove->type = g_strdup("evacuation");
    vmove->status = g_strdup(status);
    return vmove;
}

static void
test_moves_are_saved_below_a_claim_and_listed(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) ongoing = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(MskVmove) read = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE, "a", 60000, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);
    g_autoptr(MskVmove) one = make_vmove("i1", "pending");
    g_autoptr(MskVmove) two = make_vmove("i2", "pending");

    ASSERT_DONE(msk_store_vmove_save(fixture.store, &ref, one, error));
    ASSERT_DONE(msk_store_vmove_save(fixture.store, &ref, two, error));
    g_assert_nonnull(one->uuid);
    g_assert_cmpstr(one->notification_uuid, ==, ref.notification_uuid);
    g_assert_cmpint(one->start_time_us, ==, 0);

    g_free(one->status);
    one->status = g_strdup("ongoing");
    one->start_time_us = 1795418060114763;
    ASSERT_DONE(msk_store_vmove_save(fixture.store, &ref, one, error));
    ASSERT_DONE(msk_store_vmove_get(fixture.store, ref.notification_uuid, one->uuid, &read, error));
    g_assert_cmpstr(read->status, ==, "ongoing");
    g_assert_cmpint(read->start_time_us, ==, 1795418060000000);
    g_assert_cmpint(read->meta.updated_at_us, >, 0);

    MskVmoveFilter filter = {
        .notification_uuid = ref.notification_uuid, .type = "evacuation", .status = "ongoing"};

    ASSERT_DONE(msk_store_vmove_list(fixture.store, &filter, NULL, &ongoing, error));
    g_assert_cmpuint(ongoing->len, ==, 1);
    ASSERT_DONE(msk_store_vmove_list(fixture.store, NULL, NULL, &all, error));
    g_assert_cmpuint(all->len, ==, 2);
    fixture_clear(&fixture);
}

static void
test_moves_of_a_lost_claim_or_unknown_uuid_are_refused(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    MskVmove *none = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE, "a", 60000, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);
    g_autoptr(MskVmove) vmove = make_vmove("i1", "pending");

    vmove->uuid = g_strdup("00000000-0000-4000-8000-000000000000");
    ASSERT_RESULT(msk_store_vmove_save(fixture.store, &ref, vmove, error), MSK_STORE_NOT_FOUND);
    ASSERT_RESULT(msk_store_vmove_get(fixture.store, NULL, vmove->uuid, &none, error),
                  MSK_STORE_NOT_FOUND);
    g_clear_pointer(&vmove->uuid, g_free);
    ref.epoch++;
    ASSERT_RESULT(msk_store_vmove_save(fixture.store, &ref, vmove, error), MSK_STORE_LOST);
    g_assert_null(vmove->uuid);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmove_rows/moves_are_saved_below_a_claim_and_listed",
                    test_moves_are_saved_below_a_claim_and_listed);
    g_test_add_func("/vmove_rows/moves_of_a_lost_claim_or_unknown_uuid_are_refused",
                    test_moves_of_a_lost_claim_or_unknown_uuid_are_refused);
    return g_test_run();
}
