/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/test_accepted.h"

static void
test_rows_are_sound(void)
{
    test_accepted_rows(msk_accepted_masakari, msk_n_accepted_masakari);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accepted_masakari/rows_are_sound", test_rows_are_sound);
    return g_test_run();
}
