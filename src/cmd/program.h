/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * program: what every main shares. Arguments, configuration, log, main loop, signals, service
 * manager, exit status.
 *
 *   arguments ─▶ load config ─▶ log ─▶ start() ─▶ READY, main loop ─▶ SIGTERM ─▶ drain() ─▶ quit
 *                     ▲                                │ (msk_program_quit) └── SIGHUP: mutable
 * options ◀────┘ reload(old)
 *
 * A daemon's spec has start; a command line tool's has run. All callbacks run on the main thread,
 * the one that iterates the default GMainContext.
 *
 * Common arguments: --config-file, --config-dir (repeatable), --debug, --log-file, --log-dir,
 * --use-syslog, --version, --help, --sample-config.
 *
 * Threads: only msk_program_config may be called from other threads.
 * Source: oslo.config cfg.py (find_config_files), oslo.service service.py (signals).
 */

#include "oslo/config.h"

#include <glib.h>
#include <stdbool.h>

typedef struct MskProgram MskProgram;

typedef struct {
    const char *name;    /* "masakari-api"; also the name of its own <name>.conf */
    const char *project; /* "masakari" or "masakarimonitors": project.conf and /etc/<project> */
    const char *summary; /* one line of --help */
    void (*add_options)(MskConfigSchema *schema);

    /**
     * start: (nullable) brings a daemon up without waiting for peers that may be away. On success
     * the program is ready; on failure the error is logged and decides the exit status.
     */
    bool (*start)(MskProgram *program, GError **error);
    /**
     * reload: (nullable) new values of mutable options are in msk_program_config(); the ones that
     * changed were logged already. @old is valid during the call.
     */
    void (*reload)(MskProgram *program, const MskConfig *old);
    /**
     * drain: (nullable) takes no new work and finishes what runs; calls msk_program_quit() once
     * done, at the latest [DEFAULT] graceful_shutdown_timeout seconds after the signal the loop
     * ends anyway. NULL quits at once.
     */
    void (*drain)(MskProgram *program);
    /** stop: (nullable) after the loop has ended, or after start failed: free what start made. */
    void (*stop)(MskProgram *program);

    /* For tools, in place of start, reload and drain. */
    const char *usage; /* (nullable) the arguments after the options, with lines of explanation */
    /**
     * run: @arguments: NULL-terminated, what follows the options. %MSK_ERROR_INVALID ends with
     * EX_USAGE.
     */
    bool (*run)(MskProgram *program, const char *const *arguments, GError **error);
    /**
     * status: (nullable) for tools that end as their Python twins do: the exit status for a
     * failure, %MSK_ERROR_INVALID being arguments that cannot be used. NULL: EX_USAGE and
     * msk_exit_code().
     */
    int (*status)(const GError *error);
} MskProgramSpec;

/**
 * msk_program_main:
 * @spec: (static)
 *
 * Returns: the exit status for main() to return.
 */
int msk_program_main(const MskProgramSpec *spec, int argc, char **argv);

/** msk_program_add_options: the options that msk_program_main adds for every program. */
void msk_program_add_options(MskConfigSchema *schema);

/**
 * msk_program_config: Returns: (transfer full) the present snapshot; unref it. A module that keeps
 * one sees no reload, which is right for options that are not mutable.
 */
MskConfig *msk_program_config(MskProgram *program);

/**
 * msk_program_search_dirs: where a relative name in an option, such as policy_file, is looked up:
 * the --config-dir directories, those of the configuration files, the last one first, then
 * ~/.<project>, ~, /etc/<project> and /etc.
 *
 * Returns: (transfer full) absolute paths, NULL-terminated.
 */
char **msk_program_search_dirs(const MskProgram *program);

/** msk_program_set_data: @data: the caller's own state, freed by its stop(). */
void msk_program_set_data(MskProgram *program, void *data);
void *msk_program_data(const MskProgram *program);

/**
 * msk_program_quit: ends the main loop, once.
 * @error: (nullable) (transfer full) why, when it is a failure: logged, and the exit status.
 */
void msk_program_quit(MskProgram *program, GError *error);
/** msk_program_drained: msk_program_quit() for whoever calls back when nothing is left to do.
 *  @program: an MskProgram. */
void msk_program_drained(void *program);

/** msk_program_draining: whether SIGTERM or SIGINT was received. */
bool msk_program_draining(const MskProgram *program);
