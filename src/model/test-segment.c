/* SPDX-License-Identifier: Apache-2.0 */
#include "model/segment.h"

static void
fill(MskSegment *segment)
{
    *segment = (MskSegment){
        .meta = {.id = 1, .created_at_us = 2, .updated_at_us = 3, .deleted_at_us = 4, .deleted = 5},
        .uuid = g_strdup("uuid"),
        .name = g_strdup("name"),
        .service_type = g_strdup("service type"),
        .description = g_strdup("description"),
        .recovery_method = g_strdup("auto"),
        .enabled = true,
    };
}

static void
test_a_copy_has_all_and_shares_nothing(void)
{
    MskSegment segment;

    fill(&segment);

    g_autoptr(MskSegment) copy = msk_segment_copy(&segment);

    g_assert_cmpmem(&copy->meta, sizeof copy->meta, &segment.meta, sizeof segment.meta);
    msk_segment_clear(&segment);
    g_assert_cmpstr(copy->uuid, ==, "uuid");
    g_assert_cmpstr(copy->name, ==, "name");
    g_assert_cmpstr(copy->service_type, ==, "service type");
    g_assert_cmpstr(copy->description, ==, "description");
    g_assert_cmpstr(copy->recovery_method, ==, "auto");
    g_assert_true(copy->enabled);
}

static void
test_what_is_unset_stays_unset(void)
{
    MskSegment segment = {0};
    g_autoptr(MskSegment) copy = msk_segment_copy(&segment);

    g_assert_null(copy->description);
    g_assert_false(copy->enabled);
}

static void
test_cleared_is_empty(void)
{
    MskSegment segment;

    fill(&segment);
    msk_segment_clear(&segment);
    g_assert_null(segment.uuid);
    g_assert_null(segment.name);
    g_assert_cmpint(segment.meta.id, ==, 0);
    g_assert_false(segment.enabled);
    msk_segment_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/segment/a_copy_has_all_and_shares_nothing",
                    test_a_copy_has_all_and_shares_nothing);
    g_test_add_func("/segment/what_is_unset_stays_unset", test_what_is_unset_stays_unset);
    g_test_add_func("/segment/cleared_is_empty", test_cleared_is_empty);
    return g_test_run();
}
