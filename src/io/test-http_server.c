/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_server.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#define PATIENCE_S 10
#define MANY       140 /* connections, more than libmicrohttpd takes from epoll at once */
#define LATE_US    (200 * 1000)
#define MAX_BODY   1000
#define SECOND_US  G_USEC_PER_SEC

typedef struct {
    GMutex lock;
    GCond changed;
    unsigned in_work; /* calls of handle for a target with "/wait" */
    bool go;
    bool drained;
    unsigned request_timeout_s; /* 0: one second */
    unsigned workers;           /* 0: one */
    GThread *events;            /* the thread that answered without a worker */
} Fixture;

static int n_ended; /* atomic: threads that had worked on a "/wait" */

static void
count_end(G_GNUC_UNUSED void *value)
{
    g_atomic_int_inc(&n_ended);
}

static GPrivate worked = G_PRIVATE_INIT(count_end);

static bool
needs_worker(const MskHttpRequest *request, void *data)
{
    (void) data;
    return g_str_has_prefix(request->target, "/wait");
}

/* Answers what it was asked, so that the client can compare. */
static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    Fixture *fixture = data;

    if (g_str_has_prefix(request->target, "/wait")) {
        g_private_set(&worked, fixture);
    } else {
        fixture->events = g_thread_self();
    }
    if (g_str_has_prefix(request->target, "/wait") || g_str_has_prefix(request->target, "/hold")) {
        g_mutex_lock(&fixture->lock);
        fixture->in_work++;
        g_cond_broadcast(&fixture->changed);
        while (!fixture->go) {
            g_cond_wait(&fixture->changed, &fixture->lock);
        }
        g_mutex_unlock(&fixture->lock);
    }
    g_autofree char *list = msk_http_request_header_list(request, "X-List");

    response->status = request->body_too_large ? 413 : 200;
    response->body = g_string_new(NULL);
    g_string_printf(response->body, "%s %s [%.*s] list=%s from %s", request->method,
                    request->target, (int) request->body_size, request->body,
                    list == NULL ? "none" : list, request->client);
    msk_http_response_add_header(response, "X-Test", "yes");
}

static const MskHttpHandler handler = {needs_worker, handle};

/* Answers with the policy of its thread. */
static void
handle_policy(G_GNUC_UNUSED const MskHttpRequest *request, MskHttpResponse *response,
              G_GNUC_UNUSED void *data)
{
    response->body = g_string_new(NULL);
    g_string_printf(response->body, "policy %d", sched_getscheduler(0));
}

static int n_quiet; /* atomic */

static void
count_quiet(void *data)
{
    const Fixture *fixture = data;

    g_assert_true(g_thread_self() != fixture->events);
    g_atomic_int_inc(&n_quiet);
}

static MskHttpServer *
serve_with(Fixture *fixture, const MskHttpHandler *with)
{
    const MskHttpServerOptions options = {
        .address = "127.0.0.1",
        .workers = MAX(fixture->workers, 1),
        .queue_size = 1,
        .max_connections = MANY,
        .max_body_bytes = MAX_BODY,
        .max_header_bytes = 4096,
        .idle_timeout_s = PATIENCE_S,
        .request_timeout_s = fixture->request_timeout_s == 0 ? 1 : fixture->request_timeout_s,
        .tcp_keepidle_s = 600,
        .keep_alive = true,
        .quiet = count_quiet,
    };
    g_autoptr(GError) error = NULL;
    MskHttpServer *server = msk_http_server_new(&options, with, fixture, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(msk_http_server_port(server), >, 0);
    return server;
}

static MskHttpServer *
serve(Fixture *fixture)
{
    return serve_with(fixture, &handler);
}

static int
dial(const MskHttpServer *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(msk_http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof address), ==, 0);
    return fd;
}

static void
say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, (gssize) strlen(text));
}

