/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/exit.h"

#include "base/error.h"

#include <sysexits.h>

static void
test_codes(void)
{
    static const struct {
        MskErrorCode code;
        int status;
    } cases[] = {
        {MSK_ERROR_INVALID, EX_CONFIG},    {MSK_ERROR_DENIED, EX_NOPERM},
        {MSK_ERROR_NOT_FOUND, EX_NOINPUT}, {MSK_ERROR_CONFLICT, EX_TEMPFAIL},
        {MSK_ERROR_INTERNAL, EX_SOFTWARE}, {MSK_ERROR_UNAVAILABLE, EX_TEMPFAIL},
    };
    g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_ACCES, "x");
    g_autoptr(GError) unknown = g_error_new_literal(MSK_ERROR, 99, "x");

    g_assert_cmpint(msk_exit_code(NULL), ==, EX_OK);
    g_assert_cmpint(msk_exit_code(foreign), ==, EX_SOFTWARE);
    g_assert_cmpint(msk_exit_code(unknown), ==, EX_SOFTWARE);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = g_error_new_literal(MSK_ERROR, (int) cases[i].code, "x");

        g_assert_cmpint(msk_exit_code(error), ==, cases[i].status);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exit/codes", test_codes);
    return g_test_run();
}
