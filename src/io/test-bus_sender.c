/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_sender.h"

#include <time.h>

#include "base/error.h"

/*
 * The thread with a broker that is this file: the linker takes the functions of amqp.c from here,
 * and the clock as well. Real brokers are in tests/cloud.
 *
 * While the clock stands still the thread wakes up only when it is woken: what goes then went
 * because of what was pushed.
 */

#define TIMEOUT_S 60
#define STILL_US  INT64_C(1000000000000000) /* later than any clock of a machine */
#define GATHER_US 5000
#define FULL      32

struct MskAmqp {
    int unused;
};

static struct {
    GMutex lock;          /* guards what follows */
    GPtrArray *batches;   /* char *, the bodies that were confirmed together, with blanks between */
    GString *batch;       /* that is being sent */
    bool ended;           /* its last message said that no other follows */
    unsigned n_confirms;  /* that were asked for */
    unsigned n_held;      /* the confirm of that number waits */
    unsigned n_failing;   /* the confirm of that number fails */
    unsigned n_unrouted;  /* the message of the confirm of that number has no queue */
    int64_t confirmed_us; /* when the last confirm came */
    int64_t waited_us;    /* from there to the next message */
} broker;

static int64_t still_us; /* atomic: where the clock stands; 0: it goes */

int64_t
g_get_monotonic_time(void)
{
    int64_t at_us = __atomic_load_n(&still_us, __ATOMIC_ACQUIRE);
    struct timespec now;

    if (at_us != 0) {
        return at_us;
    }
    (void) clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* ---- the broker -------------------------------------------------------------------------- */

MskAmqp *
msk_amqp_open(const MskAmqpPeer *peer, GError **error)
{
    (void) peer;
    (void) error;
    return g_new0(MskAmqp, 1);
}

void
msk_amqp_free(MskAmqp *self)
{
    g_free(self);
}

bool
msk_amqp_declare_exchange(MskAmqp *self, const char *name, const char *type, bool durable,
                          bool auto_delete, GError **error)
{
    (void) self, (void) name, (void) type, (void) durable, (void) auto_delete, (void) error;
    return true;
}

bool
msk_amqp_declare_queue(MskAmqp *self, const char *name, bool durable, bool auto_delete,
                       const MskAmqpArgument *arguments, size_t n_arguments, GError **error)
{
    (void) self, (void) name, (void) durable, (void) auto_delete, (void) error;
    (void) arguments, (void) n_arguments;
    return true;
}

bool
msk_amqp_bind(MskAmqp *self, const char *queue, const char *exchange, const char *routing_key,
              GError **error)
{
    (void) self, (void) queue, (void) exchange, (void) routing_key, (void) error;
    return true;
}

bool
msk_amqp_send(MskAmqp *self, const MskAmqpMessage *message, GError **error)
{
    (void) self;
    (void) error;
    g_mutex_lock(&broker.lock);
    g_assert_false(broker.ended);
    if (broker.batch->len == 0) {
        broker.waited_us = g_get_monotonic_time() - broker.confirmed_us;
    }
    g_string_append_printf(broker.batch, "%s%s", broker.batch->len == 0 ? "" : " ", message->body);
    broker.ended = !message->more;
    g_mutex_unlock(&broker.lock);
    return true;
}

MskAmqpSent
msk_amqp_confirm(MskAmqp *self, GError **error)
{
    (void) self;
    g_mutex_lock(&broker.lock);
    g_assert_true(broker.ended);
    broker.ended = false;
    broker.n_confirms++;
    while (broker.n_held == broker.n_confirms) {
        g_mutex_unlock(&broker.lock);
        g_usleep(100);
        g_mutex_lock(&broker.lock);
    }
    bool fails = broker.n_failing == broker.n_confirms;
    bool unrouted = broker.n_unrouted == broker.n_confirms;

    g_ptr_array_add(broker.batches, g_strdup(broker.batch->str));
    g_string_truncate(broker.batch, 0);
    broker.confirmed_us = g_get_monotonic_time();
    g_mutex_unlock(&broker.lock);
    if (fails) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "as the test wants it");
    }
    return fails ? MSK_AMQP_FAILED : unrouted ? MSK_AMQP_UNROUTED : MSK_AMQP_SENT;
}