/* Returns: all that comes until the peer closes. */
static char *
hear_all(int fd)
{
    GString *heard = g_string_new(NULL);
    char part[4096];
    gssize size;

    while ((size = recv(fd, part, sizeof part, 0)) > 0) {
        g_string_append_len(heard, part, size);
    }
    close(fd);
    return g_string_free(heard, FALSE);
}

static void
test_answers(void)
{
    static const struct {
        const char *request;
        const char *status;
        const char *body;
    } cases[] = {
        {"GET /a%2Fb?x=%20 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200 OK",
         "GET /a%2Fb?x=%20 [] list=none from 127.0.0.1"},
        {"GET / HTTP/1.0\r\n\r\n", "200 OK", "GET / [] list=none from 127.0.0.1"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n"
         "X-List: a\r\nx-list: b\r\n\r\nabc",
         "200 OK", "POST /p [abc] list=a,b from 127.0.0.1"},
        {"PUT /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
         "200 OK", "PUT /c [abc]"},
        {"FOO / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200 OK", "FOO / []"},
        {"GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "400 Bad Request", "more than one Host"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         "400 Bad Request", ""}, /* in whose words: libmicrohttpd 1.0 sees this before we do */
        {"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n",
         "413", "POST / []"},
    };
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int fd = dial(server);

        g_test_message("%s", cases[i].request);
        say(fd, cases[i].request);
        g_autofree char *heard = hear_all(fd);

        g_test_message("%s", heard);
        g_assert_nonnull(strstr(heard, cases[i].status));
        g_assert_nonnull(strstr(heard, cases[i].body));
    }
}

static void
test_a_head_request_has_no_body(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    int fd = dial(server);

    say(fd, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    g_autofree char *heard = hear_all(fd);

    g_assert_nonnull(strstr(heard, "X-Test: yes\r\n"));
    g_assert_true(g_str_has_suffix(heard, "\r\n\r\n"));
}

static void
test_the_event_thread_lets_others_finish(void)
{
    static const struct {
        const char *target;
        int policy;
    } cases[] = {{"/", SCHED_BATCH}, {"/wait", SCHED_OTHER}};
    static const MskHttpHandler with = {needs_worker, handle_policy};
    Fixture fixture = {0};
    int own = sched_getscheduler(0);
    g_autoptr(MskHttpServer) server = serve_with(&fixture, &with);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int fd = dial(server);
        int policy = own == SCHED_OTHER ? cases[i].policy : own;
        g_autofree char *request = g_strdup_printf(
            "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", cases[i].target);
        g_autofree char *wanted = g_strdup_printf("policy %d", policy);

        say(fd, request);
        g_autofree char *heard = hear_all(fd);

        g_assert_true(g_str_has_suffix(heard, wanted));
    }
}

static void
test_bodies_have_a_limit(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);

    for (size_t size = MAX_BODY; size <= MAX_BODY + 1; size++) {
        int fd = dial(server);
        g_autofree char *body = g_strnfill(size, 'x');
        g_autofree char *request = g_strdup_printf("POST / HTTP/1.1\r\nHost: h\r\nConnection: "
                                                   "close\r\nContent-Length: %zu\r\n\r\n%s",
                                                   size, body);

        say(fd, request);
        g_autofree char *heard = hear_all(fd);

        g_assert_nonnull(strstr(heard, size > MAX_BODY ? "413" : "200"));
        g_assert_true((strstr(heard, body) != NULL) == (size == MAX_BODY));
    }
}

static void
test_too_many_headers_are_refused(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    GString *request = g_string_new("GET / HTTP/1.1\r\nHost: h\r\n");
    int fd = dial(server);

    for (unsigned i = 0; i < 100; i++) {
        g_string_append_printf(request, "X-%u: y\r\n", i);
    }
    g_string_append(request, "\r\n");
    say(fd, request->str);
    g_autofree char *heard = hear_all(fd);

    g_string_free(request, TRUE);
    g_assert_nonnull(strstr(heard, " 431 "));
}

