/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rpc_server.h"
#include "engine/test_place.h"

#include <string.h>

#include "io/bus_listener.h"
#include "io/bus_sender.h"
#include "oslo/rpc_objects.h"

/*
 * The server with a real database, and a bus that is this file: the linker takes the functions of
 * bus_listener and bus_sender from here. Real brokers are in tests/cloud.
 */

#define TIMEOUT_US (INT64_C(60) * G_USEC_PER_SEC)
#define UNKNOWN    "9de11a43-66b9-4e92-9d2b-1c08e6a1ab11"

struct MskBusListener {
    MskBusRequestFunc func;
    void *data;
};

struct MskBusSender {
    GPtrArray *bodies;
    char *routing_key; /* (nullable) of the last */
    MskBusKind kind;
};

/* The last that were made: one of each per test. */
static MskBusListener *listener;
static MskBusSender *sender;

MskBusListener *
msk_bus_listener_new(MskBusSettings *settings, const char *server, MskBusRequestFunc func,
                     void *data)
{
    g_assert_cmpstr(server, ==, "h1");
    msk_bus_settings_unref(settings);
    listener = g_new0(MskBusListener, 1);
    *listener = (MskBusListener){func, data};
    return listener;
}

void
msk_bus_listener_free(MskBusListener *self)
{
    g_free(self);
}

MskBusSender *
msk_bus_sender_new(MskBusSettings *settings, const char *purpose, unsigned max_messages,
                   unsigned attempts)
{
    g_assert_cmpstr(purpose, ==, "replies");
    g_assert_cmpuint(max_messages, >, 0);
    g_assert_cmpuint(attempts, >, 0); /* a caller that is gone must not stop all others */
    msk_bus_settings_unref(settings);
    sender = g_new0(MskBusSender, 1);
    sender->bodies = g_ptr_array_new_with_free_func(g_free);
    return sender;
}

void
msk_bus_sender_free(MskBusSender *self)
{
    g_ptr_array_unref(self->bodies);
    g_free(self->routing_key);
    g_free(self);
}

void
msk_bus_sender_push(MskBusSender *self, MskBusKind kind, const char *routing_key, char *body)
{
    self->kind = kind;
    g_free(self->routing_key);
    self->routing_key = g_strdup(routing_key);
    g_ptr_array_add(self->bodies, body);
}

/* ---- the fixture ------------------------------------------------------------------------- */

typedef struct {
    char *dir;
    char *file;
    char *uuid; /* of the notification in the database */
    MskStoreQueue *queue;
    MskRpcServer *server;
    unsigned n_looks;
} Fixture;

static MskStore *
open_store(const Fixture *self)
{
    return test_place_open(self->file, 200, NULL);
}

static void
make_notification(Fixture *self, MskStore *store)
{
    g_autofree char *segment_uuid = test_place_segment(store, "auto");

    test_place_host(store, segment_uuid, "h1", false);
    self->uuid = test_place_report(store, "h1", "COMPUTE_HOST", "{\"event\": \"STOPPED\"}",
                                   g_get_real_time());
}

static void
look(void *data)
{
    ((Fixture *) data)->n_looks++;
}

static void
set_up(Fixture *self, const void *data)
{
    MskBusSettings *settings = g_new0(MskBusSettings, 1);
    g_autoptr(MskStore) own = NULL;

    g_atomic_ref_count_init(&settings->references);
    settings->answers_ping = GPOINTER_TO_INT(data) == 1;
    self->dir = g_dir_make_tmp("msk-rpc-XXXXXX", NULL);
    self->file = g_build_filename(self->dir, "test.sqlite", NULL);
    own = open_store(self);
    make_notification(self, own);
    self->queue = msk_store_queue_new(open_store(self));
    self->server = msk_rpc_server_new(settings, "h1", self->queue, look, self);
    msk_bus_settings_unref(settings);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_store_queue_free(self->queue);
    msk_rpc_server_free(self->server);
    test_place_remove(self->dir);
    g_free(self->uuid);
    g_free(self->file);
    g_free(self->dir);
}

