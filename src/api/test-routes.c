/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"

#define PROJECT "0af-9"

static const struct {
    const char *method;
    const char *path;
    const char *action; /* NULL: no route */
    const char *ids;    /* joined by "|" */
    const char *project;
} cases[] = {
    {"GET", "", "show", "", NULL},
    {"GET", "/", "show", "", NULL},
    {"PUT", "/", NULL, NULL, NULL},
    {"GET", "/segments", "index", "", NULL},
    {"GET", "/" PROJECT "/segments", "index", "", PROJECT},
    {"GET", "/" PROJECT "/segments.json", "index", "", PROJECT},
    {"GET", "/segments.xml", "index", "", NULL},
    {"GET", "/segments.html", NULL, NULL, NULL},
    {"GET", "/segments/", NULL, NULL, NULL},
    {"GET", "/XYZ/segments", NULL, NULL, NULL},
    {"GET", "/" PROJECT, NULL, NULL, NULL},
    {"GET", "/" PROJECT "/" PROJECT "/segments", NULL, NULL, NULL},
    {"HEAD", "/segments", NULL, NULL, NULL},
    {"get", "/segments", NULL, NULL, NULL},
    {"POST", "/segments", "create", "", NULL},
    {"GET", "/segments/new", "new", "", NULL},
    {"GET", "/segments/segments", "show", "segments", NULL},
    {"GET", "/segments/abc.json", "show", "abc", NULL},
    {"GET", "/segments/abc.d", "show", "abc.d", NULL},
    {"GET", "/segments/.json", "show", ".json", NULL},
    {"GET", "/segments/a.json.xml", "show", "a.json", NULL},
    {"GET", "/segments/a\\", NULL, NULL, NULL},
    {"GET", "/segments/a\\/hosts", "index", "a\\", NULL},
    {"PUT", "/segments/a b", "update", "a b", NULL},
    {"DELETE", "/segments/x", "delete", "x", NULL},
    {"GET", "/segments/x/edit", "edit", "x", NULL},
    {"POST", "/segments/x/action", "action", "x", NULL},
    {"GET", "/segments/x/action", NULL, NULL, NULL},
    {"GET", "/segments/s/hosts", "index", "s", NULL},
    {"GET", "/" PROJECT "/segments/s/hosts/h", "show", "s|h", PROJECT},
    {"POST", "/segments/s/hosts/h", NULL, NULL, NULL},
    {"POST", "/segments/s/hosts/h/action", NULL, NULL, NULL},
    {"GET", "/segments//hosts", NULL, NULL, NULL},
    {"GET", "/notifications/n/vmoves/v", "show", "n|v", NULL},
    {"GET", "/notifications/n/foo", NULL, NULL, NULL},
    {"POST", "/notifications/n/action", "action", "n", NULL},
    {"GET", "/versions/v1.0", "show", "v1.0", NULL},
    {"GET", "/vmoves", NULL, NULL, NULL},
    {"GET", "/extensions/new.json", "new", "", NULL},
};

static void
test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *ids[MSK_API_MAX_IDS + 1] = {NULL};
        g_autofree char *project = NULL;
        const MskRoute *route = msk_route_find(cases[i].method, cases[i].path, ids, &project);

        g_test_message("%s %s", cases[i].method, cases[i].path);
        g_assert_cmpstr(route == NULL ? NULL : route->action, ==, cases[i].action);
        if (route == NULL) {
            continue;
        }
        g_autofree char *joined = g_strjoinv("|", ids);

        g_assert_cmpstr(joined, ==, cases[i].ids);
        g_assert_cmpstr(project, ==, cases[i].project);
        for (size_t j = 0; j < MSK_API_MAX_IDS; j++) {
            g_free(ids[j]);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/routes/cases", test_cases);
    return g_test_run();
}
