/* SPDX-License-Identifier: Apache-2.0 */
#include "io/event_notifier.h"

#include "base/datetime.h"
#include "base/error.h"
#include "io/bus_sender.h"
#include "oslo/rpc_envelope.h"

#include "base/log.h"

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define GROUP        "oslo_messaging_notifications"
#define TOPIC        "versioned_notifications"
#define MAX_WAITING  10000

static const MskOption options[] = {
    {.group = GROUP,
     .name = "driver",
     .type = MSK_OPTION_MULTI,
     .help = "Where events go, once for each: messagingv2 (to the message bus), messaging (the "
             "same without an envelope), log, or noop and test, which drop them. Without a driver "
             "there are no events.",
     .deprecated = STRINGS("DEFAULT.notification_driver")},
    {.group = GROUP,
     .name = "transport_url",
     .type = MSK_OPTION_STRING,
     .secret = true,
     .help = "The message bus of the events, when it is not [DEFAULT] transport_url.",
     .deprecated = STRINGS("DEFAULT.notification_transport_url")},
    {.group = GROUP,
     .name = "retry",
     .type = MSK_OPTION_INT,
     .initial = "-1",
     .help = "How often an event is sent again after a failure; -1 is without end. Up to 10000 "
             "events wait for a bus that is away.",
     .has_bounds = true,
     .min = -1,
     .max = INT32_MAX - 1},
};

struct MskEventNotifier {
    char *binary;
    bool log;
    bool enveloped;       /* messagingv2 */
    bool bare;            /* messaging */
    MskBusSender *sender; /* (nullable) */
};

void
msk_event_notifier_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

static bool
add_driver(MskEventNotifier *self, const char *driver, GError **error)
{
    /* [DEFAULT] notification_driver, the old name, is an option of Masakari's as well, with this
     * value in every file of its own. */
    static const char *const silent[] = {"noop", "test", "taskflow_driver", "", NULL};

    if (g_str_equal(driver, "messagingv2")) {
        self->enveloped = true;
    } else if (g_str_equal(driver, "messaging")) {
        self->bare = true;
    } else if (g_str_equal(driver, "log")) {
        self->log = true;
    } else if (!g_strv_contains(silent, driver)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[" GROUP "] driver: '%s' is no driver of this program; it has messagingv2, "
                    "messaging, log, noop and test",
                    driver);
        return false;
    }
    return true;
}

static bool
start_sender(MskEventNotifier *self, const MskConfig *config, GError **error)
{
    const char *url = msk_config_string(config, GROUP, "transport_url");
    int64_t retry = msk_config_int(config, GROUP, "retry");
    g_autoptr(MskBusSettings) settings = NULL;

    if (!self->enveloped && !self->bare) {
        return true;
    }
    settings = msk_bus_settings_new(config, url != NULL && url[0] != '\0' ? url : NULL, error);
    if (settings == NULL) {
        g_prefix_error(error, "events: ");
        return false;
    }
    if (settings->local) {
        self->enveloped = false; /* there is no bus for them */
        self->bare = false;
        return true;
    }
    self->sender = msk_bus_sender_new(g_steal_pointer(&settings), "events", MAX_WAITING,
                                      retry < 0 ? 0 : (unsigned) retry + 1);
    return true;
}

MskEventNotifier *
msk_event_notifier_new(const MskConfig *config, const char *binary, GError **error)
{
    g_autoptr(MskEventNotifier) self = g_new0(MskEventNotifier, 1);

    self->binary = g_strdup(binary);
    for (const char *const *driver = msk_config_list(config, GROUP, "driver"); *driver != NULL;
         driver++) {
        if (!add_driver(self, *driver, error)) {
            return NULL;
        }
    }
    return start_sender(self, config, error) ? g_steal_pointer(&self) : NULL;
}

void
msk_event_notifier_free(MskEventNotifier *self)
{
    if (self != NULL) {
        msk_bus_sender_free(self->sender);
        g_free(self->binary);
        g_free(self);
    }
}

bool
msk_event_notifier_wanted(const MskEventNotifier *self)
{
    return self != NULL && (self->log || self->sender != NULL);
}

static void
write_log(const char *event, bool is_error, const json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    MskLogLevel level = is_error ? MSK_LOG_ERROR : MSK_LOG_INFO;
    /* Each event has a logger of its own. */
    g_autofree char *logger = g_strconcat("oslo.messaging.notification.", event, NULL);

    if (msk_log_enabled(logger, level)) {
        msk_log_write(logger, level, "%s", text);
    }
    free(text);
}

void
msk_event_notifier_emit_as(MskEventNotifier *self, const char *binary, const char *event,
                           json_t *payload, json_t *context)
{
    json_auto_t *owned_context = context;
    g_autofree char *publisher_id = g_strdup_printf("%s:%s", binary, g_get_host_name());
    g_autofree char *message_id = g_uuid_string_random();
    g_autofree char *timestamp = msk_datetime_format_sql(g_get_real_time());
    bool is_error = g_str_has_suffix(event, ".error");
    const char *routing_key = is_error ? TOPIC ".error" : TOPIC ".info";
    json_auto_t *message =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "message_id", message_id, "publisher_id",
                  publisher_id, "event_type", event, "priority", is_error ? "ERROR" : "INFO",
                  "payload", payload, "timestamp", timestamp);

    g_assert(message != NULL);
    if (self->log) {
        write_log(event, is_error, message);
    }
    if (self->sender == NULL) {
        return;
    }
    msk_rpc_add_context(message, owned_context);
    if (self->enveloped) {
        msk_bus_sender_push(self->sender, MSK_BUS_EVENT, routing_key, msk_rpc_seal(message));
    }
    if (self->bare) {
        msk_bus_sender_push(self->sender, MSK_BUS_EVENT, routing_key, msk_rpc_seal_bare(message));
    }
}

void
msk_event_notifier_emit(MskEventNotifier *self, const char *event, json_t *payload, json_t *context)
{
    msk_event_notifier_emit_as(self, self->binary, event, payload, context);
}
