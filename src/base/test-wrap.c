/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wrap.h"

static void
test_lines(void)
{
    static const struct {
        const char *prefix;
        size_t width;
        const char *text;
        const char *lines;
    } cases[] = {
        {"", 10, "", ""},
        {"# ", 10, " \n ", ""},
        {"", 3, "a b c", "a b\nc\n"},
        {"# ", 5, "a b c", "# a b\n# c\n"},
        {"# ", 4, "a b c", "# a\n# b\n# c\n"},
        {"# ", 5, "a  longword b\nc", "# a\n# longword\n# b c\n"},
        {"", 5, "abcde f", "abcde\nf\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new("before\n");
        g_autofree char *expected = g_strconcat("before\n", cases[i].lines, NULL);

        msk_append_wrapped(out, cases[i].prefix, cases[i].width, cases[i].text);
        g_assert_cmpstr(out->str, ==, expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wrap/lines", test_lines);
    return g_test_run();
}
