/* SPDX-License-Identifier: Apache-2.0 */
#include "io/fence_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OUTPUT 4096u
#define IS_OFF     2 /* the exit status of "status" */

/* One run under way. */
typedef struct {
    pid_t pid;   /* 0: none; leads a process group of its own */
    int pidfd;   /* -1: none */
    int input;   /* our end of its standard input */
    int output;  /* our end of its standard output and error */
    int theirs;  /* its end of the input */
    int writing; /* its end of the output */
    GString *said;
} Child;

static void
close_fd(int *fd)
{
    if (*fd >= 0) {
        (void) close(*fd); /* nothing is lost by a failure here */
        *fd = -1;
    }
}

static void
child_clear(Child *self)
{
    close_fd(&self->pidfd);
    close_fd(&self->input);
    close_fd(&self->output);
    close_fd(&self->theirs);
    close_fd(&self->writing);
    g_string_free(self->said, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Child, child_clear)

static bool
open_ends(Child *self)
{
    int input[2];
    int output[2];

    /* A socket, because writing to an agent that has ended must not raise SIGPIPE. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0) {
        return false;
    }
    self->input = input[0];
    self->theirs = input[1];
    if (pipe2(output, O_CLOEXEC) != 0) {
        return false;
    }
    self->output = output[0];
    self->writing = output[1];
    return fcntl(self->output, F_SETFL, O_NONBLOCK) == 0;
}

/* Returns: 0, or an errno. */
static int
spawn(Child *self, const char *path)
{
    char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char locale[] = "LC_ALL=C";
    char *environment[] = {search, locale, NULL};
    g_autofree char *name = g_path_get_basename(path);
    char *arguments[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    int failed;

    (void) sigemptyset(&none); /* these cannot fail */
    (void) sigfillset(&all);
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawnattr_init(&attributes);
    (void) posix_spawn_file_actions_adddup2(&actions, self->theirs, STDIN_FILENO);
    (void) posix_spawn_file_actions_adddup2(&actions, self->writing, STDOUT_FILENO);
    (void) posix_spawn_file_actions_adddup2(&actions, self->writing, STDERR_FILENO);
    (void) posix_spawnattr_setsigmask(&attributes, &none);
    (void) posix_spawnattr_setsigdefault(&attributes, &all);
    (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn(&self->pid, path, &actions, &attributes, arguments, environment);
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attributes);
    close_fd(&self->theirs);
    close_fd(&self->writing);
    return failed;
}

static void
send_options(Child *self, const MskFenceAgentRun *run)
{
    g_autofree char *text =
        g_strdup_printf("%saction=%s\n", run->device->input, msk_fence_verb_name(run->verb));
    size_t length = strlen(text);
    size_t sent = 0;

    /* It is short enough for the socket's buffer; an agent that does not read gets no time. */
    while (sent < length) {
        ssize_t n = send(self->input, text + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n <= 0) {
            break; /* it has ended, and its exit status says how */
        }
        sent += (size_t) n;
    }
    close_fd(&self->input);
    memset(text, 0, length);
}

/* Keeps the end of what it says. Returns: false when it has closed its output. */
static bool
read_output(Child *self)
{
    char part[1024];
    ssize_t n;

    while ((n = read(self->output, part, sizeof part)) > 0) {
        g_string_append_len(self->said, part, n);
        if (self->said->len > MAX_OUTPUT) {
            g_string_erase(self->said, 0, (ssize_t) (self->said->len - MAX_OUTPUT));
        }
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Returns: whether it ended by itself in time. */
static bool
wait_for_end(Child *self, const MskFenceAgentRun *run)
{
    int64_t deadline_us =
        g_get_monotonic_time() + (int64_t) run->device->timeout_s * G_USEC_PER_SEC;
    struct pollfd fds[] = {
        {.fd = self->pidfd, .events = POLLIN},
        {.fd = run->cancel_fd, .events = POLLIN},
        {.fd = self->output, .events = POLLIN},
    };

    for (;;) {
        int64_t left_us = deadline_us - g_get_monotonic_time();

        if (left_us <= 0) {
            return false;
        }
        if (poll(fds, G_N_ELEMENTS(fds), (int) (left_us / 1000 + 1)) < 0 && errno != EINTR) {
            return false;
        }
        if (fds[1].revents != 0) {
            return false;
        }
        if (fds[2].revents != 0 && !read_output(self)) {
            fds[2].fd = -1;
        }
        if (fds[0].revents != 0) {
            return true;
        }
    }
}

/* Returns: its wait status. */
static int
reap(const Child *self)
{
    int status = 0;
    pid_t ended;

    (void) kill(-self->pid, SIGKILL); /* also what it has left behind; ESRCH when nothing */

    do {
        ended = waitpid(self->pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return status;
}

static MskFenceResult
result_of(const MskFenceAgentRun *run, int status)
{
    if (!WIFEXITED(status)) {
        return MSK_FENCE_ERROR;
    }
    if (WEXITSTATUS(status) == 0) {
        return MSK_FENCE_DONE;
    }
    return run->verb == MSK_FENCE_VERB_STATUS && WEXITSTATUS(status) == IS_OFF ? MSK_FENCE_IS_OFF
                                                                               : MSK_FENCE_ERROR;
}

MskFenceResult
msk_fence_agent_run(const MskFenceAgentRun *run, char **ret_said)
{
    g_autofree char *path = g_build_filename(run->directory, run->device->agent, NULL);
    g_auto(Child) child = {.pidfd = -1, .input = -1, .output = -1, .theirs = -1, .writing = -1};
    bool in_time;
    int failed;
    int status;

    child.said = g_string_new(NULL);
    failed = open_ends(&child) ? spawn(&child, path) : errno;
    if (failed != 0) {
        *ret_said = g_strdup_printf("%s cannot be run: %s; it is of the package fence-agents, and "
                                    "[fencing] agents_dir says where",
                                    path, g_strerror(failed));
        return MSK_FENCE_ERROR;
    }
    child.pidfd = (int) syscall(SYS_pidfd_open, child.pid, 0);
    send_options(&child, run);
    in_time = child.pidfd >= 0 && wait_for_end(&child, run);
    status = reap(&child);
    (void) read_output(&child); /* the rest; its end is not of interest */
    *ret_said = msk_fence_plan_mask(run->device, child.said->str, child.said->len);
    return in_time ? result_of(run, status) : MSK_FENCE_TIMEOUT;
}
