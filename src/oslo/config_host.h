/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config_host: what oslo.config takes as a host and as a URI.
 *
 * Pure; any thread.
 * Source: oslo.config 9 types.py (HostAddress, Hostname, URI), RFC 1123, RFC 3986.
 */

#include <stdbool.h>

/** msk_is_host_address: an IPv4 or IPv6 address, or a host name whose last part is no number. */
bool msk_is_host_address(const char *text);

/** msk_is_uri: has a scheme and a host, and only characters that a URI may have. */
bool msk_is_uri(const char *text);
