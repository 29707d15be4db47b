/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

/* GLib's macro for it writes a plain static variable, from whichever thread comes first. */
GQuark
msk_error_quark(void)
{
    return g_quark_from_static_string("msk-error-quark");
}

const char *
msk_error_code_name(MskErrorCode code)
{
    static const char *const names[] = {
        [MSK_ERROR_INVALID] = "invalid",         [MSK_ERROR_DENIED] = "denied",
        [MSK_ERROR_NOT_FOUND] = "not found",     [MSK_ERROR_CONFLICT] = "conflict",
        [MSK_ERROR_UNAVAILABLE] = "unavailable", [MSK_ERROR_INTERNAL] = "internal",
    };

    g_assert((unsigned) code < G_N_ELEMENTS(names));
    return names[code];
}
