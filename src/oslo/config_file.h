/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_file: one configuration file as a list of assignments, before options are known.
 *
 *     [section]
 *     key = value        or key: value; one pair of equal quotes around the value is dropped
 *         more           an indented line continues the value, joined with a newline
 *     # comment          or ; in the first column
 *
 * Pure but for msk_config_file_read; any thread.
 * Source: oslo.config 9 iniparser.py and cfg.py (ConfigParser). Narrower than that: a file is UTF-8
 * without byte order mark or NUL, and not larger than MSK_CONFIG_FILE_MAX_BYTES.
 */

#include <glib.h>

#define MSK_CONFIG_FILE_MAX_BYTES   ((size_t) 1024 * 1024)
#define MSK_CONFIG_FILE_MAX_ENTRIES 10000u

typedef struct {
    char *group; /* the section in lower case, "DEFAULT" as it is */
    char *key;
    char *value;
    unsigned line; /* of the key, from 1 */
} MskConfigEntry;

/**
 * msk_config_file_parse:
 * @path: for messages.
 * @text: @length bytes; need not end in NUL.
 * @error: %MSK_ERROR_INVALID with "path:line: what is wrong".
 *
 * Returns: (transfer full) array of MskConfigEntry *, in the order of the file, or NULL.
 */
GPtrArray *msk_config_file_parse(const char *path, const char *text, size_t length, GError **error);

/**
 * msk_config_file_read:
 * @path: a file; a leading "~/" is the home directory.
 * @error: as msk_config_file_parse, also for a directory and a file that is too large;
 *   %MSK_ERROR_NOT_FOUND; %MSK_ERROR_DENIED; %MSK_ERROR_UNAVAILABLE for other read errors.
 *
 * Blocks. Returns: (transfer full) as msk_config_file_parse.
 */
GPtrArray *msk_config_file_read(const char *path, GError **error);

/** msk_config_group_name: Returns: (transfer full) @section as groups are compared. */
char *msk_config_group_name(const char *section);

/** msk_python_strip: Returns: (transfer full) @text without Python's white space at both ends. */
char *msk_python_strip(const char *text);
