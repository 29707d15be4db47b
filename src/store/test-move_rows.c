/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"

static MskStoredMove *
make_move(const char *instance)
{
    MskStoredMove *move = g_new0(MskStoredMove, 1);

    move->vmove = g_new0(MskVmove, 1);
    move->vmove->uuid = g_uuid_string_random();
    move->vmove->instance_uuid = g_strdup(instance);
    move->vmove->instance_name = g_strdup(instance);
    move->vmove->source_host = g_strdup("h1");
    move->vmove->status = g_strdup("pending");
    move->state = g_strdup("1 pending unknown");
    return move;
}

static void
free_move(void *data)
{
    msk_stored_move_free(data);
}

static void
test_moves_and_claim_state_are_saved_together(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) claims = NULL;
    g_autoptr(GPtrArray) read = NULL;
    g_autoptr(GPtrArray) moves = g_ptr_array_new_with_free_func(free_move);

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE, "a", 60000, error));
    post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
    MskClaimRef ref = claim_ref(g_ptr_array_index(claims, 0), ENGINE);

    g_ptr_array_add(moves, make_move("i1"));
    g_ptr_array_add(moves, make_move("i2"));
    ASSERT_DONE(msk_store_moves_save(fixture.store, &ref, moves, "host 1 1 1", error));
    MskStoredMove *first = g_ptr_array_index(moves, 0);

    g_free(first->vmove->status);
    first->vmove->status = g_strdup("ongoing");
    g_free(first->state);
    first->state = g_strdup("1 ongoing active");
    ASSERT_DONE(msk_store_moves_save(fixture.store, &ref, moves, NULL, error));
    ASSERT_DONE(msk_store_moves_list(fixture.store, ref.notification_uuid, &read, error));
    g_assert_cmpuint(read->len, ==, 2);
    const MskStoredMove *one = g_ptr_array_index(read, 0);

    g_assert_cmpstr(one->vmove->status, ==, "ongoing");
    g_assert_cmpstr(one->state, ==, "1 ongoing active");

    MskFailureCounts counts = {0};

    ASSERT_DONE(msk_store_count_failures(fixture.store, segment->uuid, "h2", 0, &counts, error));
    g_assert_cmpuint(counts.begun, ==, 0); /* planned is not begun */
    first->vmove->start_time_us = g_get_real_time();
    ASSERT_DONE(msk_store_moves_save(fixture.store, &ref, moves, NULL, error));
    ASSERT_DONE(msk_store_count_failures(fixture.store, segment->uuid, "h2", 0, &counts, error));
    g_assert_cmpuint(counts.begun, ==, 1);
    ASSERT_DONE(msk_store_count_failures(fixture.store, segment->uuid, "h1", 0, &counts, error));
    g_assert_cmpuint(counts.begun, ==, 0);
    ASSERT_DONE(msk_store_count_failures(fixture.store, segment->uuid, "h2",
                                         first->vmove->start_time_us + 10000000, &counts, error));
    g_assert_cmpuint(counts.begun, ==, 0);

    MskClaimRef stale = ref;
    g_autoptr(GError) error = NULL;

    stale.epoch++;
    g_assert_cmpint(msk_store_moves_save(fixture.store, &stale, moves, NULL, &error), ==,
                    MSK_STORE_LOST);
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/move_rows/save", test_moves_and_claim_state_are_saved_together);
    return g_test_run();
}
