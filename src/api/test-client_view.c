/* SPDX-License-Identifier: Apache-2.0 */
#include "api/client_view.h"

#include <string.h>

typedef struct {
    const char *name; /* of a header */
    const char *value;
    const char *scheme;
    const char *host;
    const char *address;
    const char *prefix;
} Case;

static void
read_one(const Case *test, const MskProxySettings *settings)
{
    const MskHttpHeader header = {test->name, test->value};
    const MskHttpRequest request = {.headers = &header, .n_headers = 1};
    g_auto(MskClientView) view = {0};

    msk_client_view_read(&request, settings, &view);
    g_test_message("%s: %s", test->name, test->value);
    g_assert_cmpstr(view.scheme, ==, test->scheme);
    g_assert_cmpstr(view.host, ==, test->host);
    g_assert_cmpstr(view.address, ==, test->address);
    g_assert_cmpstr(view.prefix, ==, test->prefix);
}

static void
test_headers_of_proxies(void)
{
    static const MskProxySettings settings = {.parse_headers = true};
    static const Case cases[] = {
        {"Forwarded", "for=192.0.2.60;proto=https;host=h:1", "https", "h:1", "192.0.2.60", NULL},
        {"Forwarded", "proto=https, proto=http;host=second", "https", NULL, NULL, NULL},
        {"Forwarded", " PROTO = http ; host=\"[::1]:8\"", "http", "[::1]:8", NULL, NULL},
        {"Forwarded", "host=a;host=b", NULL, "b", NULL, NULL},
        {"Forwarded", "proto;host=;=;;,", NULL, NULL, NULL, NULL},
        {"Forwarded", "proto=\"", NULL, NULL, NULL, NULL},
        {"Forwarded", "proto=java script", NULL, NULL, NULL, NULL},
        {"X-Forwarded-Proto", "https", "https", NULL, NULL, NULL},
        {"X-Forwarded-Host", "h", NULL, "h", NULL, NULL},
        {"X-Forwarded-For", "a, b", NULL, NULL, "a, b", NULL},
        {"X-Forwarded-Prefix", "/p", NULL, NULL, NULL, "/p"},
        {"Host", "h", NULL, NULL, NULL, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        read_one(&cases[i], &settings);
    }
}

static void
test_nobody_is_believed_unasked(void)
{
    static const MskProxySettings none = {0};
    static const MskProxySettings address = {.use_forwarded_for = true};
    static const MskProxySettings scheme = {.scheme_header = "HTTP_X_FORWARDED_PROTO"};
    static const MskProxySettings no_header = {.scheme_header = "X_FORWARDED_PROTO"};

    read_one(&(Case){"Forwarded", "proto=https", NULL, NULL, NULL, NULL}, &none);
    read_one(&(Case){"X-Forwarded-Proto", "https", NULL, NULL, NULL, NULL}, &none);
    read_one(&(Case){"X-Forwarded-For", "a", NULL, NULL, NULL, NULL}, &none);
    read_one(&(Case){"X-Forwarded-For", "a", NULL, NULL, "a", NULL}, &address);
    read_one(&(Case){"X-Forwarded-Proto", "https", "https", NULL, NULL, NULL}, &scheme);
    read_one(&(Case){"X-Forwarded-Proto", "https", NULL, NULL, NULL, NULL}, &no_header);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/client_view/headers_of_proxies", test_headers_of_proxies);
    g_test_add_func("/client_view/nobody_is_believed_unasked", test_nobody_is_believed_unasked);
    return g_test_run();
}
