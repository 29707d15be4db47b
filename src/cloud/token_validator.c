/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/token_validator.h"

#include "base/error.h"

#include <string.h>

enum {
    MAX_TOKEN_BYTES = 8192,
    RETRY_FIRST_MS = 100, /* doubled with each try */
    RETRY_LAST_MS = 2000,
    NAMES_OF_ONE = 16, /* roles and access rules that a common token has at most */
};

/* What is known of one token. */
typedef struct {
    char *key;
    bool is_known;    /* else somebody asks */
    unsigned n_users; /* threads that wait for it or ask */
    bool is_in_table;
    MskTokenVerdict verdict; /* once known */
    MskKeystoneToken *token; /* (nullable) */
    GError *error;           /* (nullable) */
    int64_t until_mono_us;   /* how long a good one is remembered */
    unsigned weight;         /* of a good one that is remembered */
    GList link;              /* in the order of age, while it is remembered */
} Entry;

struct MskTokenValidator {
    MskKeystoneSession *session;
    MskTokenValidatorOptions options; /* strings owned */
    GMutex mutex;                     /* guards what follows, and the entries */
    GCond changed;
    GHashTable *entries; /* key to Entry */
    GQueue ages;         /* of remembered entries, the oldest first */
    unsigned weight;     /* of all of them */
    bool has_failed;     /* Keystone did not answer the last time it was asked */
    bool is_trying;      /* after that, somebody asks it again */
};

MskTokenValidator *
msk_token_validator_new(MskKeystoneSession *session, const MskTokenValidatorOptions *options)
{
    MskTokenValidator *self = g_new0(MskTokenValidator, 1);

    self->session = session;
    self->options = *options;
    self->options.interface = g_strdup(options->interface);
    self->options.region = g_strdup(options->region);
    self->options.service_type = g_strdup(options->service_type);
    self->entries = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->ages);
    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
    return self;
}

static void
entry_free(Entry *self)
{
    msk_keystone_token_unref(self->token);
    g_clear_error(&self->error);
    g_free(self->key);
    g_free(self);
}

/* Whoever uses it last frees it. The mutex is held. */
static void
forget(MskTokenValidator *self, Entry *entry)
{
    if (entry->is_in_table) {
        (void) g_hash_table_remove(self->entries, entry->key); /* the flag says it is there */
        entry->is_in_table = false;
    }
    if (entry->link.data != NULL) {
        g_queue_unlink(&self->ages, &entry->link);
        entry->link.data = NULL;
        self->weight -= entry->weight;
    }
    if (entry->n_users == 0) {
        entry_free(entry);
    }
}

void
msk_token_validator_free(MskTokenValidator *self)
{
    if (self == NULL) {
        return;
    }
    while (self->ages.head != NULL) {
        forget(self, self->ages.head->data);
    }
    g_hash_table_unref(self->entries);
    msk_keystone_session_free(self->session);
    g_cond_clear(&self->changed);
    g_mutex_clear(&self->mutex);
    g_free((void *) (uintptr_t) self->options.interface);
    g_free((void *) (uintptr_t) self->options.region);
    g_free((void *) (uintptr_t) self->options.service_type);
    g_free(self);
}

/* ---- asking Keystone ------------------------------------------------------------------------ */

/* By the catalogue, as the middleware does; by auth_url where it says nothing.
 * Returns: (transfer full) the URL of the v3 API. */
static char *
find_identity(MskTokenValidator *self, int64_t deadline_mono_us, GError **error)
{
    const char *const interfaces[] = {self->options.interface, NULL};
    const MskKeystoneFilter filter = {
        .type = "identity", .region = self->options.region, .interfaces = interfaces};
    g_autoptr(MskKeystoneToken) own =
        msk_keystone_session_token(self->session, deadline_mono_us, error);
    const char *url;

    if (own == NULL) {
        return NULL;
    }
    url = msk_keystone_token_endpoint(own, &filter, NULL);
    if (url == NULL) {
        return msk_keystone_session_identity_url(self->session, deadline_mono_us, error);
    }
    return msk_keystone_v3_url(url, NULL, 0);
}

