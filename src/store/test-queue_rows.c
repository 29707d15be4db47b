/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define ENGINE "aaaaaaaa-0000-4000-8000-000000000001"

static void
test_an_empty_database_has_nothing_waiting(void)
{
    Fixture fixture;
    MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES];

    fixture_init(&fixture);
    ASSERT_DONE(msk_store_queue_figures(fixture.store, figures, error));
    for (int i = 0; i < MSK_N_NOTIFICATION_STATUSES; i++) {
        g_assert_cmpint(figures[i].count, ==, 0);
        g_assert_cmpint(figures[i].oldest_us, ==, 0);
    }
    fixture_clear(&fixture);
}

static void
test_open_notifications_are_counted_by_status(void)
{
    Fixture fixture;
    MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES];
    g_autoptr(GPtrArray) claims = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    ASSERT_DONE(msk_store_engine_register(fixture.store, ENGINE, "a", 60000, error));
    post_vm(fixture.store, "h1", "one", g_get_real_time(), NULL);
    post_vm(fixture.store, "h1", "two", g_get_real_time(), NULL);
    post_vm(fixture.store, "h1", "three", g_get_real_time(), NULL);
    ASSERT_DONE(msk_store_claim_new(fixture.store, ENGINE, 1, &claims, error));
    g_usleep(1100000); /* created_at has whole seconds */
    ASSERT_DONE(msk_store_queue_figures(fixture.store, figures, error));
    g_assert_cmpint(figures[MSK_NOTIFICATION_NEW].count, ==, 2);
    g_assert_cmpint(figures[MSK_NOTIFICATION_RUNNING].count, ==, 1);
    g_assert_cmpint(figures[MSK_NOTIFICATION_ERROR].count, ==, 0);
    g_assert_cmpint(figures[MSK_NOTIFICATION_NEW].oldest_us, >, 0);
    g_assert_cmpint(figures[MSK_NOTIFICATION_NEW].oldest_us, <, INT64_C(600000000));
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queue_rows/empty", test_an_empty_database_has_nothing_waiting);
    g_test_add_func("/queue_rows/open", test_open_notifications_are_counted_by_status);
    return g_test_run();
}
