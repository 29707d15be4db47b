/* SPDX-License-Identifier: Apache-2.0 */
#include "io/amqp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

/*
 * Confirmations in any order, from a broker that is this file. Real brokers are in tests/cloud.
 */

#define N_MESSAGES 3 /* of a batch */
#define N_BATCHES  2
#define TIMEOUT_MS 60000
#define METHOD     1
#define BODY       3
#define FRAME_END  0xCE

/* What the broker says when it has a batch: "+2" takes the message of that number, "-2" refuses it,
 * "+2*" takes all up to it, "." ends the connection. */
typedef struct {
    const char *says[N_BATCHES];
    MskAmqpSent wanted[N_BATCHES];
} Case;

static const Case cases[] = {
    {{"+1 +2 +3", "+4 +5 +6"}, {MSK_AMQP_SENT, MSK_AMQP_SENT}},
    {{"+3*", "+5* +6"}, {MSK_AMQP_SENT, MSK_AMQP_SENT}},
    {{"+0*", "+5 +4 +0*"}, {MSK_AMQP_SENT, MSK_AMQP_SENT}},
    {{"+3 +1 +2", "+6 +5*"}, {MSK_AMQP_SENT, MSK_AMQP_SENT}},
    {{"+3 ."}, {MSK_AMQP_FAILED}},
    {{"+3 +1 ."}, {MSK_AMQP_FAILED}},
    {{"+3 +2* ", "+6 +4 ."}, {MSK_AMQP_SENT, MSK_AMQP_FAILED}},
    {{"+3*", "+3* +1 ."}, {MSK_AMQP_SENT, MSK_AMQP_FAILED}},
    {{"+1 +3 -2"}, {MSK_AMQP_FAILED}},
    {{"-3*"}, {MSK_AMQP_FAILED}},
    {{"-0*"}, {MSK_AMQP_FAILED}},
    {{"+2* -3*"}, {MSK_AMQP_FAILED}},
    {{"+3*", "-3 +6*"}, {MSK_AMQP_SENT, MSK_AMQP_SENT}}, /* too late to be of these */
    {{"+4"}, {MSK_AMQP_FAILED}},                         /* never sent */
    {{"+4*"}, {MSK_AMQP_FAILED}},
    {{"-4"}, {MSK_AMQP_FAILED}},
    {{"+0"}, {MSK_AMQP_FAILED}},
    {{"+9223372036854775808*"}, {MSK_AMQP_FAILED}},
};

typedef struct {
    int listen_fd;
    const Case *now;
    unsigned n_bodies;
} Broker;

/* ---- the broker -------------------------------------------------------------------------- */

static void
put(GByteArray *out, uint64_t number, unsigned n_bytes)
{
    for (unsigned i = n_bytes; i > 0; i--) {
        const uint8_t byte = (uint8_t) (number >> (8 * (i - 1)));

        g_byte_array_append(out, &byte, 1);
    }
}

static void
send_method(int fd, unsigned channel, unsigned class_id, unsigned method_id, const void *arguments,
            size_t size)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    put(out, METHOD, 1);
    put(out, channel, 2);
    put(out, size + 4, 4);
    put(out, class_id, 2);
    put(out, method_id, 2);
    if (size > 0) {
        g_byte_array_append(out, arguments, (unsigned) size);
    }
    put(out, FRAME_END, 1);
    /* A client that has heard enough may be gone. */
    (void) send(fd, out->data, out->len, MSG_NOSIGNAL);
}

/* Returns: false at the end of the connection. */
static bool
play(int fd, const char *script)
{
    g_auto(GStrv) words = g_strsplit(script, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        g_autoptr(GByteArray) arguments = g_byte_array_new();

        if (g_str_equal(*word, ".")) {
            return false;
        }
        if (**word == '\0') {
            continue;
        }
        put(arguments, g_ascii_strtoull(*word + 1, NULL, 10), 8);
        put(arguments, g_str_has_suffix(*word, "*"), 1);
        send_method(fd, 1, 60, **word == '+' ? 80 : 120, arguments->data, arguments->len);
    }
    return true;
}

