/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/report.h"

#include "base/datetime.h"
#include "base/error.h"

#include <jansson.h>

#define VERSION 1

void
msk_report_free(MskReport *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->subject);
    g_free(self->incident);
    g_free(self->type);
    g_free(self->hostname);
    g_free(self->payload);
    g_free(self);
}

MskReport *
msk_report_copy(const MskReport *self)
{
    MskReport *copy = g_new(MskReport, 1);

    *copy = (MskReport){
        .subject = g_strdup(self->subject),
        .incident = g_strdup(self->incident),
        .vital = self->vital,
        .says_down = self->says_down,
        .type = g_strdup(self->type),
        .hostname = g_strdup(self->hostname),
        .generated_us = self->generated_us,
        .payload = g_strdup(self->payload),
    };
    return copy;
}

static json_t *
notification_of(const MskReport *self)
{
    g_autofree char *time = msk_datetime_format_rest(self->generated_us);
    json_t *payload = json_loads(self->payload, 0, NULL);
    json_t *notification;

    g_assert(payload != NULL);
    notification = json_pack("{s:s, s:s, s:s, s:o}", "type", self->type, "hostname", self->hostname,
                             "generated_time", time, "payload", payload);
    g_assert(notification != NULL);
    return notification;
}

/* jansson allocates with malloc; the caller frees with g_free. */
static char *
take_text(json_t *object)
{
    char *text = json_dumps(object, 0);
    char *copy = g_strdup(text);

    g_assert(copy != NULL);
    free(text);
    json_decref(object);
    return copy;
}

char *
msk_report_body(const MskReport *self)
{
    return take_text(json_pack("{s:o}", "notification", notification_of(self)));
}

char *
msk_report_to_text(const MskReport *self)
{
    return take_text(json_pack("{s:i, s:s, s:s?, s:b, s:b, s:o}", "version", VERSION, "subject",
                               self->subject, "incident", self->incident, "vital", self->vital,
                               "says_down", self->says_down, "notification",
                               notification_of(self)));
}

static MskReport *
report_of(json_t *object, GError **error)
{
    int version;
    const char *subject;
    json_t *incident;
    int vital;
    int says_down;
    const char *type;
    const char *hostname;
    const char *time;
    json_t *payload;
    json_error_t problem;
    int64_t generated_us;
    MskReport *self;
    char *text;

    if (json_unpack_ex(object, &problem, JSON_STRICT,
                       "{s:i, s:s, s:o, s:b, s:b, s:{s:s, s:s, s:s, s:o}}", "version", &version,
                       "subject", &subject, "incident", &incident, "vital", &vital, "says_down",
                       &says_down, "notification", "type", &type, "hostname", &hostname,
                       "generated_time", &time, "payload", &payload) < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s", problem.text);
        return NULL;
    }
    if (version != VERSION || !json_is_object(payload) ||
        !(json_is_null(incident) || json_is_string(incident)) ||
        !msk_datetime_parse(time, &generated_us)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "its version, incident, payload or generated_time is not usable");
        return NULL;
    }
    text = json_dumps(payload, 0);
    self = g_new(MskReport, 1);
    *self = (MskReport){
        .subject = g_strdup(subject),
        .incident = g_strdup(json_string_value(incident)),
        .vital = vital != 0,
        .says_down = says_down != 0,
        .type = g_strdup(type),
        .hostname = g_strdup(hostname),
        .generated_us = generated_us,
        .payload = g_strdup(text),
    };
    free(text);
    return self;
}

MskReport *
msk_report_from_text(const char *text, size_t length, GError **error)
{
    json_error_t problem;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    MskReport *self;

    if (object == NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s", problem.text);
        return NULL;
    }
    self = report_of(object, error);
    json_decref(object);
    return self;
}
