/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_listen.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define LISTEN_QUEUE 1024

static int
error_code_of_bind(int number)
{
    switch (number) {
    case EADDRINUSE:
        return MSK_ERROR_CONFLICT;
    case EACCES:
    case EPERM:
        return MSK_ERROR_DENIED;
    case EADDRNOTAVAIL:
        return MSK_ERROR_INVALID;
    default:
        return MSK_ERROR_INTERNAL;
    }
}

static int
bind_and_listen(const struct addrinfo *where, const char *address, uint16_t port, GError **error)
{
    int on = 1;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, LISTEN_QUEUE) != 0) {
        int number = errno;

        g_set_error(error, MSK_ERROR, error_code_of_bind(number), "cannot listen on %s port %u: %s",
                    address, port, g_strerror(number));
        if (fd >= 0) {
            (void) close(fd); /* nothing was written to it */
        }
        return -1;
    }
    return fd;
}

int
msk_http_open_listener(const char *address, uint16_t port, GError **error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    g_autofree char *port_text = g_strdup_printf("%u", port);
    int status = getaddrinfo(address, port_text, &hints, &found);

    if (status != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "cannot listen on '%s': %s", address,
                    gai_strerror(status));
        return -1;
    }
    int fd = bind_and_listen(found, address, port, error);

    freeaddrinfo(found);
    return fd;
}

static int
socket_number(int fd, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

int
msk_http_adopt_listener(int fd, GError **error)
{
    int domain = socket_number(fd, SO_DOMAIN);

    if (socket_number(fd, SO_ACCEPTCONN) != 1 || socket_number(fd, SO_TYPE) != SOCK_STREAM ||
        (domain != AF_INET && domain != AF_INET6)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the socket that the service manager passed is no listening TCP socket; its "
                    "unit needs ListenStream= with a port, and Accept=no");
        return -1;
    }
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                    "the socket that the service manager passed cannot be used: %s",
                    g_strerror(errno));
        return -1;
    }
    return fd;
}

uint16_t
msk_http_listener_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t size = sizeof bound;

    if (getsockname(fd, &bound.any, &size) != 0) {
        return 0;
    }
    return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}
