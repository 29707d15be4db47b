/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libvirt_watch: a read-only connection to libvirt that reports the events of all domains, and
 * comes back by itself after libvirtd was restarted, stopped or stuck.
 *
 *   closed ──▶ connecting ──▶ listing ──▶ connected ──▶ closed (after a pause) …
 *
 * Events arrive on the main loop. Calls that can block (open, list, close) run on one worker
 * thread; what they find comes back on the main loop. After each connect the list of all domains is
 * delivered once. An event that happened after the list was asked for may be delivered before it;
 * see MskDomainList.asked_mono_us.
 *
 * Threads: the functions and callbacks belong to the thread that iterates the default
 * GMainContext. libvirt's event implementation is GLib's default context, so only one watch a
 * process is useful, and nothing else may register another event implementation.
 * Source: libvirt 9.0 include/libvirt/libvirt-domain.h; upstream instancemonitor/instance.py.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers are libvirt's own, checked against its header in libvirt_watch.c. */
typedef enum {
    MSK_DOMAIN_EVENT_LIFECYCLE = 0,
    MSK_DOMAIN_EVENT_REBOOT = 1,
    MSK_DOMAIN_EVENT_RTC_CHANGE = 2,
    MSK_DOMAIN_EVENT_WATCHDOG = 3,
    MSK_DOMAIN_EVENT_IO_ERROR = 4,
    MSK_DOMAIN_EVENT_GRAPHICS = 5,
    MSK_DOMAIN_EVENT_IO_ERROR_REASON = 6,
    MSK_DOMAIN_EVENT_CONTROL_ERROR = 7,
    MSK_DOMAIN_EVENT_DISK_CHANGE = 9,
} MskDomainEventId;

typedef enum {
    MSK_LIFECYCLE_DEFINED = 0,
    MSK_LIFECYCLE_UNDEFINED = 1,
    MSK_LIFECYCLE_STARTED = 2,
    MSK_LIFECYCLE_SUSPENDED = 3,
    MSK_LIFECYCLE_RESUMED = 4,
    MSK_LIFECYCLE_STOPPED = 5,
    MSK_LIFECYCLE_SHUTDOWN = 6,
    MSK_LIFECYCLE_PMSUSPENDED = 7,
    MSK_LIFECYCLE_CRASHED = 8,
} MskLifecycle;

typedef enum {
    MSK_STOPPED_SHUTDOWN = 0,
    MSK_STOPPED_DESTROYED = 1,
    MSK_STOPPED_CRASHED = 2,
    MSK_STOPPED_MIGRATED = 3,
    MSK_STOPPED_SAVED = 4,
    MSK_STOPPED_FAILED = 5,
    MSK_STOPPED_FROM_SNAPSHOT = 6,
} MskStopped;

enum {
    MSK_SUSPENDED_IOERROR = 2,
    MSK_SUSPENDED_WATCHDOG = 3,
    MSK_SUSPENDED_API_ERROR = 6,
    MSK_SHUTDOWN_FINISHED = 0,
    MSK_CRASHED_PANICKED = 0,
};

/* Why a domain is shut off: virDomainShutoffReason. */
typedef enum {
    MSK_SHUTOFF_UNKNOWN = 0,
    MSK_SHUTOFF_SHUTDOWN = 1,
    MSK_SHUTOFF_DESTROYED = 2,
    MSK_SHUTOFF_CRASHED = 3,
    MSK_SHUTOFF_MIGRATED = 4,
    MSK_SHUTOFF_SAVED = 5,
    MSK_SHUTOFF_FAILED = 6,
    MSK_SHUTOFF_FROM_SNAPSHOT = 7,
    MSK_SHUTOFF_DAEMON = 8,
} MskShutoffReason;

typedef struct {
    MskDomainEventId id;
    int type;         /* of a lifecycle event: MskLifecycle; of others their action; else -1 */
    int detail;       /* of a lifecycle event; else -1 */
    const char *uuid; /* lower case with dashes; valid for the call */
    const char *name; /* valid for the call */
} MskDomainEvent;

typedef struct {
    char uuid[37];
    char *name;
    bool active;             /* has a QEMU: running, paused, crashed and kept, … */
    bool crashed;            /* when active: its guest has crashed, and it is kept */
    MskShutoffReason reason; /* when not active */
    bool autostart;
} MskDomainStatus;

typedef struct {
    GArray *domains;       /* of MskDomainStatus */
    int64_t asked_mono_us; /* g_get_monotonic_time() before libvirt was asked */
} MskDomainList;

typedef struct {
    void (*event)(const MskDomainEvent *event, void *data);
    /** listed: all domains, defined and transient, after a connect or msk_libvirt_watch_list. */
    void (*listed)(const MskDomainList *list, void *data);
    /** connected: the list follows at once. */
    void (*connected)(void *data);
    /** disconnected: once in an outage, and again when the reason changes. */
    void (*disconnected)(const GError *reason, void *data);
} MskLibvirtWatchCallbacks;

typedef struct MskLibvirtWatch MskLibvirtWatch;

/**
 * msk_libvirt_watch_new:
 * @uri: such as "qemu:///system".
 * @callbacks: (static)
 *
 * Connects in the background, for as long as it takes; the first attempt is made at once, later
 * ones with pauses of 0.2 s growing to 3 s.
 */
MskLibvirtWatch *msk_libvirt_watch_new(const char *uri, const MskLibvirtWatchCallbacks *callbacks,
                                       void *data);

/**
 * msk_libvirt_watch_close: no callback is made afterwards. The connection is closed in the
 * background, for which libvirt needs the main loop to run on: see msk_libvirt_watch_is_closed.
 */
void msk_libvirt_watch_close(MskLibvirtWatch *self);

/** msk_libvirt_watch_is_closed: whether that has happened. A libvirtd that hangs can delay it. */
bool msk_libvirt_watch_is_closed(const MskLibvirtWatch *self);

/**
 * msk_libvirt_watch_free: no callback is made afterwards. Does not wait for a libvirtd that hangs:
 * the worker thread is then left behind and must end with the process.
 * @self: (nullable)
 */
void msk_libvirt_watch_free(MskLibvirtWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskLibvirtWatch, msk_libvirt_watch_free)

/** msk_libvirt_watch_list: asks for the list again; nothing happens while not connected. */
void msk_libvirt_watch_list(MskLibvirtWatch *self);

bool msk_libvirt_watch_is_connected(const MskLibvirtWatch *self);
