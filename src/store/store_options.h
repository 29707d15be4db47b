/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* store_options: the [database] options that the store uses, and a store's options from them. */

#include "oslo/config.h"
#include "store/store.h"

void msk_store_add_options(MskConfigSchema *schema);

/** msk_store_options: Returns: borrows its strings from @config. */
MskStoreOptions msk_store_options(const MskConfig *config);
