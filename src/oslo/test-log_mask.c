/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/log_mask.h"

#include <glib.h>

static const struct {
    const char *message;
    const char *masked;
} cases[] = {
    {"nothing to hide", "nothing to hide"},
    {"", ""},
    {"password = hunter2 and more", "password = *** and more"},
    {"Password: hunter2, user: bob", "Password: ***, user: bob"},
    {"os_privileged_user_password=x", "os_privileged_user_password=***"},
    {"{\"adminPass\": \"a b\", \"name\": \"c\"}", "{\"adminPass\": \"***\", \"name\": \"c\"}"},
    {"{'auth_token': u'ab\\'c', 'x': 1}", "{'auth_token': u'***', 'x': 1}"},
    {"{\\\"password\\\": \\\"abc\\\", \\\"n\\\": 1}",
     "{\\\"password\\\": \\\"***\\\", \\\"n\\\": 1}"},
    {"<password>abc</password>", "<password>***</password>"},
    {"<password>abc", "<password>***"},
    {"<password>s3cret<br>", "<password>***<br>"},
    {"<password>\xd0\xbf\xd0\xb0<br>", "<password>***<br>"},
    {"<adminPass>s3cret (see <https://x>)", "<adminPass>*** (see <https://x>)"},
    {"<password>a<b</password>", "<password>***<b</password>"},
    {"<password>!?</password>", "<password>***</password>"},
    {"<password>!?", "<password>***"},
    {"mysql://<user>:<password>@<host>/<db>", "mysql://<user>:<password>@<host>/<db>"},
    {"run --os-password abc --verbose", "run --os-password *** --verbose"},
    {"run --os-password=abc --verbose", "run --os-password=*** --verbose"},
    {"X-Auth-Token: gAAAA-b", "X-Auth-Token: ***"},
    {"Authorization: Bearer abc def\nHost: x", "Authorization: ***\nHost: x"},
    {"memcache_secret_key = s", "memcache_secret_key = ***"},
    {"password1=a password22=b", "password1=*** password22=***"},
    {"?token=abc&limit=1", "?token=***&limit=1"},
    {"the token expired", "the token expired"},
    {"passwords are bad", "passwords are bad"},
    {"token_cache_time = 300", "token_cache_time = 300"},
    {"password=", "password="},
    {"password=\"", "password=\""},
    {"mysql+pymysql://root:pa@ss@db/masakari?x=1", "mysql+pymysql://root:***@db/masakari?x=1"},
    {"rabbit://a:b@h1:5672,c:d@h2:5672/v", "rabbit://a:***@h1:5672,c:***@h2:5672/v"},
    {"rabbit://a:b@h1,h2,c:d@h3/", "rabbit://a:***@h1,h2,c:***@h3/"},
    {"mysql://root:pa/ss@host/db", "mysql://root:***@host/db"},
    {"mysql://root:p,w@host/db", "mysql://root:***@host/db"},
    {"mysql://root:1234?5@host/db", "mysql://root:***@host/db"},
    {"mysql://root:1234/5@host/db", "mysql://root:***@host/db"},
    {"mysql://root:1234#5@host:3306/db", "mysql://root:***@host:3306/db"},
    {"rabbit://u:12?3@h1:5672,u:12?3@h2/v", "rabbit://u:***@h1:5672,u:***@h2/v"},
    {"https://host:443/path@x", "https://host:443/path@x"},
    {"mysql://host:3306/db?charset=utf8", "mysql://host:3306/db?charset=utf8"},
    {"http://host:80/path@x and a@b", "http://host:80/path@x and a@b"},
    {"http://user@host/", "http://user@host/"},
    {"http://[::1]:80/", "http://[::1]:80/"},
    {"sqlite:////var/x.sqlite", "sqlite:////var/x.sqlite"},
    {"ends in ://", "ends in ://"},
    {"odbc://u:p@host;password=abc", "odbc://u:***@host;password=***"},
    {"odbc://host;password=abc", "odbc://host;password=***"},
};

static void
test_mask(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *masked = msk_mask_secrets(cases[i].message);

        g_assert_cmpstr(masked, ==, cases[i].masked);
    }
}

/* However they are nested, no secret remains and it takes no time to speak of. */
static void
test_many_passes(void)
{
    static const struct {
        const char *text;
        unsigned times;
    } pieces[] = {
        {"a://token=b:c@", 20000}, {"a://b/", 20000}, {"token", 20000},
        {"token=", 20000},         {"://", 20000},    {"token>;", 1000000},
    };
    int64_t start_us = g_get_monotonic_time();

    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) text = g_string_new("https://u:sesame@h ");
        g_autofree char *masked = NULL;

        for (unsigned j = 0; j < pieces[i].times; j++) {
            g_string_append(text, pieces[i].text);
        }
        masked = msk_mask_secrets(text->str);
        g_assert_null(strstr(masked, "sesame"));
        g_assert_null(strstr(masked, "b:c"));
    }
    /* Time that grew with the square of the length would be a hundred times this. */
    g_assert_cmpint(g_get_monotonic_time() - start_us, <, 30 * (int64_t) G_USEC_PER_SEC);
}

static void
test_escape(void)
{
    g_autofree char *escaped =
        msk_escape_controls("a\nb\r\tc\x1b[0m\x7f \xc3\xa9\xc2\x9b\xff\xe2\x82");

    g_assert_cmpstr(escaped, ==, "a\\nb\\r\\tc\\x1b[0m\\x7f \xc3\xa9\\x9b\\xff\\xe2\\x82");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log_mask/mask", test_mask);
    g_test_add_func("/log_mask/many_passes", test_many_passes);
    g_test_add_func("/log_mask/escape", test_escape);
    return g_test_run();
}
