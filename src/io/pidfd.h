/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * pidfd: watching a process that is not our child: that it ends, and how.
 *
 * A process is named by its number and its start time, so that a number used again is noticed. Its
 * end makes the pidfd readable within a millisecond. How it ended is kept by the kernel in two
 * places, one after the other: /proc/<pid>/stat while the process is a zombie, and, from Linux
 * 6.15, the pidfd itself once the parent has collected it. An older kernel forgets it with the
 * zombie, so the answer may be "unknown".
 *
 * Threads: any.
 * Source: pidfd_open(2), proc(5), Linux include/uapi/linux/pidfd.h (PIDFD_GET_INFO).
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;           /* 0: no process */
    uint64_t start_time; /* clock ticks after boot, of /proc/<pid>/stat */
} MskProcessId;

typedef struct {
    bool known;
    int wait_status;      /* as of waitpid(2); valid when known */
    bool sigterm_pending; /* it died with a SIGTERM that it never took */
} MskProcessEnd;

/** msk_process_id: @ret: (out). Returns: whether a process (not a zombie) has number @pid. */
bool msk_process_id(pid_t pid, MskProcessId *ret) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_process_stat_parse: the fields used here, from the text of /proc/<pid>/stat.
 * @text: (nullable) the command name in it may hold spaces and parentheses.
 * @ret_state: (out) a letter such as 'S' or 'Z'.
 * @ret_exit: (out) the wait status; 0 as well where the kernel hides it.
 *
 * Returns: whether @text was a whole line.
 */
bool msk_process_stat_parse(const char *text, char *ret_state, uint64_t *ret_start_time,
                            int *ret_exit) G_GNUC_WARN_UNUSED_RESULT;

/**
 * msk_process_sigterm_pending: whether a SIGTERM waits for the process, which means that somebody
 * asked it to end and it is too stuck to notice. False when it cannot be read.
 */
bool msk_process_sigterm_pending(pid_t pid);

/**
 * msk_pidfd_open:
 * @process: the number and start time must both fit.
 * @error: %MSK_ERROR_NOT_FOUND when it has ended, %MSK_ERROR_UNAVAILABLE when out of descriptors,
 *   %MSK_ERROR_INTERNAL else.
 *
 * Returns: a descriptor to close, readable once the process has ended; -1 on failure.
 */
int msk_pidfd_open(const MskProcessId *process, GError **error);

/**
 * msk_pidfd_end: how the process of a readable pidfd ended, as far as the kernel still knows.
 * @process: what @pidfd was opened with.
 */
MskProcessEnd msk_pidfd_end(int pidfd, const MskProcessId *process);
