/* SPDX-License-Identifier: Apache-2.0 */
#include "base/percent.h"

#include <string.h>

static const struct {
    const char *text;
    const char *decoded;
} cases[] = {
    {"", ""},           {"plain", "plain"},     {"a%20b", "a b"}, {"%2Fa%2fb", "/a/b"},
    {"p%40ss", "p@ss"}, {"100%", "100%"},       {"%4", "%4"},     {"%zz", "%zz"},
    {"%%41", "%A"},     {"%c3%a9", "\xc3\xa9"}, {"a+b", "a+b"},   {"a%00b", NULL},
    {"%ff", NULL},      {"%c3", NULL},
};

static void
test_decode(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *decoded = msk_percent_decode(cases[i].text, strlen(cases[i].text));

        g_assert_cmpstr(decoded, ==, cases[i].decoded);
    }
}

static void
test_length_counts(void)
{
    g_autofree char *cut = msk_percent_decode("a%41b", 3);

    g_assert_cmpstr(cut, ==, "a%4");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/percent/decode", test_decode);
    g_test_add_func("/percent/length", test_length_counts);
    return g_test_run();
}
