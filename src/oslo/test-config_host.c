/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_host.h"

#include <glib.h>

static void
test_host(void)
{
    static const char *const good[] = {
        "localhost", "a",  "a-b.example.com", "10.0.0.1", "::1", "fe80::1",
        "a.",        "1a", "1.2.3.a",         "A.B"};
    static const char *const bad[] = {"",    "a_b",      "-a",        "a-",  "a..b",
                                      ".",   "1.2.3",    "1.2.3.4.5", "a b", "fe80::1%eth0",
                                      "a/b", "300.1.1.1"};
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *longer = g_strnfill(64, 'a');
    g_autofree char *name = g_strdup_printf("%s.%s.%s.%.61s", label, label, label, label);
    g_autofree char *too_long = g_strdup_printf("%sa", name);

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_test_message("%s", good[i]);
        g_assert_true(msk_is_host_address(good[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(msk_is_host_address(bad[i]));
    }
    g_assert_true(msk_is_host_address(label));
    g_assert_false(msk_is_host_address(longer));
    g_assert_cmpuint(strlen(name), ==, 253);
    g_assert_true(msk_is_host_address(name));
    g_assert_false(msk_is_host_address(too_long));
}

static void
test_uri(void)
{
    static const char *const good[] = {"http://a", "https://a:1/b?c#d", "a+b-c.d://u:p@h/",
                                       "http://[::1]:80/"};
    static const char *const bad[] = {"",           "http",        "http:/a",    "http://",
                                      "http:///x",  "://a",        "1http://a",  "ht tp://a",
                                      "http://a b", "http://u@/x", "http://a\"", "http://\xc3\xa9"};

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_test_message("%s", good[i]);
        g_assert_true(msk_is_uri(good[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(msk_is_uri(bad[i]));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_host/host", test_host);
    g_test_add_func("/config_host/uri", test_uri);
    return g_test_run();
}
