/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/transport_url.h"

#include <string.h>

#include "base/error.h"

/* One word for each part: "transport|user:password@host/port,…|virtual host|name=value", with "-"
 * for what is missing; NULL: refused. */
static const struct {
    const char *url;
    const char *parts;
} cases[] = {
    {"rabbit://", "rabbit||-|"},
    {"rabbit:///", "rabbit|||"},
    {"RABBIT://h", "rabbit|-:-@h/0|-|"},
    {"rabbit://me:pw@h:5672/", "rabbit|me:pw@h/5672||"},
    {"rabbit://me:pw@h:5672//", "rabbit|me:pw@h/5672|/|"},
    {"rabbit://me:pw@h/v%2Fhost", "rabbit|me:pw@h/0|v/host|"},
    {"rabbit://me:p%40%3A%2F%25@h", "rabbit|me:p@:/%@h/0|-|"},
    {"rabbit://me@corp:pw@h:1", "rabbit|me@corp:pw@h/1|-|"},
    {"rabbit://me:a:b@h:1", "rabbit|me:a:b@h/1|-|"},
    {"rabbit://me@h", "rabbit|me:-@h/0|-|"},
    {"rabbit://me:@h", "rabbit|me:@h/0|-|"},
    {"rabbit://a:b@h1:1,a:b@h2:2/v", "rabbit|a:b@h1/1,a:b@h2/2|v|"},
    {"rabbit://a:b@h1:1,h2/v", "rabbit|a:b@h1/1,-:-@h2/0|v|!"},
    {"rabbit://,h,,", "rabbit|-:-@h/0|-|"},
    {"rabbit://h:", "rabbit|-:-@h/0|-|"},
    {"rabbit://[::1]:", "rabbit|-:-@::1/0|-|"},
    {"rabbit://a:b@[::1]:5673/v", "rabbit|a:b@::1/5673|v|"},
    {"rabbit://a:b@[fe80::1]/v", "rabbit|a:b@fe80::1/0|v|"},
    {"rabbit://a:b@fe80::1/v", "rabbit|a:b@fe80::1/0|v|"},
    {"rabbit://h/v?ssl=1&x=a%20b+c&empty=&x=2#part", "rabbit|-:-@h/0|v|ssl=1;x=a b c,2"},
    {"rabbit://h?heartbeat_rate=3", "rabbit|-:-@h/0|-|heartbeat_rate=3"},
    {"rabbit://h/v#a?ssl=1", "rabbit|-:-@h/0|v|"},
    {"fake:", "fake||-|"},
    {"kombu+memory:///x", "kombu+memory||x|"},
    {"", NULL},
    {"host:5672x", "host||-|"},
    {"://h", NULL},
    {"//h", NULL},
    {"rab bit://h", NULL},
    {"rabbit://h:x", NULL},
    {"rabbit://h:0", NULL},
    {"rabbit://h:65536", NULL},
    {"rabbit://h:-1", NULL},
    {"rabbit://[::1", NULL},
    {"rabbit://[::1]x", NULL},
    {"rabbit://a:b%00@h", NULL},
    {"rabbit://a%ff:b@h", NULL},
    {"rabbit://h/%00", NULL},
    {"rabbit://h?a=%00", NULL},
};

static const char *
or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

static char *
describe(const MskTransportUrl *url)
{
    g_autoptr(GString) out = g_string_new(url->transport);
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(url->query), (GCompareFunc) g_strcmp0);

    g_string_append_c(out, '|');
    for (unsigned i = 0; i < url->hosts->len; i++) {
        const MskTransportHost *host = g_ptr_array_index(url->hosts, i);

        g_string_append_printf(out, "%s%s:%s@%s/%u", i == 0 ? "" : ",", or_dash(host->username),
                               or_dash(host->password), host->host, host->port);
    }
    g_string_append_printf(out, "|%s|%s", or_dash(url->virtual_host),
                           url->mixed_credentials ? "!" : "");
    for (GList *name = names; name != NULL; name = name->next) {
        g_string_append_printf(out, "%s%s=%s", name == names ? "" : ";", (char *) name->data,
                               (char *) g_hash_table_lookup(url->query, name->data));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
test_parse(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskTransportUrl) url = msk_transport_url_parse(cases[i].url, &error);
        g_autofree char *parts = url == NULL ? NULL : describe(url);

        g_test_message("%s", cases[i].url);
        g_assert_cmpstr(parts, ==, cases[i].parts);
        if (url == NULL) {
            g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        }
    }
}

static void
test_messages_keep_secrets(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(msk_transport_url_parse("rabbit://me:secret@h:x/secret", &error));
    g_assert_null(strstr(error->message, "secret"));
}

static void
test_too_many_hosts(void)
{
    g_autoptr(GString) text = g_string_new("rabbit://h");
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 64; i++) {
        g_string_append(text, ",h");
    }
    g_assert_null(msk_transport_url_parse(text->str, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
}

static void
test_local(void)
{
    static const char *const urls[] = {"fake://", "local://", "rabbit://"};

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(MskTransportUrl) url = msk_transport_url_parse(urls[i], NULL);

        g_assert_cmpint(msk_transport_url_is_local(url), ==, i < 2);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transport_url/parse", test_parse);
    g_test_add_func("/transport_url/secrets", test_messages_keep_secrets);
    g_test_add_func("/transport_url/too-many", test_too_many_hosts);
    g_test_add_func("/transport_url/local", test_local);
    return g_test_run();
}
