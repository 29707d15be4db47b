/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* config_json: the values of options as JSON, for the tools that compare them with oslo.config's.
 */

#include "oslo/config.h"

#include <jansson.h>

json_t *msk_test_list_to_json(const char *const *list);

/** msk_test_value_to_json: null when the option has no value. */
json_t *msk_test_value_to_json(const MskConfig *config, const MskOption *option);