static bool
ask_once(MskTokenValidator *self, const char *token, bool allow_expired, int64_t deadline_mono_us,
         MskHttpReply *ret, GError **error)
{
    g_autofree char *subject = g_strconcat("X-Subject-Token: ", token, NULL);
    const char *const headers[] = {subject, "OpenStack-Identity-Access-Rules: 1", NULL};
    g_autofree char *endpoint = find_identity(self, deadline_mono_us, error);
    g_autoptr(GString) path = g_string_new("/auth/tokens");

    if (endpoint == NULL) {
        return false;
    }
    if (self->options.service_type == NULL) {
        g_string_append(path, "?nocatalog");
    }
    if (allow_expired) {
        g_string_append(path, self->options.service_type != NULL ? "?" : "&");
        g_string_append(path, "allow_expired=1");
    }
    return msk_keystone_session_call(self->session,
                                     &(MskKeystoneCall){.method = "GET",
                                                        .endpoint = endpoint,
                                                        .path = path->str,
                                                        .headers = headers,
                                                        .deadline_mono_us = deadline_mono_us},
                                     ret, error);
}

static bool
ask(MskTokenValidator *self, const char *token, bool allow_expired, MskHttpReply *ret,
    GError **error)
{
    int64_t deadline_mono_us = g_get_monotonic_time() + (int64_t) self->options.timeout_ms * 1000;
    int64_t pause_ms = RETRY_FIRST_MS;

    for (unsigned n_tries = 0;; n_tries++) {
        g_autoptr(GError) failure = NULL;

        if (ask_once(self, token, allow_expired, deadline_mono_us, ret, &failure)) {
            return true;
        }
        if (!g_error_matches(failure, MSK_ERROR, MSK_ERROR_UNAVAILABLE) ||
            n_tries >= self->options.max_retries ||
            g_get_monotonic_time() + pause_ms * 1000 >= deadline_mono_us) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        g_usleep((gulong) pause_ms * 1000);
        pause_ms = MIN(pause_ms * 2, RETRY_LAST_MS);
    }
}

/* A catalogue is larger than all the rest, and thousands of tokens are remembered. */
static MskTokenVerdict
read_token(const MskTokenValidator *self, const MskHttpReply *reply, MskKeystoneToken **ret,
           GError **error)
{
    *ret = msk_keystone_token_parse("", reply->body->str, reply->body->len, error);
    if (*ret == NULL) {
        return MSK_TOKEN_UNAVAILABLE;
    }
    msk_keystone_token_forget_services(
        *ret, (*ret)->access_rules != NULL ? self->options.service_type : NULL);
    return MSK_TOKEN_GOOD;
}

static MskTokenVerdict
read_answer(const MskTokenValidator *self, const MskHttpReply *reply, MskKeystoneToken **ret,
            GError **error)
{
    switch (reply->status) {
    case 200:
        return read_token(self, reply, ret, error);
    case 404:
        return MSK_TOKEN_BAD;
    case 401:
    case 403:
        g_set_error(error, MSK_ERROR, MSK_ERROR_DENIED,
                    "Keystone does not let the user of [keystone_authtoken] validate tokens (%u); "
                    "give it the role service or admin in its project",
                    reply->status);
        return MSK_TOKEN_UNAVAILABLE;
    default:
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "Keystone answers with %u to the question for a token", reply->status);
        return MSK_TOKEN_UNAVAILABLE;
    }
}

/* ---- remembering ---------------------------------------------------------------------------- */

static bool
is_over(const MskKeystoneToken *token)
{
    return token->expires_us <= g_get_real_time();
}

/* Returns: (transfer full) */
static char *
key_of(const char *token, bool allow_expired)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);

    return g_strconcat(sum, allow_expired ? "+" : "", NULL);
}

/* How many common tokens it takes the place of: users can give a credential as many rules as they
 * like. */
static unsigned
weight_of(const MskKeystoneToken *token)
{
    unsigned n_rules = token->access_rules == NULL ? 0 : token->access_rules->len;

    return 1 + (g_strv_length(token->roles) + n_rules) / NAMES_OF_ONE;
}

