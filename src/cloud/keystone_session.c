/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_session.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#define RENEW_BEFORE_US (INT64_C(30) * G_USEC_PER_SEC) /* as keystoneauth does */
#define RETRY_AFTER_US                                                                             \
    (INT64_C(5) * G_USEC_PER_SEC) /* of a renewal that failed while the old is good */
#define SHOWN_BYTES 300
#define TOKENS      "/auth/tokens" /* behind Keystone's URL */

struct MskKeystoneSession {
    MskKeystoneAuth auth; /* strings owned by @strings */
    GStringChunk *strings;
    MskHttpSession *http;
    GMutex mutex; /* guards what follows */
    GCond changed;
    char *v3_url; /* (nullable) until discovered */
    MskKeystoneToken *token;
    int64_t end_mono_us;      /* of @token's life */
    int64_t renew_at_mono_us; /* no renewal before, while @token is good */
    bool is_renewing;
    unsigned n_renewals; /* that have ended, well or not */
    GError *failure;     /* (nullable) of the last one */
};

static const char *
keep(MskKeystoneSession *self, const char *text)
{
    return text == NULL ? NULL : g_string_chunk_insert(self->strings, text);
}

static void
keep_auth(MskKeystoneSession *self, const MskKeystoneAuth *auth)
{
    self->auth = (MskKeystoneAuth){
        .section = keep(self, auth->section),
        .auth_type = keep(self, auth->auth_type),
        .auth_url = keep(self, auth->auth_url),
        .username = keep(self, auth->username),
        .user_id = keep(self, auth->user_id),
        .password = keep(self, auth->password),
        .user_domain_id = keep(self, auth->user_domain_id),
        .user_domain_name = keep(self, auth->user_domain_name),
        .project_id = keep(self, auth->project_id),
        .project_name = keep(self, auth->project_name),
        .project_domain_id = keep(self, auth->project_domain_id),
        .project_domain_name = keep(self, auth->project_domain_name),
        .domain_id = keep(self, auth->domain_id),
        .domain_name = keep(self, auth->domain_name),
        .default_domain_id = keep(self, auth->default_domain_id),
        .default_domain_name = keep(self, auth->default_domain_name),
        .system_scope = keep(self, auth->system_scope),
        .trust_id = keep(self, auth->trust_id),
        .application_credential_id = keep(self, auth->application_credential_id),
        .application_credential_name = keep(self, auth->application_credential_name),
        .application_credential_secret = keep(self, auth->application_credential_secret),
        .token = keep(self, auth->token),
    };
}

static const char *
keep_without_slashes(MskKeystoneSession *self, const char *url)
{
    size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    return g_string_chunk_insert_len(self->strings, url, (ssize_t) length);
}

MskKeystoneSession *
msk_keystone_session_new(const MskKeystoneAuth *auth, const MskHttpSessionOptions *http,
                         GError **error)
{
    MskKeystoneSession *self;

    if (!msk_keystone_auth_check(auth, error)) {
        return NULL;
    }
    self = g_new0(MskKeystoneSession, 1);
    self->strings = g_string_chunk_new(512);
    keep_auth(self, auth);
    self->auth.auth_url = keep_without_slashes(self, auth->auth_url);
    self->http = msk_http_session_new(http);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
    return self;
}

void
msk_keystone_session_free(MskKeystoneSession *self)
{
    if (self == NULL) {
        return;
    }
    msk_http_session_free(self->http);
    msk_keystone_token_unref(self->token);
    g_clear_error(&self->failure);
    g_free(self->v3_url);
    g_string_chunk_free(self->strings);
    g_cond_clear(&self->changed);
    g_mutex_clear(&self->mutex);
    g_free(self);
}

MskHttpSession *
msk_keystone_session_http(MskKeystoneSession *self)
{
    return self->http;
}

/* ---- asking Keystone ------------------------------------------------------------------------ */

/* Keystone's own words from {"error": {"message": s}}. Returns: (transfer full) */
static char *
message_of(const MskHttpReply *reply)
{
    json_t *json = json_loadb(reply->body->str, reply->body->len, 0, NULL);
    const char *text =
        json_string_value(json_object_get(json_object_get(json, "error"), "message"));
    char *message = text == NULL
                        ? g_strdup("no reason given")
                        : g_utf8_make_valid(text, (ssize_t) MIN(strlen(text), SHOWN_BYTES));

    json_decref(json);
    return message;
}

