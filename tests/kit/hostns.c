/* SPDX-License-Identifier: Apache-2.0 */

/*
 * hostns: makes and enters a throw-away "host" for tests and the demo.
 *
 *   hostns up --name NAME --dir DIR [--remove-dir] [--bind SRC=DST]...
 *   hostns run --init PID [--cwd DIR] [--status-fd FD] -- COMMAND [ARGUMENT]...
 *
 * `up` starts pid 1 of new pid, mount, network, UTS, IPC and cgroup namespaces with a private
 * /run, /tmp, /dev/shm, /etc, /var and empty libvirt directories, prints "ready PID" and stays
 * until its standard input ends. Nothing of the host has a name outside, so when pid 1 goes, for
 * whatever reason, the kernel removes every process, mount and interface. `up` itself lives
 * outside, sees that happen, and removes DIR if it was asked to.
 *
 * `run` starts one command inside, writes its process id as seen from outside to FD, and ends as
 * it ends. The command is killed when `run` is.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

#define INNER_NAMESPACES                                                                           \
    (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
#define UPPER      "/run/.upper"
#define MAX_BINDS  16
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static G_NORETURN G_GNUC_PRINTF(1, 2) void die(const char *format, ...)
{
    int saved = errno;
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_printerr("hostns: %s: %s\n", what, g_strerror(saved));
    exit(EX_OSERR);
}

static void
make_directory(const char *path)
{
    if (g_mkdir_with_parents(path, 0755) != 0) {
        die("cannot make the directory %s", path);
    }
}

static void
mount_tmpfs(const char *path, const char *options)
{
    make_directory(path);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) {
        die("cannot mount a tmpfs on %s", path);
    }
}

/* Shows what @path holds, and keeps every change of it in memory. */
static void
mount_overlay(const char *path)
{
    g_autofree char *upper = g_strconcat(UPPER, path, "/up", NULL);
    g_autofree char *work = g_strconcat(UPPER, path, "/work", NULL);
    g_autofree char *options =
        g_strdup_printf("lowerdir=%s,upperdir=%s,workdir=%s", path, upper, work);

    make_directory(upper);
    make_directory(work);
    if (mount("overlay", path, "overlay", 0, options) != 0) {
        die("cannot mount an overlay on %s; is the kernel module 'overlay' there", path);
    }
}

typedef struct {
    int source_fd;
    char *target;
} Bind;

/* Opened before anything is mounted over the source. */
static void
open_binds(char **specs, Bind *binds)
{
    for (size_t i = 0; specs != NULL && specs[i] != NULL; i++) {
        g_auto(GStrv) halves = g_strsplit(specs[i], "=", 2);

        g_assert(i < MAX_BINDS && g_strv_length(halves) == 2);
        binds[i].source_fd = open(halves[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (binds[i].source_fd < 0) {
            die("cannot open %s", halves[0]);
        }
        binds[i].target = g_strdup(halves[1]);
    }
}

static void
mount_binds(Bind *binds)
{
    for (size_t i = 0; i < MAX_BINDS && binds[i].target != NULL; i++) {
        g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", binds[i].source_fd);

        make_directory(binds[i].target);
        if (mount(source, binds[i].target, NULL, MS_BIND | MS_REC, NULL) != 0) {
            die("cannot bind %s", binds[i].target);
        }
        (void) close(binds[i].source_fd); /* a read-only handle: nothing to lose */
        g_free(binds[i].target);
    }
}

static void
mount_all(char **bind_specs)
{
    static const char *const emptied[] = {"/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt",
                                          "/var/log/libvirt"};
    Bind binds[MAX_BINDS] = {0};

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        die("cannot make the mounts private");
    }
    open_binds(bind_specs, binds);
    mount_tmpfs("/run", "mode=755,size=512m");
    mount_overlay("/etc");
    mount_overlay("/var");
    mount_tmpfs("/tmp", "mode=1777,size=1g");
    mount_tmpfs("/dev/shm", "mode=1777,size=256m");
    for (size_t i = 0; i < LEN(emptied); i++) {
        mount_tmpfs(emptied[i], "mode=755,size=256m");
    }
    make_directory("/run/lock");
    mount_binds(binds);
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
        die("cannot mount /proc");
    }
    if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
        die("cannot mount /sys");
    }
}

static void
start_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        die("cannot start the loopback interface");
    }
    (void) close(fd); /* a socket that was never connected */
}

/* Reaps orphans until standard input ends, which is when the owner is gone. */
static G_NORETURN void
reap_until_input_ends(int signals_fd)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = signals_fd, .events = POLLIN}};

    for (;;) {
        char byte;
        struct signalfd_siginfo info;

        if (poll(fds, LEN(fds), -1) < 0 && errno != EINTR) {
            die("cannot wait for events");
        }
        if (fds[0].revents != 0 && read(STDIN_FILENO, &byte, 1) <= 0) {
            _exit(0);
        }
        if (fds[1].revents != 0 && read(signals_fd, &info, sizeof info) > 0) {
            while (waitpid(-1, NULL, WNOHANG) > 0) {
            }
        }
    }
}

static G_NORETURN void
be_pid_one(const char *name, char **bind_specs, int ready_fd)
{
    sigset_t set;
    int signals_fd;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        die("cannot tie the host to its owner");
    }
    if (unshare(INNER_NAMESPACES) != 0) {
        die("cannot make the namespaces of the host (this needs root with CAP_SYS_ADMIN)");
    }
    if (sethostname(name, strlen(name)) != 0) {
        die("cannot set the host name '%s'", name);
    }
    mount_all(bind_specs);
    start_loopback();
    if (chdir("/") != 0) {
        die("cannot change to /");
    }
    (void) sigemptyset(&set);        /* cannot fail */
    (void) sigaddset(&set, SIGCHLD); /* cannot fail: a valid signal */
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_fd < 0 || write(ready_fd, "", 1) != 1) {
        die("cannot report that the host is ready");
    }
    (void) close(ready_fd); /* the byte has been sent */
    reap_until_input_ends(signals_fd);
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void) status;
    (void) type;
    (void) place;
    if (remove(path) != 0) {
        g_printerr("hostns: cannot remove %s: %s\n", path, g_strerror(errno));
    }
    return 0;
}

