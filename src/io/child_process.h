/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * child_process: runs a program once, with a text for its standard input, and waits for its end.
 *
 * The program leads a process group of its own, which is killed when the program has ended, its
 * time is over, the run is cancelled, or whoever runs it dies in any way, so that nothing it
 * started is left behind. It begins with no open files but its three, default signal handlers, the
 * root directory, and an environment of PATH and LC_ALL alone.
 *
 * Threads: any; runs are independent of one another.
 */

#include <glib.h>
#include <stdbool.h>

typedef enum {
    MSK_CHILD_NOT_STARTED,
    MSK_CHILD_EXITED,    /* by itself, with status */
    MSK_CHILD_SIGNALLED, /* by a signal of others, in status */
    MSK_CHILD_TIMEOUT,
    MSK_CHILD_CANCELLED,
} MskChildEnd;

/** MskChildOutput: some bytes that it wrote; on the thread that runs it. @errors: to its standard
 *  error. */
typedef void (*MskChildOutput)(const char *bytes, size_t length, bool errors, void *data);

typedef struct {
    const char *path;
    const char *input; /* what it reads; it need not read it */
    size_t input_length;
    unsigned timeout_ms;
    int cancel_fd;      /* the run ends early once this is readable; -1: none */
    bool merged_errors; /* standard error is standard output */
    MskChildOutput output;
    void *data;
} MskChildRun;

/**
 * msk_child_process_run: Blocks until the program has ended, or was killed.
 * @ret_status: (out) its exit status, the number of the signal, or, when it was not started, the
 *   errno that says why; else 0.
 */
MskChildEnd msk_child_process_run(const MskChildRun *run, int *ret_status);