/* What Keystone answers decides nothing: without a document the URL's own form counts. */
static char *
discover(MskKeystoneSession *self, int64_t deadline_mono_us, GError **error)
{
    const char *const headers[] = {"Accept: application/json", NULL};
    const MskHttpSessionRequest request = {.method = "GET",
                                           .url = self->auth.auth_url,
                                           .headers = headers,
                                           .deadline_mono_us = deadline_mono_us,
                                           .follow_redirects = true};
    g_auto(MskHttpReply) reply = {0};

    if (!msk_http_session_send(self->http, &request, &reply, error)) {
        return NULL;
    }
    if (reply.status >= 500) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "Keystone at %s answers with %u instead of its versions", self->auth.auth_url,
                    reply.status);
        return NULL;
    }
    return msk_keystone_v3_url(self->auth.auth_url, reply.body->str, reply.body->len);
}

char *
msk_keystone_session_identity_url(MskKeystoneSession *self, int64_t deadline_mono_us,
                                  GError **error)
{
    g_autofree char *url = NULL;

    g_mutex_lock(&self->mutex);
    url = g_strdup(self->v3_url);
    g_mutex_unlock(&self->mutex);
    if (url == NULL && g_str_has_suffix(self->auth.auth_url, "/v3")) {
        url = g_strdup(self->auth.auth_url); /* nothing to find out */
    } else if (url == NULL) {
        url = discover(self, deadline_mono_us, error);
    }
    if (url == NULL) {
        return NULL;
    }
    g_mutex_lock(&self->mutex);
    if (self->v3_url == NULL) {
        self->v3_url = g_strdup(url);
    }
    g_mutex_unlock(&self->mutex);
    return g_steal_pointer(&url);
}

/* Where the answer sends a request for a token at @url.
 * Returns: (transfer full) (nullable) without a query, and without the slashes at its end. */
static char *
place_of(const char *url, const MskHttpReply *reply)
{
    g_autofree char *told = msk_http_reply_header(reply, "Location");
    g_autofree char *place = NULL;

    if (reply->status / 100 != 3 || told == NULL) {
        return NULL;
    }
    place = g_uri_resolve_relative(url, told, G_URI_FLAGS_ENCODED, NULL);
    if (place == NULL) {
        return NULL;
    }
    place[strcspn(place, "?#")] = '\0';
    for (size_t length = strlen(place); length > 0 && place[length - 1] == '/'; length--) {
        place[length - 1] = '\0';
    }
    return strlen(place) > SHOWN_BYTES ? NULL : g_utf8_make_valid(place, -1);
}

/* Passwords and tokens follow no redirect. @url: where the token was asked for.
 * Returns: (transfer full) (nullable) what to do. */
static char *
moved(const char *url, const MskHttpReply *reply)
{
    g_autofree char *place = place_of(url, reply);

    if (place == NULL) {
        return NULL;
    }
    if (!g_str_has_suffix(place, TOKENS)) {
        return g_strdup_printf("; it sends us to %s: check auth_url there", place);
    }
    place[strlen(place) - strlen(TOKENS)] = '\0';
    return g_strdup_printf("; it has moved to %s: write that into auth_url there", place);
}

/* Whether what somebody wanted exists is not known without a token, so nothing here is NOT_FOUND.
 * Returns: (transfer full) why Keystone gave no token. */
static GError *
refusal(MskKeystoneSession *self, const char *url, const MskHttpReply *reply)
{
    g_autofree char *who = msk_keystone_auth_who(&self->auth);
    g_autofree char *why = message_of(reply);
    g_autofree char *asked = g_strconcat(url, TOKENS, NULL);
    g_autofree char *place = moved(asked, reply);
    MskErrorCode code = MSK_ERROR_UNAVAILABLE;
    const char *remedy = "";

    if (place != NULL) {
        remedy = place;
    } else if (reply->status == 401 || reply->status == 403) {
        code = MSK_ERROR_DENIED;
        remedy = "; check name, password, domains and project there";
    } else if (reply->status == 400) {
        code = MSK_ERROR_INVALID;
        remedy = "; check the options there";
    } else if (reply->status == 404) {
        remedy = "; check auth_url there";
    }
    return g_error_new(MSK_ERROR, (int) code, "Keystone at %s gives %s of [%s] no token (%u): %s%s",
                       url, who, self->auth.section, reply->status, why, remedy);
}

