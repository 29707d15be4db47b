/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/python_text.h"

/* All that Python 3.11's str.isspace says yes to. */
static const gunichar spaces[] = {
    0x09,   0x0a,   0x0b,   0x0c,   0x0d,   0x1c,   0x1d,   0x1e,   0x1f,   0x20,
    0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
    0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
};

static void
test_every_character(void)
{
    size_t next = 0;

    for (gunichar c = 0; c <= 0x10ffff; c++) {
        bool expected = next < G_N_ELEMENTS(spaces) && spaces[next] == c;

        g_assert_cmpint(msk_is_python_space(c), ==, expected);
        next += expected;
    }
    g_assert_cmpint(next, ==, G_N_ELEMENTS(spaces));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/python_text/every_character", test_every_character);
    return g_test_run();
}