/* One byte each 100 ms: libmicrohttpd's own timeout never fires. */
static void
test_a_trickling_client_is_cut(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    int fd = dial(server);
    int64_t start_us = g_get_monotonic_time();

    say(fd, "GET / HTTP/1.1\r\nX: ");
    while (send(fd, "y", 1, MSG_NOSIGNAL) == 1 &&
           g_get_monotonic_time() - start_us < (int64_t) PATIENCE_S * SECOND_US) {
        g_usleep(SECOND_US / 10);
    }
    close(fd);
    g_assert_cmpint(g_get_monotonic_time() - start_us, >=, SECOND_US - LATE_US);
    g_assert_cmpint(g_get_monotonic_time() - start_us, <, (int64_t) PATIENCE_S * SECOND_US);
}

static void
wait_for_work(Fixture *fixture, unsigned calls)
{
    g_mutex_lock(&fixture->lock);
    while (fixture->in_work < calls) {
        g_cond_wait(&fixture->changed, &fixture->lock);
    }
    g_mutex_unlock(&fixture->lock);
}

static void
let_go(Fixture *fixture)
{
    g_mutex_lock(&fixture->lock);
    fixture->go = true;
    g_cond_broadcast(&fixture->changed);
    g_mutex_unlock(&fixture->lock);
}

/* What the event thread finds waiting is answered, however much it is: libmicrohttpd takes 128
 * events at once, and with exactly so many it would wait for more first. */
