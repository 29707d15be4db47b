/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * scenario_files: what all simulations share: the scenarios of a folder, each run by some tests;
 * the reading of a scenario's lines; the log of a run.
 *
 * A scenario file is lines of "word arguments", then "---", then the log it must give. Empty lines
 * and those that begin with # say nothing. What is wrong with one ends the program.
 */

#include <glib.h>
#include <stdbool.h>

#include "model/recovery/server.h"

/* What became of one run. */
typedef struct {
    unsigned n_actions;
    char *log;
    char *complaint; /* (nullable) a broken rule */
} ScenarioOutcome;

void scenario_outcome_clear(ScenarioOutcome *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScenarioOutcome, scenario_outcome_clear)

/* ---- a folder of them -------------------------------------------------------------------- */

typedef struct {
    const char *suffix;             /* of the test's name */
    void (*test)(const void *path); /* of the scenario's file */
} ScenarioTest;

typedef struct {
    const char *name;
    const char *folder;
    unsigned n_least; /* so many files are in it */
    const ScenarioTest *tests;
    size_t n_tests;
    ScenarioOutcome (*run)(const char *path); /* as it is, for "--print FILE" */
} ScenarioSuite;

/** scenario_files_main: main() of a program that runs the tests of every "*.txt" of the folder, as
 *  "/<name>/<file>/<suffix>", or shows with "--print FILE" what log a new scenario gives. */
int scenario_files_main(int argc, char **argv, const ScenarioSuite *suite);

/** scenario_files_read: Returns: (transfer full) its text. @ret_name: (out) (transfer full). */
char *scenario_files_read(const char *path, char **ret_name);

/* ---- the lines of one -------------------------------------------------------------------- */

/** scenario_parse: @text: of a file called @name. @line: takes the words of one line; NULL ends
 *  them. Returns whether it understands them. Returns: (transfer full) the log that it must give.
 */
char *scenario_parse(const char *name, const char *text, bool (*line)(void *data, char **words),
                     void *data);

/** scenario_number: from 0. @text: (nullable) is none. */
int64_t scenario_number(const char *text);
/** scenario_vm_state: @word: (nullable) is none. */
MskVmState scenario_vm_state(const char *word);

/* ---- the log of a run -------------------------------------------------------------------- */

/** scenario_say: one line, after the time in milliseconds. */
void scenario_say(GString *log, int64_t now_us, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** scenario_say_s: one line, after the time in seconds. */
void scenario_say_s(GString *log, int64_t now_us, const char *format, ...) G_GNUC_PRINTF(3, 4);
