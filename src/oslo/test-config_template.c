/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_template.h"

#include "base/error.h"

/* "up" fails, "big" is long, all others are their name in capitals. */
static char *
look_up(const char *name, void *data, GError **error)
{
    unsigned *calls = data;

    (*calls)++;
    if (strcmp(name, "up") == 0) {
        g_set_error_literal(error, MSK_ERROR, MSK_ERROR_NOT_FOUND, "up");
        return NULL;
    }
    return strcmp(name, "big") == 0 ? g_strnfill(MSK_CONFIG_VALUE_MAX_BYTES / 2 + 1, 'x')
                                    : g_ascii_strup(name, -1);
}

static void
test_expand(void)
{
    static const struct {
        const char *text;
        const char *expanded;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"$a/${b}c", "A/Bc"},
        {"$a.b ${c.d}.e", "A.B C.D.e"},
        {"$_x1", "_X1"},
        {"$$a $$$a", "$a $A"},
        {"\\$a \\$$a", "$a $A"},
        {"$\\$a", "$A"},
        {"cost 5$", "cost 5$"},
        {"$1 $- ${ ${} ${a $}", "$1 $- ${ ${} ${a $}"},
        {"$a$b", "AB"},
        {"\\", "\\"},
        {"$\xc3\xa9", "$\xc3\xa9"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned calls = 0;
        g_autoptr(GError) error = NULL;
        g_autofree char *expanded = msk_config_expand(cases[i].text, look_up, &calls, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(expanded, ==, cases[i].expanded);
    }
}

static void
test_failures(void)
{
    unsigned calls = 0;
    g_autoptr(GError) error = NULL;

    g_assert_null(msk_config_expand("a $up $b", look_up, &calls, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    g_assert_cmpuint(calls, ==, 1);
    g_clear_error(&error);
    calls = 0;
    g_assert_null(msk_config_expand("$big$big$big$big", look_up, &calls, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_cmpuint(calls, ==, 2);
}

static void
test_the_longest_value(void)
{
    g_autofree char *longest = g_strnfill(MSK_CONFIG_VALUE_MAX_BYTES, 'x');
    g_autofree char *too_long = g_strdup_printf("%sx", longest);
    g_autoptr(GError) error = NULL;
    g_autofree char *expanded = msk_config_expand(longest, look_up, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(expanded, ==, longest);
    g_assert_null(msk_config_expand(too_long, look_up, NULL, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_template/expand", test_expand);
    g_test_add_func("/config_template/failures", test_failures);
    g_test_add_func("/config_template/the_longest_value", test_the_longest_value);
    return g_test_run();
}
