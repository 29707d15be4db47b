/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * options: what the two configuration files may hold. All programs of a project know all options of
 * its file, so that one file serves them all and each of them finds its mistakes.
 *
 * Threads: main.
 */

#include "oslo/config.h"

/** msk_options_masakari: masakari.conf: api, engine, manage. */
void msk_options_masakari(MskConfigSchema *schema);

/** msk_options_masakarimonitors: masakarimonitors.conf: the monitors. */
void msk_options_masakarimonitors(MskConfigSchema *schema);
