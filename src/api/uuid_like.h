/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* uuid_like: what oslo.utils takes for a UUID. Pure; any thread.
 * Source: oslo.utils uuidutils.is_uuid_like; CPython 3.11 Lib/uuid.py. */

#include <stdbool.h>

/** msk_uuid_is_like: whether @text is 32 hexadecimal digits once "urn:", "uuid:", hyphens and
 *  braces at the ends are taken away. */
bool msk_uuid_is_like(const char *text);
