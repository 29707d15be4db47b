/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_flow: recovery flows as masakari.conf writes them.
 *
 *     pre: ['a_task'], main: ['b_task', "c_task"], post: []
 *
 * Braces around the whole and quotes around names are optional; a stage left out is empty.
 * Pure; any thread.
 * Source: masakari/conf/engine_driver.py: oslo.config's Dict of bounded Lists of quoted Strings.
 * That one takes neither braces nor quoted stage names, though the help of the option shows them.
 */

#include <glib.h>

/**
 * msk_config_flow_parse: Returns: (transfer full) (nullable) table of char * ("pre", "main",
 *   "post", always all three) to char **, or NULL when @text is not such a flow.
 */
GHashTable *msk_config_flow_parse(const char *text);
