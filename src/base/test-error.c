/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

static void
test_every_code_has_a_name(void)
{
    for (int code = MSK_ERROR_INVALID; code <= MSK_ERROR_INTERNAL; code++) {
        const char *name = msk_error_code_name((MskErrorCode) code);

        g_assert_nonnull(name);
        g_assert_cmpstr(name, !=, "");
    }
    g_assert_cmpstr(msk_error_code_name(MSK_ERROR_UNAVAILABLE), ==, "unavailable");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/every_code_has_a_name", test_every_code_has_a_name);
    return g_test_run();
}
