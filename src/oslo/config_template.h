/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_template: $name, ${name}, $group.name and ${group.name} inside values.
 *
 * "$$" and "\$" give one dollar sign; a dollar sign before anything else stays as it is.
 * Pure; any thread.
 * Source: oslo.config 9 cfg.py (ConfigOpts._substitute, Template), Python's string.Template.
 */

#include <glib.h>

/* The longest value after substitution, so that values that double each other stay small. */
#define MSK_CONFIG_VALUE_MAX_BYTES ((size_t) 64 * 1024)

/**
 * MskConfigLookup:
 * @name: "name" or "group.name" as written.
 *
 * Returns: (transfer full) the text to put in its place, or NULL with @error set.
 */
typedef char *(*MskConfigLookup)(const char *name, void *data, GError **error);

/**
 * msk_config_expand:
 * @error: of @lookup, or %MSK_ERROR_INVALID when the result is too long.
 *
 * Returns: (transfer full) @text with the names replaced, or NULL.
 */
char *msk_config_expand(const char *text, MskConfigLookup lookup, void *data, GError **error);
