/* SPDX-License-Identifier: Apache-2.0 */
#include "api/query.h"

static const struct {
    const char *text;
    const char *name;
    const char *values; /* all of them joined by "|"; NULL: the query cannot be decoded */
} queries[] = {
    {NULL, "a", ""},
    {"", "a", ""},
    {"a=1", "a", "1"},
    {"a=1&a=2&b=3", "a", "1|2"},
    {"a=1&a=2&b=3", "b", "3"},
    {"a=1&A=2", "a", "1"},
    {"a", "a", ""},
    {"&&&a=&&", "a", ""},
    {"=x", "", "x"},
    {"a=b=c", "a", "b=c"},
    {"a=x+y%20z%2Bw", "a", "x y z+w"},
    {"%61=1", "a", "1"},
    {"a=%C3%A9", "a", "\xc3\xa9"},
    {"a=\xc3\xa9", "a", "\xc3\xa9"},
    {"a=%", "a", "%"},
    {"a=%4", "a", "%4"},
    {"a=%zz", "a", "%zz"},
    {"a=%FF", "a", NULL},
    {"%C3=1", "a", NULL},
    {"a=%C3%28", "a", NULL},
    {"a=x%00y", "a", "x\xc0\x80y"},
    {"a=1;b=2", "a", "1"},
    {"a=1;b=2;;a=3", "a", "1|3"},
    {"a=1%3Bb=2", "a", "1;b=2"},
};

static void
test_queries(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(MskQuery) query = msk_query_parse(queries[i].text);

        g_test_message("%s", queries[i].text == NULL ? "none" : queries[i].text);
        if (queries[i].values == NULL) {
            g_assert_null(query);
            continue;
        }
        g_assert_nonnull(query);
        g_autoptr(GPtrArray) all = msk_query_all(query, queries[i].name);
        const char *last = msk_query_last(query, queries[i].name);

        g_assert_cmpstr(last, ==, all->len == 0 ? NULL : g_ptr_array_index(all, all->len - 1));
        g_ptr_array_add(all, NULL);
        g_autofree char *joined = g_strjoinv("|", (char **) all->pdata);

        g_assert_cmpstr(joined, ==, queries[i].values);
    }
}

static const struct {
    const char *sent;
    const char *path;
    const char *sent_again;
} paths[] = {
    {"/v1/segments", "/v1/segments", "/v1/segments"},
    {"/a%2Fb", "/a/b", "/a/b"},
    {"/%C3%A9", "/\xc3\x83\xc2\xa9", "/%C3%A9"},
    {"/\xff", "/\xc3\xbf", "/%FF"},
    {"/a b%20c", "/a b c", "/a%20b%20c"},
    {"/{x}~!$&'()*+,;=:@-._", "/{x}~!$&'()*+,;=:@-._", "/%7Bx%7D~!$&'()*+,;=:@-._"},
    {"/%00", "/\xc0\x80", "/%00"},
    {"/%", "/%", "/%25"},
};

static void
test_paths(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *path = msk_path_decode(paths[i].sent);
        g_autofree char *again = msk_path_encode(path);

        g_assert_cmpstr(path, ==, paths[i].path);
        g_assert_cmpstr(again, ==, paths[i].sent_again);
    }
}

static void
test_latin1(void)
{
    g_autofree char *plain = msk_latin1_decode("a%20b");
    g_autofree char *wide = msk_latin1_decode("\xc3\xa9\xff");

    g_assert_cmpstr(plain, ==, "a%20b");
    g_assert_cmpstr(wide, ==, "\xc3\x83\xc2\xa9\xc3\xbf");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/query/queries", test_queries);
    g_test_add_func("/query/paths", test_paths);
    g_test_add_func("/query/latin1", test_latin1);
    return g_test_run();
}
