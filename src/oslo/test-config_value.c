/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_value.h"

#define UNLIMITED INT64_MIN, INT64_MAX, false

/* allowed: NULL when the text is right; rendered: NULL when it leaves the option unset. */
static const struct {
    MskOptionType type;
    int64_t min;
    int64_t max;
    bool has_bounds;
    const char *initial;
    const char *text;
    const char *rendered;
    const char *allowed;
} cases[] = {
    {MSK_OPTION_STRING, UNLIMITED, NULL, "", "", NULL},
    {MSK_OPTION_STRING, UNLIMITED, NULL, " a b ", " a b ", NULL},
    {MSK_OPTION_BOOL, UNLIMITED, NULL, "On", "True", NULL},
    {MSK_OPTION_BOOL, UNLIMITED, NULL, "0", "False", NULL},
    {MSK_OPTION_BOOL, UNLIMITED, NULL, "t", NULL, "true or false"},
    {MSK_OPTION_BOOL, UNLIMITED, NULL, "", NULL, "true or false"},
    {MSK_OPTION_INT, UNLIMITED, NULL, " +1_2 ", "12", NULL},
    {MSK_OPTION_INT, UNLIMITED, NULL, "007", "7", NULL},
    {MSK_OPTION_INT, UNLIMITED, NULL, "", NULL, NULL},
    {MSK_OPTION_INT, UNLIMITED, "1", "", NULL, "a whole number"},
    {MSK_OPTION_INT, UNLIMITED, NULL, "1__2", NULL, "a whole number"},
    {MSK_OPTION_INT, UNLIMITED, NULL, "_1", NULL, "a whole number"},
    {MSK_OPTION_INT, UNLIMITED, NULL, "1.0", NULL, "a whole number"},
    {MSK_OPTION_INT, UNLIMITED, NULL, "0x10", NULL, "a whole number"},
    {MSK_OPTION_INT, UNLIMITED, NULL, "9223372036854775808", NULL, "a whole number"},
    {MSK_OPTION_INT, 2, 4, true, NULL, "4", "4", NULL},
    {MSK_OPTION_INT, 2, 4, true, NULL, "5", NULL, "a whole number from 2 to 4"},
    {MSK_OPTION_INT, 2, INT64_MAX, true, NULL, "1", NULL, "a whole number of at least 2"},
    {MSK_OPTION_INT, INT64_MIN, 4, true, NULL, "5", NULL, "a whole number of at most 4"},
    {MSK_OPTION_PORT, UNLIMITED, NULL, "65535", "65535", NULL},
    {MSK_OPTION_PORT, UNLIMITED, NULL, "-1", NULL, "a port number from 0 to 65535"},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "1e3", "1e3", NULL},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "-.5", "-.5", NULL},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "inf", NULL, "a number"},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "1e999", NULL, "a number"},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "0x1", NULL, "a number"},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "1,5", NULL, "a number"},
    {MSK_OPTION_FLOAT, 0, 1, true, NULL, "1.1", NULL, "a number from 0 to 1"},
    {MSK_OPTION_FLOAT, 0, 1, true, NULL, "1", "1", NULL},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "e5", NULL, "a number"},
    {MSK_OPTION_FLOAT, UNLIMITED, NULL, "1e", NULL, "a number"},
    {MSK_OPTION_PORT, UNLIMITED, NULL, "0", "0", NULL},
    {MSK_OPTION_PORT, UNLIMITED, NULL, "65536", NULL, "a port number from 0 to 65535"},
    {MSK_OPTION_PORT, 1, 9, true, NULL, "0", NULL, "a whole number from 1 to 9"},
    {MSK_OPTION_LIST, UNLIMITED, NULL, ",", "[]", NULL},
    {MSK_OPTION_LIST, UNLIMITED, NULL, "", "[]", NULL},
    {MSK_OPTION_LIST, UNLIMITED, NULL, " a , b,,", "['a', 'b']", NULL},
    {MSK_OPTION_LIST, UNLIMITED, NULL, ",a", "['', 'a']", NULL},
    {MSK_OPTION_LIST, UNLIMITED, NULL, "a\n,b", "['a', 'b']", NULL},
    {MSK_OPTION_LIST, 0, 9, true, NULL, "1,9", "['1', '9']", NULL},
    {MSK_OPTION_LIST, 0, 9, true, NULL, "1,10", NULL, "a list of whole numbers, each from 0 to 9"},
    {MSK_OPTION_DICT, UNLIMITED, NULL, "", "", NULL},
    {MSK_OPTION_DICT, UNLIMITED, NULL, "a:b,c:d:e", "a:b,c:d:e", NULL},
    {MSK_OPTION_DICT, UNLIMITED, NULL, "a:b,c", NULL, "NAME:VALUE pairs"},
    {MSK_OPTION_DICT, UNLIMITED, NULL, ":b", NULL, "NAME:VALUE pairs"},
    {MSK_OPTION_DICT, UNLIMITED, NULL, "a:b,a:c", NULL, "NAME:VALUE pairs"},
    {MSK_OPTION_DICT, UNLIMITED, NULL, "a:b,", NULL, "NAME:VALUE pairs"},
    {MSK_OPTION_FLOW, UNLIMITED, NULL, "main: ['a']", "main: ['a']", NULL},
    {MSK_OPTION_FLOW, UNLIMITED, NULL, "x", NULL, "{'pre'"},
    {MSK_OPTION_HOST, UNLIMITED, NULL, "h-1", "h-1", NULL},
    {MSK_OPTION_HOST, UNLIMITED, NULL, "h.a.", "h.a", NULL},
    {MSK_OPTION_HOST, UNLIMITED, NULL, "h_1", NULL, "an IP address or a host name"},
    {MSK_OPTION_URI, UNLIMITED, NULL, "http://a/", "http://a/", NULL},
    {MSK_OPTION_URI, UNLIMITED, NULL, "a", NULL, "a URI"},
};

