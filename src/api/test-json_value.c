/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_value.h"

#include "api/json_text.h"
#include "api/python_repr.h"

#include <string.h>

/* What Python's json.loads() takes, and repr() and json.dumps() of it. */
static const struct {
    const char *text;
    const char *repr;
    const char *dump;
} good[] = {
    {"null", "None", "null"},
    {" \t\r\n true \n", "True", "true"},
    {"false", "False", "false"},
    {"0", "0", "0"},
    {"-0", "0", "0"},
    {"-12", "-12", "-12"},
    {"123456789012345678901234567890", "123456789012345678901234567890",
     "123456789012345678901234567890"},
    {"1.0", "1.0", "1.0"},
    {"-0.0", "-0.0", "-0.0"},
    {"1e5", "100000.0", "100000.0"},
    {"1E+16", "1e+16", "1e+16"},
    {"1e15", "1000000000000000.0", "1000000000000000.0"},
    {"123456789.123456789", "123456789.12345679", "123456789.12345679"},
    {"0.0001", "0.0001", "0.0001"},
    {"0.00001", "1e-05", "1e-05"},
    {"1.5e-7", "1.5e-07", "1.5e-07"},
    {"1e300", "1e+300", "1e+300"},
    {"5e-324", "5e-324", "5e-324"},
    {"0.1", "0.1", "0.1"},
    {"1e400", "inf", "Infinity"},
    {"-1e400", "-inf", "-Infinity"},
    {"NaN", "nan", "NaN"},
    {"Infinity", "inf", "Infinity"},
    {"-Infinity", "-inf", "-Infinity"},
    {"\"\"", "''", "\"\""},
    {"\"it's\"", "\"it's\"", "\"it's\""},
    {"\"a\\\"b\"", "'a\"b'", "\"a\\\"b\""},
    {"\"it's \\\"x\\\"\"", "'it\\'s \"x\"'", "\"it's \\\"x\\\"\""},
    {"\"\\b\\f\\n\\r\\t\\/\\\\\"", "'\\x08\\x0c\\n\\r\\t/\\\\'", "\"\\b\\f\\n\\r\\t/\\\\\""},
    {"\"\xc3\xa9\\u00e9\x7f\"", "'\xc3\xa9\xc3\xa9\\x7f'", "\"\\u00e9\\u00e9\\u007f\""},
    {"\"\\ud83d\\ude00\"", "'\xf0\x9f\x98\x80'", "\"\\ud83d\\ude00\""},
    {"\"\\ud800x\\udc00\"", "'\\ud800x\\udc00'", "\"\\ud800x\\udc00\""},
    {"\"\\ud800\\ud83d\\ude00\"", "'\\ud800\xf0\x9f\x98\x80'", "\"\\ud800\\ud83d\\ude00\""},
    {"\"\\u200b\\u3000\\u00a0\\u00ad\"", "'\\u200b\\u3000\\xa0\\xad'",
     "\"\\u200b\\u3000\\u00a0\\u00ad\""},
    {"\"\\udbff\\udfff\"", "'\\U0010ffff'", "\"\\udbff\\udfff\""},
    {"[]", "[]", "[]"},
    {"[1,[2 , {}] ]", "[1, [2, {}]]", "[1, [2, {}]]"},
    {"{}", "{}", "{}"},
    {"{\"a\":1,\"b\":[null]}", "{'a': 1, 'b': [None]}", "{\"a\": 1, \"b\": [null]}"},
    /* The last value of a name, in the place of the first. */
    {"{\"a\":1,\"b\":2,\"a\":3}", "{'a': 3, 'b': 2}", "{\"a\": 3, \"b\": 2}"},
    {"{\"\":{\"\":0}}", "{'': {'': 0}}", "{\"\": {\"\": 0}}"},
};

static const char *const bad[] = {
    "",           " ",         "{",
    "}",          "[1,]",      "[,1]",
    "{\"a\":1,}", "{\"a\"}",   "{\"a\":}",
    "{a:1}",      "{'a':1}",   "{1:2}",
    "[1 2]",      "nul",       "True",
    "nan",        "inf",       "+1",
    "01",         "-",         "-a",
    "1.",         ".5",        "1e",
    "1e+",        "0x10",      "1 2",
    "{} x",       "\"",        "\"a",
    "\"\\x\"",    "\"\\u12\"", "\"\\u12g4\"",
    "\"a\nb\"",   "\"\x01\"",  "\xef\xbb\xbf{}",
    "\"\xff\"",   "\"\xc3\"",  "\"\xed\xa0\x80\"",
    "\"\\",       "[\"a\"",    "--1",
    "-Inf",       "\f1",       "/* */ 1",
    "1 // x",     "[1}",       "{]",
};