static MskKeystoneToken *
get_token(MskKeystoneSession *self, int64_t deadline_mono_us, GError **error)
{
    const char *const headers[] = {"Content-Type: application/json", "Accept: application/json",
                                   NULL};
    g_autofree char *base = msk_keystone_session_identity_url(self, deadline_mono_us, error);
    g_auto(MskHttpReply) reply = {0};

    if (base == NULL) {
        return NULL;
    }
    g_autofree char *url = g_strconcat(base, TOKENS, NULL);
    g_autofree char *body = msk_keystone_auth_body(&self->auth);
    const MskHttpSessionRequest request = {.method = "POST",
                                           .url = url,
                                           .headers = headers,
                                           .body = body,
                                           .body_length = strlen(body),
                                           .deadline_mono_us = deadline_mono_us};

    if (!msk_http_session_send(self->http, &request, &reply, error)) {
        return NULL;
    }
    g_autofree char *id = msk_http_reply_header(&reply, "X-Subject-Token");

    if (reply.status != 201 && reply.status != 200) {
        g_propagate_error(error, refusal(self, base, &reply));
        return NULL;
    }
    if (id == NULL || *id == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "%s answers without a token in X-Subject-Token: is this Keystone?", url);
        return NULL;
    }
    return msk_keystone_token_parse(id, reply.body->str, reply.body->len, error);
}

/* ---- one token for all ---------------------------------------------------------------------- */

/* By Keystone's clock alone, whatever ours says. */
static int64_t
life_of(const MskKeystoneToken *token)
{
    int64_t begin_us = token->issued_us != 0 ? token->issued_us : g_get_real_time();

    return MAX(token->expires_us - begin_us, 0);
}

/* The mutex is held, and is not while Keystone is asked. */
static void
renew(MskKeystoneSession *self, int64_t deadline_mono_us)
{
    g_autoptr(GError) error = NULL;
    int64_t asked_mono_us = g_get_monotonic_time();
    MskKeystoneToken *token;

    self->is_renewing = true;
    g_mutex_unlock(&self->mutex);
    token = get_token(self, deadline_mono_us, &error);
    g_mutex_lock(&self->mutex);
    self->is_renewing = false;
    self->n_renewals++;
    g_clear_error(&self->failure);
    if (token != NULL) {
        int64_t life_us = life_of(token);

        msk_keystone_token_unref(self->token);
        self->token = token;
        self->end_mono_us = asked_mono_us + life_us;
        self->renew_at_mono_us = self->end_mono_us - MIN(RENEW_BEFORE_US, life_us / 2);
    } else {
        self->failure = g_steal_pointer(&error);
        self->renew_at_mono_us = g_get_monotonic_time() + RETRY_AFTER_US;
        g_clear_pointer(&self->v3_url, g_free); /* it may have moved */
    }
    g_cond_broadcast(&self->changed);
}

/* Waits for the renewal that another thread makes. The mutex is held.
 * Returns: whether it has ended. */
static bool
wait_for_renewal(MskKeystoneSession *self, int64_t deadline_mono_us)
{
    unsigned n_renewals = self->n_renewals;

    while (self->n_renewals == n_renewals) {
        if (!g_cond_wait_until(&self->changed, &self->mutex, deadline_mono_us)) {
            return self->n_renewals != n_renewals;
        }
    }
    return true;
}

/* Returns: whether there is a token that may be used. The mutex is held. */
static bool
have_token(const MskKeystoneSession *self, int64_t now)
{
    return self->token != NULL && now < self->end_mono_us;
}

static bool
make_sure_of_token(MskKeystoneSession *self, int64_t deadline_mono_us, GError **error)
{
    int64_t now = g_get_monotonic_time();
    bool have = have_token(self, now);

    if (have && (now < self->renew_at_mono_us || self->is_renewing)) {
        return true;
    }
    if (self->is_renewing) {
        if (!wait_for_renewal(self, deadline_mono_us)) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                        "Keystone at %s has not given a token in time", self->auth.auth_url);
            return false;
        }
    } else {
        renew(self, deadline_mono_us);
    }
    if (have_token(self, g_get_monotonic_time())) {
        return true;
    }
    if (self->failure != NULL) {
        g_propagate_error(error, g_error_copy(self->failure));
    } else {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "Keystone at %s gives tokens that have ended already", self->auth.auth_url);
    }
    return false;
}

