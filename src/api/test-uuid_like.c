/* SPDX-License-Identifier: Apache-2.0 */
#include "api/uuid_like.h"

#include <glib.h>

#define DIGITS "00000000000040008000000000000Abf"

static const struct {
    const char *text;
    bool is;
} cases[] = {
    {"00000000-0000-4000-8000-000000000000", true},
    {DIGITS, true},
    {"{" DIGITS "}", true},
    {"urn:uuid:" DIGITS, true},
    {"}}" DIGITS "{", true},
    {"-" DIGITS "---", true},
    {"", false},
    {"{}", false},
    {"1", false},
    {DIGITS "0", false},
    {"0000000000004000800000000000000g", false},
    {" " DIGITS, false},
    {DIGITS "\n", false},
    {"0000000000000000{0000000000000000", false},
};

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("'%s'", cases[i].text);
        g_assert_cmpint(msk_uuid_is_like(cases[i].text), ==, cases[i].is);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uuid_like/cases", test_cases);
    return g_test_run();
}