bool
msk_amqp_tick(MskAmqp *self, GError **error)
{
    (void) self;
    (void) error;
    return true;
}

/* ---- the fixture ------------------------------------------------------------------------- */

static MskBusSender *
sender_new(unsigned max_messages)
{
    /* After a failure the second one is tried at once. */
    static const char *const overrides[] = {"DEFAULT.transport_url=rabbit://u:p@b1,u:p@b2/", NULL};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    const MskConfigSources sources = {.overrides = overrides};
    g_autoptr(GError) error = NULL;

    msk_bus_add_options(schema);
    g_autoptr(MskConfig) config = msk_config_load(schema, &sources, &error);

    g_assert_no_error(error);
    return msk_bus_sender_new(msk_bus_settings_new(config, NULL, &error), "tests", max_messages, 0);
}

static void
set_clock(int64_t at_us)
{
    __atomic_store_n(&still_us, at_us, __ATOMIC_RELEASE);
}

static void
set_up(bool still)
{
    broker.batches = g_ptr_array_new_with_free_func(g_free);
    broker.batch = g_string_new(NULL);
    broker.n_confirms = 0;
    broker.n_held = 0;
    broker.n_failing = 0;
    broker.n_unrouted = 0;
    set_clock(still ? STILL_US : 0);
}

static void
tear_down(void)
{
    g_ptr_array_unref(broker.batches);
    (void) g_string_free(broker.batch, TRUE); /* nothing of it is wanted */
}

static void
push(MskBusSender *sender, const char *body)
{
    msk_bus_sender_push(sender, MSK_BUS_TOPIC, "engines", g_strdup(body));
}

static unsigned
read_count(const unsigned *count)
{
    g_mutex_lock(&broker.lock);
    unsigned now = *count;

    g_mutex_unlock(&broker.lock);
    return now;
}

