/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * event_notifier: events ("versioned notifications") for whoever listens to them.
 *
 *   emit ──▶ messagingv2, messaging: versioned_notifications.info or .error, see bus_sender.h
 *        ──▶ log: a line of logger oslo.messaging.notification.<event>
 *
 *   message  {"message_id": uuid, "publisher_id": "<binary>:<host>", "event_type": s,
 *             "priority": "INFO"|"ERROR", "payload": object, "timestamp": s, "_context_…": …}
 *
 * Threads: any thread may emit; new and free on one. Emitting never blocks.
 * Source: oslo.messaging notify/notifier.py, notify/messaging.py, notify/_impl_log.py; upstream
 * masakari/rpc.py, masakari/notifications/objects/base.py.
 */

#include <jansson.h>

#include "oslo/config.h"

typedef struct MskEventNotifier MskEventNotifier;

void msk_event_notifier_add_options(MskConfigSchema *schema);

/**
 * msk_event_notifier_new:
 * @binary: such as "masakari-api".
 * @error: %MSK_ERROR_INVALID: an unknown driver, or a transport_url that cannot be used.
 *
 * Returns: (transfer full)
 */
MskEventNotifier *msk_event_notifier_new(const MskConfig *config, const char *binary,
                                         GError **error);
/** msk_event_notifier_free: @self: (nullable). Blocks for two seconds at most, while events are
 *  under way. */
void msk_event_notifier_free(MskEventNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskEventNotifier, msk_event_notifier_free)

/** msk_event_notifier_wanted: @self: (nullable). Whether anybody gets events: if not, none need to
 *  be made. */
bool msk_event_notifier_wanted(const MskEventNotifier *self);

/**
 * msk_event_notifier_emit:
 * @event: such as "segment.create.start"; one that ends in ".error" has that priority.
 * @payload: (transfer full); @context: (transfer full) of msk_rpc_context_of_event().
 */
void msk_event_notifier_emit(MskEventNotifier *self, const char *event, json_t *payload,
                             json_t *context);

/** msk_event_notifier_emit_as: the same, with another @binary for the publisher. */
void msk_event_notifier_emit_as(MskEventNotifier *self, const char *binary, const char *event,
                                json_t *payload, json_t *context);
