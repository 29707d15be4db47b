/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_sender.h"

#include <string.h>

#include "io/bus_link.h"
#include "io/bus_thread.h"

#define LOG_NAME "oslo.messaging._drivers.impl_rabbit"
#include "base/log.h"

#define REPLY_RETRY_US  INT64_C(250000)
#define IDLE_US         INT64_C(1000000)
#define MAX_NAME        255u /* of AMQP */
#define MAX_DECLARATION 64   /* names that are remembered as declared */
#define MAX_BATCH       32u  /* messages that are confirmed together */
#define GATHER_US       5000 /* after a batch: what comes so soon behind it goes together */

typedef struct {
    MskBusKind kind;
    char *routing_key;
    char *body;
    unsigned attempts;
    int64_t not_before_us;
    int64_t give_up_us; /* of a reply; 0: nobody has missed its queue yet */
} Message;

/* Kept alive by its owner and by its thread, which may hang on a broker when the owner is gone. */
struct MskBusSender {
    gatomicrefcount references;
    MskBusSettings *settings;
    const char *purpose;
    unsigned max_messages;
    unsigned max_attempts;

    MskBusThread thread; /* its lock guards what follows */
    GQueue queue;        /* of Message */
    unsigned n_dropped;  /* since it was last said */
    bool gathering;      /* the thread will look by itself, soon */
    bool stopping;
    int64_t stop_at_us;

    /* The thread's own. */
    MskBusLink *link;
    int64_t gather_until_us;
    bool exchange_declared;
    GPtrArray *queues_declared; /* char *, the routing keys of events */
};

static void
message_free(void *data)
{
    Message *message = data;

    g_free(message->routing_key);
    g_free(message->body);
    g_free(message);
}

static void
sender_unref(MskBusSender *self)
{
    if (!g_atomic_ref_count_dec(&self->references)) {
        return;
    }
    g_queue_clear_full(&self->queue, message_free);
    g_ptr_array_unref(self->queues_declared);
    msk_bus_settings_unref(self->settings);
    msk_bus_thread_clear(&self->thread);
    g_free(self);
}

/* ---- the thread -------------------------------------------------------------------------- */

static bool
declare(MskBusSender *self, MskAmqp *amqp, const Message *message, GError **error)
{
    const MskBusSettings *settings = self->settings;
    MskBusArguments arguments;

    if (message->kind == MSK_BUS_REPLY) {
        return true;
    }
    if (!self->exchange_declared &&
        !msk_amqp_declare_exchange(amqp, settings->exchange, "topic", settings->durable,
                                   settings->auto_delete, error)) {
        return false;
    }
    self->exchange_declared = true;
    if (message->kind != MSK_BUS_EVENT ||
        g_ptr_array_find_with_equal_func(self->queues_declared, message->routing_key, g_str_equal,
                                         NULL)) {
        return true;
    }
    msk_bus_topic_arguments(settings, &arguments);
    if (!msk_amqp_declare_queue(amqp, message->routing_key, settings->durable,
                                settings->auto_delete, arguments.items, arguments.n, error) ||
        !msk_amqp_bind(amqp, message->routing_key, settings->exchange, message->routing_key,
                       error)) {
        return false;
    }
    if (self->queues_declared->len < MAX_DECLARATION) {
        g_ptr_array_add(self->queues_declared, g_strdup(message->routing_key));
    }
    return true;
}

static bool
send_one(const MskBusSender *self, MskAmqp *amqp, const Message *message, bool is_last,
         GError **error)
{
    bool is_reply = message->kind == MSK_BUS_REPLY;

    return msk_amqp_send(
        amqp,
        &(MskAmqpMessage){.exchange = is_reply ? "" : self->settings->exchange,
                          .routing_key = message->routing_key,
                          .body = message->body,
                          .mandatory = is_reply && self->settings->mandatory_replies,
                          .more = !is_last},
        error);
}

static MskAmqpSent
publish(MskBusSender *self, MskAmqp *amqp, GQueue *batch, GError **error)
{
    for (GList *item = batch->head; item != NULL; item = item->next) {
        if (!declare(self, amqp, item->data, error)) {
            return MSK_AMQP_FAILED;
        }
    }
    for (GList *item = batch->head; item != NULL; item = item->next) {
        if (!send_one(self, amqp, item->data, item->next == NULL, error)) {
            return MSK_AMQP_FAILED;
        }
    }
    return msk_amqp_confirm(amqp, error);
}

static void
forget_connection(MskBusSender *self, const GError *why)
{
    self->exchange_declared = false;
    g_ptr_array_set_size(self->queues_declared, 0);
    msk_bus_link_drop(self->link, why);
}

