/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_moves: the VMs of one failed host in flight: fills the free places, and lets one look serve
 * all moves that wait for one.
 * Pure; any thread.
 */

#include "model/recovery/host_work.h"

/** msk_host_moves_see: of MSK_HOST_EVENT_LISTED: keeps how the VMs are that are not begun. */
void msk_host_moves_see(MskHostWork *work);

/** msk_host_moves_fill: begins what there is room for. Returns: false when nothing is in flight
 *  after it: all moves are over. */
bool msk_host_moves_fill(MskHostWork *work);

/** msk_host_moves_schedule: looks, or waits until it is time to. */
void msk_host_moves_schedule(MskHostWork *work);

/** msk_host_moves_on_offered: looks, if it is about time to. */
void msk_host_moves_on_offered(MskHostWork *work);

/** msk_host_moves_on_move: answers for MSK_HOST_EVENT_MOVE. */
void msk_host_moves_on_move(MskHostWork *work);

/** msk_host_moves_on_looked: answers for MSK_HOST_EVENT_LOOKED. */
void msk_host_moves_on_looked(MskHostWork *work);

/** msk_host_moves_on_failed: a look did not go through. @delay_us: before the next. */
void msk_host_moves_on_failed(MskHostWork *work, int64_t delay_us);
