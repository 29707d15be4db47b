/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/keystone_session.h"

#include "base/error.h"
#include "cloud/test_keystone.h"

#include <string.h>

#define PATIENCE_US ((int64_t) 20 * G_USEC_PER_SEC)
#define N_THREADS   8

/* A Keystone and a service on one port. */
typedef struct {
    MskHttpServer *server;
    MskKeystoneSession *session;
    char *auth_url;
    GMutex mutex; /* guards what follows */
    GCond changed;
    unsigned n_tokens;  /* given */
    unsigned n_asked;   /* tokens asked for */
    unsigned n_calls;   /* to the service */
    unsigned good_from; /* the service takes tokens of this number and later */
    unsigned life_s;
    unsigned status;      /* in place of a token; 0: a token */
    bool hold;            /* Keystone does not answer */
    const char *location; /* of an answer with a status of 3xx */
} Fixture;

static void
give_token(Fixture *self, MskHttpResponse *response)
{
    self->n_asked++;
    g_cond_broadcast(&self->changed);
    while (self->hold) {
        g_cond_wait(&self->changed, &self->mutex);
    }
    if (self->status != 0) {
        response->status = self->status;
        response->body = g_string_new("{\"error\":{\"message\":\"not you\"}}");
        if (self->status / 100 == 3) {
            msk_http_response_add_header(response, "Location", self->location);
        }
        return;
    }
    g_autofree char *id = g_strdup_printf("%u", ++self->n_tokens);
    g_autofree char *url = test_server_url(self->server, "/v2.1/");
    g_autofree char *service = test_keystone_service("compute", "nova", "public", "R", url);

    test_keystone_give_token(response, id, self->life_s / 60, service);
}

static void
serve_call(Fixture *self, const MskHttpRequest *request, MskHttpResponse *response)
{
    const char *token = msk_http_request_header(request, "X-Auth-Token");

    self->n_calls++;
    if (token == NULL || g_ascii_strtoull(token, NULL, 10) < self->good_from) {
        response->status = 401;
        return;
    }
    response->body = g_string_new(NULL);
    g_string_printf(response->body, "%s %s with %s", request->method, request->target, token);
}

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    Fixture *self = data;

    g_mutex_lock(&self->mutex);
    if (strcmp(request->target, "/v3/auth/tokens") == 0) {
        give_token(self, response);
    } else if (strcmp(request->target, "/") == 0) {
        response->status = 300;
        response->body = g_string_new("{\"versions\":{\"values\":[{\"id\":\"v3.14\",\"links\":[{"
                                      "\"rel\":\"self\",\"href\":\"http://other/v3/\"}]}]}}");
    } else {
        serve_call(self, request, response);
    }
    g_mutex_unlock(&self->mutex);
}

static const MskHttpHandler handler = {test_server_needs_worker, handle};

