/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_flow.h"

/* NULL: refused; else the three stages' names, with ',' and '|'. */
static const struct {
    const char *text;
    const char *stages;
} cases[] = {
    {"", "||"},
    {"pre: ['a'], main: ['b', \"c\"], post: []", "a|b,c|"},
    {"{'pre': ['a'], 'main': [], 'post': ['z']}", "a||z"},
    {"{\"main\":[b,c,],}", "|b,c|"},
    {" main : [ 'x' ] ", "|x|"},
    {"{}", "||"},
    {"main:\n['x']", "|x|"},
    {"main: 'x'", NULL},
    {"main: ['x'", NULL},
    {"main: ['x", NULL},
    {"main: ['x' 'y']", NULL},
    {"main: ['']", NULL},
    {"main: [,]", NULL},
    {"main", NULL},
    {"main: []; post: []", NULL},
    {"main: [], main: []", NULL},
    {"middle: []", NULL},
    {"{main: []", NULL},
    {"main: []}", NULL},
    {"{main: []} x", NULL},
    {": []", NULL},
    {",", NULL},
};

static void
append_stage(GString *out, GHashTable *flow, const char *stage)
{
    char **names = g_hash_table_lookup(flow, stage);
    g_autofree char *joined = g_strjoinv(",", names);

    g_string_append(out, joined);
}

static void
test_parse(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GHashTable) flow = msk_config_flow_parse(cases[i].text);
        g_autoptr(GString) out = g_string_new(NULL);

        g_test_message("%s", cases[i].text);
        if (cases[i].stages == NULL) {
            g_assert_null(flow);
            continue;
        }
        g_assert_nonnull(flow);
        g_assert_cmpuint(g_hash_table_size(flow), ==, 3);
        append_stage(out, flow, "pre");
        g_string_append_c(out, '|');
        append_stage(out, flow, "main");
        g_string_append_c(out, '|');
        append_stage(out, flow, "post");
        g_assert_cmpstr(out->str, ==, cases[i].stages);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config_flow/parse", test_parse);
    return g_test_run();
}
