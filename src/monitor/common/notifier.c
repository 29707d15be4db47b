/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/notifier.h"

#define LOG_NAME "masakari.monitor.notifier"
#include "base/log.h"

#include <jansson.h>

enum {
    MAX_IN_FLIGHT = 8,
    OUTAGE_FIRST_MS = 200,
    CONFLICT_FIRST_MS = 500,
    CONFLICT_LAST_MS = 30000,
    RETRY_AFTER_LAST_S = 60,
    SHOWN_BYTES = 500,
};

typedef struct {
    MskNotifier *notifier;
    MskSpoolEntry *entry;
    MskHttpCall *call;
    char *token; /* with which it was sent */
} Post;

struct MskNotifier {
    char *endpoint; /* (nullable) where the last call went, for messages */
    MskApiAccess *access;
    unsigned retry_max;
    unsigned retry_interval_s;
    MskHttpClient *http;
    MskSpool *spool;
    const MskNotifierCallbacks *callbacks;
    void *data;
    GPtrArray *posts; /* of Post, owned: in flight */
    MskHttpCall *greeting;
    bool is_greeted;
    unsigned n_failures; /* in a row; 0: the API answers */
    int64_t outage_mono_us;
    int64_t pause_until_mono_us;
    unsigned timer;
};

enum { REPORTS, DELIVERY_SECONDS, WAITING, FAILURES };

const MskMetricFamily msk_notifier_metrics[] = {
    [REPORTS] = {.name = "masakari_monitor_reports_total",
                 .type = MSK_METRIC_COUNTER,
                 .help =
                     "Reports by type and outcome: made, accepted, refused (the API never takes "
                     "it), known (to the API), out of date",
                 .labels = {"type", "outcome"}},
    [DELIVERY_SECONDS] = {.name = "masakari_monitor_delivery_seconds",
                          .type = MSK_METRIC_HISTOGRAM,
                          .help = "From a failure that was seen to the API's acknowledgement",
                          .labels = {"type"},
                          MSK_METRIC_BOUNDS(msk_metric_recovery_bounds)},
    [WAITING] = {.name = "masakari_monitor_reports_waiting",
                 .type = MSK_METRIC_GAUGE,
                 .help = "Reports that the API has not acknowledged"},
    [FAILURES] = {.name = "masakari_monitor_post_failures_total",
                  .type = MSK_METRIC_COUNTER,
                  .help = "Tries to reach the API that failed"},
};
const size_t msk_n_notifier_metrics = G_N_ELEMENTS(msk_notifier_metrics);

static void pump(MskNotifier *self);

static void
count(const MskNotifier *self, const MskReport *report, const char *outcome)
{
    msk_metric_add(&msk_notifier_metrics[REPORTS], 1, report->type, outcome);
    msk_metric_set(&msk_notifier_metrics[WAITING], msk_notifier_n_waiting(self), NULL, NULL);
}

static void
post_free(void *data)
{
    Post *self = data;

    g_free(self->token);
    g_free(self);
}

static gboolean
on_timer(void *data)
{
    MskNotifier *self = data;

    self->timer = 0;
    pump(self);
    return G_SOURCE_REMOVE;
}

static void
wake_at(MskNotifier *self, int64_t mono_us)
{
    int64_t wait_us = mono_us - g_get_monotonic_time();

    if (self->timer != 0) {
        (void) g_source_remove(self->timer); /* on_timer clears it when it has run */
    }
    self->timer = g_timeout_add((unsigned) (MAX(wait_us, 0) / 1000 + 1), on_timer, self);
}

/* The API's own words from {"...": {"message": s}}, or what came instead. */
static char *
message_of(const MskHttpAnswer *answer)
{
    json_t *body = json_loadb(answer->body, answer->body_length, 0, NULL);
    const char *key;
    json_t *value;
    char *message = NULL;

    json_object_foreach(body, key, value)
    {
        const char *text = json_string_value(json_object_get(value, "message"));

        if (text != NULL && message == NULL) {
            message = g_utf8_make_valid(text, (ssize_t) MIN(strlen(text), SHOWN_BYTES));
        }
    }
    json_decref(body);
    if (message == NULL) {
        message = g_utf8_make_valid(answer->body, (ssize_t) MIN(answer->body_length, SHOWN_BYTES));
    }
    return message;
}

/* ---- what an answer means ------------------------------------------------------------------ */

