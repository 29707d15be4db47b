/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * compute: what runs the virtual machines, behind one small interface. The driver is the option
 * [DEFAULT] compute_driver: `libvirt` talks to the libvirt daemons of a few hosts itself; `nova`
 * asks OpenStack's compute service.
 *
 * Every call blocks, but not longer than [libvirt] call_timeout, or four times that to start and
 * stop servers; a peer that hangs costs its callers that long and no more. Any thread may call; a
 * driver bounds how many calls it has in flight.
 *
 * Errors, of every call:
 *   UNAVAILABLE  the peer is away, hangs, or dropped the connection; nothing is known about the
 *                call's effect, the caller looks before it repeats
 *   NOT_FOUND    the cloud does not know the server (or host)
 *   CONFLICT     the server's present state does not allow the call
 *   DENIED       the credentials are refused
 *   INTERNAL     anything else
 * Messages name the host and the server.
 */

#include "model/recovery/server.h"
#include "oslo/config.h"

typedef struct MskCompute MskCompute;

/* A server, and the name of the host that reported it. */
typedef struct {
    const char *uuid;
    const char *host;
} MskServerRef;

/* A driver. All functions are set; see the msk_compute_* function of the same name. */
typedef struct {
    const char *name;
    /* Its answers are the state of the VMs themselves, not a database's belief about them. */
    bool live_truth;
    bool (*find_host)(MskCompute *self, const char *host, GError **error);
    MskServer *(*get_server)(MskCompute *self, const MskServerRef *ref, GError **error);
    bool (*stop_server)(MskCompute *self, const MskServerRef *ref, GError **error);
    bool (*start_server)(MskCompute *self, const MskServerRef *ref, GError **error);
    void (*free)(MskCompute *self);
} MskComputeDriver;

/* The head of each driver's own struct. */
struct MskCompute {
    const MskComputeDriver *driver; /* (static) */
};

/** msk_compute_add_options: those below [DEFAULT] and [libvirt] that the drivers read. */
void msk_compute_add_options(MskConfigSchema *schema);

/**
 * msk_compute_new:
 * @error: %MSK_ERROR_INVALID when the configured driver is not part of this release, or a host's
 *   URI cannot be used.
 *
 * Does not connect: hosts are connected to when they are first needed.
 * Returns: (transfer full) the configured driver.
 */
MskCompute *msk_compute_new(MskConfig *config, GError **error);

/**
 * msk_compute_new_hosts_only:
 *
 * For programs that only ask for hosts: find_host works as with msk_compute_new() and needs no
 * connection with the libvirt driver; the other calls answer INTERNAL. It does not pull libvirt
 * into the program.
 * @error: as of msk_compute_new().
 */
MskCompute *msk_compute_new_hosts_only(MskConfig *config, GError **error);

/** msk_compute_free: @self: (nullable); no call may be under way. */
void msk_compute_free(MskCompute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskCompute, msk_compute_free)

/**
 * msk_compute_find_host:
 * @host: the name a user gives a host of a segment.
 * @error: %MSK_ERROR_NOT_FOUND when the cloud has no such host.
 *
 * With the libvirt driver a host is known when [libvirt] host_uris names it, when it is
 * [DEFAULT] host, or when host_uris is empty. Returns: whether the host is known.
 */
bool msk_compute_find_host(MskCompute *self, const char *host, GError **error);

/** msk_compute_get_server: Returns: (transfer full) the server as it is now, or NULL. */
MskServer *msk_compute_get_server(MskCompute *self, const MskServerRef *ref, GError **error);

/**
 * msk_compute_stop_server:
 *
 * Asks for power off, hard. When it returns true the order was taken; the server may need a moment.
 * @error: %MSK_ERROR_CONFLICT when it is off already.
 */
bool msk_compute_stop_server(MskCompute *self, const MskServerRef *ref, GError **error);

/**
 * msk_compute_start_server:
 *
 * Asks for power on. @error: %MSK_ERROR_CONFLICT when it is running already.
 */
bool msk_compute_start_server(MskCompute *self, const MskServerRef *ref, GError **error);
