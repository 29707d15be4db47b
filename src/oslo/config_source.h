/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_source: where the text of an option comes from: arguments, environment, files, default.
 *
 * Threads: one owner. Source: oslo.config 9 cfg.py (_Namespace), sources/_environment.py.
 */

#include "oslo/config.h"

typedef struct MskConfigFiles MskConfigFiles;

/* What was given for one option. */
typedef struct {
    char **texts;    /* NULL-terminated; one, or many for MULTI */
    char *where;     /* "path:line", "environment variable X", "command line" or "default" */
    char *old_name;  /* (nullable) "path:line: [group] name" when a deprecated name gave it */
    bool is_default; /* nobody gave it */
} MskConfigGiven;

void msk_config_given_clear(MskConfigGiven *given);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MskConfigGiven, msk_config_given_clear)

/**
 * msk_config_files_read:
 * @files, @dirs: (nullable) as in MskConfigSources.
 * @error: as msk_config_file_read.
 *
 * Blocks. Returns: (transfer full) what the files say, or NULL.
 */
MskConfigFiles *msk_config_files_read(const char *const *files, const char *const *dirs,
                                      GError **error);

/** msk_config_files_free: @self: (nullable) */
void msk_config_files_free(MskConfigFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskConfigFiles, msk_config_files_free)

/**
 * msk_config_find:
 * @sources: its overrides and use_environment count here.
 * @ret: (out) untouched when nothing is found.
 *
 * Returns: whether there is a text for @option, at least its default.
 */
bool msk_config_find(const MskConfigFiles *files, const MskConfigSources *sources,
                     const MskOption *option, MskConfigGiven *ret);

/**
 * msk_config_files_unknown:
 * @known: set of "group.name", every name an option has or had.
 *
 * Returns: (transfer full) "path:line: [group] name" of assignments that no option reads.
 */
char **msk_config_files_unknown(const MskConfigFiles *files, GHashTable *known);
