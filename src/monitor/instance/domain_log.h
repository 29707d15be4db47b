/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * domain_log: why a domain stopped, from the log that libvirt keeps of it. A restarted libvirtd has
 * forgotten the reason, the log has not:
 *
 *   2026-11-23 06:59:33.128+0000: shutting down, reason=destroyed
 *
 * The parser is pure; any thread.
 * Source: libvirt 9.0 src/qemu/qemu_process.c (qemuProcessStop), virTimeStringNowRaw.
 */

#include "io/libvirt_watch.h"

/* Where the system instance of libvirt keeps the logs of its QEMUs. */
#define MSK_DOMAIN_LOG_DIR "/var/log/libvirt/qemu"

/**
 * msk_domain_log_parse:
 * @text: the end of a log; may start within a line. Need not be UTF-8 or NUL-terminated.
 * @since_us: lines before this time do not count.
 *
 * Returns: the last reason in it, %MSK_SHUTOFF_UNKNOWN without one.
 */
MskShutoffReason msk_domain_log_parse(const char *text, size_t length, int64_t since_us);

/**
 * msk_domain_log_read: the same from the file <@dir>/<@name>.log, of which it reads the last
 * 64 KiB. %MSK_SHUTOFF_UNKNOWN as well when it cannot be read.
 */
MskShutoffReason msk_domain_log_read(const char *dir, const char *name, int64_t since_us);
