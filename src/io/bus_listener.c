/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "io/bus_link.h"
#include "io/bus_thread.h"

#define LOG_NAME "oslo.messaging._drivers.amqpdriver"
#include "base/log.h"

#define MAX_WAITING 256
#define REMEMBERED  16 /* ids of requests; oslo.messaging's number */
#define RECEIVE_MS  60000
#define BEHIND_MS   20

/* Kept alive by its owner, by its thread, and by each request on its way to the main loop. */
struct MskBusListener {
    gatomicrefcount references;
    MskBusSettings *settings;
    char *server;
    int wake_fd; /* readable when the thread should stop */
    MskBusRequestFunc func;
    void *data;
    bool freed;    /* main thread only */
    int n_waiting; /* atomic: requests on their way to the main loop */

    MskBusThread thread;

    /* The thread's own. */
    MskBusLink *link;
    char *remembered[REMEMBERED];
    unsigned next_remembered;
};

static void
listener_unref(MskBusListener *self)
{
    if (!g_atomic_ref_count_dec(&self->references)) {
        return;
    }
    for (unsigned i = 0; i < REMEMBERED; i++) {
        g_free(self->remembered[i]);
    }
    msk_bus_settings_unref(self->settings);
    (void) close(self->wake_fd); /* nothing was written to it that matters */
    msk_bus_thread_clear(&self->thread);
    g_free(self->server);
    g_free(self);
}

/* ---- to the main loop -------------------------------------------------------------------- */

typedef struct {
    MskBusListener *listener;
    MskRpcRequest *request;
} Delivery;

static gboolean
deliver(void *data)
{
    Delivery *delivery = data;
    MskBusListener *self = delivery->listener;

    (void) g_atomic_int_add(&self->n_waiting, -1); /* only the new value counts */
    if (self->freed) {
        msk_rpc_request_free(delivery->request);
    } else {
        self->func(delivery->request, self->data);
    }
    listener_unref(self);
    g_free(delivery);
    return G_SOURCE_REMOVE;
}

static void
hand_over(MskBusListener *self, MskRpcRequest *request)
{
    Delivery *delivery = g_new(Delivery, 1);

    *delivery = (Delivery){self, request};
    g_atomic_ref_count_inc(&self->references);
    g_atomic_int_inc(&self->n_waiting);
    g_idle_add_full(G_PRIORITY_DEFAULT, deliver, delivery, NULL);
}

/* ---- the thread -------------------------------------------------------------------------- */

/* Waits for @ms. Returns: whether the thread should stop. */
static bool
stopped(const MskBusListener *self, int64_t ms)
{
    struct pollfd fd = {.fd = self->wake_fd, .events = POLLIN};

    return poll(&fd, 1, (int) MIN(ms, 3600000)) > 0;
}

static bool
is_duplicate(MskBusListener *self, const char *id)
{
    if (id == NULL) {
        return false;
    }
    for (unsigned i = 0; i < REMEMBERED; i++) {
        if (g_strcmp0(self->remembered[i], id) == 0) {
            return true;
        }
    }
    g_free(self->remembered[self->next_remembered]);
    self->remembered[self->next_remembered] = g_strdup(id);
    self->next_remembered = (self->next_remembered + 1) % REMEMBERED;
    return false;
}

static void
take_message(MskBusListener *self, const char *body, size_t length)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *message = msk_rpc_open(body, length, &error);
    g_autoptr(MskRpcRequest) request =
        message == NULL ? NULL : msk_rpc_request_read(message, &error);

    if (request == NULL) {
        log_warning("A message of the bus is dropped: %s", error->message);
    } else if (is_duplicate(self, request->unique_id)) {
        log_debug("Request %s came twice and is dropped", request->unique_id);
    } else {
        hand_over(self, g_steal_pointer(&request));
    }
}

/* A queue of the exchange @exchange, which is declared, and the delivery from it. */
static bool
consume(MskAmqp *amqp, const MskBusSettings *settings, const char *queue, GError **error)
{
    const MskAmqpArgument cancel = {.name = "x-cancel-on-ha-failover", .number = 1};

    return msk_amqp_consume(amqp, queue, &cancel, settings->cancel_on_failover ? 1 : 0, error);
}

static bool
set_up_topic(const MskBusListener *self, MskAmqp *amqp, const char *queue, GError **error)
{
    const MskBusSettings *settings = self->settings;
    MskBusArguments arguments;

    msk_bus_topic_arguments(settings, &arguments);
    return msk_amqp_declare_queue(amqp, queue, settings->durable, settings->auto_delete,
                                  arguments.items, arguments.n, error) &&
           msk_amqp_bind(amqp, queue, settings->exchange, queue, error) &&
           consume(amqp, settings, queue, error);
}

