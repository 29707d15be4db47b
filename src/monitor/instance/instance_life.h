/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * instance_life: one domain from its start to its end, and what is reported of it. Two witnesses
 * tell of an end: the pidfd of QEMU, at once, and libvirt, later but with the reason. One incident
 * makes one report, whichever comes first; the next life of the same domain makes another.
 *
 *            started, or listed as active
 *   NONE ────────────────▶ RUNNING ◀───────────────────────────────┐
 *                           │    │ libvirt: STOPPED                │ started
 *                 pidfd ends│    └──────────────────────▶ DOWN ────┤
 *                           ▼                              ▲       │
 *                         ENDED ── libvirt: STOPPED, or listed as inactive
 *
 * ENDED: QEMU is gone and libvirt has not said why. If a signal killed QEMU that nobody uses to
 * stop a domain in order, and no order is known (SHUTDOWN was seen, a SIGTERM waits), that is a
 * crash and is reported after a grace of some milliseconds, in which an event on its way can
 * arrive. In all other cases libvirt's word is waited for: a wrong report could start a VM that an
 * operator has stopped.
 *
 * Pure: no I/O, no clock, no shared state; any thread.
 * Source: measured with libvirt 9.0 (docs/user/instancemonitor.md), upstream
 * instancemonitor/instance.py for what is reported.
 */

#include "io/libvirt_watch.h"
#include "io/pidfd.h"
#include "monitor/instance/event_filter.h"

typedef enum {
    MSK_LIFE_NONE, /* never seen running */
    MSK_LIFE_RUNNING,
    MSK_LIFE_ENDED,
    MSK_LIFE_DOWN,
} MskLifePhase;

typedef struct {
    MskLifePhase phase;
    bool ordered;    /* somebody asked for the end of this life */
    bool reported;   /* its failure was reported */
    bool panicked;   /* the guest's kernel panicked; not yet reported */
    bool panic_told; /* the panic of a guest that is kept was reported, or is no news */
    MskProcessEnd end;
} MskLife;

typedef enum {
    MSK_LIFE_EVENT,         /* libvirt's event: id, type, detail */
    MSK_LIFE_PROCESS_ENDED, /* the pidfd: end */
    MSK_LIFE_GRACE_OVER,    /* the time of ARM_GRACE is over: end, read once more */
    MSK_LIFE_PANIC_OVER,    /* the time of ARM_PANIC is over */
    MSK_LIFE_WORD_OVERDUE,  /* the time of ARM_WORD is over */
    MSK_LIFE_SIGTERM_SEEN,  /* QEMU lives and has a SIGTERM waiting */
    MSK_LIFE_LISTED_ACTIVE, /* libvirt's list: crashed, first_start, new_process when it is not the
                               one watched so far */
    MSK_LIFE_LISTED_DOWN,   /* libvirt's list: shut off, or not there: reason, autostart,
                               first_start */
} MskLifeInputKind;

typedef struct {
    MskLifeInputKind kind;
    MskDomainEventId id;
    int type;
    int detail;
    MskProcessEnd end;
    bool new_process;
    bool crashed; /* the guest has crashed, its QEMU is kept */
    MskShutoffReason reason;
    bool autostart;
    bool first_start; /* this monitor has no memory of the time before */
} MskLifeInput;

enum {
    MSK_LIFE_DO_WATCH = 1 << 0,     /* find the QEMU and watch it; ends all timers */
    MSK_LIFE_DO_UNWATCH = 1 << 1,   /* the life is over; ends all timers */
    MSK_LIFE_DO_ARM_GRACE = 1 << 2, /* then GRACE_OVER */
    MSK_LIFE_DO_ARM_PANIC = 1 << 3, /* then PANIC_OVER */
    MSK_LIFE_DO_ARM_WORD = 1 << 4,  /* then WORD_OVERDUE */
    MSK_LIFE_DO_LIST = 1 << 5,      /* ask libvirt for its list */
    MSK_LIFE_DO_SAVE = 1 << 6,      /* what is remembered on disk has changed */
};

typedef enum {
    MSK_LIFE_NOTE_NONE,
    MSK_LIFE_NOTE_ORDERED_AFTER_ALL, /* reported as failed; libvirt says it was an order */
    MSK_LIFE_NOTE_UNKNOWN_END,       /* down, nobody knows why: not reported */
    MSK_LIFE_NOTE_MISSED,            /* died and came back while nobody watched: not reported */
} MskLifeNote;

typedef struct {
    unsigned actions;            /* of MSK_LIFE_DO_… */
    const MskEventNames *report; /* (nullable) (static) */
    MskLifeNote note;
} MskLifeOutput;

/** msk_life_step: @life: (inout) the state; all zero is a new one. */
MskLifeOutput msk_life_step(MskLife *life, const MskLifeInput *input);
