/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

static void
test_whole_text_within_bounds(void)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-5", true, -5},
        {"+7", true, 7},
        {"100", true, 100},
        {"101", false, 0},
        {"-101", false, 0},
        {"", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"1.0", false, 0},
        {"--1", false, 0},
        {"99999999999999999999", false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t value = 42;

        g_test_message("'%s'", rows[i].text);
        g_assert_cmpint(msk_parse_int64(rows[i].text, -100, 100, &value), ==, rows[i].ok);
        g_assert_cmpint(value, ==, rows[i].ok ? rows[i].value : 42);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/number/whole_text_within_bounds", test_whole_text_within_bounds);
    return g_test_run();
}
