/* SPDX-License-Identifier: Apache-2.0 */
#include "io/pidfd.h"

#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* The kernel's struct pidfd_info in its first size; Debian's headers are older than the call. */
typedef struct {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t ids[11];
    int32_t exit_code;
} PidfdInfo;

#define PIDFD_INFO_HAS_EXIT (UINT64_C(1) << 3)
#define PIDFD_IOC_GET_INFO  _IOWR(0xFF, 11, PidfdInfo)

G_STATIC_ASSERT(sizeof(PidfdInfo) == 64);

/* Fields of /proc/<pid>/stat that follow the name, counted from 0 at the state. */
enum {
    STAT_START_TIME = 19,
    STAT_EXIT_CODE = 49,
};

bool
msk_process_stat_parse(const char *text, char *ret_state, uint64_t *ret_start_time, int *ret_exit)
{
    const char *close = text != NULL ? strrchr(text, ')') : NULL;
    g_auto(GStrv) fields = NULL;
    guint64 start_time;
    gint64 exit_code;

    if (close == NULL || close[1] != ' ') {
        return false;
    }
    fields = g_strsplit(close + 2, " ", -1);
    if (g_strv_length(fields) <= STAT_EXIT_CODE || fields[0][0] == '\0') {
        return false;
    }
    g_strchomp(fields[STAT_EXIT_CODE]);
    if (!g_ascii_string_to_unsigned(fields[STAT_START_TIME], 10, 0, G_MAXUINT64, &start_time,
                                    NULL) ||
        !g_ascii_string_to_signed(fields[STAT_EXIT_CODE], 10, 0, G_MAXINT, &exit_code, NULL)) {
        return false;
    }
    *ret_state = fields[0][0];
    *ret_start_time = start_time;
    *ret_exit = (int) exit_code;
    return true;
}

static char *
read_proc(pid_t pid, const char *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, file);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    return text;
}

static bool
read_stat(pid_t pid, char *state, uint64_t *start_time, int *exit_code)
{
    g_autofree char *text = read_proc(pid, "stat");

    return msk_process_stat_parse(text, state, start_time, exit_code);
}

bool
msk_process_id(pid_t pid, MskProcessId *ret)
{
    char state;
    uint64_t start_time;
    int exit_code;

    if (pid <= 0 || !read_stat(pid, &state, &start_time, &exit_code) || state == 'Z' ||
        state == 'X') {
        return false;
    }
    *ret = (MskProcessId){.pid = pid, .start_time = start_time};
    return true;
}

static bool
mask_has_sigterm(const char *status, const char *field)
{
    const char *line = strstr(status, field);
    uint64_t mask;

    if (line == NULL) {
        return false;
    }
    mask = g_ascii_strtoull(line + strlen(field), NULL, 16);
    return (mask & (UINT64_C(1) << (SIGTERM - 1))) != 0;
}

bool
msk_process_sigterm_pending(pid_t pid)
{
    g_autofree char *status = read_proc(pid, "status");

    return status != NULL &&
           (mask_has_sigterm(status, "\nShdPnd:\t") || mask_has_sigterm(status, "\nSigPnd:\t"));
}

int
msk_pidfd_open(const MskProcessId *process, GError **error)
{
    int fd = (int) syscall(SYS_pidfd_open, process->pid, 0);
    MskProcessId now;
    MskErrorCode code;

    if (fd < 0) {
        if (errno == ESRCH) {
            code = MSK_ERROR_NOT_FOUND;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
            code = MSK_ERROR_UNAVAILABLE;
        } else {
            code = MSK_ERROR_INTERNAL;
        }
        g_set_error(error, MSK_ERROR, code, "watching process %d: %s", process->pid,
                    g_strerror(errno));
        return -1;
    }
    /* Looked at after the open: from here on the number cannot come to mean another process. */
    if (!msk_process_id(process->pid, &now) || now.start_time != process->start_time) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND, "watching process %d: it has ended",
                    process->pid);
        (void) close(fd); /* nothing was written to it */
        return -1;
    }
    return fd;
}

MskProcessEnd
msk_pidfd_end(int pidfd, const MskProcessId *process)
{
    MskProcessEnd end = {0};
    PidfdInfo info = {.mask = PIDFD_INFO_HAS_EXIT};
    char state;
    uint64_t start_time;
    int exit_code;

    /* The zombie first: it goes away at any moment, the pidfd's own record stays. */
    if (read_stat(process->pid, &state, &start_time, &exit_code) && state == 'Z' &&
        start_time == process->start_time) {
        end.known = true;
        end.wait_status = exit_code;
        end.sigterm_pending = msk_process_sigterm_pending(process->pid);
    }
    if (ioctl(pidfd, PIDFD_IOC_GET_INFO, &info) == 0 && (info.mask & PIDFD_INFO_HAS_EXIT) != 0) {
        end.known = true;
        end.wait_status = info.exit_code;
    }
    return end;
}
