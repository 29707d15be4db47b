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
#define MAX_PEERS 64u   /* listeners of one machine */
#define SETTLED_S 3     /* some file systems keep whole seconds of a directory's time */

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

static void
close_socket(int fd)
{
    (void) close(fd); /* nothing is buffered here */
}

/* Returns: a socket that sends to @file; -1 with errno, ECONNREFUSED when nobody listens there any
 * more. */
static int
connect_to(int dir_fd, const char *file)
{
    struct sockaddr_un address;
    int fd = -1;

    if (!make_address(dir_fd, file, &address)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if ((fd = open_socket()) >= 0 &&
        connect(fd, (const struct sockaddr *) &address, sizeof address) < 0) {
        int saved_errno = errno;

        close_socket(fd);
        errno = saved_errno;
        return -1;
    }
    return fd;
}

/* Whether nobody listens behind the socket @file any more. */
static bool
is_dead(int dir_fd, const char *file)
{
    int fd = connect_to(dir_fd, file);

    if (fd >= 0) {
        close_socket(fd);
        return false;
    }
    return errno == ECONNREFUSED;
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
        close_socket(self->fd);
    }
    if (self->dir_fd >= 0) {
        (void) close(self->dir_fd); /* opened for its path only */
    }
    g_free(self->file);
    g_free(self);
}

/* ---- the sender -------------------------------------------------------------------------- */

struct MskWakeupSender {
    char *dir;
    GMutex lock;          /* guards what follows */
    int peers[MAX_PEERS]; /* connected sockets */
    unsigned n_peers;     /* 0 while the directory is not there */
    struct stat seen;     /* the directory, before it was read */
    bool settled;         /* and another change would have shown in its time */
};

static void
drop_peers(MskWakeupSender *self)
{
    for (unsigned i = 0; i < self->n_peers; i++) {
        close_socket(self->peers[i]);
    }
    self->n_peers = 0;
    self->settled = false;
}

/* Changes that follow one another within a tick of the clock leave the same time behind. */
static bool
is_settled(const struct stat *dir)
{
    return g_get_real_time() / G_USEC_PER_SEC - dir->st_mtim.tv_sec > SETTLED_S;
}

/* Whether what failed may go well the next time, without a change of the directory. */
static bool
is_passing(int error_number)
{
    switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case EINTR:
        return true;
    default:
        return false;
    }
}

/* One that cannot be reached for a lasting reason, such as a socket that is not ours to write to,
 * is tried again when the directory changes: each report would read it otherwise. */
static void
add_peer(MskWakeupSender *self, int dir_fd, const char *file)
{
    int fd = connect_to(dir_fd, file);

    if (fd >= 0) {
        self->peers[self->n_peers++] = fd;
    } else if (errno == ECONNREFUSED) {
        (void) unlinkat(dir_fd, file, 0); /* its engine died; somebody may have been first */
    } else if (is_passing(errno)) {
        self->settled = false;
    }
}

static void
read_peers(MskWakeupSender *self)
{
    int dir_fd = open(self->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    GDir *entries = NULL;
    const char *file = NULL;

    drop_peers(self);
    if (dir_fd < 0) {
        return;
    }
    self->settled = fstat(dir_fd, &self->seen) == 0 && is_settled(&self->seen);
    entries = g_dir_open(self->dir, 0, NULL);
    if (entries == NULL) {
        self->settled = false;
    }
    while (entries != NULL && self->n_peers < MAX_PEERS &&
           (file = g_dir_read_name(entries)) != NULL) {
        if (g_str_has_suffix(file, SUFFIX)) {
            add_peer(self, dir_fd, file);
        }
    }
    g_clear_pointer(&entries, g_dir_close);
    (void) close(dir_fd); /* opened for its path only */
}

/* Whether the directory is the one that was read, and as it was then. By its path: it may have been
 * removed, or moved, and made again. */
static bool
is_unchanged(const MskWakeupSender *self)
{
    struct stat now;

    return self->settled && stat(self->dir, &now) == 0 && now.st_dev == self->seen.st_dev &&
           now.st_ino == self->seen.st_ino && now.st_mtim.tv_sec == self->seen.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == self->seen.st_mtim.tv_nsec;
}

/* Returns: how many listeners got it, or have unread ones already. */
static unsigned
send_to_peers(const MskWakeupSender *self)
{
    unsigned reached = 0;

    for (unsigned i = 0; i < self->n_peers; i++) {
        if (send(self->peers[i], "w", 1, MSG_NOSIGNAL) == 1 || errno == EAGAIN) {
            reached++;
        }
    }
    return reached;
}

MskWakeupSender *
msk_wakeup_sender_new(const char *dir)
{
    MskWakeupSender *self = g_new0(MskWakeupSender, 1);

    self->dir = g_strdup(dir);
    g_mutex_init(&self->lock);
    return self;
}

void
msk_wakeup_sender_free(MskWakeupSender *self)
{
    if (self != NULL) {
        drop_peers(self);
        g_mutex_clear(&self->lock);
        g_free(self->dir);
        g_free(self);
    }
}

unsigned
msk_wakeup_send(MskWakeupSender *self)
{
    g_mutex_lock(&self->lock);
    bool known = is_unchanged(self);

    if (!known) {
        read_peers(self);
    }
    unsigned reached = send_to_peers(self);

    if (known && reached < self->n_peers) {
        /* An engine was killed. Nothing is wrong with waking the others twice. */
        read_peers(self);
        reached = send_to_peers(self);
    }
    g_mutex_unlock(&self->lock);
    return reached;
}
