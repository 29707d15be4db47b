/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json_text.h"

#include <string.h>

static void
test_members_follow_one_another(void)
{
    g_autoptr(GString) out = g_string_new("{");

    msk_json_add_string(out, "name", "a");
    msk_json_add_string(out, "nothing", NULL);
    msk_json_add_string(out, "empty", "");
    msk_json_add_boolean(out, "yes", true);
    msk_json_add_boolean(out, "no", false);
    msk_json_append_name(out, "inner");
    g_string_append_c(out, '{');
    msk_json_add_integer(out, "first", 1);
    msk_json_add_integer(out, "second", 20);
    g_string_append(out, "}}");
    g_assert_cmpstr(out->str, ==,
                    "{\"name\": \"a\", \"nothing\": null, \"empty\": \"\", \"yes\": true, "
                    "\"no\": false, \"inner\": {\"first\": 1, \"second\": 20}}");
    g_assert_cmpuint(out->len, ==, strlen(out->str));
}

static void
test_integers(void)
{
    static const int64_t numbers[] = {0, 7, -1, 10, -10, 1795418060, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autofree char *expected = g_strdup_printf("\"n\": %" G_GINT64_FORMAT, numbers[i]);

        msk_json_add_integer(out, "n", numbers[i]);
        g_assert_cmpstr(out->str, ==, expected);
    }
}

static void
test_times(void)
{
    g_autoptr(GString) out = g_string_new("{");

    msk_json_add_time(out, "never", 0);
    msk_json_add_time(out, "then", 1795418060114763);
    msk_json_add_time(out, "before", -500000);
    g_assert_cmpstr(out->str, ==,
                    "{\"never\": null, \"then\": \"2026-11-23T07:14:20.114763\", "
                    "\"before\": \"1969-12-31T23:59:59.500000\"");
}

/* Wherever what has to be escaped stands. */
static void
test_texts(void)
{
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {
        {"", "\"\""},
        {"plain ~", "\"plain ~\""},
        {"\"", "\"\\\"\""},
        {"\\a", "\"\\\\a\""},
        {"a\n", "\"a\\n\""},
        {"a\tb\x7f"
         "c",
         "\"a\\tb\\u007fc\""},
        {"\xc3\xa9", "\"\\u00e9\""},
        {"a\xf0\x9f\x98\x80"
         "b\x01",
         "\"a\\ud83d\\ude00b\\u0001\""},
        {"\xc0\x80", "\"\\u0000\""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        msk_json_append_string(out, rows[i].text);
        g_assert_cmpstr(out->str, ==, rows[i].written);
    }
}

/* Each byte at each place of a text of two words and a rest. */
static void
test_what_is_escaped(void)
{
    static const char around[] = "abcdefghijklmnopqrs";

    for (unsigned byte = 1; byte < 0x100; byte++) {
        for (size_t at = 0; at < strlen(around); at++) {
            char text[] = "abcdefghijklmnopqrs";
            g_autoptr(GString) out = g_string_new(NULL);
            g_autofree char *as_it_is = NULL;
            bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';

            text[at] = (char) byte;
            as_it_is = g_strconcat("\"", text, "\"", NULL);
            msk_json_append_string(out, text);
            g_assert_cmpint(strcmp(out->str, as_it_is) == 0, ==, is_plain);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_text/members_follow_one_another", test_members_follow_one_another);
    g_test_add_func("/json_text/integers", test_integers);
    g_test_add_func("/json_text/times", test_times);
    g_test_add_func("/json_text/texts", test_texts);
    g_test_add_func("/json_text/what_is_escaped", test_what_is_escaped);
    return g_test_run();
}
