/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * simulation: runs one scenario: the real recovery machine against the model cloud, with what the
 * engine does around it: state stored before a durable call, no order on an old look, progress
 * stored some time, one more try after an error, takeover after a death, and one recovery of a VM
 * at a time.
 *
 * A scenario file is lines of "word arguments", then "---", then the log it must give:
 *   order down|impaired [all]         what the report says
 *   cloud libvirt|nova
 *   vm <vm state> [noha]              what the VM is at first
 *   at <ms> <verb>                    see ModelVerb
 *   notice|call|flap <ms>, flaps|stops-refused|starts-refused <n>, stop-ignored, start-ignored
 *   outage <ms>                       the first order has to wait so long, and is not given then
 *   flow, program                     see program_model.h
 *   end <status> <vm state>           how it must end, also with any one fault
 *   alone                             no fault is added: after a death nobody can tell a stored
 *                                     order from a given one, nor a person's stop from ours
 *   fragile                           a fault may end it in another way; only harm is looked for
 */

#include "model_cloud.h"
#include "program_model.h"

typedef struct {
    char *name;
    ModelRules rules;
    ProgramModel programs;
    MskVmState vm_state;
    MskIncident incident;
    bool all_instances;
    bool fragile;
    bool alone;
    int64_t outage_us; /* 0: none */
    char *end_status;
    MskVmState end_vm_state;
    char *golden;
} Scenario;

/** instance_scenario_parse: @text: of a file called @name. */
Scenario *instance_scenario_parse(const char *name, const char *text);
void scenario_free(Scenario *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

typedef enum {
    FAULT_NONE,
    FAULT_DIE_BEFORE,      /* the engine dies before it acts; unsaved progress is lost */
    FAULT_DIE_BEFORE_KEPT, /* the same, but all progress was saved */
    FAULT_DIE_AFTER,       /* the engine dies when the call is done and does not learn it */
    FAULT_DIE_AFTER_KEPT,
    FAULT_DIE_LATE,         /* the engine dies, and its call takes effect a second later */
    FAULT_NO_ANSWER_UNDONE, /* the call fails: unavailable, nothing was done */
    FAULT_NO_ANSWER_DONE,   /* the same, but it was done */
    FAULT_NO_ANSWER_LATE,   /* the same, but it is done a second later */
    FAULT_REFUSED,          /* the call fails: internal */
    FAULT_CONFLICT,         /* the call fails: conflict */
    FAULT_STALE,            /* an order has to wait too long and is not given */
    N_FAULTS,
} Fault;

typedef struct {
    unsigned n_actions; /* that the recovery took, all attempts together */
    unsigned n_ends;    /* how often it came to an end; has to be 1 */
    char *log;
    char *status;
    char *complaint; /* (nullable) a broken rule */
    MskVmState vm_state;
    unsigned n_starts;
    bool refused_unknown; /* a program, so it failed */
} Outcome;

void outcome_clear(Outcome *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

/**
 * simulate:
 * @fault, @at: what goes wrong at the action of this number, from 1.
 * @then: (nullable) a second report on the same VM, of the time of the first, that another engine
 *   works on as soon as the first has ended.
 */
Outcome simulate(const Scenario *scenario, Fault fault, unsigned at, const MskIncident *then);

/** simulate_again: as simulate, but the engine's successor dies, too, @every so many actions after
 *  @at, some times; each on a machine with another monotonic clock. @fault: a death. */
Outcome simulate_again(const Scenario *scenario, Fault fault, unsigned at, unsigned every,
                       const MskIncident *then);
