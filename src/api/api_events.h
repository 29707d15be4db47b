/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * api_events: what others learn of a request that changed something: events of the message bus, and
 * the hint to engines that there is a new notification.
 *
 * Events come in pairs: "<resource>.<action>.start", then ".end" or ".error". A request that is
 * refused before it changes anything has none, as in the Python service.
 *
 * Threads: the one that answers the call. Nothing here waits for a broker.
 * Source: upstream masakari/objects/{segment,host,notification}.py, masakari/api/utils.py,
 * masakari/ha/api.py; names of exceptions from masakari/exception.py.
 */

#include "api/api_call.h"
#include "oslo/rpc_objects.h"

/** msk_api_wants_events: whether it pays to read what an event would show. */
bool msk_api_wants_events(const MskApiCall *call);

/*
 * @action: such as "segment.create". @exception: (nullable) a class of Python's that stands for the
 * failure, with @message; NULL: it was done.
 */
void msk_api_tell_segment(const MskApiCall *call, const char *action, const MskSegment *segment,
                          const char *exception, const char *message);
/** msk_api_tell_host: @host: with its segment. */
void msk_api_tell_host(const MskApiCall *call, const char *action, const MskHost *host,
                       const char *exception, const char *message);
void msk_api_tell_notification(const MskApiCall *call, const MskNotification *notification,
                               const char *exception, const char *message);

/** msk_api_tell_engines: that @notification is there. */
void msk_api_tell_engines(const MskApiCall *call, const MskNotification *notification);