static int
wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            die("cannot wait for process %d", (int) pid);
        }
    }
    return status;
}

static int
command_up(int argc, char **argv)
{
    g_autofree char *name = NULL;
    g_autofree char *dir = NULL;
    gboolean remove_dir = false;
    g_auto(GStrv) binds = NULL;
    const GOptionEntry entries[] = {
        {"name", 0, 0, G_OPTION_ARG_STRING, &name, "The host's name", "NAME"},
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "The host's directory outside", "DIR"},
        {"remove-dir", 0, 0, G_OPTION_ARG_NONE, &remove_dir, "Remove DIR at the end", NULL},
        {"bind", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &binds, "Show SRC as DST inside", "SRC=DST"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    int ready[2];
    char byte;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || name == NULL || dir == NULL) {
        g_printerr("hostns up: %s\n", error != NULL ? error->message : "--name and --dir missing");
        return EX_USAGE;
    }
    if (pipe2(ready, O_CLOEXEC) != 0 || unshare(CLONE_NEWPID) != 0) {
        die("cannot make a pid namespace (this needs root with CAP_SYS_ADMIN)");
    }
    pid_t pid = fork();

    if (pid < 0) {
        die("cannot start pid 1");
    }
    if (pid == 0) {
        be_pid_one(name, binds, ready[1]);
    }
    (void) close(ready[1]); /* so that a dead child shows as end of file */
    if (read(ready[0], &byte, 1) == 1) {
        g_print("ready %d\n", (int) pid);
    }
    int status = wait_for(pid);

    if (remove_dir && nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0) {
        g_printerr("hostns: cannot remove %s: %s\n", dir, g_strerror(errno));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void
enter(int init_pid, const char *cwd)
{
    int fd = (int) syscall(SYS_pidfd_open, init_pid, 0);

    if (fd < 0 || setns(fd, INNER_NAMESPACES | CLONE_NEWPID) != 0) {
        die("cannot enter the host of pid %d", init_pid);
    }
    (void) close(fd); /* only a handle */
    if (chdir(cwd) != 0) {
        die("cannot change to %s inside the host", cwd);
    }
}

/* Ends this process the way the command ended, so that callers see its signal too. */
static int
end_like(int status)
{
    if (WIFSIGNALED(status)) {
        (void) prctl(PR_SET_DUMPABLE, 0);         /* a core of this program would mislead */
        (void) signal(WTERMSIG(status), SIG_DFL); /* SIGKILL refuses, and needs no handler */
        (void) raise(WTERMSIG(status));           /* if it does not end us, the return does */
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}

/* The process id is written once the command is what runs under it. */
static int
run_command(char **command, int status_fd)
{
    int executed[2];
    char byte;

    if (pipe2(executed, O_CLOEXEC) != 0) {
        die("cannot make a pipe");
    }
    pid_t pid = fork();

    if (pid < 0) {
        die("cannot start %s", command[0]);
    }
    if (pid == 0) {
        if (status_fd >= 0) {
            (void) close(status_fd); /* the parent's to write */
        }
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
            die("cannot tie %s to its owner", command[0]);
        }
        execvp(command[0], command);
        (void) !write(executed[1], "", 1); /* the exit status says it too */
        die("cannot execute %s", command[0]);
    }
    (void) close(executed[1]); /* so that the command's own copy is the last */
    if (read(executed[0], &byte, 1) == 0 && status_fd >= 0) {
        (void) dprintf(status_fd, "%d\n", (int) pid); /* a reader that is gone has no use for it */
    }
    if (status_fd >= 0) {
        (void) close(status_fd); /* written in full or not at all */
    }
    return wait_for(pid);
}

static int
command_run(int argc, char **argv)
{
    int init_pid = 0;
    int status_fd = -1;
    g_autofree char *cwd = g_strdup("/");
    g_auto(GStrv) command = NULL;
    const GOptionEntry entries[] = {
        {"init", 0, 0, G_OPTION_ARG_INT, &init_pid, "Pid 1 of the host, seen from outside", "PID"},
        {"cwd", 0, 0, G_OPTION_ARG_FILENAME, &cwd, "Working directory inside", "DIR"},
        {"status-fd", 0, 0, G_OPTION_ARG_INT, &status_fd, "Where to write the process id", "FD"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &command, NULL, "COMMAND"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || init_pid <= 0 ||
        command == NULL) {
        g_printerr("hostns run: %s\n",
                   error != NULL ? error->message : "--init or COMMAND missing");
        return EX_USAGE;
    }
    enter(init_pid, cwd);
    return end_like(run_command(command, status_fd));
}

int
main(int argc, char **argv)
{
    if (argc >= 2 && g_str_equal(argv[1], "up")) {
        return command_up(argc - 1, argv + 1);
    }
    if (argc >= 2 && g_str_equal(argv[1], "run")) {
        return command_run(argc - 1, argv + 1);
    }
    g_printerr("usage: hostns up --name NAME --dir DIR [--remove-dir] [--bind SRC=DST]...\n"
               "       hostns run --init PID [--cwd DIR] [--status-fd FD] -- "
               "COMMAND...\n");
    return EX_USAGE;
}
