/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_metrics.h"

enum {
    NOTIFICATIONS,
    TAKEN_OVER,
    DETECT,
    DECIDE,
    RECOVERY,
    MOVES,
    EVACUATE,
    HELD,
    RETURNED,
    RUNNING,
    DEPTH,
    AGE,
    LEASE,
    LEASES_LOST
};

const MskMetricFamily msk_engine_metrics[] = {
    [NOTIFICATIONS] = {.name = "masakari_notifications_total",
                       .type = MSK_METRIC_COUNTER,
                       .help = "Notifications that came to an end, by type and status",
                       .labels = {"type", "status"}},
    [TAKEN_OVER] = {.name = "masakari_notifications_taken_over_total",
                    .type = MSK_METRIC_COUNTER,
                    .help = "Notifications that were taken over from an engine that was gone",
                    .labels = {"type"}},
    [DETECT] = {.name = "masakari_detect_seconds",
                .type = MSK_METRIC_HISTOGRAM,
                .help = "From the time a monitor gives for a failure to the claim by an engine",
                .labels = {"type"},
                MSK_METRIC_BOUNDS(msk_metric_recovery_bounds)},
    [DECIDE] = {.name = "masakari_decide_seconds",
                .type = MSK_METRIC_HISTOGRAM,
                .help = "From the claim to the first order of a recovery",
                .labels = {"type"},
                MSK_METRIC_BOUNDS(msk_metric_recovery_bounds)},
    [RECOVERY] = {.name = "masakari_recovery_seconds",
                  .type = MSK_METRIC_HISTOGRAM,
                  .help = "From the claim to the end of a notification, by type and status",
                  .labels = {"type", "status"},
                  MSK_METRIC_BOUNDS(msk_metric_recovery_bounds)},
    [MOVES] = {.name = "masakari_moves_total",
               .type = MSK_METRIC_COUNTER,
               .help = "Moves of VMs away from failed hosts, by how they ended",
               .labels = {"status"}},
    [EVACUATE] = {.name = "masakari_evacuate_seconds",
                  .type = MSK_METRIC_HISTOGRAM,
                  .help = "From the first order of a VM's move to its end, by how it ended",
                  .labels = {"status"},
                  MSK_METRIC_BOUNDS(msk_metric_recovery_bounds)},
    [HELD] = {.name = "masakari_recoveries_held",
              .type = MSK_METRIC_GAUGE,
              .help = "Recoveries of hosts that a safety gate holds now",
              .labels = {"gate"}},
    [RETURNED] = {.name = "masakari_hosts_returned_total",
                  .type = MSK_METRIC_COUNTER,
                  .help = "Hosts that were taken back after their failure"},
    [RUNNING] = {.name = "masakari_recoveries_running",
                 .type = MSK_METRIC_GAUGE,
                 .help = "Notifications that this engine has in hand"},
    [DEPTH] = {.name = "masakari_queue_notifications",
               .type = MSK_METRIC_GAUGE,
               .help = "Notifications in the database that have not come to their end, by status",
               .labels = {"status"}},
    [AGE] = {.name = "masakari_queue_oldest_seconds",
             .type = MSK_METRIC_GAUGE,
             .help = "Age of the oldest notification of this status; 0 when there is none",
             .labels = {"status"}},
    [LEASE] = {.name = "masakari_engine_lease_end_seconds",
               .type = MSK_METRIC_GAUGE,
               .help = "When this engine is taken for dead unless it renews its lease, since the "
                       "epoch"},
    [LEASES_LOST] = {.name = "masakari_engine_leases_lost_total",
                     .type = MSK_METRIC_COUNTER,
                     .help = "How often this engine was taken for dead"},
};
const size_t msk_n_engine_metrics = G_N_ELEMENTS(msk_engine_metrics);

static double
seconds(int64_t us)
{
    return (double) us / G_USEC_PER_SEC;
}

void
msk_engine_count_claim(const MskClaim *claim)
{
    const MskNotification *notification = claim->notification;

    if (claim->taken_over) {
        msk_metric_add(&msk_engine_metrics[TAKEN_OVER], 1, notification->type, NULL);
    } else if (claim->attempt <= 1) {
        msk_metric_observe(&msk_engine_metrics[DETECT],
                           seconds(g_get_real_time() - notification->generated_time_us),
                           notification->type, NULL);
    }
}

void
msk_engine_count_order(const char *type, int64_t claimed_mono_us)
{
    msk_metric_observe(&msk_engine_metrics[DECIDE],
                       seconds(g_get_monotonic_time() - claimed_mono_us), type, NULL);
}

void
msk_engine_count_end(const char *type, MskNotificationStatus status, int64_t claimed_mono_us)
{
    const char *name = msk_notification_status_name(status);

    msk_metric_add(&msk_engine_metrics[NOTIFICATIONS], 1, type, name);
    msk_metric_observe(&msk_engine_metrics[RECOVERY],
                       seconds(g_get_monotonic_time() - claimed_mono_us), type, name);
}

void
msk_engine_count_move(const char *status, int64_t took_us)
{
    msk_metric_add(&msk_engine_metrics[MOVES], 1, status, NULL);
    if (took_us > 0) {
        msk_metric_observe(&msk_engine_metrics[EVACUATE], seconds(took_us), status, NULL);
    }
}

void
msk_engine_count_gate(const char *was, const char *is)
{
    if (g_strcmp0(was, is) == 0) {
        return;
    }
    if (was != NULL) {
        msk_metric_add(&msk_engine_metrics[HELD], -1, was, NULL);
    }
    if (is != NULL) {
        msk_metric_add(&msk_engine_metrics[HELD], 1, is, NULL);
    }
}

void
msk_engine_count_return(void)
{
    msk_metric_add(&msk_engine_metrics[RETURNED], 1, NULL, NULL);
}

void
msk_engine_count_running(unsigned n)
{
    msk_metric_set(&msk_engine_metrics[RUNNING], n, NULL, NULL);
}

void
msk_engine_count_queue(const MskQueueFigure figures[MSK_N_NOTIFICATION_STATUSES])
{
    static const MskNotificationStatus open[] = {MSK_NOTIFICATION_NEW, MSK_NOTIFICATION_RUNNING,
                                                 MSK_NOTIFICATION_ERROR};

    for (size_t i = 0; i < G_N_ELEMENTS(open); i++) {
        const char *name = msk_notification_status_name(open[i]);
        const MskQueueFigure *figure = &figures[open[i]];

        msk_metric_set(&msk_engine_metrics[DEPTH], (double) figure->count, name, NULL);
        msk_metric_set(&msk_engine_metrics[AGE], seconds(figure->oldest_us), name, NULL);
    }
}

void
msk_engine_count_lease(int64_t until_us)
{
    msk_metric_set(&msk_engine_metrics[LEASE], seconds(until_us), NULL, NULL);
}

void
msk_engine_count_lease_lost(void)
{
    msk_metric_add(&msk_engine_metrics[LEASES_LOST], 1, NULL, NULL);
}
