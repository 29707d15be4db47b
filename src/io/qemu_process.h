/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * qemu_process: the QEMU process of a libvirt domain on this machine, found without asking libvirt.
 *
 * libvirt writes the process number to <run dir>/<domain name>.pid and starts QEMU with
 * "-uuid <uuid>". The file is only a hint: a process counts when its command line has the uuid.
 *
 * Threads: any. Calls read /run and /proc, which takes microseconds; a look through all of /proc
 * (no usable file) some milliseconds on a machine with thousands of processes.
 * Source: libvirt 9.0 src/qemu/qemu_process.c (qemuProcessLaunch), src/qemu/qemu_command.c.
 */

#include "io/pidfd.h"

/* Where the system instance of libvirt keeps its pid files. */
#define MSK_QEMU_RUN_DIR "/run/libvirt/qemu"

/**
 * msk_qemu_command_line_has_uuid:
 * @command_line: arguments as in /proc/<pid>/cmdline, each ended by a NUL.
 *
 * Returns: whether "-uuid" is followed by @uuid (ignoring case).
 */
bool msk_qemu_command_line_has_uuid(const char *command_line, size_t length, const char *uuid);

/**
 * msk_qemu_find:
 * @run_dir: (nullable) a directory of pid files; NULL goes straight to /proc.
 * @name: (nullable) the domain's name, for the pid file.
 * @uuid: the domain's uuid.
 * @ret: (out)
 *
 * Returns: whether a living QEMU of the domain was found.
 */
bool msk_qemu_find(const char *run_dir, const char *name, const char *uuid,
                   MskProcessId *ret) G_GNUC_WARN_UNUSED_RESULT;
