/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * host_simulation: runs one scenario of a failed host: the real machines of host_recovery and
 * vm_move against the model cloud, with what the engine does around them.
 *
 * A scenario file is lines of "word arguments", then "---", then the log it must give:
 *   method auto|reserved_host|auto_priority|rh_priority
 *   vm <name> <vm state> [noha] [busy] [locked] [off] [nohost] [prio=<n>] [size=<n>]
 *                        [deleted=<ms>] [leaves=<ms>: somebody evacuates it, until then]
 *                        [sent=<ms>: somebody evacuates it, from then on]
 *   beats <ms>|ever      how long the host lives on after the report
 *   reserved <n>, reserved-full, threads <n>, only-enabled, ignore-error, fenced, dry-run, join
 *   evacuation <ms>      how long one takes
 *   silent <n>           the first lists of migrations that leave out what there is
 *   at-rest <ms>         how long a VM that has arrived is shown at rest on its old host
 *   fence-fails <n>      the host has fence devices, which confirm after so many failures; fallback
 *   storm <failed> <hosts> <ms>   until then
 *   flow, program        see program_model.h
 *   end <status> [<vm>=<state>@source|other ...]
 */

#include "host_model.h"
#include "program_model.h"
#include "scenario_files.h"

typedef enum {
    HOST_FAULT_NONE,
    HOST_FAULT_DIE_BEFORE,       /* the engine dies; none of its calls under way is made */
    HOST_FAULT_DIE_AFTER,        /* all of them are made */
    HOST_FAULT_DIE_LATE,         /* all of them are made some seconds later */
    HOST_FAULT_CUT_OFF,          /* the engine loses the database, and goes on with its calls until
                                  * its lease is over; the last of them are made late, when another
                                  * engine acts already */
    HOST_FAULT_NO_ANSWER_UNDONE, /* one call fails, unavailable and not made */
    HOST_FAULT_NO_ANSWER_DONE,
    HOST_FAULT_NO_ANSWER_LATE,
    HOST_FAULT_REFUSED,
    HOST_FAULT_CONFLICT,
    HOST_FAULT_STALE,
    N_HOST_FAULTS,
    /* What lasts, and may change how it ends. */
    HOST_FAULT_OUTAGE = N_HOST_FAULTS, /* the cloud answers no call for a time */
    HOST_FAULT_SLEEP,                  /* the engine's machine sleeps for a time */
    N_HOST_TROUBLES,
} HostFault;

/* What goes wrong in a run. */
typedef struct {
    HostFault fault;
    unsigned at;         /* at the action of this number, from 1 */
    unsigned every;      /* of a death: and again each so many actions, some times; 0: once */
    int64_t takes_us;    /* until the successor begins; how long an outage or a sleep lasts */
    int64_t skew_us;     /* by which the successor's monotonic clock is ahead of the last one's */
    int64_t late_us;     /* how late what is made late is made; 0: some seconds */
    int64_t rest_us;     /* as the scenario's at-rest; 0: as that says */
    bool offered;        /* before each event, another host's look is offered to this one */
    bool reported_twice; /* once it has ended, the same host is reported again */
} HostTrouble;

typedef struct {
    char *name;
    HostModel model;
    ProgramModel programs;
    MskHostOrder order;
    char *end_status;
    char **ends; /* name=state@place */
    char *golden;
} HostScenario;

HostScenario *host_scenario_parse(const char *name, const char *text);
void host_scenario_free(HostScenario *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostScenario, host_scenario_free)

/** host_simulate: @trouble: (nullable) */
ScenarioOutcome host_simulate(const HostScenario *scenario, const HostTrouble *trouble);
