/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_loop.h"

#include "base/error.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Should libmicrohttpd forget to say that it has work, it is found by then. */
#define LOOK_MS 1000
/* A request takes a few runs of the daemon. A second with fewer than the first is quiet; the other
 * seconds are a load when they have the second in all. */
#define QUIET_RUNS 100
#define BUSY_RUNS  1000

struct MskHttpLoop {
    struct MHD_Daemon *daemon;
    GThread *thread;
    int epoll_fd; /* the daemon's */
    int wake_fd;
    bool stopping; /* atomic */
    MskHttpQuietFunc quiet;
    void *quiet_data;
    int64_t second_mono_us; /* the thread's own: when this second began */
    unsigned n_runs;        /* in it */
    unsigned n_runs_before; /* in seconds that were not quiet, since the end of the last load */
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

static void
wait_for_work(const MskHttpLoop *self, int patience_ms)
{
    struct pollfd fds[] = {{.fd = self->epoll_fd, .events = POLLIN},
                           {.fd = self->wake_fd, .events = POLLIN}};
    eventfd_t n_wakes = 0;

    /* Interrupted or not, looking once more does no harm. A wake-up is taken before MHD_run(), so
     * none is lost that comes while that is at work. */
    if (poll(fds, G_N_ELEMENTS(fds), patience_ms) > 0 && fds[1].revents != 0) {
        (void) eventfd_read(self->wake_fd, &n_wakes); /* one that is not there does no harm */
    }
}

/* Once a second it is looked whether it was quiet, and whether that ends a load. */
static void
count_run(MskHttpLoop *self)
{
    int64_t now_mono_us = g_get_monotonic_time();

    self->n_runs++;
    if (now_mono_us - self->second_mono_us < LOOK_MS * G_TIME_SPAN_MILLISECOND) {
        return;
    }
    if (self->n_runs >= QUIET_RUNS) {
        self->n_runs_before = MIN(self->n_runs_before + self->n_runs, BUSY_RUNS);
    } else {
        bool after_load = self->n_runs_before >= BUSY_RUNS;

        if (after_load) {
            self->n_runs_before = 0;
        }
        self->quiet(after_load, self->quiet_data);
    }
    self->n_runs = 0;
    self->second_mono_us = now_mono_us;
}

/* A worker wakes this thread with its last word before it rests, and a client before it waits. On a
 * CPU that they share, this thread would at once stop them there, and be stopped for them to go to
 * rest. With this policy it begins when they are done. Whoever refuses it has the old costs. */
static void
let_others_finish(void)
{
    const struct sched_param none = {0};

    if (sched_getscheduler(0) == SCHED_OTHER) {
        (void) sched_setscheduler(0, SCHED_BATCH, &none);
    }
}

static void *
run(void *data)
{
    MskHttpLoop *self = data;

    let_others_finish();
    while (!__atomic_load_n(&self->stopping, __ATOMIC_ACQUIRE)) {
        int patience_ms = patience(self->daemon);

        /* With work at hand, a wake-up is left for when there is none. */
        if (patience_ms > 0) {
            wait_for_work(self, patience_ms);
        }
        run_daemon(self->daemon);
        count_run(self);
    }
    return NULL;
}

MskHttpLoop *
msk_http_loop_new(struct MHD_Daemon *daemon, MskHttpQuietFunc quiet, void *data, GError **error)
{
    g_autoptr(MskHttpLoop) self = g_new0(MskHttpLoop, 1);

    self->daemon = daemon;
    self->quiet = quiet;
    self->quiet_data = data;
    self->epoll_fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
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
