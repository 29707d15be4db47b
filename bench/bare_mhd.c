/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bare_mhd: libmicrohttpd and nothing else, the yardstick of bench_api.py. Answers every request
 * with the bytes of a file, on one event thread.
 *
 *     bare_mhd PORT FILE
 */

#include <glib.h>
#include <microhttpd.h>
#include <signal.h>

typedef struct {
    char *body;
    size_t size;
} Answer;

static enum MHD_Result
answer(void *data, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload_data, size_t *upload_size, void **request)
{
    const Answer *self = data;
    static int seen;

    (void) url;
    (void) method;
    (void) version;
    (void) upload_data;
    if (*request == NULL) {
        *request = &seen; /* the body, if any, comes with the second call */
        return MHD_YES;
    }
    *upload_size = 0;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(self->size, self->body, MHD_RESPMEM_MUST_COPY);

    (void) MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);

    MHD_destroy_response(response);
    return result;
}

int
main(int argc, char **argv)
{
    Answer self = {0};
    g_autoptr(GError) error = NULL;
    sigset_t stop;
    int number;

    if (argc != 3 || !g_file_get_contents(argv[2], &self.body, &self.size, &error)) {
        g_printerr("usage: bare_mhd PORT FILE: %s\n", error == NULL ? "" : error->message);
        return 1;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD,
                                                 (uint16_t) g_ascii_strtoull(argv[1], NULL, 10),
                                                 NULL, NULL, answer, &self, MHD_OPTION_END);

    if (daemon == NULL) {
        g_printerr("bare_mhd cannot listen on port %s\n", argv[1]);
        g_free(self.body);
        return 1;
    }
    sigwait(&stop, &number);
    MHD_stop_daemon(daemon);
    g_free(self.body);
    return 0;
}
