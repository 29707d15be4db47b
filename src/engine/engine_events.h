/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * engine_events: notification.process.start, and .end or .error, and host.update for the hosts that
 * a recovery changes, for listeners of the message bus.
 *
 * As in the Python service the status in an end or error is "running": it is told before the row
 * is ended there. A disabled segment has no events, and a report that calls for no recovery of an
 * instance has no end.
 *
 * Threads: main.
 * Source: upstream masakari/engine/manager.py, masakari/engine/utils.py, masakari/objects/host.py.
 */

#include "io/event_notifier.h"
#include "model/recovery/notification_triage.h"
#include "store/store.h"

/** msk_engine_tells: whether @triage is a case of which events tell. */
bool msk_engine_tells(const MskTriage *triage);

/** msk_engine_tell_begin: @events: (nullable). A claim that was taken over is not told again. */
void msk_engine_tell_begin(MskEventNotifier *events, const MskClaim *claim);

/**
 * msk_engine_tell_end:
 * @events: (nullable); @recovered: whether a recovery was begun.
 * @why: of an outcome that is no success.
 */
void msk_engine_tell_end(MskEventNotifier *events, const MskNotification *notification,
                         bool recovered, MskNotificationStatus status, const char *why);

/** msk_engine_tell_host: @events: (nullable). @host: with its segment, as the engine has left its
 *  row. The Python service's engine tells of it in the name of the API; so does this one. */
void msk_engine_tell_host(MskEventNotifier *events, const MskHost *host);
