/* SPDX-License-Identifier: Apache-2.0 */

/* A line of /proc/<pid>/stat, whose command name any program can choose for itself. */

#include "fuzz.h"

#include "io/pidfd.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *name = fuzz_text(data, size);
    g_autofree char *line = g_strdup_printf(
        "7 (%.15s) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4242 1 1 1 1 1 0 0 0 0 0 0 0 1 0 "
        "0 17 1 0 0 0 0 0 1 1 1 1 1 1 1 9",
        name);
    uint64_t start_time = 0;
    char state = '?';
    int status = -1;

    if (!msk_process_stat_parse(name, &state, &start_time, &status)) {
        g_assert_true(state == '?');
        g_assert_cmpuint(start_time, ==, 0);
        g_assert_cmpint(status, ==, -1);
    }
    g_assert_true(msk_process_stat_parse(line, &state, &start_time, &status));
    g_assert_true(state == 'S');
    g_assert_cmpuint(start_time, ==, 4242);
    g_assert_cmpint(status, ==, 9);
    return 0;
}
