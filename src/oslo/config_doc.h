/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_doc: the option tables for people: --help, sample file, reference page.
 *
 * Pure; the schema's thread.
 */

#include "oslo/config.h"

/** msk_config_doc_help: Returns: (transfer full) options with an effect, by section, one each line
 * with its first sentence. */
char *msk_config_doc_help(MskConfigSchema *schema);

/** msk_config_doc_sample: Returns: (transfer full) a file with every option and its default, all
 * commented out. @file: its name, such as "masakari.conf". */
char *msk_config_doc_sample(MskConfigSchema *schema, const char *file);

/** msk_config_doc_reference: @file: such as "masakari.conf". Returns: (transfer full) Markdown. */
char *msk_config_doc_reference(MskConfigSchema *schema, const char *file);
