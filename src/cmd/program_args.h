/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * program_args: the arguments that every program takes, and the configuration files it finds by
 * itself.
 *
 * Threads: main. Source: oslo.config 9 cfg.py (find_config_files, find_config_dirs), oslo.log 5
 * _options.py (the command line options).
 */

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char **config_files; /* NULL: the ones found, see msk_program_find_files */
    char **config_dirs;  /* NULL: the ones found */
    char **overrides;    /* "DEFAULT.debug=true" and so on, for MskConfigSources */
    char **rest;         /* what follows the options, for tools */
    bool version;
    bool help;
    bool sample_config;
    bool reference; /* undocumented: the page of docs/user/configuration */
} MskProgramArgs;

/**
 * msk_program_args_parse:
 * @takes_rest: whether arguments without '-' are allowed.
 * @error: %MSK_ERROR_INVALID, with what is allowed.
 *
 * Returns: whether @ret was filled.
 */
bool msk_program_args_parse(int argc, char **argv, bool takes_rest, MskProgramArgs *ret,
                            GError **error);

void msk_program_args_clear(MskProgramArgs *args);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskProgramArgs, msk_program_args_clear)

/** msk_program_args_help: Returns: (transfer full) the lines of --help about the arguments. */
char *msk_program_args_help(const char *name, const char *summary, const char *usage);

/**
 * msk_program_find_files:
 * @project: such as "masakari". @name: the program.
 * @suffix: ".conf" for files, ".conf.d" for directories.
 *
 * Looks for <project><suffix> and <name><suffix>, each in ~/.<project>, ~, /etc/<project> and /etc,
 * first found wins; or only in $OS_MASAKARI_CONFIG_DIR where that is set.
 *
 * Returns: (transfer full) paths, NULL-terminated.
 */
char **msk_program_find_files(const char *project, const char *name, const char *suffix);

/** msk_program_standard_dirs: Returns: (transfer full) ~/.<project>, ~, /etc/<project>, /etc. */
char **msk_program_standard_dirs(const char *project);
