/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

#include <glib.h>

#define JSON "application/json"
#define HTML "text/html"

static const struct {
    const char *header;
    const char *offer;
} offer_cases[] = {
    {NULL, NULL},
    {"", NULL},
    {"*/*", HTML},
    {JSON, JSON},
    {HTML, HTML},
    {"text/plain", NULL},
    {"application/xml", NULL},
    {JSON ", text/plain, */*", HTML},
    {HTML ";q=0.9, " JSON ";q=0.5", HTML},
    {HTML ";q=0.4, " JSON ";q=0.5", JSON},
    {HTML ";q=0, */*", JSON},
    {"text/*;q=0.2, */*;q=0.1", HTML},
    {HTML ";level=1", NULL},
    {"nonsense", HTML},
    {"Application/JSON", JSON},
    {JSON ";q=7", HTML},
    {JSON ";q=1.000", JSON},
    {JSON ";q=1.0000", HTML},
    {JSON ";q=1.001", HTML},
    {JSON ";q=0.0001", HTML},
    {JSON ";q=0.", NULL},
    {JSON ";q=", HTML},
    {JSON ";q=1e0", HTML},
    {JSON ";q=\"0.5\"", HTML},
    {JSON ";Q=0.1,*/*;q=0.2", HTML},
    {JSON ";q=1;q=0", JSON},
    {JSON ";q=0;q=1", NULL},
    {JSON ";q=0.5;x", JSON},
    {JSON ";q=0.5; x=\"a,b\" , " HTML, HTML},
    {JSON ";x", HTML},
    {JSON ";", HTML},
    {JSON ";x=\"a\\\"b;,\"", NULL},
    {"*/*;x=1", HTML},
    {"application/*;x=1", JSON},
    {"a/b/c", HTML},
    {"*/json", NULL},
    {",", NULL},
    {",,\t, " JSON " ,,", JSON},
    {", " JSON, HTML},
    {"," JSON, HTML},
    {JSON " " HTML, HTML},
    {"\"" JSON "\"", HTML},
    {JSON ";x=\"a", HTML},
    {"t\xc3\xa9/x", HTML},
};

static void
test_offer(void)
{
    static const char *const offers[] = {HTML, JSON, NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(offer_cases); i++) {
        g_test_message("%s", offer_cases[i].header == NULL ? "none" : offer_cases[i].header);
        g_assert_cmpstr(msk_accept_offer(offer_cases[i].header, offers), ==, offer_cases[i].offer);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accept_offer/offer", test_offer);
    return g_test_run();
}
