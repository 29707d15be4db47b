/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * return_simulation: runs one scenario of a failed host that lives again: the real machine of
 * host_return in two engines that look at the same database and the same cloud, in virtual time.
 * The host failed at 0 s; its service was disabled and forced down, and is on maintenance.
 *
 * A scenario file is lines of "word arguments", then "---", then the log it must give:
 *   after|until|evacuating <s>   auto_return_after; how long it is watched; the last evacuation's
 * end failures|max <n>             within the window, this one among them; auto_return_max_failures
 *   lives <from> <to>|ever       the host beats every 10 s
 *   theirs                       the service is disabled for another reason than the failure
 *   at <s> fail                  the host fails again
 *   at <s> enable|clear          a person enables and lifts the service; clears on_maintenance
 *   end taken-back|left|failed-again
 */

#include "model/recovery/host_return.h"
#include "scenario_faults.h"

#define RETURN_MAX_LIVES 8
#define RETURN_MAX_HANDS 4

typedef enum {
    RETURN_FAULT_NONE,
    RETURN_FAULT_DIE_BEFORE, /* the engine dies, its call is not made */
    RETURN_FAULT_DIE_AFTER,
    RETURN_FAULT_DIE_LATE, /* its call takes effect when the other engine is at work */
    RETURN_FAULT_NO_ANSWER_UNDONE,
    RETURN_FAULT_NO_ANSWER_DONE,
    N_RETURN_FAULTS,
} ReturnFault;

typedef struct {
    int64_t from_us;
    int64_t to_us;
} ReturnLife;

typedef struct {
    int64_t at_us;
    char *verb;
} ReturnHand;

typedef struct {
    ScenarioHead head;
    MskReturnOrder order;
    int64_t until_us;
    int64_t evacuating_us;
    unsigned n_failures;
    ReturnLife lives[RETURN_MAX_LIVES];
    unsigned n_lives;
    bool theirs;
    ReturnHand hands[RETURN_MAX_HANDS];
    unsigned n_hands;
    char *end;
} ReturnScenario;

/* See ScenarioFaults. */
void *return_scenario_parse(const char *name, const char *text);
void return_scenario_free(void *scenario);

/** return_simulate: @fault: a ReturnFault; actions are those of both engines. */
ScenarioOutcome return_simulate(const void *scenario, int fault, unsigned at, unsigned every);
