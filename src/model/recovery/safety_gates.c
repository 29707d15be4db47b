/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/safety_gates.h"

void
msk_gate_verdict_clear(MskGateVerdict *self)
{
    g_clear_pointer(&self->record, g_free);
}

static bool
is_storm(unsigned failed, unsigned hosts, unsigned percent)
{
    return percent > 0 && failed > 1 && (uint64_t) failed * 100 > (uint64_t) hosts * percent;
}

MskGateVerdict
msk_gate_storm(const MskHostOrder *order, const MskStormFacts *facts)
{
    bool in_segment =
        is_storm(facts->failed_in_segment, facts->hosts_in_segment, order->storm_segment_percent);
    bool in_all = is_storm(facts->failed, facts->hosts, order->storm_percent);
    MskGateVerdict verdict = {.gate = "storm"};

    if (order->storm_segment_percent == 0 && order->storm_percent == 0) {
        verdict.record = g_strdup("Gate 'storm' is turned off");
    } else if (in_segment || in_all) {
        verdict.kind = MSK_GATE_HOLDS;
        verdict.record = g_strdup_printf(
            "gate 'storm': %u of %u hosts of %s failed within a short time, more than %u %%; a "
            "failure of the network or of the monitors is more likely. It opens when the failures "
            "are past, or [host_failure] storm_percent and storm_segment_percent are raised",
            in_segment ? facts->failed_in_segment : facts->failed,
            in_segment ? facts->hosts_in_segment : facts->hosts,
            in_segment ? "the failover segment" : "all segments",
            in_segment ? order->storm_segment_percent : order->storm_percent);
    } else {
        verdict.record = g_strdup_printf(
            "Gate 'storm' is open: %u of %u hosts of the failover segment have failed, %u of %u in "
            "all",
            facts->failed_in_segment, facts->hosts_in_segment, facts->failed, facts->hosts);
    }
    return verdict;
}

MskGateVerdict
msk_gate_armed(const MskStormFacts *facts)
{
    MskGateVerdict verdict = {.gate = "armed"};

    if (facts->disarmed != NULL) {
        verdict.kind = MSK_GATE_HOLDS;
        verdict.record = g_strdup_printf("gate 'armed': recovery of hosts is turned off by "
                                         "[host_failure] %s. It opens when that is over",
                                         facts->disarmed);
    } else {
        verdict.record = g_strdup("Gate 'armed' is open");
    }
    return verdict;
}

MskGateVerdict
msk_gate_rate(const MskHostOrder *order, const MskStormFacts *facts)
{
    MskGateVerdict verdict = {.gate = "rate"};

    if (order->rate_limit == 0) {
        verdict.record = g_strdup("Gate 'rate' is turned off");
    } else if (facts->begun >= order->rate_limit) {
        verdict.kind = MSK_GATE_HOLDS;
        verdict.record = g_strdup_printf(
            "gate 'rate': %u other hosts began to be evacuated within [host_failure] storm_window, "
            "and rate_limit is %u. It opens as time passes",
            facts->begun, order->rate_limit);
    } else {
        verdict.record = g_strdup_printf("Gate 'rate' is open: %u other hosts of at most %u",
                                         facts->begun, order->rate_limit);
    }
    return verdict;
}

static double
seconds(int64_t us)
{
    return (double) us / G_USEC_PER_SEC;
}

MskGateVerdict
msk_gate_fencing(const MskHostOrder *order, bool confirmed, const char *said)
{
    MskGateVerdict verdict = {.gate = "fencing"};

    if (confirmed) {
        verdict.record = g_strdup_printf("Gate 'fencing' is open: %s", said);
    } else if (order->fence_fallback) {
        verdict.record = g_strdup_printf(
            "Gate 'fencing' is not kept, by [fencing] fallback_to_heartbeat: %s", said);
    } else {
        verdict.kind = MSK_GATE_HOLDS;
        verdict.record = g_strdup_printf("gate 'fencing': %s", said);
    }
    return verdict;
}

/* That the service is forced down proves nothing: it says so since an earlier recovery of a host
 * that lives again, or because a person is about to do something. */
MskGateVerdict
msk_gate_heartbeat(const MskHostOrder *order, const MskServiceFacts *service, bool fenced,
                   bool safe)
{
    MskGateVerdict verdict = {.gate = "heartbeat"};

    if (fenced) {
        verdict.record = g_strdup("Gate 'heartbeat' is not asked: the host is known to be fenced");
    } else if (order->heartbeat_age_us == 0) {
        verdict.record = g_strdup("Gate 'heartbeat' is turned off");
    } else if (safe) {
        verdict.record = g_strdup("Gate 'heartbeat' was open before in this recovery");
    } else if (service->age_us >= order->heartbeat_age_us) {
        verdict.record = g_strdup_printf("Gate 'heartbeat' is open: the compute service of host "
                                         "'%s' was last heard of %.0f s ago",
                                         order->host, seconds(service->age_us));
    } else if (service->age_us < 0 && !service->up && !service->forced_down) {
        verdict.record = g_strdup_printf(
            "Gate 'heartbeat' is open: the compute service of host '%s' is down", order->host);
    } else {
        verdict.kind = MSK_GATE_HOLDS;
        verdict.record = g_strdup_printf(
            "gate 'heartbeat': the compute service of host '%s' has been heard of within the last "
            "%.0f s, so its instances may still run",
            order->host, seconds(order->heartbeat_age_us));
    }
    return verdict;
}
