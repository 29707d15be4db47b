/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_gates: the first part of a host's recovery: nothing goes on before every gate is open and
 * the cloud takes the host for dead.
 *
 *   gates ─▶ service ─▶ (fencing ─▶) disabling ─▶ waiting ─▶ listing, of host_recovery
 *     ▲        │            │ held: all are asked again until they open, or hold_timeout_us is over
 *     └────────┴────────────┘
 *
 * Fencing comes after the gates that count other failures, so that a network that fails turns off
 * nothing, and after the cloud has told of the host, without which nothing could be evacuated.
 *
 * Pure; any thread.
 */

#include "model/recovery/host_work.h"

/** msk_host_gates_ask: from the first gate on. */
void msk_host_gates_ask(MskHostWork *work);

/** msk_host_gates_on_counted: answers for MSK_HOST_EVENT_GATES. */
void msk_host_gates_on_counted(MskHostWork *work);

/** msk_host_gates_on_service: answers for MSK_HOST_EVENT_SERVICE. */
void msk_host_gates_on_service(MskHostWork *work);

/** msk_host_gates_on_fenced: answers for MSK_HOST_EVENT_FENCED. */
void msk_host_gates_on_fenced(MskHostWork *work);

/** msk_host_gates_on_disabled: the service is disabled and forced down. */
void msk_host_gates_on_disabled(MskHostWork *work);
