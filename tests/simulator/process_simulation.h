/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * process_simulation: runs one scenario of a failed process: the real machine of process_recovery
 * against a compute service, in virtual time, with what the engine does around it.
 *
 * A scenario file is lines of "word arguments", then "---", then the log it must give:
 *   process <name>         that was reported
 *   disabled               the service is, at first
 *   disables <n>|never     the cloud takes so many orders before one has an effect
 *   slow <ms>              an order has its effect so late
 *   at <ms> enable|disable what a person does meanwhile
 *   away <ms> <ms>         the cloud answers nothing from then until then
 *   flow, program          see program_model.h
 *   fragile                a fault may end it in another way
 *   end <status> enabled|disabled
 *
 * An order that a dead engine gave may take effect when its successor is at work, which is also how
 * two engines act at once.
 */

#include "model/recovery/process_recovery.h"
#include "program_model.h"
#include "scenario_faults.h"

typedef enum {
    PROCESS_FAULT_NONE,
    PROCESS_FAULT_DIE_BEFORE, /* the engine dies, its call is not made */
    PROCESS_FAULT_DIE_AFTER,  /* it is made, and nobody learns the answer */
    PROCESS_FAULT_DIE_LATE,   /* it takes effect seconds later */
    PROCESS_FAULT_NO_ANSWER_UNDONE,
    PROCESS_FAULT_NO_ANSWER_DONE,
    PROCESS_FAULT_NO_ANSWER_LATE,
    PROCESS_FAULT_CONFLICT,
    N_PROCESS_FAULTS,
} ProcessFault;

typedef struct {
    int64_t at_us;
    bool enables;
} ProcessHand;

/* The compute service and the cloud. */
typedef struct {
    int64_t now_us;
    bool enabled;
    unsigned n_ignored; /* orders without an effect, at first */
    int64_t slow_us;
    int64_t effect_at_us; /* of an order under way; 0: none */
    int64_t away_from_us;
    int64_t away_until_us;
    ProcessHand hands[4];
    unsigned n_hands;
    unsigned n_orders;
} ProcessModel;

typedef struct {
    ScenarioHead head;
    char *process;
    ProcessModel model;
    ProgramModel programs;
    bool fragile;
    char *end_status;
    bool end_enabled;
} ProcessScenario;

/* See ScenarioFaults. */
void *process_scenario_parse(const char *name, const char *text);
void process_scenario_free(void *scenario);
/** process_simulate: @fault: a ProcessFault. */
ScenarioOutcome process_simulate(const void *scenario, int fault, unsigned at, unsigned every);
