/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

#include <glib.h>

#define JSON "application/json"
#define VND  "application/vnd.openstack.masakari+json"

static const struct {
    const char *header;
    const char *best;
    const char *version;
} best_cases[] = {
    {NULL, NULL, NULL},
    {"", NULL, NULL},
    {"*/*", JSON, NULL},
    {"application/*", JSON, NULL},
    {JSON, JSON, NULL},
    {VND, VND, NULL},
    {"application/xml", NULL, NULL},
    {JSON ";q=0.1, " VND, VND, NULL},
    {JSON ", " VND, JSON, NULL},
    {"*/*, " VND, VND, NULL},
    {"image/png, application/*;q=0.5", JSON, NULL},
    {JSON ";q=x, " VND ";q=0.2", VND, NULL},
    {JSON ";version=1", JSON, "1"},
    {JSON "; q=\"0.5\"; version=\"2\"", JSON, "2"},
    {JSON "; q=\"0.5\" ; version=\"2\"", NULL, NULL},
    {JSON ";q", NULL, NULL},
    {"applicationx/*", NULL, NULL},
    {"Application/JSON", NULL, NULL},
    {"\"" JSON "\"", JSON, NULL},
    {VND " " JSON, VND, NULL},
    {VND "=x;version=1", VND, "1"},
    {JSON ";;version=1", JSON, "1"},
    {JSON "; =x;version=\"1\"", JSON, "1"},
    {JSON ";version=1 ;q=0.5 ", JSON, "1 "},
    {JSON ";version", JSON, NULL},
    {JSON ";q=0x1", NULL, NULL},
    {JSON ";q=1e0", JSON, NULL},
    {JSON ";q=", NULL, NULL},
    {";", NULL, NULL},
};

static void
test_best(void)
{
    static const char *const offers[] = {JSON, VND, NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(best_cases); i++) {
        g_autofree char *version = NULL;

        g_test_message("%s", best_cases[i].header == NULL ? "none" : best_cases[i].header);
        g_assert_cmpstr(msk_accept_best(best_cases[i].header, offers, &version), ==,
                        best_cases[i].best);
        g_assert_cmpstr(version, ==, best_cases[i].version);
    }
}

static void
test_content_type_version(void)
{
    g_autofree char *version = msk_content_type_version(JSON "; charset=utf-8; version=1");

    g_assert_cmpstr(version, ==, "1");
    g_assert_null(msk_content_type_version(JSON));
    g_assert_null(msk_content_type_version(JSON "; charset=utf-8"));
    g_assert_null(msk_content_type_version(NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accept/best", test_best);
    g_test_add_func("/accept/content_type_version", test_content_type_version);
    return g_test_run();
}
