/* SPDX-License-Identifier: Apache-2.0 */
#include "store/general_ci.h"

#include <glib.h>
#include <string.h>

/* SHA-256 of '<', '=' or '>' for every character c of the basic plane against c + 1, c + 32 and
 * (7c + 11) mod 65536 where both are characters, by WEIGHT_STRING() of MariaDB 10.11. */
#define MARIADB_DIGEST "b20e398947ce72fb54b9e15630e009e82abd5ed95dba10b1b303df41142b93f1"

static int
compare(const char *a, const char *b)
{
    return msk_general_ci_compare(a, strlen(a), b, strlen(b));
}

static void
test_texts_compare_as_in_mariadb(void)
{
    static const struct {
        const char *a;
        const char *b;
        int wanted;
    } rows[] = {
        {"", "", 0},
        {"host", "HOST", 0},
        {"host", "host   ", 0},
        {"", "   ", 0},
        {"host\t", "host", -1}, /* a tab is less than the blank that follows "host" */
        {"host!", "host", 1},
        {"a", "b", -1},
        {"Zebra", "apple", 1},
        {"résumé", "RESUME", 0},
        {"straße", "strase", 0},
        {"straße", "strasse", -1},
        {"Ж", "ж", 0},
        {"Ω", "ώ", 0},
        {"Æ", "ae", 1},
        {"a", "_", -1},
        {"😀", "🚀", 0},
        {"a\xff", "a\xfe", 1},
        {"a\xff", "A\xff", 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(compare(rows[i].a, rows[i].b), ==, rows[i].wanted);
        g_assert_cmpint(compare(rows[i].b, rows[i].a), ==, -rows[i].wanted);
    }
}

static void
append_order(GString *orders, unsigned c, unsigned d)
{
    char a[8] = "";
    char b[8] = "";

    if (c > 0xffff || d > 0xffff || c == 0 || d == 0 || (c >= 0xd800 && c <= 0xdfff) ||
        (d >= 0xd800 && d <= 0xdfff)) {
        return;
    }
    g_unichar_to_utf8(c, a);
    g_unichar_to_utf8(d, b);
    g_string_append_c(orders, "<=>"[compare(a, b) + 1]);
}

static void
test_every_character_weighs_as_in_mariadb(void)
{
    g_autoptr(GString) orders = g_string_new(NULL);
    g_autofree char *digest = NULL;

    for (unsigned c = 1; c < 0x10000; c++) {
        append_order(orders, c, c + 1);
        append_order(orders, c, c + 32);
        append_order(orders, c, (c * 7 + 11) % 0x10000);
    }
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, orders->str, (gssize) orders->len);
    g_assert_cmpstr(digest, ==, MARIADB_DIGEST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/general_ci/texts_compare_as_in_mariadb", test_texts_compare_as_in_mariadb);
    g_test_add_func("/general_ci/every_character_weighs_as_in_mariadb",
                    test_every_character_weighs_as_in_mariadb);
    return g_test_run();
}
