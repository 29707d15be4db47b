/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define MISSING "00000000-0000-4000-8000-000000000000"

static void
test_a_host_reads_back_with_its_segment(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskSegment) other = make_segment(fixture.store, "other");
    g_autoptr(MskHost) made = make_host(fixture.store, segment->uuid, "Host-1");
    g_autoptr(MskHost) by_uuid = NULL;
    g_autoptr(MskHost) by_name = NULL;
    MskHost *none = NULL;

    g_assert_cmpstr(made->segment->name, ==, "segment");
    ASSERT_DONE(msk_store_host_get(fixture.store, segment->uuid, made->uuid, &by_uuid, error));
    g_assert_cmpstr(by_uuid->name, ==, "Host-1");
    g_assert_cmpstr(by_uuid->control_attributes, ==, "SSH");
    g_assert_cmpstr(by_uuid->segment->uuid, ==, segment->uuid);
    g_assert_false(by_uuid->reserved);
    ASSERT_DONE(msk_store_host_get_by_name(fixture.store, "HOST-1", &by_name, error));
    g_assert_cmpstr(by_name->uuid, ==, made->uuid);
    ASSERT_RESULT(msk_store_host_get(fixture.store, other->uuid, made->uuid, &none, error),
                  MSK_STORE_NOT_FOUND);
    ASSERT_RESULT(msk_store_host_get_by_name(fixture.store, "host-2", &none, error),
                  MSK_STORE_NOT_FOUND);
    g_assert_null(none);
    fixture_clear(&fixture);
}

static void
test_a_host_needs_a_segment_and_a_name_of_its_own(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskSegment) other = make_segment(fixture.store, "other");
    g_autoptr(MskHost) made = make_host(fixture.store, segment->uuid, "h1");
    g_autoptr(MskHost) twin = msk_host_copy(made);

    g_clear_pointer(&twin->uuid, g_free);
    g_free(twin->name);
    twin->name = g_strdup("H1");
    g_free(twin->failover_segment_id);
    twin->failover_segment_id = g_strdup(other->uuid);
    ASSERT_RESULT(msk_store_host_create(fixture.store, twin, error), MSK_STORE_NAME_TAKEN);
    g_free(twin->failover_segment_id);
    twin->failover_segment_id = g_strdup(MISSING);
    ASSERT_RESULT(msk_store_host_create(fixture.store, twin, error), MSK_STORE_NOT_FOUND);
    g_assert_null(twin->uuid);
    fixture_clear(&fixture);
}

static void
test_updates_and_deletes_are_refused_while_in_use(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) failed = make_host(fixture.store, segment->uuid, "failed");
    g_autoptr(MskHost) neighbour = make_host(fixture.store, segment->uuid, "neighbour");

    neighbour->on_maintenance = true;
    neighbour->reserved = true;
    g_free(neighbour->type);
    neighbour->type = g_strdup("OTHER");
    ASSERT_DONE(msk_store_host_update(fixture.store, neighbour,
                                      MSK_HOST_ON_MAINTENANCE | MSK_HOST_TYPE, error));
    g_assert_true(neighbour->on_maintenance);
    g_assert_false(neighbour->reserved);
    g_assert_cmpstr(neighbour->type, ==, "OTHER");
    g_assert_cmpint(neighbour->meta.updated_at_us, >, 0);
    g_free(neighbour->name);
    neighbour->name = g_strdup("FAILED");
    ASSERT_RESULT(msk_store_host_update(fixture.store, neighbour, MSK_HOST_NAME, error),
                  MSK_STORE_NAME_TAKEN);

    /* A notification of one host keeps the whole segment in use. */
    g_assert_cmpint(post_vm(fixture.store, "failed", "vm", g_get_real_time(), NULL), ==,
                    MSK_STORE_DONE);
    ASSERT_RESULT(msk_store_host_update(fixture.store, neighbour, MSK_HOST_RESERVED, error),
                  MSK_STORE_IN_USE);
    ASSERT_RESULT(msk_store_host_delete(fixture.store, segment->uuid, neighbour->uuid, error),
                  MSK_STORE_IN_USE);
    ASSERT_RESULT(msk_store_host_delete(fixture.store, MISSING, neighbour->uuid, error),
                  MSK_STORE_NOT_FOUND);
    fixture_clear(&fixture);
}

