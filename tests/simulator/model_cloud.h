/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * model_cloud: one virtual machine and the cloud around it, in virtual time. It behaves as libvirt
 * does (a killed VM is noticed late, an order may outlive who gave it), and watches that nothing
 * is done to the VM that would harm it. The VM's lives are counted: each start begins another one.
 *
 * Plain data, one thread.
 */

#include "model/recovery/instance_recovery.h"

#define MODEL_MAX_EVENTS 16

typedef enum {
    VERB_CRASH,    /* its process dies */
    VERB_HALT,     /* an I/O error stops it in place */
    VERB_PAUSE,    /* a person pauses it */
    VERB_RESUME,   /* a person lets it go on */
    VERB_SLEEP,    /* the guest suspends itself */
    VERB_DESTROY,  /* a person powers it off */
    VERB_SHUTDOWN, /* the guest shuts itself down */
    VERB_MIGRATE,  /* it goes to another host */
    VERB_BETWEEN,  /* something is being done to it */
    VERB_BOOT,     /* a person starts it */
    VERB_VANISH,   /* a person undefines it */
    VERB_AWAY,     /* the cloud does not answer any more */
    VERB_BACK,     /* the cloud answers again */
    N_VERBS,
} ModelVerb;

typedef struct {
    int64_t at_us;
    ModelVerb verb;
} ModelEvent;

/* How the cloud behaves. */
typedef struct {
    bool live_truth;
    bool ha_enabled;
    bool stop_ignored;                   /* orders to stop are taken and have no effect */
    bool start_ignored;                  /* orders to start are taken and have no effect */
    unsigned stops_refused;              /* so many, at first */
    unsigned starts_refused;             /* so many, at first */
    unsigned flaps;                      /* so many starts are followed by a crash */
    int64_t flap_us;                     /* after this time */
    int64_t notice_us;                   /* from a crash to when it is known */
    int64_t call_us;                     /* how long a call takes */
    ModelEvent events[MODEL_MAX_EVENTS]; /* in the order of time */
    unsigned n_events;
} ModelRules;

typedef struct {
    ModelRules rules;
    int64_t now_us;
    unsigned next_event;

    MskVmState truth;
    MskStopReason stop_reason;
    bool gone;
    bool away;
    unsigned life;
    int64_t noticed_us; /* when the last crash becomes known */
    MskVmState before;  /* what is known until then */
    int64_t flap_at_us; /* 0: none is due */
    bool wanted_off;    /* a person wants it to be off, or elsewhere */

    MskActionKind late; /* an order of a dead engine that takes effect later; WAIT: none */
    int64_t late_at_us;

    unsigned n_stops; /* that took effect */
    unsigned n_starts;
    unsigned reported_life; /* the life that the report is about */
    bool may_stop_reported; /* the report asks for a stop of a running VM */
    const char *harm;       /* (static) (nullable) the first thing that must not happen */
} ModelCloud;

/** model_verb: Returns: whether @word is a verb. */
bool model_verb(const char *word, ModelVerb *ret);

void model_init(ModelCloud *self, const ModelRules *rules, MskVmState first, bool may_stop);

/** model_pass: lets time go by, and what happens in it happen. */
void model_pass(ModelCloud *self, int64_t delay_us);

/** model_call: makes the call @action. Returns: its answer, a call's time later. */
MskEvent model_call(ModelCloud *self, MskActionKind action);

/** model_call_late: the call @action has no answer, and takes effect @delay_us later. */
void model_call_late(ModelCloud *self, MskActionKind action, int64_t delay_us);
