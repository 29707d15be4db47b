/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_client.h"

#include "base/error.h"

typedef struct {
    GMainLoop *loop;
    const char *shown;
} Fixture;

static void
on_done(const MskHttpAnswer *answer, const GError *error, void *data)
{
    const Fixture *self = data;

    g_assert_null(answer);
    g_assert_true(error->domain == MSK_ERROR); /* some versions refuse a second "@" */
    g_assert_true(g_str_has_prefix(error->message, self->shown));
    g_main_loop_quit(self->loop);
}

/* Port 1 is nobody's. */
static void
test_messages_hide_passwords(void)
{
    static const struct {
        const char *url;
        const char *shown;
    } cases[] = {
        {"http://127.0.0.1:1/v1", "GET http://127.0.0.1:1/v1: "},
        {"http://u:secret@127.0.0.1:1/v1", "GET http://***@127.0.0.1:1/v1: "},
        {"http://u:sec@ret@127.0.0.1:1/v1", "GET http://***@127.0.0.1:1/v1: "},
        {"http://127.0.0.1:1/v1?a=b@c", "GET http://127.0.0.1:1/v1?a=b@c: "},
        {"http://127.0.0.1:1?a=b@c", "GET http://127.0.0.1:1?a=b@c: "},
    };
    const MskHttpClientOptions options = {
        .user_agent = "test",
        .connect_timeout_ms = 5000,
        .timeout_ms = 5000,
        .max_answer_bytes = 1000,
        .max_connections = 1,
    };
    g_autoptr(MskHttpClient) client = msk_http_client_new(&options);

    g_assert_true(g_setenv("no_proxy", "*", TRUE));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MskHttpClientRequest request = {.method = "GET", .url = cases[i].url};
        Fixture self = {.loop = g_main_loop_new(NULL, FALSE), .shown = cases[i].shown};

        (void) msk_http_client_send(client, &request, on_done, &self); /* never cancelled */
        g_main_loop_run(self.loop);
        g_main_loop_unref(self.loop);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http_client/messages_hide_passwords", test_messages_hide_passwords);
    return g_test_run();
}