static void
note_answer(MskNotifier *self)
{
    if (self->n_failures > 0) {
        log_info("the API at %s answers again, after %.1f s; %u reports wait", self->endpoint,
                 (double) (g_get_monotonic_time() - self->outage_mono_us) / 1e6,
                 msk_notifier_n_waiting(self));
    }
    self->n_failures = 0;
    self->pause_until_mono_us = 0;
    msk_api_access_accepted(self->access);
}

static void
note_failure(MskNotifier *self, const char *reason, unsigned retry_after_s)
{
    int64_t now = g_get_monotonic_time();
    unsigned doublings = MIN(self->n_failures, 16);
    int64_t pause_us = MIN((int64_t) OUTAGE_FIRST_MS * 1000 << doublings,
                           (int64_t) self->retry_interval_s * 1000000);

    if (self->n_failures == 0) {
        self->outage_mono_us = now;
        log_warning("reporting to the API failed, and is tried again until it succeeds: %s",
                    reason);
    } else if (self->n_failures == self->retry_max) {
        log_error("reporting to the API at %s still fails after %u tries, %u reports wait: %s",
                  self->endpoint != NULL ? self->endpoint : "a place that Keystone has to tell",
                  self->n_failures, msk_notifier_n_waiting(self), reason);
    } else {
        log_debug("reporting to the API failed again: %s", reason);
    }
    self->n_failures++;
    msk_metric_add(&msk_notifier_metrics[FAILURES], 1, NULL, NULL);
    pause_us = MAX(pause_us, (int64_t) MIN(retry_after_s, RETRY_AFTER_LAST_S) * 1000000);
    self->pause_until_mono_us = now + pause_us;
}

static void
done(MskNotifier *self, MskSpoolEntry *entry, const char *outcome)
{
    g_autoptr(MskReport) report = msk_report_copy(entry->report);

    msk_spool_remove(self->spool, entry);
    count(self, report, outcome);
}

static void
take_conflict(MskNotifier *self, MskSpoolEntry *entry, const char *message)
{
    unsigned doublings = MIN(entry->n_conflicts, 16);
    int64_t pause_ms = MIN((int64_t) CONFLICT_FIRST_MS << doublings, CONFLICT_LAST_MS);

    if (!entry->report->says_down || !self->callbacks->still_down(entry->report, self->data)) {
        log_info("report %s of %s: the API knows of it (409): %s", entry->report->payload,
                 entry->report->subject, message);
        done(self, entry, "known");
        return;
    }
    if (entry->n_conflicts == 0) {
        log_info("report %s of %s was refused (409), and is posted anew while it is down: %s",
                 entry->report->payload, entry->report->subject, message);
    }
    entry->n_conflicts++;
    entry->next_mono_us = g_get_monotonic_time() + pause_ms * 1000;
}

static void
take_accepted(MskNotifier *self, MskSpoolEntry *entry, const MskHttpAnswer *answer)
{
    json_t *body = json_loadb(answer->body, answer->body_length, 0, NULL);
    const char *uuid = json_string_value(
        json_object_get(json_object_get(body, "notification"), "notification_uuid"));

    log_info("report %s of %s is accepted: notification %s", entry->report->payload,
             entry->report->subject, uuid != NULL ? uuid : "without an id");
    json_decref(body);
    msk_metric_observe(&msk_notifier_metrics[DELIVERY_SECONDS],
                       (double) (g_get_real_time() - entry->report->generated_us) / G_USEC_PER_SEC,
                       entry->report->type, NULL);
    done(self, entry, "accepted");
}

static void
take_answer(MskNotifier *self, MskSpoolEntry *entry, const MskHttpAnswer *answer, const char *token)
{
    g_autofree char *message = message_of(answer);
    g_autofree char *reason = NULL;

    switch (answer->status) {
    case 200:
    case 201:
    case 202:
        note_answer(self);
        take_accepted(self, entry, answer);
        return;
    case 400:
        note_answer(self);
        log_warning("report %s of %s on host %s is given up, the API refuses it (400): %s",
                    entry->report->payload, entry->report->subject, entry->report->hostname,
                    message);
        done(self, entry, "refused");
        return;
    case 409:
        note_answer(self);
        take_conflict(self, entry, message);
        return;
    default:
        if (answer->status == 401 && msk_api_access_reject(self->access, token)) {
            return;
        }
        reason = g_strdup_printf("POST %s/notifications was answered with %u: %s", self->endpoint,
                                 answer->status, message);
        note_failure(self, reason, answer->retry_after_s);
        /* Perhaps it is this report that the API stumbles over: the others go first. */
        entry->next_mono_us = self->pause_until_mono_us + 1000;
    }
}