/* @args: (transfer full). A call has a queue for its answer, a cast has none. */
static void
ask(const char *method, const char *version, const char *space, bool call, json_t *args)
{
    MskRpcRequest *request = g_new0(MskRpcRequest, 1);

    *request = (MskRpcRequest){.method = g_strdup(method),
                               .version = g_strdup(version),
                               .space = g_strdup(space),
                               .msg_id = call ? g_strdup("0123456789abcdef") : NULL,
                               .reply_q = call ? g_strdup("reply_of_an_api") : NULL,
                               .args = args,
                               .context = json_object()};
    listener->func(request, listener->data);
}

static json_t *
notification_of(const char *uuid)
{
    g_autoptr(MskNotification) notification = g_new0(MskNotification, 1);

    notification->meta.id = 1;
    notification->uuid = g_strdup(uuid);
    notification->type = g_strdup("COMPUTE_HOST");
    notification->payload = g_strdup("{}");
    notification->source_host_uuid = g_strdup(uuid);
    return json_pack("{s:o}", "notification", msk_wire_notification(notification, NULL));
}

/* Returns: (transfer full) the only answer, once it is there. */
static json_t *
answer(void)
{
    int64_t deadline_us = g_get_monotonic_time() + TIMEOUT_US;

    while (sender->bodies->len == 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline_us);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
    const char *body = g_ptr_array_index(sender->bodies, 0);
    g_autoptr(GError) error = NULL;
    json_t *reply = msk_rpc_open(body, strlen(body), &error);

    g_assert_no_error(error);
    g_assert_cmpuint(sender->bodies->len, ==, 1);
    g_assert_cmpint(sender->kind, ==, MSK_BUS_REPLY);
    g_assert_cmpstr(sender->routing_key, ==, "reply_of_an_api");
    g_assert_cmpstr(json_string_value(json_object_get(reply, "_msg_id")), ==, "0123456789abcdef");
    return reply;
}

/* Checks that the answer is a failure of this class, with these words. */
static void
check_failure(const char *class_name, const char *words)
{
    json_auto_t *reply = answer();
    const char *text = json_string_value(json_object_get(reply, "failure"));

    g_assert_nonnull(text);
    json_auto_t *failure = json_loads(text, 0, NULL);

    g_assert_cmpstr(json_string_value(json_object_get(failure, "class")), ==, class_name);
    g_assert_nonnull(strstr(json_string_value(json_object_get(failure, "message")), words));
    g_assert_true(json_is_null(json_object_get(reply, "result")));
}

/* ---- what must hold ---------------------------------------------------------------------- */

/* Whatever it says: what counts is in the database. */
static void
test_a_cast_makes_it_look(Fixture *self, const void *data)
{
    (void) data;
    ask("process_notification", "1.0", NULL, false, notification_of(self->uuid));
    ask("process_notification", "1.1", NULL, false, json_pack("{s:i}", "notification", 7));
    g_assert_cmpuint(self->n_looks, ==, 2);
    g_assert_cmpuint(sender->bodies->len, ==, 0);
}

static void
test_a_call_of_it_is_answered(Fixture *self, const void *data)
{
    (void) data;
    ask("process_notification", "1.0", NULL, true, notification_of(self->uuid));
    json_auto_t *reply = answer();

    g_assert_cmpuint(self->n_looks, ==, 1);
    g_assert_true(json_is_null(json_object_get(reply, "failure")));
    g_assert_true(json_is_null(json_object_get(reply, "result")));
}

