/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/safety_gates.h"

#include <string.h>

static const MskHostOrder order = {.host = "h1",
                                   .heartbeat_age_us = (int64_t) 15 * G_USEC_PER_SEC,
                                   .storm_segment_percent = 50,
                                   .storm_percent = 50};

static void
test_storm(void)
{
    static const struct {
        MskStormFacts facts;
        MskGateKind kind;
    } table[] = {
        {{1, 1, 1, 1, 0, NULL}, MSK_GATE_OPEN},  {{2, 4, 2, 9, 0, NULL}, MSK_GATE_OPEN},
        {{3, 4, 3, 9, 0, NULL}, MSK_GATE_HOLDS}, {{1, 4, 5, 9, 0, NULL}, MSK_GATE_HOLDS},
        {{2, 2, 2, 9, 0, NULL}, MSK_GATE_HOLDS}, {{1, 2, 1, 1, 0, NULL}, MSK_GATE_OPEN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_auto(MskGateVerdict) verdict = msk_gate_storm(&order, &table[i].facts);

        g_assert_cmpint(verdict.kind, ==, table[i].kind);
        g_assert_nonnull(verdict.record);
    }
}

static void
test_storm_can_be_turned_off(void)
{
    MskHostOrder off = {.host = "h1"};
    MskStormFacts facts = {4, 4, 4, 4, 0, NULL};
    g_auto(MskGateVerdict) verdict = msk_gate_storm(&off, &facts);

    g_assert_cmpint(verdict.kind, ==, MSK_GATE_OPEN);
}

static void
test_armed(void)
{
    for (int disarmed = 0; disarmed < 2; disarmed++) {
        MskStormFacts facts = {.disarmed = disarmed == 1 ? "disarmed_until" : NULL};
        g_auto(MskGateVerdict) verdict = msk_gate_armed(&facts);

        g_assert_cmpint(verdict.kind, ==, disarmed == 1 ? MSK_GATE_HOLDS : MSK_GATE_OPEN);
        g_assert_true((strstr(verdict.record, "[host_failure] disarmed_until") != NULL) ==
                      (disarmed == 1));
    }
}

static void
test_rate(void)
{
    static const struct {
        unsigned limit;
        unsigned begun;
        MskGateKind kind;
    } table[] = {
        {0, 0, MSK_GATE_OPEN},  {0, 9, MSK_GATE_OPEN}, {1, 0, MSK_GATE_OPEN},
        {1, 1, MSK_GATE_HOLDS}, {2, 1, MSK_GATE_OPEN}, {2, 5, MSK_GATE_HOLDS},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        MskHostOrder limited = {.host = "h1", .rate_limit = table[i].limit};
        MskStormFacts facts = {.begun = table[i].begun};
        g_auto(MskGateVerdict) verdict = msk_gate_rate(&limited, &facts);

        g_assert_cmpint(verdict.kind, ==, table[i].kind);
        g_assert_nonnull(verdict.record);
    }
}

static void
test_fencing(void)
{
    static const struct {
        bool confirmed;
        bool fallback;
        MskGateKind kind;
        const char *record;
    } table[] = {
        {true, false, MSK_GATE_OPEN, "Gate 'fencing' is open: words"},
        {true, true, MSK_GATE_OPEN, "Gate 'fencing' is open: words"},
        {false, false, MSK_GATE_HOLDS, "gate 'fencing': words"},
        {false, true, MSK_GATE_OPEN,
         "Gate 'fencing' is not kept, by [fencing] fallback_to_heartbeat: words"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        MskHostOrder asked = {.fence_fallback = table[i].fallback};
        g_auto(MskGateVerdict) verdict = msk_gate_fencing(&asked, table[i].confirmed, "words");

        g_assert_cmpint(verdict.kind, ==, table[i].kind);
        g_assert_cmpstr(verdict.record, ==, table[i].record);
        g_assert_cmpstr(verdict.gate, ==, "fencing");
    }
}

static MskGateKind
heartbeat(const MskHostOrder *asked, bool up, int64_t age_s, bool fenced, bool safe)
{
    MskServiceFacts facts = {.up = up, .age_us = age_s * G_USEC_PER_SEC};
    g_auto(MskGateVerdict) verdict = msk_gate_heartbeat(asked, &facts, fenced, safe);

    g_assert_nonnull(verdict.record);
    return verdict.kind;
}

static void
test_heartbeat(void)
{
    MskHostOrder off = order;

    off.heartbeat_age_us = 0;
    g_assert_cmpint(heartbeat(&order, true, 14, false, false), ==, MSK_GATE_HOLDS);
    g_assert_cmpint(heartbeat(&order, true, 15, false, false), ==, MSK_GATE_OPEN);
    g_assert_cmpint(heartbeat(&order, false, 3, false, false), ==, MSK_GATE_HOLDS);
    g_assert_cmpint(heartbeat(&order, true, -1, false, false), ==, MSK_GATE_HOLDS);
    g_assert_cmpint(heartbeat(&order, false, -1, false, false), ==, MSK_GATE_OPEN);
    g_assert_cmpint(heartbeat(&order, true, 1, false, true), ==, MSK_GATE_OPEN);
    g_assert_cmpint(heartbeat(&order, true, 1, true, false), ==, MSK_GATE_OPEN);
    g_assert_cmpint(heartbeat(&off, true, 1, false, false), ==, MSK_GATE_OPEN);
}

/* Who forced it down may have fenced it, or not: its heartbeat decides. */
static void
test_forced_down_is_no_proof(void)
{
    static const struct {
        int64_t age_s;
        MskGateKind kind;
    } table[] = {{3, MSK_GATE_HOLDS}, {15, MSK_GATE_OPEN}, {-1, MSK_GATE_HOLDS}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        MskServiceFacts facts = {.forced_down = true, .age_us = table[i].age_s * G_USEC_PER_SEC};
        g_auto(MskGateVerdict) verdict = msk_gate_heartbeat(&order, &facts, false, false);

        g_assert_cmpint(verdict.kind, ==, table[i].kind);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/safety_gates/storm", test_storm);
    g_test_add_func("/safety_gates/storm_off", test_storm_can_be_turned_off);
    g_test_add_func("/safety_gates/armed", test_armed);
    g_test_add_func("/safety_gates/rate", test_rate);
    g_test_add_func("/safety_gates/fencing", test_fencing);
    g_test_add_func("/safety_gates/heartbeat", test_heartbeat);
    g_test_add_func("/safety_gates/forced_down", test_forced_down_is_no_proof);
    return g_test_run();
}
