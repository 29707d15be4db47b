/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * transport_url: where the message bus is, in oslo.messaging's form.
 *
 *   rabbit://user:password@host:port,user:password@[::1]:port/virtual_host?option=value
 *
 * User, password and virtual host are percent-encoded. Several hosts are brokers to choose from.
 * Pure; any thread.
 * Source: oslo.messaging transport.py (TransportURL.parse), oslo.utils netutils.parse_host_port.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char *host;     /* a name or an address, without brackets */
    uint16_t port;  /* 0: the transport's own */
    char *username; /* (nullable) */
    char *password; /* (nullable) */
} MskTransportHost;

typedef struct {
    char *transport;        /* "rabbit" */
    GPtrArray *hosts;       /* (element-type MskTransportHost) in their order; may be empty */
    char *virtual_host;     /* (nullable) NULL without a path; "" for a path of "/" alone */
    GHashTable *query;      /* char * to char *: options that overrule those of the configuration */
    bool mixed_credentials; /* some hosts have them and some do not */
} MskTransportUrl;

/**
 * msk_transport_url_parse:
 * @error: %MSK_ERROR_INVALID; its message holds nothing of the URL, which has a password.
 *
 * Returns: (transfer full)
 */
MskTransportUrl *msk_transport_url_parse(const char *text, GError **error);
/** msk_transport_url_free: @self: (nullable) */
void msk_transport_url_free(MskTransportUrl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskTransportUrl, msk_transport_url_free)

/** msk_transport_url_is_local: whether there is no broker: "fake", "local". */
bool msk_transport_url_is_local(const MskTransportUrl *self);