static void
set_up(Fixture *self, const void *unused)
{
    const MskHttpSessionOptions http = test_session_options(100000, 4);
    g_autoptr(GError) error = NULL;

    (void) unused;
    g_mutex_init(&self->mutex);
    g_cond_init(&self->changed);
    self->life_s = 600;
    self->location = "https://new/v3/auth/tokens";
    self->server = test_server_new(&handler, N_THREADS + 2, self);
    self->auth_url = test_server_url(self->server, "/");
    MskKeystoneAuth auth = test_keystone_auth(self->auth_url);

    self->session = msk_keystone_session_new(&auth, &http, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *self, const void *unused)
{
    (void) unused;
    msk_keystone_session_free(self->session);
    msk_http_server_free(self->server);
    g_mutex_clear(&self->mutex);
    g_cond_clear(&self->changed);
    g_free(self->auth_url);
}

/* Returns: (transfer full) "200 body", or NULL and @error. */
static char *
call(Fixture *self, GError **error)
{
    const MskKeystoneFilter filter = {.type = "compute", .name = "nova", .region = "R"};
    const MskKeystoneCall options = {.method = "GET",
                                     .service = &filter,
                                     .path = "/servers?a=b",
                                     .deadline_mono_us = g_get_monotonic_time() + PATIENCE_US};
    g_auto(MskHttpReply) reply = {0};

    if (!msk_keystone_session_call(self->session, &options, &reply, error)) {
        return NULL;
    }
    return g_strdup_printf("%u %s", reply.status, reply.body->str);
}

static void
assert_call(Fixture *self, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = call(self, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(answer, ==, expected);
}

static void
test_one_token_for_all(Fixture *self, const void *unused)
{
    (void) unused;
    assert_call(self, "200 GET /v2.1/servers?a=b with 1");
    assert_call(self, "200 GET /v2.1/servers?a=b with 1");
    g_assert_cmpuint(self->n_asked, ==, 1);
}

static void
test_a_refused_token_is_renewed_once(Fixture *self, const void *unused)
{
    (void) unused;
    assert_call(self, "200 GET /v2.1/servers?a=b with 1");
    self->good_from = 2;
    assert_call(self, "200 GET /v2.1/servers?a=b with 2");
    self->good_from = 99;
    self->n_calls = 0;
    assert_call(self, "401 ");
    g_assert_cmpuint(self->n_asked, ==, 3);
    g_assert_cmpuint(self->n_calls, ==, 2);
}

static void
test_a_token_without_life(Fixture *self, const void *unused)
{
    g_autoptr(GError) error = NULL;

    (void) unused;
    self->life_s = 0;
    g_assert_null(call(self, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    self->life_s = 60;
    assert_call(self, "200 GET /v2.1/servers?a=b with 2");
    assert_call(self, "200 GET /v2.1/servers?a=b with 2");
}

static void
test_what_keystone_refuses(Fixture *self, const void *unused)
{
    static const struct {
        unsigned status;
        MskErrorCode code;
    } cases[] = {
        {401, MSK_ERROR_DENIED},      {403, MSK_ERROR_DENIED},      {400, MSK_ERROR_INVALID},
        {404, MSK_ERROR_UNAVAILABLE}, {503, MSK_ERROR_UNAVAILABLE}, {429, MSK_ERROR_UNAVAILABLE},
        {302, MSK_ERROR_UNAVAILABLE}, {308, MSK_ERROR_UNAVAILABLE},
    };

    (void) unused;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        self->status = cases[i].status;
        g_assert_null(call(self, &error));
        g_assert_error(error, MSK_ERROR, (int) cases[i].code);
        g_assert_nonnull(strstr(error->message, "user 'u' of [api]"));
        g_assert_nonnull(strstr(error->message, "not you"));
        g_assert_true((strstr(error->message, "moved to https://new/v3: write") != NULL) ==
                      (cases[i].status / 100 == 3));
    }
    self->status = 0;
    assert_call(self, "200 GET /v2.1/servers?a=b with 1");
}

/* What is advised has to be of use as auth_url. */
static void
test_where_keystone_has_moved(Fixture *self, const void *unused)
{
    static const struct {
        const char *location;
        const char *advice; /* %s: the server as it is */
    } cases[] = {
        {"https://new:5000/identity/v3/auth/tokens",
         "moved to https://new:5000/identity/v3: write"},
        {"https://new/v3/auth/tokens/?a=/auth/tokens#b", "moved to https://new/v3: write"},
        {"/identity/v3/auth/tokens", "moved to %s/identity/v3: write"},
        {"https://sso/login?next=/v3/auth/tokens", "sends us to https://sso/login: check auth_url"},
        {"https://[broken/v3/auth/tokens", "not you"},
    };
    g_autofree char *base = test_server_url(self->server, "");

    (void) unused;
    self->status = 302;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) parts = g_strsplit(cases[i].advice, "%s", -1);
        g_autofree char *advice = g_strjoinv(base, parts);

        self->location = cases[i].location;
        g_assert_null(call(self, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, advice));
    }
}

static void *
call_in_thread(void *data)
{
    return call(data, NULL);
}

/* All arrive while Keystone is asked; it is asked once. */
static void
run_threads(Fixture *self, const char *expected)
{
    GThread *threads[N_THREADS];
    int64_t until = g_get_monotonic_time() + PATIENCE_US;

    self->hold = true;
    for (size_t i = 0; i < N_THREADS; i++) {
        threads[i] = g_thread_new("call", call_in_thread, self);
    }
    g_mutex_lock(&self->mutex);
    while (self->n_asked == 0 && g_cond_wait_until(&self->changed, &self->mutex, until)) {
    }
    g_mutex_unlock(&self->mutex);
    g_usleep(G_USEC_PER_SEC / 5); /* those that come later find the token: the same result */
    g_mutex_lock(&self->mutex);
    self->hold = false;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->mutex);
    for (size_t i = 0; i < N_THREADS; i++) {
        g_autofree char *answer = g_thread_join(threads[i]);

        g_assert_cmpstr(answer, ==, expected);
    }
    g_assert_cmpuint(self->n_asked, ==, 1);
}

static void
test_one_caller_asks(Fixture *self, const void *unused)
{
    (void) unused;
    run_threads(self, "200 GET /v2.1/servers?a=b with 1");
}

static void
test_no_such_endpoint(Fixture *self, const void *unused)
{
    const MskKeystoneFilter filter = {.type = "compute", .region = "elsewhere"};
    const MskKeystoneCall options = {.method = "GET",
                                     .service = &filter,
                                     .path = "/",
                                     .deadline_mono_us = g_get_monotonic_time() + PATIENCE_US};
    g_auto(MskHttpReply) reply = {0};
    g_autoptr(GError) error = NULL;

    (void) unused;
    g_assert_false(msk_keystone_session_call(self->session, &options, &reply, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
}

static void
test_catalog_info(void)
{
    static const char *const wrong[] = {"", "compute", "a:b", ":b:c", "a:b:", "a:b:c:d"};
    g_auto(GStrv) parts = msk_keystone_parse_catalog_info("compute::publicURL", NULL);

    g_assert_cmpstr(parts[0], ==, "compute");
    g_assert_cmpstr(parts[1], ==, "");
    g_assert_cmpstr(parts[2], ==, "publicURL");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_keystone_parse_catalog_info(wrong[i], &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *self, const void *unused);
    } tests[] = {
        {"/keystone_session/one_token_for_all", test_one_token_for_all},
        {"/keystone_session/a_refused_token_is_renewed_once", test_a_refused_token_is_renewed_once},
        {"/keystone_session/a_token_without_life", test_a_token_without_life},
        {"/keystone_session/what_keystone_refuses", test_what_keystone_refuses},
        {"/keystone_session/where_keystone_has_moved", test_where_keystone_has_moved},
        {"/keystone_session/one_caller_asks", test_one_caller_asks},
        {"/keystone_session/no_such_endpoint", test_no_such_endpoint},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    g_test_add_func("/keystone_session/catalog_info", test_catalog_info);
    return g_test_run();
}