static void
test_a_deleted_host_is_gone_and_its_name_free(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");
    MskHost *none = NULL;

    ASSERT_DONE(msk_store_host_delete(fixture.store, segment->uuid, host->uuid, error));
    ASSERT_RESULT(msk_store_host_get(fixture.store, NULL, host->uuid, &none, error),
                  MSK_STORE_NOT_FOUND);
    ASSERT_RESULT(msk_store_host_delete(fixture.store, segment->uuid, host->uuid, error),
                  MSK_STORE_NOT_FOUND);
    ASSERT_RESULT(msk_store_host_update(fixture.store, host, MSK_HOST_NAME, error),
                  MSK_STORE_NOT_FOUND);
    g_autoptr(MskHost) again = make_host(fixture.store, segment->uuid, "h1");

    g_assert_cmpint(again->meta.id, ==, 2);
    fixture_clear(&fixture);
}

static void
test_lists_are_filtered(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) one = make_segment(fixture.store, "one");
    g_autoptr(MskSegment) two = make_segment(fixture.store, "two");
    g_autoptr(MskHost) a = make_host(fixture.store, one->uuid, "a");
    g_autoptr(MskHost) b = make_host(fixture.store, one->uuid, "b");
    g_autoptr(MskHost) c = make_host(fixture.store, two->uuid, "c");

    b->reserved = true;
    ASSERT_DONE(msk_store_host_update(fixture.store, b, MSK_HOST_RESERVED, error));
    c->on_maintenance = true;
    ASSERT_DONE(msk_store_host_update(fixture.store, c, MSK_HOST_ON_MAINTENANCE, error));

    const struct {
        MskHostFilter filter;
        unsigned count;
    } rows[] = {
        {MSK_HOST_FILTER_ANY, 3},
        {{.failover_segment_id = one->uuid, .on_maintenance = -1, .reserved = -1}, 2},
        {{.failover_segment_id = one->uuid, .on_maintenance = -1, .reserved = 1}, 1},
        {{.failover_segment_id = MISSING, .on_maintenance = -1, .reserved = -1}, 0},
        {{.type = "compute", .on_maintenance = 0, .reserved = -1}, 2},
        {{.type = "SSH", .on_maintenance = -1, .reserved = -1}, 0},
        {{.on_maintenance = 1, .reserved = -1}, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) list = NULL;

        ASSERT_DONE(msk_store_host_list(fixture.store, &rows[i].filter, NULL, &list, error));
        g_assert_cmpuint(list->len, ==, rows[i].count);
        for (unsigned k = 0; k < list->len; k++) {
            const MskHost *host = g_ptr_array_index(list, k);

            g_assert_cmpstr(host->segment->uuid, ==, host->failover_segment_id);
        }
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host_rows/a_host_reads_back_with_its_segment",
                    test_a_host_reads_back_with_its_segment);
    g_test_add_func("/host_rows/a_host_needs_a_segment_and_a_name_of_its_own",
                    test_a_host_needs_a_segment_and_a_name_of_its_own);
    g_test_add_func("/host_rows/updates_and_deletes_are_refused_while_in_use",
                    test_updates_and_deletes_are_refused_while_in_use);
    g_test_add_func("/host_rows/a_deleted_host_is_gone_and_its_name_free",
                    test_a_deleted_host_is_gone_and_its_name_free);
    g_test_add_func("/host_rows/lists_are_filtered", test_lists_are_filtered);
    return g_test_run();
}
