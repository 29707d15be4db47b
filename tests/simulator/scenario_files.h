/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * scenario_files: the scenarios of a folder, each run by some tests.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *suffix;             /* of the test's name */
    void (*test)(const void *path); /* of the scenario's file */
} ScenarioTest;

/** scenario_files_add: @tests for every "*.txt" of @folder, as "/<suite>/<file>/<suffix>". */
void scenario_files_add(const char *suite, const char *folder, const ScenarioTest *tests,
                        size_t n_tests);

/** scenario_files_read: Returns: (transfer full) its text. @ret_name: (transfer full). */
char *scenario_files_read(const char *path, char **ret_name);
