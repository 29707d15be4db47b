/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * authtoken_options: the options of [keystone_authtoken].
 * Source: keystonemiddleware auth_token/_opts.py; keystoneauth1 loading.
 */

#include "oslo/config.h"

#include <stddef.h>

#define MSK_AUTHTOKEN "keystone_authtoken"

extern const MskOption msk_authtoken_options[];
extern const size_t msk_n_authtoken_options;
