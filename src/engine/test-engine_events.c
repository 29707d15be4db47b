/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_events.h"

#include <string.h>

/* What is told of a notification, and when. The linker takes the notifier from here. */

struct MskEventNotifier {
    bool wanted;
    unsigned n;
    const char *binary; /* (nullable) what the last was emitted as */
    char *event;
    json_t *payload; /* the data of the last */
};

bool
msk_event_notifier_wanted(const MskEventNotifier *self)
{
    return self != NULL && self->wanted;
}

void
msk_event_notifier_emit(MskEventNotifier *self, const char *event, json_t *payload, json_t *context)
{
    g_assert_true(json_is_object(context));
    self->n++;
    g_free(self->event);
    self->event = g_strdup(event);
    json_decref(self->payload);
    self->payload = json_incref(json_object_get(payload, "masakari_object.data"));
    json_decref(payload);
    json_decref(context);
}

void
msk_event_notifier_emit_as(MskEventNotifier *self, const char *binary, const char *event,
                           json_t *payload, json_t *context)
{
    self->binary = binary;
    msk_event_notifier_emit(self, event, payload, context);
}

typedef struct {
    MskEventNotifier events;
    MskNotification *notification;
} Fixture;

static void
set_up(Fixture *self, const void *type)
{
    self->events.wanted = true;
    self->notification = g_new0(MskNotification, 1);
    self->notification->uuid = g_strdup("9de11a43-66b9-4e92-9d2b-1c08e6a1ab11");
    self->notification->type = g_strdup(type);
    self->notification->payload = g_strdup("{\"event\": \"STOPPED\"}");
    self->notification->source_host_uuid = g_strdup("9de11a43-66b9-4e92-9d2b-1c08e6a1ab12");
    self->notification->status = MSK_NOTIFICATION_RUNNING;
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_notification_free(self->notification);
    json_decref(self->events.payload);
    g_free(self->events.event);
}

static const char *
status_told(const Fixture *self)
{
    return json_string_value(json_object_get(self->events.payload, "status"));
}

static void
test_begin(Fixture *self, const void *data)
{
    static const struct {
        int64_t attempt;
        bool taken_over;
        const char *status; /* (nullable) NULL: nothing is told */
    } table[] = {
        {1, false, "new"},
        {2, false, "error"}, /* the one more try */
        {1, true, NULL},     /* its predecessor has told */
        {2, true, NULL},
    };

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const MskClaim claim = {.notification = self->notification,
                                .attempt = table[i].attempt,
                                .taken_over = table[i].taken_over};

        self->events.n = 0;
        msk_engine_tell_begin(&self->events, &claim);
        g_assert_cmpuint(self->events.n, ==, table[i].status != NULL ? 1 : 0);
        if (table[i].status != NULL) {
            g_assert_cmpstr(self->events.event, ==, "notification.process.start");
            g_assert_cmpstr(status_told(self), ==, table[i].status);
        }
    }
    /* The row's own status is not touched. */
    g_assert_cmpint(self->notification->status, ==, MSK_NOTIFICATION_RUNNING);
}

static const struct {
    const char *type;
    bool recovered;
    MskNotificationStatus status;
    const char *event; /* (nullable) */
} ends[] = {
    {"COMPUTE_HOST", true, MSK_NOTIFICATION_FINISHED, "notification.process.end"},
    {"COMPUTE_HOST", true, MSK_NOTIFICATION_ERROR, "notification.process.error"},
    {"COMPUTE_HOST", true, MSK_NOTIFICATION_FAILED, "notification.process.error"},
    {"COMPUTE_HOST", false, MSK_NOTIFICATION_IGNORED, "notification.process.end"},
    {"PROCESS", true, MSK_NOTIFICATION_FINISHED, "notification.process.end"},
    {"VM", true, MSK_NOTIFICATION_FINISHED, "notification.process.end"},
    {"VM", true, MSK_NOTIFICATION_ERROR, "notification.process.error"},
    {"VM", false, MSK_NOTIFICATION_IGNORED, NULL},
};

static void
test_end(Fixture *self, const void *data)
{
    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_test_message("%s %d %d", ends[i].type, ends[i].recovered, (int) ends[i].status);
        self->events.n = 0;
        g_free(self->notification->type);
        self->notification->type = g_strdup(ends[i].type);
        msk_engine_tell_end(&self->events, self->notification, ends[i].recovered, ends[i].status,
                            "no room");
        g_assert_cmpuint(self->events.n, ==, ends[i].event != NULL ? 1 : 0);
        if (ends[i].event == NULL) {
            continue;
        }
        json_t *fault = json_object_get(self->events.payload, "fault");
        json_t *what = json_object_get(fault, "masakari_object.data");

        g_assert_cmpstr(self->events.event, ==, ends[i].event);
        g_assert_cmpstr(status_told(self), ==, "running");
        g_assert_cmpstr(json_string_value(json_object_get(what, "exception_message")), ==,
                        g_str_has_suffix(ends[i].event, "error") ? "no room" : NULL);
    }
}

static void
test_host(Fixture *self, const void *data)
{
    char name[] = "h1";
    MskSegment segment = {.meta.id = 2, .uuid = name, .name = name};
    const MskHost host = {
        .meta.id = 1, .uuid = name, .name = name, .on_maintenance = true, .segment = &segment};

    (void) data;
    msk_engine_tell_host(&self->events, &host);
    g_assert_cmpuint(self->events.n, ==, 2);
    g_assert_cmpstr(self->events.event, ==, "host.update.end");
    g_assert_cmpstr(self->events.binary, ==, "masakari-api");
    g_assert_true(json_is_true(json_object_get(self->events.payload, "on_maintenance")));
    g_assert_true(json_is_object(json_object_get(self->events.payload, "failover_segment")));
    msk_engine_tell_host(NULL, &host);
    self->events.wanted = false;
    msk_engine_tell_host(&self->events, &host);
    g_assert_cmpuint(self->events.n, ==, 2);
}

static void
test_nobody_listens(Fixture *self, const void *data)
{
    const MskClaim claim = {.notification = self->notification, .attempt = 1};

    (void) data;
    self->events.wanted = false;
    msk_engine_tell_begin(&self->events, &claim);
    msk_engine_tell_end(&self->events, self->notification, true, MSK_NOTIFICATION_FINISHED, NULL);
    msk_engine_tell_begin(NULL, &claim);
    msk_engine_tell_end(NULL, self->notification, true, MSK_NOTIFICATION_FINISHED, NULL);
    g_assert_cmpuint(self->events.n, ==, 0);
}

static void
test_of_which_cases_events_tell(Fixture *self, const void *data)
{
    static const struct {
        MskTriage triage;
        bool tells;
    } table[] = {
        {{.kind = MSK_TRIAGE_RECOVER_HOST}, true},
        {{.kind = MSK_TRIAGE_RECOVER_INSTANCE}, true},
        {{.kind = MSK_TRIAGE_END, .reason = "nothing to do"}, true},
        {{.kind = MSK_TRIAGE_END, .message = "the segment is disabled"}, false},
    };

    (void) self;
    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_assert_true(msk_engine_tells(&table[i].triage) == table[i].tells);
    }
}

static void
add(const char *path, void (*test)(Fixture *self, const void *data))
{
    g_test_add(path, Fixture, "COMPUTE_HOST", set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/engine_events/begin", test_begin);
    add("/engine_events/end", test_end);
    add("/engine_events/host", test_host);
    add("/engine_events/nobody", test_nobody_listens);
    add("/engine_events/cases", test_of_which_cases_events_tell);
    return g_test_run();
}
