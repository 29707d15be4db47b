/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libvirt_domain: looks at, destroys and starts the domains of any number of libvirt daemons.
 *
 *   caller ──▶ slot of the daemon (bounded) ──▶ thread that makes the call ──▶ libvirtd
 *     └────────── waits, but not beyond the deadline ◀──────────┘
 *
 * A libvirt call cannot be cancelled. So each runs on a thread of its own, and a caller whose
 * deadline passes leaves it behind and drops the connection. While two calls to a daemon are left
 * behind, further ones fail at once: a daemon that hangs holds up neither its callers for long nor
 * those of other daemons. A connection is opened when it is first needed, kept, and opened anew
 * after the daemon was restarted.
 *
 * Connections to other machines are probed while idle, through the default main context. Local
 * ones are not: an idle program sleeps.
 *
 * Threads: any thread may call.
 * Errors, of every call: UNAVAILABLE the daemon is away, hangs or dropped the connection;
 *   NOT_FOUND no such domain; CONFLICT the domain's state does not allow it; DENIED; INTERNAL.
 * Source: libvirt 9.0 libvirt-domain.h, virterror.h.
 */

#include "model/recovery/server.h"

/* The element below a domain's <metadata> in which operators tell us about it. */
#define MSK_LIBVIRT_METADATA_URI "https://masakari-c.org/xmlns/instance/1.0"

typedef struct MskLibvirt MskLibvirt;

typedef struct {
    unsigned call_timeout_ms;    /* from 1 */
    unsigned max_calls_per_host; /* from 3; calls to one daemon at a time */
} MskLibvirtOptions;

MskLibvirt *msk_libvirt_new(const MskLibvirtOptions *options);
/** msk_libvirt_free: @self: (nullable); no call may be under way. Calls that were left behind end
 *  by themselves. */
void msk_libvirt_free(MskLibvirt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLibvirt, msk_libvirt_free)

/**
 * msk_libvirt_get_domain:
 * @uri: of the daemon, such as "qemu:///system".
 * @uuid: of the domain.
 *
 * Blocks, as the two below, until the deadline at the latest.
 * Returns: (transfer full) with metadata from the domain's %MSK_LIBVIRT_METADATA_URI element; host
 *   is unset.
 */
MskServer *msk_libvirt_get_domain(MskLibvirt *self, const char *uri, const char *uuid,
                                  GError **error);

/** msk_libvirt_destroy_domain: hard power off. @error: CONFLICT when it is off. */
bool msk_libvirt_destroy_domain(MskLibvirt *self, const char *uri, const char *uuid,
                                GError **error);

/** msk_libvirt_start_domain: @error: CONFLICT when it is on. */
bool msk_libvirt_start_domain(MskLibvirt *self, const char *uri, const char *uuid, GError **error);

/**
 * msk_libvirt_map_state:
 * @state, @reason: virDomainState and the reason that goes with it, of virDomainGetState.
 * @ret_stop_reason: (out) set for %MSK_VM_STOPPED, else %MSK_STOP_UNKNOWN.
 *
 * Pure. Returns: the state in Nova's words.
 */
MskVmState msk_libvirt_map_state(int state, int reason, MskStopReason *ret_stop_reason);

/**
 * msk_libvirt_parse_metadata:
 * @xml: the element, as libvirt hands it out:
 *   <masakari:instance xmlns:masakari="…"><meta name="HA_Enabled">True</meta></masakari:instance>;
 *   prefixes do not matter; anything else in it is passed over.
 * @metadata: (inout) gets one entry a <meta>; left as it was when @xml is not well-formed.
 *
 * Pure. Returns: whether @xml is well-formed.
 */
bool msk_libvirt_parse_metadata(const char *xml, GHashTable *metadata);
