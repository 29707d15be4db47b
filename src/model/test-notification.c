/* SPDX-License-Identifier: Apache-2.0 */
#include "model/notification.h"

static void
fill(MskNotification *notification)
{
    *notification = (MskNotification){
        .meta = {.id = 1, .created_at_us = 2, .updated_at_us = 3, .deleted_at_us = 4, .deleted = 5},
        .uuid = g_strdup("uuid"),
        .generated_time_us = 6,
        .source_host_uuid = g_strdup("host uuid"),
        .type = g_strdup("VM"),
        .payload = g_strdup("{}"),
        .status = MSK_NOTIFICATION_FINISHED,
        .failover_segment_uuid = g_strdup("segment uuid"),
        .message = g_strdup("message"),
    };
}

static void
test_a_copy_has_all_and_shares_nothing(void)
{
    MskNotification notification;

    fill(&notification);

    g_autoptr(MskNotification) copy = msk_notification_copy(&notification);

    g_assert_cmpmem(&copy->meta, sizeof copy->meta, &notification.meta, sizeof notification.meta);
    msk_notification_clear(&notification);
    g_assert_cmpstr(copy->uuid, ==, "uuid");
    g_assert_cmpint(copy->generated_time_us, ==, 6);
    g_assert_cmpstr(copy->source_host_uuid, ==, "host uuid");
    g_assert_cmpstr(copy->type, ==, "VM");
    g_assert_cmpstr(copy->payload, ==, "{}");
    g_assert_cmpint(copy->status, ==, MSK_NOTIFICATION_FINISHED);
    g_assert_cmpstr(copy->failover_segment_uuid, ==, "segment uuid");
    g_assert_cmpstr(copy->message, ==, "message");
}

static void
test_cleared_is_empty(void)
{
    MskNotification notification;

    fill(&notification);
    msk_notification_clear(&notification);
    g_assert_null(notification.uuid);
    g_assert_null(notification.message);
    g_assert_cmpint(notification.status, ==, MSK_NOTIFICATION_NEW);
    g_assert_cmpint(notification.generated_time_us, ==, 0);
    msk_notification_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notification/a_copy_has_all_and_shares_nothing",
                    test_a_copy_has_all_and_shares_nothing);
    g_test_add_func("/notification/cleared_is_empty", test_cleared_is_empty);
    return g_test_run();
}