/* The caller may be about to reconnect. Returns: whether to try again later. */
static bool
wait_for_caller(const MskBusSender *self, Message *message)
{
    int64_t now_us = g_get_monotonic_time();

    if (message->give_up_us == 0) {
        message->give_up_us = now_us + self->settings->missing_reply_queue_s * G_USEC_PER_SEC;
    }
    if (now_us >= message->give_up_us) {
        log_info("Nobody waits in queue %s any more, the reply is dropped", message->routing_key);
        return false;
    }
    message->not_before_us = now_us + REPLY_RETRY_US;
    return true;
}

/* Returns: whether @message, which was not sent, has to be kept for another attempt. */
static bool
may_go_again(const MskBusSender *self, Message *message)
{
    message->attempts++;
    if (self->max_attempts != 0 && message->attempts >= self->max_attempts) {
        log_error("A message for %s could not be sent in %u attempts and is dropped",
                  message->routing_key, message->attempts);
        return false;
    }
    return true;
}

/* Leaves in @batch what has to be kept for another attempt. Returns: whether the broker has the
 * others. */
static bool
send_batch(MskBusSender *self, GQueue *batch)
{
    g_autoptr(GError) error = NULL;
    MskAmqp *amqp = msk_bus_link_connect(self->link);
    MskAmqpSent sent = amqp == NULL ? MSK_AMQP_FAILED : publish(self, amqp, batch, &error);
    unsigned n_messages = batch->length;

    if (sent != MSK_AMQP_FAILED) {
        msk_bus_link_settled(self->link);
    } else if (error != NULL) {
        forget_connection(self, error);
    }
    for (unsigned i = 0; i < n_messages; i++) {
        Message *message = g_queue_pop_head(batch);
        /* A reply, the only kind that comes back, is alone in its batch. */
        bool keep = sent == MSK_AMQP_FAILED
                        ? may_go_again(self, message)
                        : sent == MSK_AMQP_UNROUTED && wait_for_caller(self, message);

        if (keep) {
            g_queue_push_tail(batch, message);
        } else {
            message_free(message);
        }
    }
    return sent != MSK_AMQP_FAILED;
}

/* With the lock held. Returns: (nullable) the first message that may go now. */
static GList *
find_ready(const MskBusSender *self)
{
    int64_t now_us = g_get_monotonic_time();

    for (GList *item = self->queue.head; item != NULL; item = item->next) {
        if (((const Message *) item->data)->not_before_us <= now_us) {
            return item;
        }
    }
    return NULL;
}

/* With the lock held. What goes now: whatever is ready besides is confirmed in one with it. */
static void
take_batch(MskBusSender *self, GQueue *batch)
{
    GList *item = find_ready(self);
    bool goes_along = item != NULL;

    while (goes_along) {
        const Message *message = item->data;

        g_queue_unlink(&self->queue, item);
        g_queue_push_tail_link(batch, item);
        item = find_ready(self);
        goes_along = item != NULL && ((const Message *) item->data)->kind != MSK_BUS_REPLY &&
                     message->kind != MSK_BUS_REPLY && batch->length < MAX_BATCH;
    }
}

/* With the lock held. What waits for its time goes behind the others. */
static void
put_back(MskBusSender *self, GQueue *batch)
{
    Message *message;

    while ((message = g_queue_pop_tail(batch)) != NULL) {
        if (message->not_before_us == 0) {
            g_queue_push_head(&self->queue, message);
        } else {
            g_queue_push_tail(&self->queue, message);
        }
    }
}

/* Nothing is to be sent: keeps the connection alive, or makes it. */
static void
tend(MskBusSender *self)
{
    g_autoptr(GError) error = NULL;
    MskAmqp *amqp = msk_bus_link_amqp(self->link);

    if (amqp != NULL && !msk_amqp_tick(amqp, &error)) {
        forget_connection(self, error);
    } else if (amqp == NULL && msk_bus_link_connect(self->link) != NULL) {
        msk_bus_link_settled(self->link);
    }
}

/* With the lock held, which is given up in between. */
static void
work_once(MskBusSender *self)
{
    GQueue batch = G_QUEUE_INIT;
    bool sent = false;

    take_batch(self, &batch);
    msk_bus_thread_unlock(&self->thread);
    if (g_queue_is_empty(&batch)) {
        tend(self);
    } else {
        sent = send_batch(self, &batch);
    }
    int64_t wait_ms = msk_bus_link_amqp(self->link) == NULL ? msk_bus_link_wait_ms(self->link) : 0;

    msk_bus_thread_lock(&self->thread);
    put_back(self, &batch);
    int64_t until_us = g_get_monotonic_time() + wait_ms * 1000;

    self->gather_until_us = sent ? until_us + GATHER_US : 0;
    while (!self->stopping && g_get_monotonic_time() < until_us) {
        msk_bus_thread_wait(&self->thread, until_us);
    }
}

/* With the lock held. Whether no message is to be waited for: what may go now fills a batch, or has
 * a caller who waits, or the queue holds no more. */
