/* SPDX-License-Identifier: Apache-2.0 */
#include "io/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_ENDED, FD_CANCEL, FD_OUTPUT, FD_ERRORS, FD_INPUT, N_FDS };

/* One run under way. Ends of ours and theirs are -1 when they are closed. */
typedef struct {
    const MskChildRun *run;
    pid_t pid; /* the guard, which leads a process group of its own */
    int pidfd;
    int guard;   /* our end of a socket; closed by our death, it ends the group */
    int ours[3]; /* of its standard input, output and error */
    int theirs[3];
    size_t n_sent;
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
    close_fd(&self->guard);
    for (int i = 0; i < 3; i++) {
        close_fd(&self->ours[i]);
        close_fd(&self->theirs[i]);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Child, child_clear)

static bool
open_pipe(Child *self, int number)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    self->ours[number] = ends[0];
    self->theirs[number] = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool
open_ends(Child *self)
{
    int input[2];

    /* A socket, because writing to a program that has ended must not raise SIGPIPE. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0) {
        return false;
    }
    self->ours[STDIN_FILENO] = input[0];
    self->theirs[STDIN_FILENO] = input[1];
    return open_pipe(self, STDOUT_FILENO) &&
           (self->run->merged_errors || open_pipe(self, STDERR_FILENO));
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

/* ---- the guard ---------------------------------------------------------------------------- */

/*
 * Between us and the program stands a process that is forked and executes nothing. It leads the
 * group, and kills it when our end of a socket is closed, which the kernel does when we die. Until
 * it has started the program it has but one thread of a program of many: it calls nothing that
 * could wait for another's lock. Signals are blocked in it: they would run our handlers.
 */

enum { GUARD_FD = STDERR_FILENO + 1, FIRST_FREE_FD };

/* What is made before the fork, as it needs memory. */
typedef struct {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *name;
} Plan;

static void
plan_init(Plan *self, const MskChildRun *run)
{
    sigset_t none;
    sigset_t all;

    (void) sigemptyset(&none); /* these cannot fail */
    (void) sigfillset(&all);
    (void) posix_spawn_file_actions_init(&self->actions);
    (void) posix_spawnattr_init(&self->attributes);
    (void) posix_spawn_file_actions_addchdir_np(&self->actions, "/");
    (void) posix_spawn_file_actions_addclosefrom_np(&self->actions, GUARD_FD);
    (void) posix_spawnattr_setsigmask(&self->attributes, &none);
    (void) posix_spawnattr_setsigdefault(&self->attributes, &all);
    (void) posix_spawnattr_setflags(&self->attributes,
                                    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    self->name = g_path_get_basename(run->path);
}

static void
plan_clear(Plan *self)
{
    (void) posix_spawn_file_actions_destroy(&self->actions);
    (void) posix_spawnattr_destroy(&self->attributes);
    g_free(self->name);
}

/* The program's three files, and the socket; nothing else is left open. */
static void
guard_take_files(const Child *self, int socket_fd)
{
    const int errors = self->run->merged_errors ? STDOUT_FILENO : STDERR_FILENO;
    const int wanted[FIRST_FREE_FD] = {self->theirs[STDIN_FILENO], self->theirs[STDOUT_FILENO],
                                       self->theirs[errors], socket_fd};
    int moved[FIRST_FREE_FD];

    for (int i = 0; i < FIRST_FREE_FD; i++) {
        moved[i] = fcntl(wanted[i], F_DUPFD, FIRST_FREE_FD);
    }
    for (int i = 0; i < FIRST_FREE_FD; i++) {
        (void) dup2(moved[i], i);
    }
    (void) close_range(FIRST_FREE_FD, ~0U, 0);
}

/* Ends as the program did. */
static G_NORETURN void
guard_end(int status)
{
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        const struct sigaction by_default = {.sa_handler = SIG_DFL};
        sigset_t one;

        (void) sigaction(number, &by_default, NULL);
        (void) sigemptyset(&one);
        (void) sigaddset(&one, number);
        (void) sigprocmask(SIG_UNBLOCK, &one, NULL);
        (void) kill(getpid(), number);
    }
    _exit(WEXITSTATUS(status));
}

static G_NORETURN void
guard_kill_group(void)
{
    (void) kill(0, SIGKILL);
    _exit(1);
}

static G_NORETURN void
guard_run(const Child *self, const Plan *plan, int socket_fd)
{
    char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char locale[] = "LC_ALL=C.UTF-8";
    char *environment[] = {search, locale, NULL};
    char *arguments[] = {plan->name, NULL};
    int status = 0;
    pid_t pid = -1;

    (void) setpgid(0, 0);
    guard_take_files(self, socket_fd);
    int failed = posix_spawn(&pid, self->run->path, &plan->actions, &plan->attributes, arguments,
                             environment);

    (void) close_range(STDIN_FILENO, STDERR_FILENO, 0);
    if (write(GUARD_FD, &failed, sizeof failed) != (ssize_t) sizeof failed || failed != 0) {
        guard_kill_group();
    }
    struct pollfd fds[] = {{.fd = (int) syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
                           {.fd = GUARD_FD, .events = POLLIN}};

    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
    }
    if (fds[1].revents != 0 || waitpid(pid, &status, 0) != pid) {
        guard_kill_group();
    }
    guard_end(status);
}

/* Returns: 0, or the errno with which the program was not started. */
static int
await_start(Child *self)
{
    int failed = 0;
    ssize_t n;

    do {
        n = read(self->guard, &failed, sizeof failed);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t) sizeof failed ? failed : EIO;
}

/* Returns: 0, or an errno. */
static int
spawn(Child *self)
{
    int ends[2];
    sigset_t all;
    sigset_t before;
    Plan plan;
    int failed = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    self->guard = ends[0];
    plan_init(&plan, self->run);
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail */
    self->pid = fork();
    if (self->pid == 0) {
        guard_run(self, &plan, ends[1]);
    }
    failed = self->pid < 0 ? errno : 0;
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    plan_clear(&plan);
    close_fd(&ends[1]);
    for (int i = 0; i < 3; i++) {
        close_fd(&self->theirs[i]);
    }
    if (failed == 0) {
        failed = await_start(self);
        if (failed != 0) {
            (void) reap(self);
        }
    }
    return failed;
}

/* ---- the run ------------------------------------------------------------------------------ */

/* Returns: false when there is nothing more to send. */
static bool
send_input(Child *self)
{
    while (self->n_sent < self->run->input_length) {
        ssize_t n = send(self->ours[STDIN_FILENO], self->run->input + self->n_sent,
                         self->run->input_length - self->n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        if (n <= 0) {
            return false; /* it does not want it */
        }
        self->n_sent += (size_t) n;
    }
    return false;
}

/* Returns: false when it has closed that output. */
static bool
read_output(const Child *self, int number)
{
    char part[4096];
    ssize_t n = read(self->ours[number], part, sizeof part);

    if (n > 0) {
        self->run->output(part, (size_t) n, number == STDERR_FILENO, self->run->data);
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
serve(Child *self, struct pollfd fds[N_FDS])
{
    if (fds[FD_OUTPUT].revents != 0 && !read_output(self, STDOUT_FILENO)) {
        fds[FD_OUTPUT].fd = -1;
    }
    if (fds[FD_ERRORS].revents != 0 && !read_output(self, STDERR_FILENO)) {
        fds[FD_ERRORS].fd = -1;
    }
    if (fds[FD_INPUT].revents != 0 && !send_input(self)) {
        close_fd(&self->ours[STDIN_FILENO]);
        fds[FD_INPUT].fd = -1;
    }
}

/* Returns: EXITED when it ended by itself. */
static MskChildEnd
wait_for_end(Child *self)
{
    int64_t deadline_us = g_get_monotonic_time() + (int64_t) self->run->timeout_ms * 1000;
    struct pollfd fds[N_FDS] = {
        [FD_ENDED] = {.fd = self->pidfd, .events = POLLIN},
        [FD_CANCEL] = {.fd = self->run->cancel_fd, .events = POLLIN},
        [FD_OUTPUT] = {.fd = self->ours[STDOUT_FILENO], .events = POLLIN},
        [FD_ERRORS] = {.fd = self->ours[STDERR_FILENO], .events = POLLIN},
        [FD_INPUT] = {.fd = self->ours[STDIN_FILENO], .events = POLLOUT},
    };

    for (;;) {
        int64_t left_us = deadline_us - g_get_monotonic_time();

        if (left_us <= 0) {
            return MSK_CHILD_TIMEOUT;
        }
        if (poll(fds, N_FDS, (int) (left_us / 1000 + 1)) < 0) {
            continue; /* EINTR is all that can be */
        }
        if (fds[FD_CANCEL].revents != 0) {
            return MSK_CHILD_CANCELLED;
        }
        serve(self, fds);
        if (fds[FD_ENDED].revents != 0) {
            return MSK_CHILD_EXITED;
        }
    }
}

/* What it wrote just before its end; a pipe's worth at most. */
static void
read_rest(const Child *self, int number)
{
    int n_left = 32;

    while (self->ours[number] >= 0 && n_left-- > 0) {
        struct pollfd fd = {.fd = self->ours[number], .events = POLLIN};

        if (poll(&fd, 1, 0) <= 0 || !read_output(self, number)) {
            return;
        }
    }
}

MskChildEnd
msk_child_process_run(const MskChildRun *run, int *ret_status)
{
    g_auto(Child) child = {
        .run = run, .pidfd = -1, .guard = -1, .ours = {-1, -1, -1}, .theirs = {-1, -1, -1}};
    int failed = open_ends(&child) ? spawn(&child) : errno;
    MskChildEnd end = MSK_CHILD_CANCELLED;
    int status;

    *ret_status = failed;
    if (failed != 0) {
        return MSK_CHILD_NOT_STARTED;
    }
    child.pidfd = (int) syscall(SYS_pidfd_open, child.pid, 0);
    *ret_status = errno;
    if (child.pidfd >= 0) {
        *ret_status = 0;
        end = wait_for_end(&child);
    }
    status = reap(&child);
    read_rest(&child, STDOUT_FILENO);
    read_rest(&child, STDERR_FILENO);
    if (end != MSK_CHILD_EXITED) {
        return end;
    }
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return WIFEXITED(status) ? MSK_CHILD_EXITED : MSK_CHILD_SIGNALLED;
}
