/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * microversion: which version of the API a request asks for.
 * Pure; any thread.
 * Source: microversion_parse.get_version; upstream masakari/api/api_version_request.py and
 * masakari/api/openstack/wsgi.py (set_api_version_request).
 */

#include <stdbool.h>

#define MSK_API_MIN_VERSION "1.0"
#define MSK_API_MAX_VERSION "1.3"
#define MSK_API_MAX_MINOR   3

typedef enum {
    MSK_MICROVERSION_OK,
    MSK_MICROVERSION_MALFORMED,   /* not "X.Y": 400 */
    MSK_MICROVERSION_UNSUPPORTED, /* below or above what there is: 406 */
} MskMicroversionResult;

/**
 * msk_microversion_parse:
 * @header: (nullable) OpenStack-API-Version; of several headers their values joined by ",".
 * @ret_text: (out) (transfer full) the version as asked for, "1.0" when it was not; for MALFORMED
 *   what stands in its place.
 * @ret_minor: (out) Y of a supported "1.Y"; set when OK.
 */
MskMicroversionResult msk_microversion_parse(const char *header, char **ret_text,
                                             unsigned *ret_minor);
