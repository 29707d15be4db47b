/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * event_filter: which libvirt events are reported, and by what names. One table.
 * Pure; any thread.
 * Source: upstream instancemonitor/libvirt_handler/eventfilter_table.py; STOPPED_CRASHED and
 * CRASHED_PANICKED are ours.
 */

#include "io/libvirt_watch.h"

#define MSK_EVENT_LIFECYCLE         "LIFECYCLE"
#define MSK_EVENT_STOPPED_SHUTDOWN  "STOPPED_SHUTDOWN"
#define MSK_EVENT_STOPPED_DESTROYED "STOPPED_DESTROYED"
#define MSK_EVENT_STOPPED_FAILED    "STOPPED_FAILED"
#define MSK_EVENT_STOPPED_CRASHED   "STOPPED_CRASHED"
#define MSK_EVENT_CRASHED_PANICKED  "CRASHED_PANICKED"

/* The two names of a report's payload: {"event": s, "vir_domain_event": s, …}. */
typedef struct {
    const char *event;
    const char *vir_domain_event;
} MskEventNames;

/** msk_event_filter: Returns: (static) (nullable) NULL for an event that is not reported. */
const MskEventNames *msk_event_filter(MskDomainEventId id, int type, int detail);

/**
 * msk_event_is_vital: whether an engine recovers on it; such a report is never given up for want of
 * space while others are there.
 */
bool msk_event_is_vital(const char *vir_domain_event);

/** msk_event_says_down: whether it says that the domain has no QEMU any more. */
bool msk_event_says_down(const char *vir_domain_event);
