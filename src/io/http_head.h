/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http_head: whether the head of a request can be read in one way only. libmicrohttpd takes heads
 * that another server of the path could cut elsewhere (request smuggling); this refuses them.
 * Pure; any thread.
 * Source: RFC 9112 sections 3.2, 5.1, 6.1 and 6.3; RFC 9110 section 5.5.
 */

#include "io/http_server.h"

/**
 * msk_http_head_check:
 * @headers: as they came, in order.
 *
 * Returns: (nullable) (static) what is wrong with them, as a sentence for the client; NULL when
 *   nothing is.
 */
const char *msk_http_head_check(const MskHttpHeader *headers, size_t n_headers);
