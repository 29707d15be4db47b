/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * domain_watch: one domain as the monitor sees it: its life, the pidfd of its QEMU, and the timers
 * that the life asks for. It turns all of them into inputs of the life.
 *
 * Threads: belongs to the thread that iterates the default GMainContext.
 */

#include "monitor/instance/instance_life.h"

typedef struct MskDomainWatch MskDomainWatch;

/** Called with each output of the life that asks for more than timers and pidfds. */
typedef void (*MskDomainWatchOutput)(MskDomainWatch *watch, const MskLifeOutput *output,
                                     void *data);

/* How to find QEMUs on this machine. */
typedef struct {
    bool is_local;       /* libvirt's QEMUs are processes of this machine */
    const char *run_dir; /* (nullable) (static) of their pid files */
} MskQemuPlace;

struct MskDomainWatch {
    char uuid[37];
    char *name;
    MskLife life;
    MskProcessId process;    /* the last QEMU; pid 0: none was found */
    int64_t since_us;        /* UTC; when this life was first seen */
    int64_t touched_mono_us; /* of the last event: older lists do not count */

    MskQemuPlace place;
    MskDomainWatchOutput output;
    void *data;
    int pidfd; /* -1: none */
    unsigned pidfd_source;
    unsigned grace_source;
    unsigned panic_source;
    unsigned word_source;
};

/** msk_domain_watch_new: @place: copied. */
MskDomainWatch *msk_domain_watch_new(const char *uuid, const char *name, const MskQemuPlace *place,
                                     MskDomainWatchOutput output, void *data);
/** msk_domain_watch_free: @self: (nullable) */
void msk_domain_watch_free(MskDomainWatch *self);

/** msk_domain_watch_step: gives @input to the life and does what it asks. */
void msk_domain_watch_step(MskDomainWatch *self, const MskLifeInput *input);

/**
 * msk_domain_watch_resume: goes on with a life that was read from the memory; its QEMU may have
 * ended meanwhile.
 */
void msk_domain_watch_resume(MskDomainWatch *self);

/**
 * msk_domain_watch_listed_active: libvirt's list has it; looks for its QEMU first.
 * @crashed, @first_start: see MskLifeInput.
 */
void msk_domain_watch_listed_active(MskDomainWatch *self, bool crashed, bool first_start);

/**
 * msk_domain_watch_settle_process: takes the end of its QEMU into account now, if it has ended.
 *
 * Returns: whether a QEMU of it is still alive.
 */
bool msk_domain_watch_settle_process(MskDomainWatch *self);

/** msk_domain_watch_look_for_sigterm: see MSK_LIFE_SIGTERM_SEEN. */
void msk_domain_watch_look_for_sigterm(MskDomainWatch *self);

/** msk_domain_watch_is_down: neither its life nor /proc knows a QEMU of it. */
bool msk_domain_watch_is_down(const MskDomainWatch *self);