static bool
is_urgent(const MskBusSender *self)
{
    int64_t now_us = g_get_monotonic_time();
    unsigned n_ready = 0;

    for (const GList *item = self->queue.head; item != NULL; item = item->next) {
        const Message *message = item->data;
        bool ready = message->not_before_us <= now_us;

        n_ready += ready ? 1 : 0;
        if (n_ready >= MAX_BATCH || (ready && message->kind == MSK_BUS_REPLY)) {
            return true;
        }
    }
    return self->queue.length >= self->max_messages;
}

/* With the lock held, which is given up in between. A broker's work for a message is mostly the
 * reading and the confirmation of what comes at once. */
static void
gather(MskBusSender *self)
{
    self->gathering = true;
    while (!self->stopping && g_get_monotonic_time() < self->gather_until_us && !is_urgent(self)) {
        msk_bus_thread_wait(&self->thread, self->gather_until_us);
    }
    self->gathering = false;
}

/* With the lock held. Returns: when a message may go, no later than @now_us if one may go then; the
 * end of time without one. */
static int64_t
next_ready_us(const MskBusSender *self, int64_t now_us)
{
    int64_t next_us = INT64_MAX;

    /* What may go now is mostly the first: a long queue is not walked through. */
    for (const GList *item = self->queue.head; item != NULL && next_us > now_us;
         item = item->next) {
        next_us = MIN(next_us, ((const Message *) item->data)->not_before_us);
    }
    return next_us;
}

/* With the lock held, which is given up in between. Returns: whether there is more to do. */
static bool
rest(MskBusSender *self)
{
    bool linked = msk_bus_link_amqp(self->link) != NULL;

    gather(self);
    int64_t now_us = g_get_monotonic_time();
    int64_t next_us = next_ready_us(self, now_us);

    if (self->stopping) {
        if (g_queue_is_empty(&self->queue) || now_us >= self->stop_at_us || !linked) {
            return false;
        }
        next_us = MIN(next_us, self->stop_at_us);
    }
    if (next_us > now_us && (linked || !g_queue_is_empty(&self->queue))) {
        msk_bus_thread_wait(&self->thread, MIN(next_us, now_us + IDLE_US));
    }
    return true;
}

static void *
run(void *data)
{
    MskBusSender *self = data;

    self->link = msk_bus_link_new(self->settings, self->purpose);
    msk_bus_thread_lock(&self->thread);
    while (rest(self)) {
        work_once(self);
    }
    msk_bus_thread_unlock(&self->thread);
    msk_bus_link_free(self->link);
    msk_bus_thread_finish(&self->thread);
    sender_unref(self);
    return NULL;
}

/* ---- the owner --------------------------------------------------------------------------- */

MskBusSender *
msk_bus_sender_new(MskBusSettings *settings, const char *purpose, unsigned max_messages,
                   unsigned attempts)
{
    MskBusSender *self = g_new0(MskBusSender, 1);

    g_assert(!settings->local);
    g_atomic_ref_count_init(&self->references);
    g_atomic_ref_count_inc(&self->references); /* the thread's */
    self->settings = settings;
    self->purpose = purpose;
    self->max_messages = max_messages;
    self->max_attempts = attempts;
    self->queues_declared = g_ptr_array_new_with_free_func(g_free);
    msk_bus_thread_start(&self->thread, "bus-sender", run, self);
    return self;
}

void
msk_bus_sender_free(MskBusSender *self)
{
    if (self == NULL) {
        return;
    }
    msk_bus_thread_lock(&self->thread);
    self->stopping = true;
    self->stop_at_us = g_get_monotonic_time() + MSK_BUS_THREAD_PATIENCE_US;
    msk_bus_thread_wake(&self->thread);
    msk_bus_thread_unlock(&self->thread);
    msk_bus_thread_leave(&self->thread);
    sender_unref(self);
}

void
msk_bus_sender_push(MskBusSender *self, MskBusKind kind, const char *routing_key, char *body)
{
    Message *message = g_new0(Message, 1);
    Message *dropped = NULL;

    if (strlen(routing_key) > MAX_NAME) {
        log_warning("A message for a queue whose name has more than %u bytes is dropped", MAX_NAME);
        g_free(body);
        g_free(message);
        return;
    }
    *message = (Message){.kind = kind, .routing_key = g_strdup(routing_key), .body = body};
    msk_bus_thread_lock(&self->thread);
    if (g_queue_get_length(&self->queue) >= self->max_messages) {
        dropped = g_queue_pop_head(&self->queue);
        self->n_dropped++;
    }
    g_queue_push_tail(&self->queue, message);
    unsigned n_dropped = self->n_dropped;

    if (!self->gathering || is_urgent(self)) {
        msk_bus_thread_wake(&self->thread);
    }
    msk_bus_thread_unlock(&self->thread);
    if (dropped != NULL) {
        message_free(dropped);
        if ((n_dropped & (n_dropped - 1)) == 0) { /* 1, 2, 4, … */
            log_warning("More than %u messages wait for the message bus (%s): %u of the oldest "
                        "were dropped so far",
                        self->max_messages, self->purpose, n_dropped);
        }
    }
}
