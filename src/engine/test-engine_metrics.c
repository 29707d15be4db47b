/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_metrics.h"

#include <string.h>

#define SECOND ((int64_t) G_USEC_PER_SEC)

static char *
page(void)
{
    return g_string_free(msk_metrics_text(), FALSE);
}

static void
test_a_notification_from_claim_to_end(void)
{
    char type[] = "VM";
    MskNotification notification = {.type = type,
                                    .generated_time_us = g_get_real_time() - 3 * SECOND};
    MskClaim claim = {.notification = &notification, .attempt = 1};
    MskClaim left = {.notification = &notification, .attempt = 1, .taken_over = true};

    msk_metrics_start(msk_engine_metrics, msk_n_engine_metrics);
    msk_engine_count_claim(&claim);
    msk_engine_count_claim(&left);
    msk_engine_count_order("VM", g_get_monotonic_time());
    msk_engine_count_end("VM", MSK_NOTIFICATION_FINISHED, g_get_monotonic_time());
    g_autofree char *text = page();

    msk_metrics_stop();
    g_assert_nonnull(strstr(text, "masakari_detect_seconds_count{type=\"VM\"} 1\n"));
    g_assert_nonnull(strstr(text, "masakari_detect_seconds_bucket{type=\"VM\",le=\"2\"} 0\n"));
    g_assert_nonnull(strstr(text, "masakari_notifications_taken_over_total{type=\"VM\"} 1\n"));
    g_assert_nonnull(strstr(text, "masakari_decide_seconds_count{type=\"VM\"} 1\n"));
    g_assert_nonnull(
        strstr(text, "masakari_notifications_total{type=\"VM\",status=\"finished\"} 1\n"));
    g_assert_nonnull(
        strstr(text, "masakari_recovery_seconds_count{type=\"VM\",status=\"finished\"} 1\n"));
}

static void
test_gates_and_moves(void)
{
    msk_metrics_start(msk_engine_metrics, msk_n_engine_metrics);
    msk_engine_count_gate(NULL, "storm");
    msk_engine_count_gate("storm", "storm");
    msk_engine_count_gate("storm", "heartbeat");
    msk_engine_count_gate(NULL, "storm");
    msk_engine_count_gate("storm", NULL);
    msk_engine_count_move("succeeded", 2 * SECOND);
    msk_engine_count_move("failed", 0);
    g_autofree char *text = page();

    msk_metrics_stop();
    g_assert_nonnull(strstr(text, "masakari_recoveries_held{gate=\"heartbeat\"} 1\n"));
    g_assert_nonnull(strstr(text, "masakari_recoveries_held{gate=\"storm\"} 0\n"));
    g_assert_nonnull(strstr(text, "masakari_moves_total{status=\"failed\"} 1\n"));
    g_assert_nonnull(strstr(text, "masakari_evacuate_seconds_sum{status=\"succeeded\"} 2\n"));
    g_assert_null(strstr(text, "masakari_evacuate_seconds_sum{status=\"failed\"}"));
}

static void
test_queue_and_lease(void)
{
    MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES] = {
        [MSK_NOTIFICATION_NEW] = {.count = 4, .oldest_us = 1500000}};

    msk_metrics_start(msk_engine_metrics, msk_n_engine_metrics);
    msk_engine_count_queue(figures);
    msk_engine_count_running(3);
    msk_engine_count_lease(SECOND * 1795418060);
    msk_engine_count_lease_lost();
    g_autofree char *text = page();

    msk_metrics_stop();
    g_assert_nonnull(strstr(text, "masakari_queue_notifications{status=\"new\"} 4\n"));
    g_assert_nonnull(strstr(text, "masakari_queue_oldest_seconds{status=\"new\"} 1.5\n"));
    g_assert_nonnull(strstr(text, "masakari_queue_notifications{status=\"error\"} 0\n"));
    g_assert_nonnull(strstr(text, "masakari_recoveries_running 3\n"));
    g_assert_nonnull(strstr(text, "masakari_engine_lease_end_seconds 1795418060\n"));
    g_assert_nonnull(strstr(text, "masakari_engine_leases_lost_total 1\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine_metrics/notification", test_a_notification_from_claim_to_end);
    g_test_add_func("/engine_metrics/gates_and_moves", test_gates_and_moves);
    g_test_add_func("/engine_metrics/queue_and_lease", test_queue_and_lease);
    return g_test_run();
}
