/* SPDX-License-Identifier: Apache-2.0 */
#include "api/microversion.h"

#include <glib.h>

static const struct {
    const char *header;
    MskMicroversionResult result;
    const char *text;
    unsigned minor; /* when OK */
} cases[] = {
    {NULL, MSK_MICROVERSION_OK, "1.0", 0},
    {"", MSK_MICROVERSION_OK, "1.0", 0},
    {"instance-ha 1.0", MSK_MICROVERSION_OK, "1.0", 0},
    {"instance-ha 1.3", MSK_MICROVERSION_OK, "1.3", 3},
    {"instance-ha latest", MSK_MICROVERSION_OK, "1.3", 3},
    {"INSTANCE-HA latest", MSK_MICROVERSION_OK, "1.3", 3},
    {"instance-ha\t 1.2 ", MSK_MICROVERSION_OK, "1.2", 2},
    {"instance-ha", MSK_MICROVERSION_OK, "1.0", 0},
    {"instance-ha ", MSK_MICROVERSION_OK, "1.0", 0},
    {"instance-hax 1.2", MSK_MICROVERSION_OK, "1.0", 0},
    {"masakari 1.3", MSK_MICROVERSION_OK, "1.0", 0},
    {"1.2", MSK_MICROVERSION_OK, "1.0", 0},
    {"latest", MSK_MICROVERSION_OK, "1.0", 0},
    {"compute 2.1, instance-ha 1.1", MSK_MICROVERSION_OK, "1.1", 1},
    {"instance-ha 1.1, compute 2.1", MSK_MICROVERSION_OK, "1.1", 1},
    {"instance-ha 1.1,instance-ha 1.2,", MSK_MICROVERSION_OK, "1.2", 2},
    {"instance-ha 1.4", MSK_MICROVERSION_UNSUPPORTED, "1.4", 0},
    {"instance-ha 1.10", MSK_MICROVERSION_UNSUPPORTED, "1.10", 0},
    {"instance-ha 2.0", MSK_MICROVERSION_UNSUPPORTED, "2.0", 0},
    {"instance-ha 11.0", MSK_MICROVERSION_UNSUPPORTED, "11.0", 0},
    {"instance-ha 99999999999999999999.1", MSK_MICROVERSION_UNSUPPORTED, "99999999999999999999.1",
     0},
    {"instance-ha 0.9", MSK_MICROVERSION_MALFORMED, "0.9", 0},
    {"instance-ha 1", MSK_MICROVERSION_MALFORMED, "1", 0},
    {"instance-ha 1.", MSK_MICROVERSION_MALFORMED, "1.", 0},
    {"instance-ha .1", MSK_MICROVERSION_MALFORMED, ".1", 0},
    {"instance-ha 1.01", MSK_MICROVERSION_MALFORMED, "1.01", 0},
    {"instance-ha 1.3.1", MSK_MICROVERSION_MALFORMED, "1.3.1", 0},
    {"instance-ha 1.-1", MSK_MICROVERSION_MALFORMED, "1.-1", 0},
    {"\xc2\xa0instance-ha\xc2\x85 1.2\xc2\xa0 ", MSK_MICROVERSION_OK, "1.2", 2},
    {"instance-ha\xc2\xa1 1.2", MSK_MICROVERSION_OK, "1.0", 0},
    {"instance-ha 1.\xc2\xb2\xc2\xa0", MSK_MICROVERSION_MALFORMED, "1.\xc2\xb2", 0},
    {"instance-ha 1.2 x", MSK_MICROVERSION_MALFORMED, "1.2 x", 0},
    {"instance-ha ABC", MSK_MICROVERSION_MALFORMED, "ABC", 0},
    {"instance-ha Latest", MSK_MICROVERSION_MALFORMED, "Latest", 0},
};

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        unsigned minor = 99;

        g_test_message("%s", cases[i].header == NULL ? "none" : cases[i].header);
        g_assert_cmpint(msk_microversion_parse(cases[i].header, &text, &minor), ==,
                        cases[i].result);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_assert_cmpuint(minor, ==, cases[i].result == MSK_MICROVERSION_OK ? cases[i].minor : 99);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/microversion/cases", test_cases);
    return g_test_run();
}