static bool
set_up_fanout(const MskBusListener *self, MskAmqp *amqp, GError **error)
{
    const MskBusSettings *settings = self->settings;
    const MskAmqpArgument offset = {.name = "x-stream-offset", .text = "last"};
    bool durable = settings->transient_quorum || settings->stream_fanout;
    g_autofree char *exchange = g_strconcat(settings->topic, "_fanout", NULL);
    g_autofree char *unique =
        settings->queue_suffix == NULL ? msk_rpc_unique_id() : g_strdup(settings->queue_suffix);
    g_autofree char *queue =
        settings->stream_fanout ? g_strdup(exchange) : g_strconcat(exchange, "_", unique, NULL);
    MskBusArguments arguments;

    msk_bus_fanout_arguments(settings, &arguments);
    if (!msk_amqp_declare_exchange(amqp, exchange, "fanout", durable, true, error) ||
        !msk_amqp_declare_queue(amqp, queue, durable, false, arguments.items, arguments.n, error) ||
        !msk_amqp_bind(amqp, queue, exchange, settings->topic, error)) {
        return false;
    }
    return settings->stream_fanout ? msk_amqp_consume(amqp, queue, &offset, 1, error)
                                   : consume(amqp, settings, queue, error);
}

static bool
set_up(const MskBusListener *self, MskAmqp *amqp, GError **error)
{
    const MskBusSettings *settings = self->settings;
    g_autofree char *own = g_strconcat(settings->topic, ".", self->server, NULL);

    return (settings->prefetch == 0 ||
            msk_amqp_prefetch(amqp, (uint16_t) settings->prefetch, error)) &&
           msk_amqp_declare_exchange(amqp, settings->exchange, "topic", settings->durable,
                                     settings->auto_delete, error) &&
           set_up_topic(self, amqp, settings->topic, error) &&
           set_up_topic(self, amqp, own, error) && set_up_fanout(self, amqp, error);
}

/* Returns: false with @error when the connection is lost, true when the thread should stop. */
static bool
receive(MskBusListener *self, MskAmqp *amqp, GError **error)
{
    while (!stopped(self, 0)) {
        g_autofree char *body = NULL;
        size_t length = 0;

        if (g_atomic_int_get(&self->n_waiting) >= MAX_WAITING) {
            if (!msk_amqp_tick(amqp, error)) {
                return false;
            }
            (void) stopped(self, BEHIND_MS); /* the loop asks again */
            continue;
        }
        int received = msk_amqp_receive(amqp, RECEIVE_MS, self->wake_fd, &body, &length, error);

        if (received < 0) {
            return false;
        }
        if (received > 0 && body == NULL) {
            log_warning("A message is dropped: it has more than %u bytes, or is compressed in "
                        "another way than with [oslo_messaging_rabbit] kombu_compression = gzip "
                        "or zlib",
                        MSK_AMQP_MAX_BODY);
        } else if (received > 0) {
            take_message(self, body, length);
        }
    }
    return true;
}

static void
serve(MskBusListener *self)
{
    g_autoptr(GError) error = NULL;
    MskAmqp *amqp = msk_bus_link_connect(self->link);

    if (amqp == NULL) {
        return;
    }
    if (set_up(self, amqp, &error)) {
        msk_bus_link_settled(self->link);
        log_info("Listening for requests on topic %s", self->settings->topic);
        (void) receive(self, amqp, &error); /* @error tells which it was */
    }
    if (error != NULL) {
        msk_bus_link_drop(self->link, error);
    }
}

static void *
run(void *data)
{
    MskBusListener *self = data;

    self->link = msk_bus_link_new(self->settings, "requests");
    do {
        serve(self);
    } while (!stopped(self, msk_bus_link_wait_ms(self->link)));
    msk_bus_link_free(self->link);
    msk_bus_thread_finish(&self->thread);
    listener_unref(self);
    return NULL;
}

/* ---- the owner --------------------------------------------------------------------------- */

MskBusListener *
msk_bus_listener_new(MskBusSettings *settings, const char *server, MskBusRequestFunc func,
                     void *data)
{
    MskBusListener *self = g_new0(MskBusListener, 1);

    g_assert(!settings->local);
    g_atomic_ref_count_init(&self->references);
    g_atomic_ref_count_inc(&self->references); /* the thread's */
    self->settings = settings;
    self->server = g_strdup(server);
    self->func = func;
    self->data = data;
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g_assert(self->wake_fd >= 0);
    msk_bus_thread_start(&self->thread, "bus-listener", run, self);
    return self;
}

void
msk_bus_listener_free(MskBusListener *self)
{
    if (self == NULL) {
        return;
    }
    const uint64_t one = 1;

    self->freed = true;
    g_assert(write(self->wake_fd, &one, sizeof one) == sizeof one);
    msk_bus_thread_leave(&self->thread);
    listener_unref(self);
}
