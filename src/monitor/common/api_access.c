/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/api_access.h"

#include "base/error.h"
#include "base/worker.h"

#define LOG_NAME "masakari.monitor.access"
#include "base/log.h"

#include <string.h>

/* keystoneauth's "none" plugin sends this; the API's noauth2 wants a token of any kind. */
#define TOKEN_OF_NO_AUTH "notused"

enum { RENEWAL_LOOK_S = 10 }; /* shorter than what a token still has when it is to be renewed */

struct MskApiAccess {
    char *endpoint; /* (nullable) */
    char *version;
    char *interface;
    char *region;                /* (nullable) */
    MskKeystoneSession *session; /* (nullable) without Keystone */
    int64_t timeout_us;
    MskApiAccessChanged changed;
    void *data;
    MskWorker *worker;
    bool is_asking; /* the job has @session, and frees it if it is not told of its end */
    bool was_refused;
    unsigned timer;
};

/* One look for a token. */
typedef struct {
    MskApiAccess *access;
    MskKeystoneSession *session;
    int64_t timeout_us;
    GError *error; /* (nullable) */
} Job;

void
msk_api_way_clear(MskApiWay *self)
{
    g_clear_pointer(&self->endpoint, g_free);
    g_clear_pointer(&self->token, g_free);
}

