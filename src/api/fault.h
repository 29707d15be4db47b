/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fault: every answer that refuses something, in the forms that clients of the Python service know.
 *
 *   of a resource:  {"badRequest": {"code": 400, "message": "…"}}
 *   of a stage before (no route, too large):  text, HTML or JSON, as Accept says
 *
 * Each function fills in the call's response.
 * Source: upstream masakari/api/openstack/wsgi.py (Fault), masakari/exception.py; WebOb 1.8 exc.py.
 */

#include "api/api_call.h"

/** msk_fault: @status: 4xx or 5xx; the rest is the message, in UTF-8. */
void msk_fault(MskApiCall *call, unsigned status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** msk_fault_text: as msk_fault(), with a message that may hold any text of unicode_print.h. */
void msk_fault_text(MskApiCall *call, unsigned status, const char *text, size_t size);

/**
 * msk_fault_error:
 * @error: of the store or the cloud; logged here. UNAVAILABLE is answered 503 with Retry-After;
 *   the client is told what is away, not the details.
 */
void msk_fault_error(MskApiCall *call, const GError *error);

/**
 * msk_fault_plain:
 * @status: 401, 404, 413 or 503; the last with Retry-After.
 * @explanation: a sentence in ASCII.
 * @detail: another one, or "".
 */
void msk_fault_plain(MskApiCall *call, unsigned status, const char *explanation,
                     const char *detail);