static void
wait_for(const unsigned *count, unsigned wanted)
{
    for (unsigned i = 0; i < TIMEOUT_S * 1000 && read_count(count) < wanted; i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(read_count(count), >=, wanted);
}

static void
assert_batch(unsigned number, const char *bodies)
{
    wait_for(&broker.batches->len, number);
    g_mutex_lock(&broker.lock);
    g_assert_cmpstr(g_ptr_array_index(broker.batches, number - 1), ==, bodies);
    g_mutex_unlock(&broker.lock);
}

static void
release(void)
{
    g_mutex_lock(&broker.lock);
    broker.n_held = 0;
    g_mutex_unlock(&broker.lock);
}

/* ---- the tests --------------------------------------------------------------------------- */

static void
test_gathers_after_a_batch(void)
{
    set_up(false);
    MskBusSender *sender = sender_new(100);

    broker.n_held = 1;
    push(sender, "a");
    wait_for(&broker.n_confirms, 1);
    push(sender, "b");
    release();
    assert_batch(1, "a");
    assert_batch(2, "b"); /* with nobody to wake the thread */
    g_assert_cmpint(broker.waited_us, >=, GATHER_US);
    msk_bus_sender_free(sender);
    tear_down();
}

static void
test_full_batch_goes(void)
{
    g_autoptr(GString) wanted = g_string_new(NULL);

    set_up(true);
    MskBusSender *sender = sender_new(100);

    push(sender, "a");
    assert_batch(1, "a");
    for (unsigned i = 0; i < FULL; i++) {
        g_autofree char *body = g_strdup_printf("%u", i);

        if (i == FULL - 1) {
            g_usleep(20000); /* for what should not go */
            g_assert_cmpuint(read_count(&broker.n_confirms), ==, 1);
        }
        push(sender, body);
        g_string_append_printf(wanted, "%s%s", i == 0 ? "" : " ", body);
    }
    assert_batch(2, wanted->str);
    msk_bus_sender_free(sender);
    tear_down();
}

static void
test_full_queue_goes(void)
{
    set_up(true);
    MskBusSender *sender = sender_new(2);

    push(sender, "a");
    assert_batch(1, "a");
    push(sender, "b");
    push(sender, "c");
    assert_batch(2, "b c");
    msk_bus_sender_free(sender);
    tear_down();
}

static void
test_reply_is_not_waited_with(void)
{
    set_up(true);
    MskBusSender *sender = sender_new(100);

    broker.n_held = 1;
    push(sender, "a");
    wait_for(&broker.n_confirms, 1);
    msk_bus_sender_push(sender, MSK_BUS_REPLY, "caller", g_strdup("r"));
    release();
    assert_batch(2, "r"); /* that was there before */
    push(sender, "b");
    push(sender, "c");
    msk_bus_sender_push(sender, MSK_BUS_REPLY, "caller", g_strdup("s"));
    assert_batch(3, "b c");
    assert_batch(4, "s"); /* that came in between */
    msk_bus_sender_free(sender);
    tear_down();
}

/* One whose caller is not there waits for itself: the others go as if it were not there. */
static void
test_waiting_reply_holds_nothing_up(void)
{
    g_autoptr(GString) wanted = g_string_new("a");

    set_up(true);
    MskBusSender *sender = sender_new(100);

    broker.n_unrouted = 1;
    msk_bus_sender_push(sender, MSK_BUS_REPLY, "caller", g_strdup("r"));
    assert_batch(1, "r");
    push(sender, "a");
    for (unsigned i = 1; i < FULL; i++) {
        push(sender, "a");
        g_string_append(wanted, " a");
    }
    assert_batch(2, wanted->str);
    push(sender, "b");
    msk_bus_sender_push(sender, MSK_BUS_REPLY, "another", g_strdup("s"));
    assert_batch(3, "b");
    assert_batch(4, "s");
    push(sender, "c");
    g_usleep(20000); /* for what should not go */
    g_assert_cmpuint(read_count(&broker.n_confirms), ==, 4);
    set_clock(STILL_US + G_USEC_PER_SEC);
    msk_bus_sender_push(sender, MSK_BUS_REPLY, "another", g_strdup("t"));
    assert_batch(5, "r"); /* its time has come */
    assert_batch(6, "c");
    assert_batch(7, "t");
    msk_bus_sender_free(sender);
    tear_down();
}

static void
test_failed_batch_goes_again(void)
{
    set_up(true);
    MskBusSender *sender = sender_new(100);

    broker.n_failing = 1;
    push(sender, "a");
    assert_batch(1, "a");
    assert_batch(2, "a");
    msk_bus_sender_free(sender);
    tear_down();
}

static void
test_stop_sends_what_was_gathered(void)
{
    set_up(true);
    MskBusSender *sender = sender_new(100);

    push(sender, "a");
    assert_batch(1, "a");
    push(sender, "b");
    push(sender, "c");
    msk_bus_sender_free(sender);
    assert_batch(2, "b c");
    tear_down();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus_sender/gathers_after_a_batch", test_gathers_after_a_batch);
    g_test_add_func("/bus_sender/full_batch_goes", test_full_batch_goes);
    g_test_add_func("/bus_sender/full_queue_goes", test_full_queue_goes);
    g_test_add_func("/bus_sender/reply_is_not_waited_with", test_reply_is_not_waited_with);
    g_test_add_func("/bus_sender/waiting_reply_holds_nothing_up",
                    test_waiting_reply_holds_nothing_up);
    g_test_add_func("/bus_sender/failed_batch_goes_again", test_failed_batch_goes_again);
    g_test_add_func("/bus_sender/stop_sends_what_was_gathered", test_stop_sends_what_was_gathered);
    return g_test_run();
}
