/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_loop.h"

#include "base/error.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Should libmicrohttpd forget to say that it has work, it is found by then. */
#define LOOK_MS 1000

struct MskHttpLoop {
    struct MHD_Daemon *daemon;
    GThread *thread;
    int wake_fd;
    bool stopping; /* atomic */
};

/* Returns: in ms, as poll() takes it. */
static int
patience(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms = LOOK_MS;

    if (MHD_get_timeout(daemon, &ms) != MHD_YES) {
        return LOOK_MS;
    }
    return (int) MIN(ms, LOOK_MS);
}

static unsigned
count_connections(struct MHD_Daemon *daemon)
{
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/* At its limit of connections the daemon does not listen; when some have ended, it begins to
 * listen again in the run after. */
static void
run_daemon(struct MHD_Daemon *daemon)
{
    unsigned before = count_connections(daemon);

    (void) MHD_run(daemon);
    if (count_connections(daemon) < before) {
        (void) MHD_run(daemon);
    }
}

static void *
run(void *data)
{
    MskHttpLoop *self = data;
    struct pollfd fds[] = {
        {.fd = MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
         .events = POLLIN},
        {.fd = self->wake_fd, .events = POLLIN}};

    while (!__atomic_load_n(&self->stopping, __ATOMIC_ACQUIRE)) {
        eventfd_t n_wakes = 0;

        /* Interrupted or not, looking once more does no harm; nor does a wake-up that is not
         * there. It is taken before MHD_run(), so none is lost that comes while that is at work. */
        (void) poll(fds, G_N_ELEMENTS(fds), patience(self->daemon));
        (void) eventfd_read(self->wake_fd, &n_wakes);
        run_daemon(self->daemon);
    }
    return NULL;
}

MskHttpLoop *
msk_http_loop_new(struct MHD_Daemon *daemon, GError **error)
{
    g_autoptr(MskHttpLoop) self = g_new0(MskHttpLoop, 1);

    self->daemon = daemon;
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                    "the HTTP server gets no descriptor to be woken by: %s; raise LimitNOFILE",
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&self);
}

bool
msk_http_loop_start(MskHttpLoop *self, GError **error)
{
    self->thread = g_thread_try_new("http-events", run, self, error);
    return self->thread != NULL;
}

void
msk_http_loop_wake(MskHttpLoop *self)
{
    (void) eventfd_write(self->wake_fd, 1); /* refused only when it is full of wake-ups */
}

void
msk_http_loop_free(MskHttpLoop *self)
{
    if (self == NULL) {
        return;
    }
    if (self->thread != NULL) {
        __atomic_store_n(&self->stopping, true, __ATOMIC_RELEASE);
        msk_http_loop_wake(self);
        (void) g_thread_join(self->thread);
    }
    if (self->wake_fd >= 0) {
        (void) close(self->wake_fd);
    }
    g_free(self);
}
