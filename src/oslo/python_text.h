/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* python_text: what Python takes text for, where that is not what GLib does. Pure; any thread. */

#include <glib.h>
#include <stdbool.h>

/** msk_is_python_space: as str.isspace: GLib's white space, the ASCII separators, VT and NEL. */
bool msk_is_python_space(gunichar c);
