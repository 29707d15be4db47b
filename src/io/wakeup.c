/* SPDX-License-Identifier: Apache-2.0 */
#include "io/wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

#define SUFFIX    ".sock"
#define MAX_DRAIN 1024u /* more than a socket's queue holds; a sender that never rests waits */

struct MskWakeup {
    MskWakeupFunc func;
    void *data;
    char *file; /* the socket's name in its directory */
    int dir_fd;
    int fd;
    unsigned source;
};

/* The address goes through the open directory: a path of any length fits, and it cannot be swapped
 * for another one in between. */
static bool
make_address(int dir_fd, const char *file, struct sockaddr_un *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n =
        g_snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir_fd, file);

    if (n < 0 || (size_t) n >= sizeof address.sun_path) {
        return false;
    }
    *ret = address;
    return true;
}

static int
open_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether nobody listens behind the socket @file any more. */
static bool
is_dead(int dir_fd, const char *file)
{
    struct sockaddr_un address;
    int fd = -1;
    bool dead = false;

    if (!make_address(dir_fd, file, &address) || (fd = open_socket()) < 0) {
        return false;
    }
    dead = connect(fd, (const struct sockaddr *) &address, sizeof address) < 0 &&
           errno == ECONNREFUSED;
    (void) close(fd); /* nothing was written to it */
    return dead;
}

static bool
bind_socket(int fd, int dir_fd, const char *file)
{
    struct sockaddr_un address;

    if (!make_address(dir_fd, file, &address)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (bind(fd, (const struct sockaddr *) &address, sizeof address) == 0) {
        return true;
    }
    if (errno != EADDRINUSE || !is_dead(dir_fd, file)) {
        return false;
    }
    return unlinkat(dir_fd, file, 0) == 0 &&
           bind(fd, (const struct sockaddr *) &address, sizeof address) == 0;
}

static gboolean
on_readable(int fd, GIOCondition condition, void *data)
{
    MskWakeup *self = data;
    char byte = 0;
    unsigned drained = 0;

    (void) condition;
    /* All that came so far means the same. */
    while (drained < MAX_DRAIN && recv(fd, &byte, sizeof byte, MSG_TRUNC) >= 0) {
        drained++;
    }
    self->func(self->data);
    return G_SOURCE_CONTINUE;
}

static MskErrorCode
code_of(int error_number)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
        return MSK_ERROR_DENIED;
    case EADDRINUSE:
        return MSK_ERROR_CONFLICT;
    default:
        return MSK_ERROR_UNAVAILABLE;
    }
}

MskWakeup *
msk_wakeup_listen(const char *dir, const char *name, MskWakeupFunc func, void *data, GError **error)
{
    g_autoptr(MskWakeup) self = g_new0(MskWakeup, 1);

    g_assert(strchr(name, '/') == NULL);
    self->func = func;
    self->data = data;
    self->fd = -1;
    self->dir_fd = -1;
    if ((g_mkdir(dir, 0750) == 0 || errno == EEXIST) &&
        (self->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
        (self->fd = open_socket()) >= 0) {
        g_autofree char *file = g_strconcat(name, SUFFIX, NULL);

        if (bind_socket(self->fd, self->dir_fd, file)) {
            self->file = g_steal_pointer(&file);
            self->source = g_unix_fd_add(self->fd, G_IO_IN, on_readable, self);
            return g_steal_pointer(&self);
        }
    }
    int saved_errno = errno;

    g_set_error(error, MSK_ERROR, code_of(saved_errno),
                "cannot listen for wake-ups at %s/%s%s: %s; check that the directory may be "
                "written by this user ([DEFAULT] state_path)",
                dir, name, SUFFIX, g_strerror(saved_errno));
    return NULL;
}

void
msk_wakeup_free(MskWakeup *self)
{
    if (self == NULL) {
        return;
    }
    if (self->source != 0) {
        g_source_remove(self->source);
    }
    if (self->file != NULL) {
        (void) unlinkat(self->dir_fd, self->file, 0); /* a sender removes it otherwise */
    }
    if (self->fd >= 0) {
        (void) close(self->fd); /* a socket: nothing is buffered here */
    }
    if (self->dir_fd >= 0) {
        (void) close(self->dir_fd); /* opened for its path only */
    }
    g_free(self->file);
    g_free(self);
}

/* Returns: whether a listener got it, or has unread ones already. */
static bool
send_one(int fd, int dir_fd, const char *file)
{
    struct sockaddr_un address;

    if (!make_address(dir_fd, file, &address)) {
        return false;
    }
    if (sendto(fd, "w", 1, MSG_NOSIGNAL, (const struct sockaddr *) &address, sizeof address) == 1 ||
        errno == EAGAIN) {
        return true;
    }
    if (errno == ECONNREFUSED) {
        (void) unlinkat(dir_fd, file, 0); /* its engine died; another sender may have been first */
    }
    return false;
}

unsigned
msk_wakeup_send(const char *dir)
{
    unsigned reached = 0;
    int fd = open_socket();
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    GDir *entries = g_dir_open(dir, 0, NULL);
    const char *file = NULL;

    while (fd >= 0 && dir_fd >= 0 && entries != NULL && (file = g_dir_read_name(entries)) != NULL) {
        if (g_str_has_suffix(file, SUFFIX) && send_one(fd, dir_fd, file)) {
            reached++;
        }
    }
    g_clear_pointer(&entries, g_dir_close);
    if (dir_fd >= 0) {
        (void) close(dir_fd); /* opened for its path only */
    }
    if (fd >= 0) {
        (void) close(fd); /* a socket: nothing is buffered here */
    }
    return reached;
}
