/* SPDX-License-Identifier: Apache-2.0 */
#include "api/field.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *text;
    bool is;
    bool value;
} words[] = {
    {"1", true, true},      {"t", true, true},      {"TRUE", true, true},   {"On", true, true},
    {"y", true, true},      {" yes\n", true, true}, {"0", true, false},     {"f", true, false},
    {"False", true, false}, {"off", true, false},   {"n", true, false},     {"NO", true, false},
    {"", false, false},     {"2", false, false},    {"None", false, false}, {"tru", false, false},
};

static void
test_words(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        bool value = !words[i].value;

        g_test_message("'%s'", words[i].text);
        g_assert_cmpint(msk_boolean_parse(words[i].text, &value), ==, words[i].is);
        g_assert_cmpint(value, ==, words[i].is ? words[i].value : !words[i].value);
    }
}

static void
test_leading_number(void)
{
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"", 0},     {"1", 1},   {" \t1x", 1}, {"-1", -1},          {"+1.5e1x", 15},
        {".5", 0.5}, {"0x1", 0}, {"-0X1", 0},  {"inf", 0},          {"NAN", 0},
        {"true", 0}, {"x1", 0},  {"01", 1},    {"1e400", INFINITY}, {"+-1", 0},
        {"- 1", 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("'%s'", cases[i].text);
        g_assert_true(msk_leading_number(cases[i].text) == cases[i].number);
    }
}

static void
test_members(void)
{
    static const char text[] = "{\"s\": \"x\", \"n\": null, \"b\": true, \"w\": \"off\"}";
    g_autoptr(MskJson) object = msk_json_parse(text, strlen(text));
    g_autofree char *string = g_strdup("before");
    bool boolean = false;

    g_assert_false(msk_field_string(object, "missing", &string));
    g_assert_cmpstr(string, ==, "before");
    g_assert_true(msk_field_string(object, "s", &string));
    g_assert_cmpstr(string, ==, "x");
    g_assert_true(msk_field_string(object, "n", &string));
    g_assert_null(string);
    g_assert_false(msk_field_boolean(object, "missing", &boolean));
    g_assert_true(msk_field_boolean(object, "b", &boolean));
    g_assert_true(boolean);
    g_assert_true(msk_field_boolean(object, "w", &boolean));
    g_assert_false(boolean);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/field/words", test_words);
    g_test_add_func("/field/leading_number", test_leading_number);
    g_test_add_func("/field/members", test_members);
    return g_test_run();
}
