/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host.h"

static void
fill(MskHost *host)
{
    MskSegment segment = {.name = (char[]){"segment"}};

    *host = (MskHost){
        .meta = {.id = 1, .created_at_us = 2, .updated_at_us = 3, .deleted_at_us = 4, .deleted = 5},
        .uuid = g_strdup("uuid"),
        .name = g_strdup("name"),
        .type = g_strdup("type"),
        .control_attributes = g_strdup("control"),
        .failover_segment_id = g_strdup("segment uuid"),
        .reserved = true,
        .on_maintenance = true,
        .segment = msk_segment_copy(&segment),
    };
}

static void
test_a_copy_has_all_and_shares_nothing(void)
{
    MskHost host;

    fill(&host);

    g_autoptr(MskHost) copy = msk_host_copy(&host);

    g_assert_cmpmem(&copy->meta, sizeof copy->meta, &host.meta, sizeof host.meta);
    msk_host_clear(&host);
    g_assert_cmpstr(copy->uuid, ==, "uuid");
    g_assert_cmpstr(copy->name, ==, "name");
    g_assert_cmpstr(copy->type, ==, "type");
    g_assert_cmpstr(copy->control_attributes, ==, "control");
    g_assert_cmpstr(copy->failover_segment_id, ==, "segment uuid");
    g_assert_true(copy->reserved);
    g_assert_true(copy->on_maintenance);
    g_assert_nonnull(copy->segment);
    g_assert_cmpstr(copy->segment->name, ==, "segment");
}

static void
test_a_host_may_lack_its_segment(void)
{
    MskHost host = {0};
    g_autoptr(MskHost) copy = msk_host_copy(&host);

    g_assert_null(copy->segment);
    g_assert_false(copy->reserved);
    g_assert_false(copy->on_maintenance);
}

static void
test_cleared_is_empty(void)
{
    MskHost host;

    fill(&host);
    msk_host_clear(&host);
    g_assert_null(host.uuid);
    g_assert_null(host.segment);
    g_assert_cmpint(host.meta.id, ==, 0);
    msk_host_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/a_copy_has_all_and_shares_nothing",
                    test_a_copy_has_all_and_shares_nothing);
    g_test_add_func("/host/a_host_may_lack_its_segment", test_a_host_may_lack_its_segment);
    g_test_add_func("/host/cleared_is_empty", test_cleared_is_empty);
    return g_test_run();
}