static void
on_posted(const MskHttpAnswer *answer, const GError *error, void *data)
{
    Post *post = data;
    MskNotifier *self = post->notifier;
    MskSpoolEntry *entry = post->entry;
    g_autofree char *token = g_steal_pointer(&post->token);

    entry->in_flight = false;
    g_assert(g_ptr_array_remove_fast(self->posts, post));
    if (error != NULL) {
        note_failure(self, error->message, 0);
    } else {
        take_answer(self, entry, answer, token);
    }
    pump(self);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* As the API wants to be asked. Returns: (transfer full) NULL-terminated */
static char **
headers_of(const MskApiWay *way)
{
    char **headers = g_new0(char *, 4);

    headers[0] = g_strdup("Content-Type: application/json");
    headers[1] = g_strdup("Accept: application/json");
    headers[2] = g_strconcat("X-Auth-Token: ", way->token, NULL);
    return headers;
}

/* Returns: whether there is a way to the API now; else on_access() is called. */
static bool
find_way(MskNotifier *self, MskApiWay *ret)
{
    if (!msk_api_access_get(self->access, ret)) {
        return false;
    }
    if (g_strcmp0(self->endpoint, ret->endpoint) != 0) {
        g_free(self->endpoint);
        self->endpoint = g_strdup(ret->endpoint);
    }
    return true;
}

static void
send_entry(MskNotifier *self, MskSpoolEntry *entry, MskApiWay *way)
{
    Post *post = g_new0(Post, 1);
    g_autofree char *body = NULL;
    g_autofree char *url = g_strconcat(way->endpoint, "/notifications", NULL);
    g_auto(GStrv) headers = headers_of(way);

    if (entry->n_conflicts > 0) {
        /* With its old time it would be the same duplicate for ever. */
        entry->report->generated_us = g_get_real_time();
        msk_spool_update(self->spool, entry);
    }
    body = msk_report_body(entry->report);
    entry->in_flight = true;
    entry->n_tries++;
    post->notifier = self;
    post->entry = entry;
    post->token = g_steal_pointer(&way->token);
    g_ptr_array_add(self->posts, post);
    post->call =
        msk_http_client_send(self->http,
                             &(MskHttpClientRequest){.method = "POST",
                                                     .url = url,
                                                     .headers = (const char *const *) headers,
                                                     .body = body,
                                                     .body_length = strlen(body)},
                             on_posted, post);
}

static bool
is_out_of_date(const MskNotifier *self, const MskSpoolEntry *entry)
{
    bool repeated = entry->n_tries > 0 || entry->n_conflicts > 0 || self->n_failures > 0;

    return repeated && entry->report->says_down &&
           !self->callbacks->still_down(entry->report, self->data);
}

/* The first report of each subject that is due; sets the time of the next one that is not. */
static MskSpoolEntry *
next_due(MskNotifier *self, int64_t now, int64_t *ret_next_mono_us)
{
    g_autoptr(GHashTable) subjects = g_hash_table_new(g_str_hash, g_str_equal);

    for (const GList *at = msk_spool_entries(self->spool)->head; at != NULL; at = at->next) {
        MskSpoolEntry *entry = at->data;

        if (!g_hash_table_add(subjects, entry->report->subject) || entry->in_flight ||
            entry->held) {
            continue;
        }
        if (entry->next_mono_us <= now) {
            return entry;
        }
        *ret_next_mono_us = MIN(*ret_next_mono_us, entry->next_mono_us);
    }
    return NULL;
}

/* What waits for a way to the API gets old meanwhile: still_down is asked before it is posted. */
static void
note_wait(MskNotifier *self)
{
    for (const GList *at = msk_spool_entries(self->spool)->head; at != NULL; at = at->next) {
        MskSpoolEntry *entry = at->data;

        entry->n_tries = MAX(entry->n_tries, 1);
    }
}

static void
pump(MskNotifier *self)
{
    int64_t now = g_get_monotonic_time();
    unsigned limit = self->n_failures > 0 ? 1 : MAX_IN_FLIGHT;
    int64_t next_mono_us = G_MAXINT64;

    if (self->pause_until_mono_us > now) {
        if (msk_spool_entries(self->spool)->length > 0) {
            wake_at(self, self->pause_until_mono_us);
        }
        return;
    }
    while (self->posts->len < limit) {
        MskSpoolEntry *entry = next_due(self, now, &next_mono_us);
        g_auto(MskApiWay) way = {0};

        if (entry == NULL) {
            break;
        }
        if (is_out_of_date(self, entry)) {
            log_info("report %s of %s is out of date, it runs again: not posted",
                     entry->report->payload, entry->report->subject);
            entry->n_tries++;
            done(self, entry, "out of date");
            continue;
        }
        if (!find_way(self, &way)) {
            note_wait(self);
            return;
        }
        send_entry(self, entry, &way);
    }
    if (next_mono_us != G_MAXINT64) {
        wake_at(self, next_mono_us);
    }
}

/* ---- the first contact ---------------------------------------------------------------------- */

static void
on_greeted(const MskHttpAnswer *answer, const GError *error, void *data)
{
    MskNotifier *self = data;

    self->greeting = NULL;
    if (error != NULL) {
        log_warning("the API cannot be reached yet: %s", error->message);
        return;
    }
    log_debug("the API at %s answered the greeting with %u", self->endpoint, answer->status);
    if (answer->status == 200) {
        note_answer(self);
        pump(self);
    }
}

static void
greet(MskNotifier *self)
{
    g_auto(MskApiWay) way = {0};

    if (self->greeting != NULL || !find_way(self, &way)) {
        return;
    }
    g_auto(GStrv) headers = headers_of(&way);

    self->is_greeted = true;
    self->greeting = msk_http_client_send(
        self->http,
        &(MskHttpClientRequest){
            .method = "GET", .url = way.endpoint, .headers = (const char *const *) headers},
        on_greeted, self);
}

static void
on_access(const GError *error, void *data)
{
    MskNotifier *self = data;

    if (error != NULL) {
        note_failure(self, error->message, 0);
    } else if (!self->is_greeted || self->n_failures > 0) {
        greet(self);
    }
    pump(self);
}

MskNotifier *
msk_notifier_new(const MskNotifierOptions *options, const MskApiAccessOptions *access,
                 MskSpool *spool, const MskNotifierCallbacks *callbacks, void *data, GError **error)
{
    MskNotifier *self = g_new0(MskNotifier, 1);

    self->access = msk_api_access_new(access, on_access, self, error);
    if (self->access == NULL) {
        g_free(self);
        return NULL;
    }
    self->retry_max = options->retry_max;
    self->retry_interval_s = MAX(options->retry_interval_s, 1);
    self->http = msk_http_client_new(&access->http);
    self->spool = spool;
    self->callbacks = callbacks;
    self->data = data;
    msk_metric_set(&msk_notifier_metrics[WAITING], msk_notifier_n_waiting(self), NULL, NULL);
    self->posts = g_ptr_array_new_with_free_func(post_free);
    if (!access->has_keystone) {
        greet(self);
    }
    return self;
}

void
msk_notifier_free(MskNotifier *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->posts->len; i++) {
        const Post *sent = g_ptr_array_index(self->posts, i);

        msk_http_call_cancel(sent->call);
        sent->entry->in_flight = false;
    }
    if (self->greeting != NULL) {
        msk_http_call_cancel(self->greeting);
    }
    if (self->timer != 0) {
        (void) g_source_remove(self->timer); /* see wake_at */
    }
    msk_http_client_free(self->http);
    msk_api_access_free(self->access);
    g_ptr_array_unref(self->posts);
    g_free(self->endpoint);
    g_free(self);
}

bool
msk_notifier_submit(MskNotifier *self, MskReport *report)
{
    const MskSpoolEntry *entry = msk_spool_add(self->spool, report);

    if (entry == NULL) {
        return false;
    }
    count(self, entry->report, "made");
    pump(self);
    return true;
}

void
msk_notifier_release(MskNotifier *self)
{
    unsigned n_held = 0;

    for (const GList *at = msk_spool_entries(self->spool)->head; at != NULL; at = at->next) {
        MskSpoolEntry *entry = at->data;

        if (entry->held) {
            entry->held = false;
            entry->n_tries = MAX(entry->n_tries, 1); /* so that still_down is asked */
            n_held++;
        }
    }
    if (n_held > 0) {
        log_info("%u reports of an earlier run are posted now", n_held);
        pump(self);
    }
}

unsigned
msk_notifier_n_waiting(const MskNotifier *self)
{
    return msk_spool_entries(self->spool)->length;
}
