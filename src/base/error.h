/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * error: the one error domain. A code says what the caller can do about the failure, the message
 * says what was being done, to which object, and why it failed. api/fault.c maps codes to HTTP,
 * cmd/exit.c to exit statuses. Branch on codes, never on messages.
 */

#include <glib.h>

typedef enum {
    MSK_ERROR_INVALID,     /* the caller's input is wrong: 400, EX_USAGE or EX_CONFIG */
    MSK_ERROR_DENIED,      /* the caller may not do this: 403, EX_NOPERM */
    MSK_ERROR_NOT_FOUND,   /* the thing named does not exist: 404, EX_UNAVAILABLE */
    MSK_ERROR_CONFLICT,    /* the present state does not allow it: 409, EX_TEMPFAIL */
    MSK_ERROR_UNAVAILABLE, /* a peer or a resource is not there now; trying again may help: 503 */
    MSK_ERROR_INTERNAL,    /* none of the above; a person has to look: 500, EX_SOFTWARE */
} MskErrorCode;

#define MSK_ERROR (msk_error_quark())
GQuark msk_error_quark(void);

/**
 * msk_error_code_name:
 *
 * Returns: (static) a lower-case word for logs, such as "unavailable".
 */
const char *msk_error_code_name(MskErrorCode code);