static void
test_parse(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        MskOption option = {.group = "g",
                            .name = "n",
                            .type = cases[i].type,
                            .initial = cases[i].initial,
                            .min = cases[i].min,
                            .max = cases[i].max,
                            .has_bounds = cases[i].has_bounds};
        char *text = g_strdup(cases[i].text);
        char *texts[] = {text, NULL};
        MskConfigValue value = {0};
        g_autofree char *allowed = NULL;
        bool ok = msk_config_value_parse(&option, texts, &value, &allowed);
        g_autofree char *rendered = NULL;

        g_test_message("%s: %s", msk_config_type_name(&option), text);
        g_assert_cmpint(ok, ==, cases[i].allowed == NULL);
        if (!ok) {
            g_assert_cmpstr(strstr(allowed, cases[i].allowed), ==, allowed);
            g_assert_false(value.is_set);
        } else {
            rendered = msk_config_value_render(&value);
            g_assert_cmpint(value.is_set, ==, cases[i].rendered != NULL);
            g_assert_cmpstr(rendered, ==, cases[i].rendered != NULL ? cases[i].rendered : "");
        }
        msk_config_value_clear(&value);
        msk_config_value_clear(&value);
        g_free(text);
    }
}

static void
test_multi_and_dict(void)
{
    static const MskOption multi = {.group = "g", .name = "m", .type = MSK_OPTION_MULTI};
    static const MskOption dict = {.group = "g", .name = "d", .type = MSK_OPTION_DICT};
    char one[] = "a";
    char two[] = " b";
    char pairs[] = " x : 1 ,y , z : 2";
    char *multi_texts[] = {one, two, NULL};
    char *dict_texts[] = {pairs, NULL};
    MskConfigValue value = {0};
    g_autofree char *allowed = NULL;
    g_autofree char *rendered = NULL;

    g_assert_true(msk_config_value_parse(&multi, multi_texts, &value, &allowed));
    rendered = msk_config_value_render(&value);
    g_assert_cmpstr(rendered, ==, "['a', ' b']");
    g_assert_cmpstr(value.text, ==, "a\n b");
    msk_config_value_clear(&value);
    g_assert_true(msk_config_value_parse(&dict, dict_texts, &value, &allowed));
    g_assert_cmpuint(g_hash_table_size(value.table), ==, 2);
    g_assert_cmpstr(g_hash_table_lookup(value.table, "x"), ==, "1");
    g_assert_cmpstr(g_hash_table_lookup(value.table, "y , z"), ==, "2");
    msk_config_value_clear(&value);
}

static void
test_choices(void)
{
    static const char *const colours[] = {"red", "green", NULL};
    static const MskOption option = {.group = "g", .name = "c", .choices = colours};
    char good[] = "green";
    char bad[] = "Green";
    char *good_texts[] = {good, NULL};
    char *bad_texts[] = {bad, NULL};
    MskConfigValue value = {0};
    g_autofree char *allowed = NULL;

    g_assert_true(msk_config_value_parse(&option, good_texts, &value, &allowed));
    g_assert_cmpstr(value.string, ==, "green");
    msk_config_value_clear(&value);
    g_assert_false(msk_config_value_parse(&option, bad_texts, &value, &allowed));
    g_assert_cmpstr(allowed, ==, "one of: red, green");
    msk_config_value_clear(&value);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_value/parse", test_parse);
    g_test_add_func("/config_value/multi_and_dict", test_multi_and_dict);
    g_test_add_func("/config_value/choices", test_choices);
    return g_test_run();
}