static void
test_progress_comes_from_the_database(Fixture *self, const void *data)
{
    (void) data;
    ask("get_notification_recovery_workflow_details", "1.1", NULL, true,
        notification_of(self->uuid));
    json_auto_t *reply = answer();
    json_t *result = json_object_get(json_object_get(reply, "result"), "masakari_object.data");
    json_t *details = json_object_get(result, "recovery_workflow_details");

    g_assert_cmpstr(json_string_value(json_object_get(result, "notification_uuid")), ==,
                    self->uuid);
    g_assert_true(json_is_array(details));
    g_assert_cmpuint(self->n_looks, ==, 0);
}

static void
test_a_notification_that_is_not_there(Fixture *self, const void *data)
{
    (void) self;
    (void) data;
    ask("get_notification_recovery_workflow_details", "1.1", NULL, true, notification_of(UNKNOWN));
    check_failure("MasakariException",
                  "Failed to fetch notification recovery workflow details for " UNKNOWN);
}

static void
test_what_is_no_notification(Fixture *self, const void *data)
{
    (void) self;
    (void) data;
    ask("get_notification_recovery_workflow_details", "1.1", NULL, true,
        json_pack("{s:s}", "notification", "some text"));
    check_failure("TypeError", "no Notification");
}

static const struct {
    const char *name;
    const char *method;
    const char *version;
    const char *space;
    const char *class_name;
} refused[] = {
    {"version", "process_notification", "2.0", NULL, "UnsupportedVersion"},
    {"minor", "process_notification", "1.2", NULL, "UnsupportedVersion"},
    {"namespace", "process_notification", "1.0", "other", "UnsupportedVersion"},
    {"method", "evacuate_everything", "1.0", NULL, "NoSuchMethod"},
    {"ping", "oslo_rpc_server_ping", "1.0", NULL, "NoSuchMethod"},
};

/* A caller is told so at once, and need not wait for its timeout. */
static void
test_what_it_does_not_serve(Fixture *self, const void *data)
{
    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_test_message("%s", refused[i].name);
        g_ptr_array_set_size(sender->bodies, 0);
        ask(refused[i].method, refused[i].version, refused[i].space, true, json_object());
        check_failure(refused[i].class_name, "");
        g_ptr_array_set_size(sender->bodies, 0);
        ask(refused[i].method, refused[i].version, refused[i].space, false, json_object());
        g_assert_cmpuint(sender->bodies->len, ==, 0);
    }
    g_assert_cmpuint(self->n_looks, ==, 0);
}

static void
test_a_ping_is_answered_if_wanted(Fixture *self, const void *data)
{
    (void) self;
    (void) data;
    ask("oslo_rpc_server_ping", "1.0", NULL, true, json_object());
    json_auto_t *reply = answer();

    g_assert_cmpstr(json_string_value(json_object_get(reply, "result")), ==, "pong");
}

/* A question whose answer is still being looked for when the engine stops. */
static void
test_a_question_may_outlive_the_queue(Fixture *self, const void *data)
{
    (void) data;
    for (unsigned i = 0; i < 20; i++) {
        ask("get_notification_recovery_workflow_details", "1.1", NULL, true,
            notification_of(self->uuid));
    }
    /* tear_down() frees the queue while they wait; AddressSanitizer tells of what is left. */
    g_assert_cmpuint(sender->bodies->len, ==, 0);
}

static void
add(const char *path, int answers_ping, void (*test)(Fixture *self, const void *data))
{
    g_test_add(path, Fixture, GINT_TO_POINTER(answers_ping), set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/rpc_server/cast", 0, test_a_cast_makes_it_look);
    add("/rpc_server/call", 0, test_a_call_of_it_is_answered);
    add("/rpc_server/progress", 0, test_progress_comes_from_the_database);
    add("/rpc_server/unknown", 0, test_a_notification_that_is_not_there);
    add("/rpc_server/nonsense", 0, test_what_is_no_notification);
    add("/rpc_server/refused", 0, test_what_it_does_not_serve);
    add("/rpc_server/ping", 1, test_a_ping_is_answered_if_wanted);
    add("/rpc_server/stop", 0, test_a_question_may_outlive_the_queue);
    return g_test_run();
}