static void
test_good(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(MskJson) value = msk_json_parse(good[i].text, strlen(good[i].text));
        g_autoptr(GString) repr = g_string_new(NULL);
        g_autoptr(GString) dump = g_string_new(NULL);

        g_test_message("%s", good[i].text);
        g_assert_nonnull(value);
        msk_python_repr(repr, value);
        g_assert_cmpstr(repr->str, ==, good[i].repr);
        msk_json_append_value(dump, value);
        g_assert_cmpstr(dump->str, ==, good[i].dump);
    }
}

static void
test_bad(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *shown = g_strescape(bad[i], NULL);

        g_test_message("%s", shown);
        g_assert_null(msk_json_parse(bad[i], strlen(bad[i])));
    }
    g_assert_null(msk_json_parse("1\0", 2));
}

static void
test_str_shows_strings_bare(void)
{
    static const char text[] = "[\"a'b\"]";
    g_autoptr(MskJson) value = msk_json_parse(text, strlen(text));
    g_autoptr(GString) out = g_string_new(NULL);

    msk_python_str(out, g_ptr_array_index(value->values, 0));
    msk_python_str(out, value);
    g_assert_cmpstr(out->str, ==, "a'b[\"a'b\"]");
}

static void
test_a_nul_is_kept_but_not_plain(void)
{
    static const char text[] = "[\"a\\u0000b\", \"\\ud800\", \"ok\", 1]";
    g_autoptr(MskJson) value = msk_json_parse(text, strlen(text));
    const MskJson *with_nul = g_ptr_array_index(value->values, 0);

    g_assert_cmpmem(with_nul->text, with_nul->size, "a\0b", 3);
    g_assert_null(msk_json_plain_string(with_nul));
    g_assert_null(msk_json_plain_string(g_ptr_array_index(value->values, 1)));
    g_assert_cmpstr(msk_json_plain_string(g_ptr_array_index(value->values, 2)), ==, "ok");
    g_assert_null(msk_json_plain_string(g_ptr_array_index(value->values, 3)));
    g_assert_null(msk_json_plain_string(NULL));
    g_assert_false(msk_json_is_string(with_nul, "a"));
    g_assert_false(msk_json_is_string(NULL, ""));
}

static void
test_nesting_has_a_limit(void)
{
    for (unsigned depth = MSK_JSON_MAX_DEPTH; depth <= MSK_JSON_MAX_DEPTH + 1; depth++) {
        g_autofree char *open = g_strnfill(depth, '[');
        g_autofree char *close = g_strnfill(depth, ']');
        g_autofree char *text = g_strconcat(open, close, NULL);
        g_autoptr(MskJson) value = msk_json_parse(text, strlen(text));

        g_assert_true((value != NULL) == (depth == MSK_JSON_MAX_DEPTH));
        g_assert_null(msk_json_parse(open, strlen(open)));
    }
}

static void
test_integers_have_a_limit(void)
{
    for (size_t digits = 4300; digits <= 4301; digits++) {
        g_autofree char *text = g_strnfill(digits, '9');
        g_autoptr(MskJson) value = msk_json_parse(text, digits);

        g_assert_true((value != NULL) == (digits == 4300));
    }
}

/* Also enough to need the index of names. */
static void
test_many_members(void)
{
    GString *text = g_string_new("{");

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            g_string_append_printf(text, "\"n%u\":%u,", i, i + round);
        }
    }
    g_string_append(text, "\"last\":true}");
    g_autoptr(MskJson) value = msk_json_parse(text->str, text->len);

    g_string_free(text, TRUE);
    g_assert_nonnull(value);
    g_assert_cmpuint(value->names->len, ==, 1001);
    g_assert_cmpstr(msk_json_member(value, "n999")->text, ==, "1000");
    g_assert_true(msk_json_is_string(g_ptr_array_index(value->names, 7), "n7"));
    g_assert_true(msk_json_member(value, "last")->boolean);
    g_assert_null(msk_json_member(value, "n1000"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_value/good", test_good);
    g_test_add_func("/json_value/bad", test_bad);
    g_test_add_func("/json_value/str_shows_strings_bare", test_str_shows_strings_bare);
    g_test_add_func("/json_value/a_nul_is_kept_but_not_plain", test_a_nul_is_kept_but_not_plain);
    g_test_add_func("/json_value/nesting_has_a_limit", test_nesting_has_a_limit);
    g_test_add_func("/json_value/integers_have_a_limit", test_integers_have_a_limit);
    g_test_add_func("/json_value/many_members", test_many_members);
    return g_test_run();
}
