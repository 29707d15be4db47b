/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * scenario_faults: simulations in which one kind of thing goes wrong: each scenario is run as it is
 * and compared with its log; then with every fault at every action (of a run that goes on for long:
 * at every few actions); then with one engine after another that dies.
 */

#include "scenario_files.h"

/* What each scenario's own struct begins with. */
typedef struct {
    char *name;
    char *golden;
} ScenarioHead;

typedef struct {
    const char *name;
    const char *folder;
    unsigned n_least; /* see ScenarioSuite */
    void *(*parse)(const char *name, const char *text);
    void (*free)(void *scenario);
    /* @fault: 0, or what goes wrong at the action @at, from 1; of a death again @every so many
     * actions some times, 0: once. */
    ScenarioOutcome (*simulate)(const void *scenario, int fault, unsigned at, unsigned every);
    int n_faults;     /* with 0, which is none */
    int n_deaths;     /* so many of them, from 1, are deaths of an engine */
    unsigned gaps[5]; /* between these */
} ScenarioFaults;

/** scenario_faults_main: as scenario_files_main(). @faults: (static) */
int scenario_faults_main(int argc, char **argv, const ScenarioFaults *faults);
