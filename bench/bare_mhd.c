/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bare_mhd: libmicrohttpd and nothing else, the yardstick of bench_api.py. Answers every request
 * with the bytes of a file, on one event thread; with the arguments of a database it first has
 * MariaDB run some SQL, one packet after the other, the yardstick of bench_peer.py.
 *
 *     bare_mhd PORT FILE [DB_PORT DB_USER DB_PASSWORD DATABASE SQL...]
 */

#include <glib.h>
#include <microhttpd.h>
#include <mysql.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#define N_DATABASE 7 /* arguments before the SQL */

typedef struct {
    char *body;
    size_t size;
    MYSQL *database; /* (nullable) */
    char **packets;
} Answer;

static bool
ask(const Answer *self)
{
    for (char **packet = self->packets; *packet != NULL; packet++) {
        int more = mysql_real_query(self->database, *packet, strlen(*packet));

        while (more == 0) {
            mysql_free_result(mysql_store_result(self->database));
            more = mysql_errno(self->database) != 0 ? 1 : mysql_next_result(self->database);
        }
        if (more > 0) {
            g_printerr("MariaDB: %s\n", mysql_error(self->database));
            return false;
        }
    }
    return true;
}

static bool
open_database(Answer *self, int argc, char **argv)
{
    enum mysql_protocol_type tcp = MYSQL_PROTOCOL_TCP;

    if (argc <= N_DATABASE) {
        return true;
    }
    self->database = mysql_init(NULL);
    self->packets = argv + N_DATABASE;
    (void) mysql_optionsv(self->database, MYSQL_OPT_PROTOCOL, &tcp);
    return mysql_real_connect(self->database, "127.0.0.1", argv[4], argv[5], argv[6],
                              (unsigned) g_ascii_strtoull(argv[3], NULL, 10), NULL,
                              CLIENT_MULTI_STATEMENTS) != NULL;
}

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
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (self->database != NULL && !ask(self)) {
        return MHD_NO;
    }
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

    if (argc < 3 || (argc > 3 && argc <= N_DATABASE) ||
        !g_file_get_contents(argv[2], &self.body, &self.size, &error) ||
        !open_database(&self, argc, argv)) {
        g_printerr("usage: bare_mhd PORT FILE [DB_PORT DB_USER DB_PASSWORD DATABASE SQL...]: %s\n",
                   error == NULL ? "" : error->message);
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
    if (self.database != NULL) {
        mysql_close(self.database);
    }
    g_free(self.body);
    return 0;
}
