/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_session.h"

#include "base/error.h"
#include "io/test_server.h"

#include <string.h>

static bool
needs_worker(const MskHttpRequest *request, void *data)
{
    (void) data;
    return g_str_has_prefix(request->target, "/slow");
}

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    g_atomic_int_inc((int *) data);
    if (g_str_has_prefix(request->target, "/slow")) {
        g_usleep((gulong) 2 * G_USEC_PER_SEC);
    } else if (strcmp(request->target, "/moved") == 0) {
        response->status = 302;
        response->body = g_string_new("old");
        msk_http_response_add_header(response, "Location", "/new");
        msk_http_response_add_header(response, "X-Old", "1");
        return;
    } else if (strcmp(request->target, "/busy") == 0) {
        response->status = 503;
        msk_http_response_add_header(response, "Retry-After", "7");
    }
    response->body = g_string_new(NULL);
    g_string_printf(response->body, "%s %s %.*s", request->method, request->target,
                    (int) request->body_size, request->body);
    msk_http_response_add_header(response, "X-Subject-Token", "  t0ken ");
}

static const MskHttpHandler handler = {needs_worker, handle};

typedef struct {
    MskHttpServer *server;
    MskHttpSession *session;
    int n_requests; /* atomic: a worker of the server counts */
    char *base;
} Fixture;

static void
set_up(Fixture *self, const void *unused)
{
    const MskHttpSessionOptions session = test_session_options(100, 2);

    (void) unused;
    self->server = test_server_new(&handler, 1, &self->n_requests);
    self->base = test_server_url(self->server, "");
    self->session = msk_http_session_new(&session);
}

static void
tear_down(Fixture *self, const void *unused)
{
    (void) unused;
    msk_http_session_free(self->session);
    msk_http_server_free(self->server);
    g_free(self->base);
}

static bool
ask(Fixture *self, MskHttpSessionRequest request, const char *path, MskHttpReply *ret,
    GError **error)
{
    g_autofree char *url = g_strconcat(self->base, path, NULL);

    request.url = url;
    if (request.method == NULL) {
        request.method = "GET";
    }
    return msk_http_session_send(self->session, &request, ret, error);
}

static void
test_an_answer(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) reply = {0};
    g_autofree char *token = NULL;
    g_autofree char *missing = NULL;
    g_autoptr(GError) error = NULL;

    (void) unused;
    g_assert_true(ask(self,
                      (MskHttpSessionRequest){.method = "POST", .body = "b", .body_length = 1},
                      "/x", &reply, &error));
    token = msk_http_reply_header(&reply, "x-subject-TOKEN");
    missing = msk_http_reply_header(&reply, "X-Subject");
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpstr(reply.body->str, ==, "POST /x b");
    g_assert_cmpstr(token, ==, "t0ken");
    g_assert_null(missing);
}

static void
test_an_unhappy_answer_is_no_error(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) reply = {0};

    (void) unused;
    g_assert_true(ask(self, (MskHttpSessionRequest){0}, "/busy", &reply, NULL));
    g_assert_cmpuint(reply.status, ==, 503);
    g_assert_cmpuint(reply.retry_after_s, ==, 7);
}

static void
test_redirects_only_where_wanted(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) kept = {0};
    g_auto(MskHttpReply) followed = {0};
    g_autofree char *old = NULL;

    (void) unused;
    g_assert_true(ask(self, (MskHttpSessionRequest){0}, "/moved", &kept, NULL));
    g_assert_cmpuint(kept.status, ==, 302);
    g_assert_true(
        ask(self, (MskHttpSessionRequest){.follow_redirects = true}, "/moved", &followed, NULL));
    old = msk_http_reply_header(&followed, "X-Old");
    g_assert_cmpuint(followed.status, ==, 200);
    g_assert_cmpstr(followed.body->str, ==, "GET /new ");
    g_assert_null(old);
}

static void
test_a_deadline_ends_a_request(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) late = NULL;
    int n_requests;

    (void) unused;
    g_assert_false(ask(
        self,
        (MskHttpSessionRequest){.deadline_mono_us = g_get_monotonic_time() + G_USEC_PER_SEC / 2},
        "/slow", &reply, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    n_requests = g_atomic_int_get(&self->n_requests);
    g_assert_false(ask(self, (MskHttpSessionRequest){.deadline_mono_us = 1}, "/", &reply, &late));
    g_assert_error(late, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_cmpint(g_atomic_int_get(&self->n_requests), ==, n_requests);
}

static void
test_an_answer_is_bounded(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *body = g_strnfill(200, 'x');

    (void) unused;
    g_assert_false(ask(self,
                       (MskHttpSessionRequest){.method = "POST", .body = body, .body_length = 200},
                       "/", &reply, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "longer than 100 bytes"));
}

static void
test_nobody_there(Fixture *self, const void *unused)
{
    g_auto(MskHttpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) scheme = NULL;

    (void) unused;
    g_assert_false(msk_http_session_send(
        self->session, &(MskHttpSessionRequest){.method = "GET", .url = "http://a:b@127.0.0.1:1/"},
        &reply, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_true(g_str_has_prefix(error->message, "GET http://***@127.0.0.1:1/: "));
    g_assert_false(msk_http_session_send(
        self->session, &(MskHttpSessionRequest){.method = "GET", .url = "file:///etc/passwd"},
        &reply, &scheme));
    g_assert_error(scheme, MSK_ERROR, MSK_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *self, const void *unused);
    } tests[] = {
        {"/http_session/an_answer", test_an_answer},
        {"/http_session/an_unhappy_answer_is_no_error", test_an_unhappy_answer_is_no_error},
        {"/http_session/redirects_only_where_wanted", test_redirects_only_where_wanted},
        {"/http_session/a_deadline_ends_a_request", test_a_deadline_ends_a_request},
        {"/http_session/an_answer_is_bounded", test_an_answer_is_bounded},
        {"/http_session/nobody_there", test_nobody_there},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