char *
msk_api_access_endpoint_of(const char *url, const char *version)
{
    size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    g_autofree char *base = g_strndup(url, length);
    g_autofree char *inner = g_strconcat("/", version, "/", NULL);
    g_autofree char *last = g_strconcat("/", version, NULL);

    if (strstr(base, inner) != NULL || g_str_has_suffix(base, last)) {
        return g_steal_pointer(&base);
    }
    return g_strconcat(base, last, NULL);
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Returns: (transfer full) (nullable) */
static char *
find_endpoint(const MskApiAccess *self, const MskKeystoneToken *token, GError **error)
{
    const char *const interfaces[] = {self->interface, NULL};
    MskKeystoneFilter filter = {
        .type = "instance-ha", .region = self->region, .interfaces = interfaces};
    const char *url;

    if (self->endpoint != NULL) {
        return g_strdup(self->endpoint);
    }
    if (!msk_keystone_token_has_service(token, filter.type) &&
        msk_keystone_token_has_service(token, "ha")) {
        filter.type = "ha";
    }
    url = msk_keystone_token_endpoint(token, &filter, error);
    if (url == NULL) {
        g_prefix_error(error, "No place of the API is known: ");
        return NULL;
    }
    return msk_api_access_endpoint_of(url, self->version);
}

static void
job_free(Job *job)
{
    g_clear_error(&job->error);
    g_free(job);
}

/* On the worker. */
static void
run_job(void *data)
{
    Job *job = data;

    msk_keystone_token_unref(msk_keystone_session_token(
        job->session, g_get_monotonic_time() + job->timeout_us, &job->error));
}

/* On the worker, when the access is gone. */
static void
discard_job(void *data)
{
    Job *job = data;

    msk_keystone_session_free(job->session);
    job_free(job);
}

static void
on_job_done(void *data)
{
    Job *job = data;
    MskApiAccess *self = job->access;
    g_autoptr(MskKeystoneToken) token = msk_keystone_session_peek(self->session, NULL);
    g_autoptr(GError) error = g_steal_pointer(&job->error);

    self->is_asking = false;
    job_free(job);
    if (token != NULL) {
        g_autofree char *endpoint = NULL;

        if (error != NULL) {
            log_debug("the token is not renewed yet: %s", error->message);
        }
        g_clear_error(&error);
        endpoint = find_endpoint(self, token, &error);
        if (endpoint == NULL) {
            msk_keystone_session_reject(self->session, token); /* with its catalogue */
        }
    }
    if (token == NULL && error == NULL) {
        g_set_error(&error, MSK_ERROR, MSK_ERROR_UNAVAILABLE, "Keystone's token has ended already");
    }
    self->changed(error, self->data);
}

static void
ask(MskApiAccess *self)
{
    Job *job;

    if (self->is_asking) {
        return;
    }
    job = g_new0(Job, 1);
    job->access = self;
    job->session = self->session;
    job->timeout_us = self->timeout_us;
    self->is_asking = true;
    msk_worker_push(self->worker, run_job, on_job_done, discard_job, job);
}

static gboolean
on_renewal_look(void *data)
{
    MskApiAccess *self = data;
    bool is_due = false;
    g_autoptr(MskKeystoneToken) token = msk_keystone_session_peek(self->session, &is_due);

    if (is_due || token == NULL) {
        ask(self);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- use ------------------------------------------------------------------------------------ */

MskApiAccess *
msk_api_access_new(const MskApiAccessOptions *options, MskApiAccessChanged changed, void *data,
                   GError **error)
{
    MskKeystoneSession *session = NULL;
    MskApiAccess *self;

    if (options->has_keystone) {
        session = msk_keystone_session_new(&options->auth, &options->cloud, error);
        if (session == NULL) {
            return NULL;
        }
    }
    self = g_new0(MskApiAccess, 1);
    self->session = session;
    self->version = g_strdup(options->version);
    self->interface = g_strdup(options->interface);
    self->region = g_strdup(options->region);
    self->timeout_us = (int64_t) options->cloud.timeout_ms * 1000;
    self->changed = changed;
    self->data = data;
    if (options->endpoint != NULL) {
        self->endpoint = msk_api_access_endpoint_of(options->endpoint, options->version);
    }
    if (session != NULL) {
        self->worker = msk_worker_new("msk-access");
        self->timer = g_timeout_add_seconds(RENEWAL_LOOK_S, on_renewal_look, self);
        ask(self);
    }
    return self;
}

void
msk_api_access_free(MskApiAccess *self)
{
    bool is_handed_over;

    if (self == NULL) {
        return;
    }
    is_handed_over = self->is_asking;
    if (self->timer != 0) {
        (void) g_source_remove(self->timer); /* it never ends by itself */
    }
    msk_worker_free(self->worker);
    if (!is_handed_over) {
        msk_keystone_session_free(self->session);
    }
    g_free(self->endpoint);
    g_free(self->version);
    g_free(self->interface);
    g_free(self->region);
    g_free(self);
}

bool
msk_api_access_get(MskApiAccess *self, MskApiWay *ret)
{
    g_autoptr(MskKeystoneToken) token = NULL;
    g_autofree char *endpoint = NULL;
    bool is_due = false;

    if (self->session == NULL) {
        *ret = (MskApiWay){g_strdup(self->endpoint), g_strdup(TOKEN_OF_NO_AUTH)};
        return true;
    }
    token = msk_keystone_session_peek(self->session, &is_due);
    if (token != NULL) {
        endpoint = find_endpoint(self, token, NULL); /* on_job_done() tells why there is none */
    }
    if (endpoint == NULL || is_due) {
        ask(self);
    }
    if (endpoint == NULL) {
        return false;
    }
    *ret = (MskApiWay){g_steal_pointer(&endpoint), g_strdup(token->id)};
    return true;
}

bool
msk_api_access_reject(MskApiAccess *self, const char *token)
{
    g_autoptr(MskKeystoneToken) used = NULL;
    bool again = !self->was_refused;

    if (self->session == NULL) {
        return false;
    }
    used = msk_keystone_session_peek(self->session, NULL);
    if (used == NULL || strcmp(used->id, token) != 0) {
        return true; /* an answer from before */
    }
    log_info("the API refuses the token (401); another one is got");
    self->was_refused = true;
    msk_keystone_session_reject(self->session, used);
    return again;
}

void
msk_api_access_accepted(MskApiAccess *self)
{
    self->was_refused = false;
}
