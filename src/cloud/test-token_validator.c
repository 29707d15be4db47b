/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/token_validator.h"

#include "base/error.h"
#include "cloud/test_keystone.h"

#include <string.h>

#define N_THREADS  6
#define ROLE       "{\"name\":\"a\"},"
#define SIX_ROLES  ROLE ROLE ROLE ROLE ROLE ROLE
#define MANY_ROLES SIX_ROLES SIX_ROLES SIX_ROLES SIX_ROLES SIX_ROLES SIX_ROLES

/* A Keystone that knows the token "good…", "old…", and nothing of others. */
typedef struct {
    MskHttpServer *server;
    MskTokenValidator *validator;
    GMutex mutex; /* guards what follows */
    GCond changed;
    unsigned n_asked;
    unsigned status; /* in place of an answer; 0: an answer */
    bool hold;
    char *last; /* target of the last question */
} Fixture;

static void
validate(Fixture *self, const MskHttpRequest *request, MskHttpResponse *response)
{
    const char *subject = msk_http_request_header(request, "X-Subject-Token");

    self->n_asked++;
    g_free(self->last);
    self->last = g_strdup(request->target);
    g_cond_broadcast(&self->changed);
    while (self->hold) {
        g_cond_wait(&self->changed, &self->mutex);
    }
    if (self->status != 0) {
        response->status = self->status;
    } else if (!g_str_has_prefix(subject, "good") && !g_str_has_prefix(subject, "old")) {
        response->status = 404;
    } else {
        response->body = g_string_new(NULL);
        g_string_printf(response->body,
                        "{\"token\":{\"user\":{\"id\":\"%s\"},\"expires_at\":\"%s\","
                        "\"roles\":[%s{\"name\":\"a\"}],\"catalog\":[{\"type\":\"compute\"}]}}",
                        subject,
                        g_str_has_prefix(subject, "old") ? "2001-01-01T00:00:00Z"
                                                         : "2999-01-01T00:00:00Z",
                        strstr(subject, "many") == NULL ? "" : MANY_ROLES);
    }
}

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    Fixture *self = data;

    g_mutex_lock(&self->mutex);
    if (strcmp(request->method, "POST") == 0) {
        test_keystone_give_token(response, "own", 600, "");
    } else {
        validate(self, request, response);
    }
    g_mutex_unlock(&self->mutex);
}

static const MskHttpHandler handler = {test_server_needs_worker, handle};

static void
set_up(Fixture *self, const void *cache_time)
{
    const MskHttpSessionOptions http = test_session_options(100000, 4);
    const MskTokenValidatorOptions options = {.cache_time_s = GPOINTER_TO_UINT(cache_time),
                                              .max_tokens = 2,
                                              .timeout_ms = 20000,
                                              .interface = "internal"};
    g_autoptr(GError) error = NULL;

    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
    self->server = test_server_new(&handler, N_THREADS + 2, self);
    g_autofree char *url = test_server_url(self->server, "/v3");
    MskKeystoneAuth auth = test_keystone_auth(url);

    self->validator =
        msk_token_validator_new(msk_keystone_session_new(&auth, &http, &error), &options);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *self, const void *unused)
{
    (void) unused;
    msk_token_validator_free(self->validator);
    msk_http_server_free(self->server);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->changed);
    g_free(self->last);
}

static MskTokenVerdict
check(Fixture *self, const char *token)
{
    g_autoptr(MskKeystoneToken) found = NULL;
    g_autoptr(GError) error = NULL;
    MskTokenVerdict verdict =
        msk_token_validator_check(self->validator, token, false, &found, &error);

    g_assert_true((found != NULL) == (verdict == MSK_TOKEN_GOOD));
    g_assert_true((error != NULL) == (verdict == MSK_TOKEN_UNAVAILABLE));
    g_assert_true(found == NULL || (strcmp(found->id, "") == 0 && found->services->len == 0));
    return verdict;
}

static void
test_good_ones_are_remembered(Fixture *self, const void *unused)
{
    (void) unused;
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, " good1 "), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 1);
    g_assert_cmpstr(self->last, ==, "/v3/auth/tokens?nocatalog");
    g_assert_cmpint(check(self, "forged"), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(check(self, "forged"), ==, MSK_TOKEN_BAD);
    g_assert_cmpuint(self->n_asked, ==, 3);
}

static void
test_not_too_many(Fixture *self, const void *unused)
{
    (void) unused;
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good3"), ==, MSK_TOKEN_GOOD); /* forgets the first */
    g_assert_cmpint(check(self, "good3"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 3);
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 4);
}

static void
test_without_memory(Fixture *self, const void *unused)
{
    (void) unused;
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 2);
}

