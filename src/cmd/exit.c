/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/exit.h"

#include "base/error.h"

#include <sysexits.h>

static const int statuses[] = {
    [MSK_ERROR_INVALID] = EX_CONFIG,       [MSK_ERROR_DENIED] = EX_NOPERM,
    [MSK_ERROR_NOT_FOUND] = EX_NOINPUT,    [MSK_ERROR_CONFLICT] = EX_TEMPFAIL,
    [MSK_ERROR_UNAVAILABLE] = EX_TEMPFAIL, [MSK_ERROR_INTERNAL] = EX_SOFTWARE,
};

int
msk_exit_code(const GError *error)
{
    if (error == NULL) {
        return EX_OK;
    }
    if (error->domain != MSK_ERROR || (unsigned) error->code >= G_N_ELEMENTS(statuses)) {
        return EX_SOFTWARE;
    }
    return statuses[error->code];
}
