/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * bus_sender: a thread that brings messages to the broker, so that nobody else waits for it.
 *
 *   push ──▶ [bounded queue] ──▶ thread: connect, declare, publish, wait for the confirmation
 *
 * The first message goes at once, and with it whatever waits besides. What comes until the broker
 * has confirmed that, and within 5 ms from then, is gathered, goes together, and is confirmed in
 * one: a stream of messages costs the broker a fraction then. A reply waits for the confirmation
 * only, and so does a full batch. A reply whose caller is not there is tried again four times a
 * second, and nothing else waits for it.
 *
 * A message leaves the queue when the broker has it. While the bus is away they wait; when the
 * queue is full the oldest goes. A message that is sent again because the confirmation was lost
 * has the same _unique_id, by which receivers know it.
 *
 * Threads: push from any thread; new and free on one.
 * Source: oslo.messaging _drivers/impl_rabbit.py (topic_send, notify_send, direct_send).
 */

#include "io/bus_settings.h"

typedef struct MskBusSender MskBusSender;

typedef enum {
    MSK_BUS_TOPIC, /* to the exchange of the services */
    MSK_BUS_EVENT, /* the same, and there is a queue even when nobody listens yet */
    MSK_BUS_REPLY, /* to the queue of one caller */
} MskBusKind;

/**
 * msk_bus_sender_new:
 * @settings: (transfer full) not local.
 * @purpose: (static) for the log, such as "events".
 * @max_messages: of the queue.
 * @attempts: how often a message is tried; 0 is without end.
 */
MskBusSender *msk_bus_sender_new(MskBusSettings *settings, const char *purpose,
                                 unsigned max_messages, unsigned attempts);

/** msk_bus_sender_free: @self: (nullable). Blocks for two seconds at most while messages are under
 *  way; what has not gone by then is dropped. */
void msk_bus_sender_free(MskBusSender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskBusSender, msk_bus_sender_free)

/** msk_bus_sender_push: @body: (transfer full). Never blocks. */
void msk_bus_sender_push(MskBusSender *self, MskBusKind kind, const char *routing_key, char *body);