static void
answer(int fd, unsigned class_id, unsigned method_id)
{
    static const uint8_t tune[] = {0x07, 0xFF, 0, 2, 0, 0, 0, 0};
    static const uint8_t zeros[4] = {0};

    switch (class_id * 1000 + method_id) {
    case 10011: /* start-ok */
        send_method(fd, 0, 10, 30, tune, sizeof tune);
        break;
    case 10040: /* open */
        send_method(fd, 0, 10, 41, zeros, 1);
        break;
    case 10050: /* close */
        send_method(fd, 0, 10, 51, NULL, 0);
        break;
    case 20010: /* the channel */
        send_method(fd, 1, 20, 11, zeros, sizeof zeros);
        break;
    case 85010: /* confirm.select */
        send_method(fd, 1, 85, 11, NULL, 0);
        break;
    default:
        break;
    }
}

static unsigned
number_at(const uint8_t *bytes)
{
    return (unsigned) bytes[0] << 8 | bytes[1];
}

/* Returns: false at the end of the connection. */
static bool
take_frame(Broker *self, int fd)
{
    uint8_t head[7];
    uint8_t payload[4096];
    size_t size;

    if (recv(fd, head, sizeof head, MSG_WAITALL) < (ssize_t) sizeof head) {
        return false;
    }
    size = number_at(head + 5) + 1U; /* the end of the frame */
    g_assert_cmpuint(size, <=, sizeof payload);
    if (recv(fd, payload, size, MSG_WAITALL) < (ssize_t) size) {
        return false;
    }
    if (head[0] == METHOD) {
        answer(fd, number_at(payload), number_at(payload + 2));
    }
    if (head[0] == BODY && ++self->n_bodies % N_MESSAGES == 0) {
        return play(fd, self->now->says[self->n_bodies / N_MESSAGES - 1]);
    }
    return true;
}

static void *
serve(void *data)
{
    static const uint8_t start[] = {0,   9,   0,   0, 0, 0, 0, 0,   0,   5,   'P', 'L',
                                    'A', 'I', 'N', 0, 0, 0, 5, 'e', 'n', '_', 'U', 'S'};
    Broker *self = data;
    int fd = accept(self->listen_fd, NULL, NULL);
    char greeting[8];

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(recv(fd, greeting, sizeof greeting, MSG_WAITALL), ==, sizeof greeting);
    send_method(fd, 0, 10, 10, start, sizeof start);
    while (take_frame(self, fd)) {
    }
    close(fd);
    return NULL;
}

static int
listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, size), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &size), ==, 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* ---- the test ---------------------------------------------------------------------------- */

static MskAmqpSent
send_batch(MskAmqp *amqp)
{
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < N_MESSAGES; i++) {
        const MskAmqpMessage message = {
            .exchange = "masakari", .routing_key = "r", .body = "m", .more = i < N_MESSAGES - 1};

        g_assert_true(msk_amqp_send(amqp, &message, &error));
    }
    MskAmqpSent sent = msk_amqp_confirm(amqp, &error);

    g_assert_true((sent == MSK_AMQP_FAILED) ==
                  g_error_matches(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE));
    return sent;
}

static void
test_confirmations(const void *data)
{
    const Case *now = data;
    Broker broker = {.now = now};
    MskAmqpPeer peer = {.host = "127.0.0.1",
                        .virtual_host = "/",
                        .username = "u",
                        .password = "p",
                        .timeout_ms = TIMEOUT_MS,
                        .name = "test"};
    g_autoptr(GError) error = NULL;

    broker.listen_fd = listen_anywhere(&peer.port);
    GThread *thread = g_thread_new("broker", serve, &broker);
    MskAmqp *amqp = msk_amqp_open(&peer, &error);

    g_assert_no_error(error);
    for (unsigned i = 0; i < N_BATCHES && now->says[i] != NULL; i++) {
        g_test_message("%s", now->says[i]);
        g_assert_cmpint(send_batch(amqp), ==, now->wanted[i]);
    }
    msk_amqp_free(amqp);
    (void) g_thread_join(thread); /* it has nothing to say */
    close(broker.listen_fd);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/amqp/confirmations/%zu", i);

        g_test_add_data_func(path, &cases[i], test_confirmations);
    }
    return g_test_run();
}
