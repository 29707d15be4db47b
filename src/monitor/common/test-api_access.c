/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/common/api_access.h"

#include "base/error.h"
#include "cloud/test_keystone.h"

#include <string.h>

#define PATIENCE_US ((int64_t) 60 * G_USEC_PER_SEC)

/* A Keystone, and what the access says. */
typedef struct {
    MskHttpServer *server;
    MskApiAccess *access;
    char *auth_url;
    GMutex mutex; /* guards what follows */
    unsigned n_tokens;
    unsigned status;    /* in place of a token; 0: a token */
    const char *region; /* of the endpoint in the catalogue */
    const char *type;
    /* of the main thread */
    unsigned n_changes;
    GError *error; /* (nullable) of the last change */
} Fixture;

static void
handle(const MskHttpRequest *request, MskHttpResponse *response, void *data)
{
    Fixture *self = data;

    (void) request;
    g_mutex_lock(&self->mutex);
    if (self->status == 0) {
        g_autofree char *id = g_strdup_printf("token-%u", ++self->n_tokens);
        g_autofree char *service = test_keystone_service(self->type, "masakari", "internal",
                                                         self->region, "http://api:15868/");

        test_keystone_give_token(response, id, 60, service);
    } else {
        response->status = self->status;
        response->body = g_string_new("{\"error\":{\"message\":\"not you\"}}");
    }
    g_mutex_unlock(&self->mutex);
}

static const MskHttpHandler handler = {test_server_needs_worker, handle};

static void
on_changed(const GError *error, void *data)
{
    Fixture *self = data;

    self->n_changes++;
    g_clear_error(&self->error);
    self->error = error == NULL ? NULL : g_error_copy(error);
}

static MskApiAccessOptions
options_of(const Fixture *self)
{
    return (MskApiAccessOptions){
        .has_keystone = true,
        .interface = "internal",
        .region = "R",
        .version = "v1",
        .auth = test_keystone_auth(self->auth_url),
        .cloud = test_session_options(100000, 1),
    };
}

static void
set_up(Fixture *self, const void *unused)
{
    (void) unused;
    g_mutex_init(&self->mutex);
    self->region = "R";
    self->type = "instance-ha";
    self->server = test_server_new(&handler, 2, self);
    self->auth_url = test_server_url(self->server, "/v3");
}

static void
tear_down(Fixture *self, const void *unused)
{
    (void) unused;
    msk_api_access_free(self->access);
    msk_http_server_free(self->server);
    g_mutex_clear(&self->mutex);
    g_clear_error(&self->error);
    g_free(self->auth_url);
}

static void
start(Fixture *self, const MskApiAccessOptions *options)
{
    g_autoptr(GError) error = NULL;

    self->access = msk_api_access_new(options, on_changed, self, &error);
    g_assert_no_error(error);
}

static void
wait_change(Fixture *self, unsigned n_changes)
{
    int64_t until = g_get_monotonic_time() + PATIENCE_US;

    while (self->n_changes < n_changes) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        (void) g_main_context_iteration(NULL, FALSE); /* whether something was done: n_changes */
        g_usleep(1000);
    }
}

static void
assert_way(Fixture *self, const char *endpoint, const char *token)
{
    g_auto(MskApiWay) way = {0};

    g_assert_true(msk_api_access_get(self->access, &way));
    g_assert_cmpstr(way.endpoint, ==, endpoint);
    g_assert_cmpstr(way.token, ==, token);
}

static void
test_the_catalogue_says_where(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = options_of(self);

    (void) unused;
    start(self, &options);
    wait_change(self, 1);
    g_assert_no_error(self->error);
    assert_way(self, "http://api:15868/v1", "token-1");
    assert_way(self, "http://api:15868/v1", "token-1");
}

static void
test_the_old_service_type(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = options_of(self);

    (void) unused;
    self->type = "ha";
    start(self, &options);
    wait_change(self, 1);
    assert_way(self, "http://api:15868/v1", "token-1");
}

static void
test_an_endpoint_that_is_given(Fixture *self, const void *unused)
{
    MskApiAccessOptions options = options_of(self);

    (void) unused;
    options.endpoint = "https://other/v1/";
    options.region = "elsewhere";
    start(self, &options);
    wait_change(self, 1);
    g_assert_no_error(self->error);
    assert_way(self, "https://other/v1", "token-1");
}

