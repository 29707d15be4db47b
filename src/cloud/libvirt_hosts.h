/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libvirt_hosts: the hosts that the configuration names, and the daemon of each. It knows no
 * libvirt, so that a program which only asks for hosts does not load it.
 *
 * Threads: any thread may call; nothing changes after msk_libvirt_hosts_new().
 */

#include "cloud/compute.h"
#include "oslo/config.h"

typedef struct MskLibvirtHosts MskLibvirtHosts;

/**
 * msk_libvirt_hosts_new:
 * @error: %MSK_ERROR_INVALID when a value is no URI; it names the option.
 */
MskLibvirtHosts *msk_libvirt_hosts_new(MskConfig *config, GError **error);

/** msk_libvirt_hosts_free: @self: (nullable) */
void msk_libvirt_hosts_free(MskLibvirtHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLibvirtHosts, msk_libvirt_hosts_free)

/** msk_libvirt_hosts_find: @error: %MSK_ERROR_NOT_FOUND. Returns: whether @host is known. */
bool msk_libvirt_hosts_find(const MskLibvirtHosts *self, const char *host, GError **error);

/** msk_libvirt_hosts_uri: Returns: (owned by @self) the daemon of @host. */
const char *msk_libvirt_hosts_uri(const MskLibvirtHosts *self, const char *host);

/** msk_libvirt_hosts_only_new: see msk_compute_new_hosts_only(). */
MskCompute *msk_libvirt_hosts_only_new(MskConfig *config, GError **error);