/* The mutex is held. */
static void
remember(MskTokenValidator *self, Entry *entry)
{
    entry->until_mono_us =
        g_get_monotonic_time() + (int64_t) self->options.cache_time_s * G_USEC_PER_SEC;
    entry->link.data = entry;
    g_queue_push_tail_link(&self->ages, &entry->link);
    entry->weight = weight_of(entry->token);
    self->weight += entry->weight;
    while (self->weight > self->options.max_tokens) {
        forget(self, self->ages.head->data);
    }
}

/* Asks Keystone for @entry. The mutex is held, and is not while it is asked. */
static void
find_out(MskTokenValidator *self, Entry *entry, const char *token, bool allow_expired)
{
    g_auto(MskHttpReply) reply = {0};
    MskTokenVerdict verdict = MSK_TOKEN_UNAVAILABLE;
    bool tries = self->has_failed;

    self->is_trying = self->is_trying || tries;
    g_mutex_unlock(&self->mutex);
    if (ask(self, token, allow_expired, &reply, &entry->error)) {
        verdict = read_answer(self, &reply, &entry->token, &entry->error);
    }
    g_mutex_lock(&self->mutex);
    if (tries) {
        self->is_trying = false;
    }
    self->has_failed = verdict == MSK_TOKEN_UNAVAILABLE;
    entry->verdict = verdict;
    entry->is_known = true;
    if (verdict == MSK_TOKEN_GOOD && self->options.cache_time_s > 0) {
        remember(self, entry);
    } else {
        forget(self, entry);
    }
    g_cond_broadcast(&self->changed);
}

/* The mutex is held. Returns: (nullable) what is known, or being asked, of the token. */
static Entry *
find(MskTokenValidator *self, const char *key)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);

    if (entry != NULL && entry->is_known && entry->until_mono_us <= g_get_monotonic_time()) {
        forget(self, entry);
        entry = NULL;
    }
    return entry;
}

/* The mutex is held. */
static Entry *
add(MskTokenValidator *self, char *key)
{
    Entry *entry = g_new0(Entry, 1);

    entry->key = key;
    entry->is_in_table = true;
    (void) g_hash_table_insert(self->entries, entry->key, entry); /* it was looked for */
    return entry;
}

/* The mutex is held; @entry is used by this thread. */
static MskTokenVerdict
tell(const Entry *entry, bool allow_expired, MskKeystoneToken **ret, GError **error)
{
    if (entry->verdict == MSK_TOKEN_UNAVAILABLE) {
        g_propagate_error(error, g_error_copy(entry->error));
        return MSK_TOKEN_UNAVAILABLE;
    }
    if (entry->verdict == MSK_TOKEN_BAD || (!allow_expired && is_over(entry->token))) {
        return MSK_TOKEN_BAD;
    }
    *ret = msk_keystone_token_ref(entry->token);
    return MSK_TOKEN_GOOD;
}

/* No token has other characters, and they could not be sent on. */
static bool
may_be_token(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isgraph(text[i])) {
            return false;
        }
    }
    return length > 0 && length <= MAX_TOKEN_BYTES;
}

MskTokenVerdict
msk_token_validator_check(MskTokenValidator *self, const char *token, bool allow_expired,
                          MskKeystoneToken **ret, GError **error)
{
    g_autofree char *text = g_strstrip(g_strdup(token));
    g_autofree char *key = key_of(text, allow_expired);
    MskTokenVerdict verdict;
    Entry *entry;

    if (!may_be_token(text)) {
        return MSK_TOKEN_BAD;
    }
    g_mutex_lock(&self->mutex);
    entry = find(self, key);
    if (entry == NULL && self->has_failed && self->is_trying) {
        g_mutex_unlock(&self->mutex);
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "Keystone did not answer the last time, and is being asked again");
        return MSK_TOKEN_UNAVAILABLE;
    }
    if (entry != NULL) {
        entry->n_users++;
        while (!entry->is_known) { /* the thread that asks has a deadline */
            g_cond_wait(&self->changed, &self->mutex);
        }
    } else {
        entry = add(self, g_steal_pointer(&key));
        entry->n_users++;
        find_out(self, entry, text, allow_expired);
    }
    verdict = tell(entry, allow_expired, ret, error);
    if (--entry->n_users == 0 && !entry->is_in_table) {
        entry_free(entry);
    }
    g_mutex_unlock(&self->mutex);
    return verdict;
}