static void
test_a_refused_token_is_exchanged(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = options_of(self);
    g_auto(MskApiWay) way = {0};

    (void) unused;
    start(self, &options);
    wait_change(self, 1);
    g_assert_true(msk_api_access_reject(self->access, "token-1"));
    g_assert_true(msk_api_access_reject(self->access, "token-1")); /* of a call side by side */
    g_assert_false(msk_api_access_get(self->access, &way));
    wait_change(self, 2);
    assert_way(self, "http://api:15868/v1", "token-2");
    /* The next one is refused as well: not at once again, but with another token later. */
    g_assert_false(msk_api_access_reject(self->access, "token-2"));
    g_assert_false(msk_api_access_get(self->access, &way));
    wait_change(self, 3);
    assert_way(self, "http://api:15868/v1", "token-3");
    msk_api_access_accepted(self->access);
    g_assert_true(msk_api_access_reject(self->access, "token-3"));
}

static void
test_what_is_missing_is_told_until_it_is_there(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = options_of(self);
    g_auto(MskApiWay) way = {0};

    (void) unused;
    self->status = 401;
    start(self, &options);
    wait_change(self, 1);
    g_assert_error(self->error, MSK_ERROR, MSK_ERROR_DENIED);
    g_assert_nonnull(strstr(self->error->message, "user 'u' of [api]"));
    g_mutex_lock(&self->mutex);
    self->status = 0;
    self->region = "elsewhere";
    g_mutex_unlock(&self->mutex);
    g_assert_false(msk_api_access_get(self->access, &way));
    wait_change(self, 2);
    g_assert_error(self->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(self->error->message, "in region elsewhere"));
    g_mutex_lock(&self->mutex);
    self->region = "R";
    g_mutex_unlock(&self->mutex);
    g_assert_false(msk_api_access_get(self->access, &way));
    wait_change(self, 3);
    assert_way(self, "http://api:15868/v1", "token-2");
}

static void
test_without_keystone(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = {.endpoint = "http://api/", .version = "v1"};

    (void) unused;
    start(self, &options);
    assert_way(self, "http://api/v1", "notused");
    g_assert_false(msk_api_access_reject(self->access, "notused"));
}

static void
test_the_end_while_keystone_is_asked(Fixture *self, const void *unused)
{
    const MskApiAccessOptions options = options_of(self);

    (void) unused;
    start(self, &options); /* tear_down ends it at once */
}

static void
test_versions(void)
{
    static const char *const cases[][2] = {
        {"http://api:15868", "http://api:15868/v1"},
        {"http://api:15868//", "http://api:15868/v1"},
        {"http://api:15868/v1", "http://api:15868/v1"},
        {"http://api:15868/v1/", "http://api:15868/v1"},
        {"http://api:15868/v1/abc", "http://api:15868/v1/abc"},
        {"http://api/instance-ha", "http://api/instance-ha/v1"},
        {"http://api/instance-ha/v1", "http://api/instance-ha/v1"},
        {"http://api/v10", "http://api/v10/v1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *endpoint = msk_api_access_endpoint_of(cases[i][0], "v1");

        g_assert_cmpstr(endpoint, ==, cases[i][1]);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *self, const void *unused);
    } tests[] = {
        {"/api_access/the_catalogue_says_where", test_the_catalogue_says_where},
        {"/api_access/the_old_service_type", test_the_old_service_type},
        {"/api_access/an_endpoint_that_is_given", test_an_endpoint_that_is_given},
        {"/api_access/a_refused_token_is_exchanged", test_a_refused_token_is_exchanged},
        {"/api_access/what_is_missing_is_told", test_what_is_missing_is_told_until_it_is_there},
        {"/api_access/without_keystone", test_without_keystone},
        {"/api_access/the_end_while_keystone_is_asked", test_the_end_while_keystone_is_asked},
    };

    g_assert_true(g_setenv("no_proxy", "*", TRUE));
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    g_test_add_func("/api_access/versions", test_versions);
    return g_test_run();
}