static void
test_an_end_of_life(Fixture *self, const void *unused)
{
    g_autoptr(MskKeystoneToken) token = NULL;

    (void) unused;
    g_assert_cmpint(check(self, "old"), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(msk_token_validator_check(self->validator, "old", true, &token, NULL), ==,
                    MSK_TOKEN_GOOD);
    g_assert_cmpstr(self->last, ==, "/v3/auth/tokens?nocatalog&allow_expired=1");
    g_assert_cmpint(check(self, "old"), ==, MSK_TOKEN_BAD); /* that was another question */
}

static void
test_what_is_no_token_is_not_asked(Fixture *self, const void *unused)
{
    g_autofree char *long_one = g_strnfill(9000, 'x');

    (void) unused;
    g_assert_cmpint(check(self, ""), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(check(self, "  "), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(check(self, "good 1"), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(check(self, "good\xc3\xa4"), ==, MSK_TOKEN_BAD);
    g_assert_cmpint(check(self, long_one), ==, MSK_TOKEN_BAD);
    g_assert_cmpuint(self->n_asked, ==, 0);
}

static void
test_keystone_fails_and_returns(Fixture *self, const void *unused)
{
    static const unsigned statuses[] = {500, 503, 401, 403, 429, 302};

    (void) unused;
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        self->status = statuses[i];
        g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_UNAVAILABLE);
        g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    }
    self->status = 0;
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_GOOD);
}

typedef struct {
    Fixture *fixture;
    const char *token;
} Work;

static void *
check_in_thread(void *data)
{
    const Work *work = data;

    return GINT_TO_POINTER(check(work->fixture, work->token));
}

static void
wait_until_asked(Fixture *self, unsigned n)
{
    g_mutex_lock(&self->mutex);
    while (self->n_asked < n) {
        g_cond_wait(&self->changed, &self->mutex);
    }
    g_mutex_unlock(&self->mutex);
}

static void
let_go(Fixture *self)
{
    g_mutex_lock(&self->mutex);
    self->hold = false;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->mutex);
}

static void
test_one_question_for_one_token(Fixture *self, const void *unused)
{
    const Work work = {self, "good1"};
    GThread *threads[N_THREADS];

    (void) unused;
    self->hold = true;
    for (size_t i = 0; i < N_THREADS; i++) {
        threads[i] = g_thread_new("check", check_in_thread, (void *) (uintptr_t) &work);
    }
    wait_until_asked(self, 1);
    let_go(self);
    for (size_t i = 0; i < N_THREADS; i++) {
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==, MSK_TOKEN_GOOD);
    }
    g_assert_cmpuint(self->n_asked, ==, 1);
}

/* While it is tried whether Keystone is back, others are not kept waiting. */
static void
test_one_tries_a_keystone_that_failed(Fixture *self, const void *unused)
{
    const Work work = {self, "good1"};
    GThread *thread;

    (void) unused;
    self->status = 500;
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_UNAVAILABLE);
    self->status = 0;
    self->hold = true;
    thread = g_thread_new("check", check_in_thread, (void *) (uintptr_t) &work);
    wait_until_asked(self, 2);
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_UNAVAILABLE);
    g_assert_cmpuint(self->n_asked, ==, 2);
    let_go(self);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_GOOD);
}

/* One with 37 roles counts as three, and two fit in. */
static void
test_large_ones_count_more(Fixture *self, const void *unused)
{
    (void) unused;
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good-many"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good-many"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 3);
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good2"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpint(check(self, "good1"), ==, MSK_TOKEN_GOOD);
    g_assert_cmpuint(self->n_asked, ==, 5);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *self, const void *unused);
        unsigned cache_time_s;
    } tests[] = {
        {"/token_validator/good_ones_are_remembered", test_good_ones_are_remembered, 300},
        {"/token_validator/not_too_many", test_not_too_many, 300},
        {"/token_validator/large_ones_count_more", test_large_ones_count_more, 300},
        {"/token_validator/without_memory", test_without_memory, 0},
        {"/token_validator/an_end_of_life", test_an_end_of_life, 300},
        {"/token_validator/what_is_no_token_is_not_asked", test_what_is_no_token_is_not_asked, 300},
        {"/token_validator/keystone_fails_and_returns", test_keystone_fails_and_returns, 300},
        {"/token_validator/one_question_for_one_token", test_one_question_for_one_token, 300},
        {"/token_validator/one_tries_a_keystone_that_failed", test_one_tries_a_keystone_that_failed,
         300},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, GUINT_TO_POINTER(tests[i].cache_time_s), set_up,
                   tests[i].test, tear_down);
    }
    return g_test_run();
}
