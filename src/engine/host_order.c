/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_order.h"

#include "engine/engine_clock.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define SETTLE_US     INT64_C(10000000)
#define UNLOCK_US     INT64_C(900000000)
#define MOVE_RETRY_US INT64_C(500000)
#define POLL_US       INT64_C(400000)
/* More than the clocks of a cloud's machines differ by: Nova itself takes a service for dead then.
 */
#define CLOCKS_US   INT64_C(60000000)
#define TOO_LONG_US INT64_C(120000000) /* ago for a list of all changes of a cloud */

MskFlowKind
msk_host_order_flow(const MskHostOrder *order)
{
    bool reserved =
        order->method == MSK_METHOD_RESERVED_HOST || order->method == MSK_METHOD_RH_PRIORITY;

    return reserved ? MSK_FLOW_HOST_RH : MSK_FLOW_HOST_AUTO;
}

void
msk_host_order_take_gates(MskHostOrder *self, const MskEngineSettings *settings)
{
    self->heartbeat_age_us = settings->heartbeat_age_us;
    self->hold_timeout_us = settings->hold_timeout_us;
    self->storm_segment_percent = settings->storm_segment_percent;
    self->storm_percent = settings->storm_percent;
    self->rate_limit = settings->rate_limit;
}

MskHostOrder
msk_host_order_make(const MskEngineSettings *settings, const char *host, const MskPrepareJob *job)
{
    MskHostOrder order = {
        .host = host,
        .fenced = job->triage.fenced,
        .fencing = job->fence_plan != NULL || job->fence_error != NULL,
        .fence_fallback = settings->fence_fallback,
        .all_instances = settings->evacuate_all_instances,
        .ignore_error = settings->ignore_error_instances,
        .join_aggregates = settings->join_aggregates,
        .dry_run = settings->dry_run,
        .max_moves = settings->host_threads,
        .down_timeout_us = settings->wait_period_after_service_update_us,
        .poll_us = POLL_US,
        .max_poll_us = settings->verify_interval_us,
        .move = {.evacuate_timeout_us = settings->wait_period_after_evacuation_us,
                 .stop_timeout_us = settings->wait_period_after_power_off_us,
                 .unlock_timeout_us = UNLOCK_US,
                 .settle_us = SETTLE_US,
                 .retry_us = MOVE_RETRY_US},
    };

    msk_host_order_take_gates(&order, settings);
    if (!msk_recovery_method_parse(job->method, &order.method)) {
        log_warning("Host %s: recovery method '%s' is not known, the compute service chooses the "
                    "hosts",
                    host, job->method != NULL ? job->method : "");
    }
    order.flow = settings->flows->flows[msk_host_order_flow(&order)];
    return order;
}

json_t *
msk_host_order_describe(const MskHostRecovery *state)
{
    json_t *moves = json_array();

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        (void) json_array_append_new(/* fails for lack of memory only */
                                     moves, json_pack("{s:s, s:s?, s:s, s:s?}", "uuid",
                                                      planned->uuid, "name", planned->name,
                                                      "status", msk_vm_move_status(&planned->move),
                                                      "dest_host", planned->move.dest_host));
    }
    return moves;
}

GPtrArray *
msk_host_order_served(const MskHostRecovery *state)
{
    GPtrArray *uuids = g_ptr_array_new();

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->served) {
            g_ptr_array_add(uuids, planned->uuid);
        }
    }
    g_ptr_array_add(uuids, NULL);
    return uuids;
}

int64_t
msk_host_order_since(const MskHostRecovery *state, int64_t *complete_us)
{
    int64_t age_us = msk_engine_now_us() - *complete_us;
    int64_t since_us = INT64_MAX;

    for (unsigned i = 0; i < state->moves->len; i++) {
        const MskPlannedMove *planned = g_ptr_array_index(state->moves, i);

        if (planned->served) {
            since_us = MIN(since_us, planned->start_time_us);
        }
    }
    if (since_us == INT64_MAX || since_us == 0 || age_us > TOO_LONG_US) {
        *complete_us = 0;
    }
    if (*complete_us > 0) {
        since_us = MIN(since_us, g_get_real_time() - age_us - CLOCKS_US);
    }
    return since_us == INT64_MAX ? 0 : since_us;
}
