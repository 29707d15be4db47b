/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * safety_gates: what is asked before the first VM of a failed host is evacuated. Evacuating a VM
 * that still runs destroys its disk.
 * Pure; any thread.
 */

#include "model/recovery/host_recovery.h"

typedef enum { MSK_GATE_OPEN, MSK_GATE_HOLDS } MskGateKind;

typedef struct {
    MskGateKind kind;
    const char *gate; /* (static) */
    char *record;     /* what was asked, and what the answer was; for people */
} MskGateVerdict;

void msk_gate_verdict_clear(MskGateVerdict *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskGateVerdict, msk_gate_verdict_clear)

/**
 * msk_gate_storm: holds while more than the configured share of the hosts has failed, of the
 * segment or of all. One host may always fail.
 */
MskGateVerdict msk_gate_storm(const MskHostOrder *order, const MskStormFacts *facts);

/** msk_gate_armed: holds while an operator wants no host to be recovered. */
MskGateVerdict msk_gate_armed(const MskStormFacts *facts);

/** msk_gate_rate: holds while enough other hosts are being recovered, or have just been. */
MskGateVerdict msk_gate_rate(const MskHostOrder *order, const MskStormFacts *facts);

/**
 * msk_gate_fencing: is the host known to be off?
 * @confirmed: the devices say so. @said: for people.
 */
MskGateVerdict msk_gate_fencing(const MskHostOrder *order, bool confirmed, const char *said);

/**
 * msk_gate_heartbeat: is the host known to be dead?
 * @fenced: it is known to be off.
 * @safe: this gate was open before in this recovery, whose own changes look like heartbeats.
 */
MskGateVerdict msk_gate_heartbeat(const MskHostOrder *order, const MskServiceFacts *service,
                                  bool fenced, bool safe);