MskKeystoneToken *
msk_keystone_session_token(MskKeystoneSession *self, int64_t deadline_mono_us, GError **error)
{
    MskKeystoneToken *token = NULL;

    g_mutex_lock(&self->mutex);
    if (make_sure_of_token(self, deadline_mono_us, error)) {
        token = msk_keystone_token_ref(self->token);
    }
    g_mutex_unlock(&self->mutex);
    return token;
}

MskKeystoneToken *
msk_keystone_session_peek(MskKeystoneSession *self, bool *ret_is_due)
{
    int64_t now = g_get_monotonic_time();
    MskKeystoneToken *token = NULL;

    g_mutex_lock(&self->mutex);
    if (have_token(self, now)) {
        token = msk_keystone_token_ref(self->token);
    }
    if (ret_is_due != NULL) {
        *ret_is_due = token == NULL || now >= self->renew_at_mono_us;
    }
    g_mutex_unlock(&self->mutex);
    return token;
}

void
msk_keystone_session_reject(MskKeystoneSession *self, const MskKeystoneToken *token)
{
    g_mutex_lock(&self->mutex);
    if (self->token == token) {
        g_clear_pointer(&self->token, msk_keystone_token_unref);
    }
    g_mutex_unlock(&self->mutex);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static bool
has_header(const char *const *headers, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++) {
        if (strncasecmp(headers[i], name, length) == 0 && headers[i][length] == ':') {
            return true;
        }
    }
    return false;
}

/* Returns: (transfer full) with the token's line and what the call has. */
static GPtrArray *
headers_of(const MskKeystoneCall *call, const MskKeystoneToken *token)
{
    GPtrArray *headers = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(headers, g_strconcat("X-Auth-Token: ", token->id, NULL));
    if (!has_header(call->headers, "Accept")) {
        g_ptr_array_add(headers, g_strdup("Accept: application/json"));
    }
    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++) {
        g_ptr_array_add(headers, g_strdup(call->headers[i]));
    }
    g_ptr_array_add(headers, NULL);
    return headers;
}

static bool
call_once(MskKeystoneSession *self, const MskKeystoneCall *call, const MskKeystoneToken *token,
          MskHttpReply *ret, GError **error)
{
    const char *endpoint = call->endpoint;
    g_autoptr(GPtrArray) headers = headers_of(call, token);

    if (endpoint == NULL) {
        endpoint = msk_keystone_token_endpoint(token, call->service, error);
    }
    if (endpoint == NULL) {
        return false;
    }
    size_t length = strlen(endpoint);

    while (length > 0 && endpoint[length - 1] == '/') {
        length--;
    }
    g_autofree char *url = g_strdup_printf("%.*s%s", (int) length, endpoint, call->path);
    const MskHttpSessionRequest request = {.method = call->method,
                                           .url = url,
                                           .headers = (const char *const *) headers->pdata,
                                           .body = call->body,
                                           .body_length = call->body_length,
                                           .deadline_mono_us = call->deadline_mono_us,
                                           .fresh_connection = call->fresh_connection,
                                           .ret_sent = call->ret_sent};

    return msk_http_session_send(self->http, &request, ret, error);
}

/* Nothing of the call was taken by the service so far. */
static void
not_sent(const MskKeystoneCall *call)
{
    if (call->ret_sent != NULL) {
        *call->ret_sent = false;
    }
}

bool
msk_keystone_session_call(MskKeystoneSession *self, const MskKeystoneCall *call, MskHttpReply *ret,
                          GError **error)
{
    g_autoptr(MskKeystoneToken) token = NULL;
    g_autoptr(MskKeystoneToken) fresh = NULL;
    g_auto(MskHttpReply) first = {0};

    not_sent(call);
    token = msk_keystone_session_token(self, call->deadline_mono_us, error);
    if (token == NULL || !call_once(self, call, token, &first, error)) {
        return false;
    }
    if (first.status != 401) {
        *ret = first;
        first = (MskHttpReply){0};
        return true;
    }
    not_sent(call);
    msk_keystone_session_reject(self, token);
    fresh = msk_keystone_session_token(self, call->deadline_mono_us, error);
    return fresh != NULL && call_once(self, call, fresh, ret, error);
}

char **
msk_keystone_parse_catalog_info(const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);

    if (g_strv_length(parts) != 3 || *parts[0] == '\0' || *parts[2] == '\0') {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "'%s' is not service type, name and interface, such as compute:nova:publicURL",
                    text);
        return NULL;
    }
    return g_steal_pointer(&parts);
}