static void
test_a_burst_is_answered(void)
{
    static const unsigned sizes[] = {127, 128, 129};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Fixture fixture = {.request_timeout_s = PATIENCE_S};
        g_autoptr(MskHttpServer) server = serve(&fixture);
        int fds[MANY];

        for (unsigned n = 0; n < sizes[i]; n++) {
            fds[n] = dial(server);
        }
        int holder = dial(server);

        say(holder, "GET /hold HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        wait_for_work(&fixture, 1);
        for (unsigned n = 0; n < sizes[i]; n++) {
            say(fds[n], "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        }
        let_go(&fixture);
        g_autofree char *held = hear_all(holder);

        g_assert_nonnull(strstr(held, " 200 "));
        for (unsigned n = 0; n < sizes[i]; n++) {
            g_autofree char *heard = hear_all(fds[n]);

            g_assert_nonnull(strstr(heard, " 200 "));
        }
    }
}

static void
wait_for_number(int *number, int wanted)
{
    int64_t until_us = g_get_monotonic_time() + (int64_t) 60 * SECOND_US;

    while (g_atomic_int_get(number) < wanted && g_get_monotonic_time() < until_us) {
        g_usleep(SECOND_US / 20);
    }
    g_assert_cmpint(g_atomic_int_get(number), >=, wanted);
}

static void
test_a_small_burst_leaves_one_worker(void)
{
    Fixture fixture = {.request_timeout_s = PATIENCE_S, .workers = 4};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    int fds[4];

    g_atomic_int_set(&n_ended, 0);
    g_atomic_int_set(&n_quiet, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = dial(server);
        say(fds[i], "GET /wait HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    }
    wait_for_work(&fixture, G_N_ELEMENTS(fds));
    let_go(&fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++) {
        g_autofree char *heard = hear_all(fds[i]);

        g_assert_nonnull(strstr(heard, " 200 "));
    }
    wait_for_number(&n_ended, G_N_ELEMENTS(fds) - 1);
    g_assert_cmpint(g_atomic_int_get(&n_quiet), ==, 0); /* it was no load */
}

static void
test_a_quiet_second_after_a_load_is_told(void)
{
    Fixture fixture = {.request_timeout_s = PATIENCE_S};
    g_autoptr(MskHttpServer) server = serve(&fixture);

    g_atomic_int_set(&n_quiet, 0);
    for (unsigned i = 0; i < 1000; i++) {
        int fd = dial(server);

        say(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        g_autofree char *heard = hear_all(fd);

        g_assert_nonnull(strstr(heard, " 200 "));
    }
    wait_for_number(&n_quiet, 1);
}

static void
test_a_full_queue_says_try_again_and_the_event_thread_goes_on(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    int waiting[2];

    waiting[0] = dial(server);
    say(waiting[0], "GET /wait0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    wait_for_work(&fixture, 1);
    waiting[1] = dial(server);
    say(waiting[1], "GET /wait1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    /* Until the second has reached the queue, a third may take its place there. */
    g_autofree char *heard = NULL;

    do {
        int fd = dial(server);

        g_free(heard);
        say(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        heard = hear_all(fd);
    } while (strstr(heard, "200 OK") == NULL);

    int fd = dial(server);

    say(fd, "GET /wait2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    g_autofree char *refused = hear_all(fd);

    g_assert_nonnull(strstr(refused, "503"));
    g_assert_nonnull(strstr(refused, "Retry-After: 1\r\n"));
    let_go(&fixture);
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *answer = hear_all(waiting[i]);

        g_assert_nonnull(strstr(answer, "200 OK"));
    }
}

static void
on_drained(void *data)
{
    Fixture *fixture = data;

    fixture->drained = true;
}

static void
test_draining_answers_what_came_in(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    int fd = dial(server);

    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for_work(&fixture, 1);
    msk_http_server_drain(server, on_drained, &fixture);
    g_assert_false(g_main_context_iteration(NULL, FALSE));
    g_assert_false(fixture.drained);
    let_go(&fixture);
    g_autofree char *heard = hear_all(fd);

    g_assert_nonnull(strstr(heard, "200 OK"));
    g_assert_nonnull(strstr(heard, "Connection: close\r\n"));
    while (!fixture.drained) {
        g_main_context_iteration(NULL, TRUE);
    }
}

static void
test_draining_an_idle_server_is_over_at_once(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);

    msk_http_server_drain(server, on_drained, &fixture);
    while (!fixture.drained) {
        g_main_context_iteration(NULL, TRUE);
    }
}

static void
test_a_taken_port_is_a_conflict(void)
{
    Fixture fixture = {0};
    g_autoptr(MskHttpServer) server = serve(&fixture);
    const MskHttpServerOptions options = {.address = "127.0.0.1",
                                          .port = msk_http_server_port(server),
                                          .workers = 1,
                                          .max_connections = 1};
    const MskHttpServerOptions nowhere = {.address = "no such address", .workers = 1};
    g_autoptr(GError) error = NULL;

    g_assert_null(msk_http_server_new(&options, &handler, &fixture, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_null(msk_http_server_new(&nowhere, &handler, &fixture, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_server/answers", test_answers);
    g_test_add_func("/http_server/a_head_request_has_no_body", test_a_head_request_has_no_body);
    g_test_add_func("/http_server/the_event_thread_lets_others_finish",
                    test_the_event_thread_lets_others_finish);
    g_test_add_func("/http_server/bodies_have_a_limit", test_bodies_have_a_limit);
    g_test_add_func("/http_server/too_many_headers_are_refused", test_too_many_headers_are_refused);
    g_test_add_func("/http_server/a_trickling_client_is_cut", test_a_trickling_client_is_cut);
    g_test_add_func("/http_server/a_burst_is_answered", test_a_burst_is_answered);
    g_test_add_func("/http_server/a_small_burst_leaves_one_worker",
                    test_a_small_burst_leaves_one_worker);
    g_test_add_func("/http_server/a_quiet_second_after_a_load_is_told",
                    test_a_quiet_second_after_a_load_is_told);
    g_test_add_func("/http_server/a_full_queue_says_try_again_and_the_event_thread_goes_on",
                    test_a_full_queue_says_try_again_and_the_event_thread_goes_on);
    g_test_add_func("/http_server/draining_answers_what_came_in",
                    test_draining_answers_what_came_in);
    g_test_add_func("/http_server/draining_an_idle_server_is_over_at_once",
                    test_draining_an_idle_server_is_over_at_once);
    g_test_add_func("/http_server/a_taken_port_is_a_conflict", test_a_taken_port_is_a_conflict);
    return g_test_run();
}
