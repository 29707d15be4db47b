/* SPDX-License-Identifier: Apache-2.0 */
#include "store/list_query.h"

#include "store/store_private.h"
#include "store/test_fixture.h"

/* Segments of a list that pages have to walk through whole, whatever the order: names that compare
 * equal to none, descriptions of which some are NULL or equal, both enums. */
static const struct {
    const char *name;
    const char *description;
    const char *method;
    bool enabled;
} samples[] = {
    {"delta", NULL, "rh_priority", true},
    {"Alpha", "x", "auto", true},
    {"charlie", "X", "reserved_host", false},
    {"bravo", NULL, "auto", true},
    {"Écho", "y", "auto_priority", false},
    {"foxtrot", NULL, "reserved_host", true},
    {"golf", "", "auto", true},
};

static void
setup(Fixture *fixture)
{
    fixture_init(fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        g_autoptr(MskSegment) segment = g_new0(MskSegment, 1);

        segment->name = g_strdup(samples[i].name);
        segment->description = g_strdup(samples[i].description);
        segment->recovery_method = g_strdup(samples[i].method);
        segment->service_type = g_strdup("COMPUTE");
        segment->enabled = samples[i].enabled;
        ASSERT_DONE(msk_store_segment_create(fixture->store, segment, error));
    }
}

static char *
names_of(const GPtrArray *list)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (unsigned i = 0; i < list->len; i++) {
        const MskSegment *segment = g_ptr_array_index(list, i);

        g_string_append_printf(names, "%s%s", i > 0 ? " " : "", segment->name);
    }
    return g_strdup(names->str);
}

static char *
list_names(MskStore *store, const MskPage *page)
{
    g_autoptr(GPtrArray) list = NULL;

    ASSERT_DONE(msk_store_segment_list(store, NULL, page, &list, error));
    return names_of(list);
}

static void
test_lists_are_sorted(void)
{
    static const struct {
        MskSort sorts[3];
        size_t n_sorts;
        const char *names;
    } rows[] = {
        {.n_sorts = 0, .names = "golf foxtrot Écho bravo charlie Alpha delta"},
        {{{"id", false}}, 1, "delta Alpha charlie bravo Écho foxtrot golf"},
        {{{"name", false}}, 1, "Alpha bravo charlie delta Écho foxtrot golf"},
        {{{"name", true}}, 1, "golf foxtrot Écho delta charlie bravo Alpha"},
        /* as MariaDB orders an enum */
        {{{"recovery_method", false}, {"name", false}},
         2,
         "Alpha bravo golf charlie foxtrot Écho delta"},
        /* NULL first, equal ones by time and id in the direction of the first key */
        {{{"description", false}}, 1, "delta bravo foxtrot golf Alpha charlie Écho"},
        {{{"description", true}}, 1, "Écho charlie Alpha golf foxtrot bravo delta"},
        {{{"enabled", false}, {"name", true}, {"name", false}},
         3,
         "Écho charlie golf foxtrot delta bravo Alpha"},
    };
    Fixture fixture;

    setup(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MskPage page = {.sorts = rows[i].sorts, .n_sorts = rows[i].n_sorts, .limit = -1};
        g_autofree char *names = list_names(fixture.store, &page);

        g_assert_cmpstr(names, ==, rows[i].names);
    }
    fixture_clear(&fixture);
}

/* Walks through the list by pages of @limit; the walk must yield what the whole list does. */
static void
check_walk(MskStore *store, const MskSort *sorts, size_t n_sorts, int64_t limit)
{
    MskPage page = {.sorts = sorts, .n_sorts = n_sorts, .limit = -1};
    g_autofree char *all = list_names(store, &page);
    g_autoptr(GString) walked = g_string_new(NULL);

    page.limit = limit;
    for (;;) {
        g_autoptr(GPtrArray) list = NULL;

        ASSERT_DONE(msk_store_segment_list(store, NULL, &page, &list, error));
        if (list->len == 0) {
            break;
        }
        g_assert_cmpint(list->len, <=, limit);
        g_autofree char *names = names_of(list);
        const MskSegment *last = g_ptr_array_index(list, list->len - 1);

        g_string_append_printf(walked, "%s%s", walked->len > 0 ? " " : "", names);
        page.marker = last->meta.id;
    }
    g_assert_cmpstr(walked->str, ==, all);
}

static void
test_pages_yield_each_row_once_in_every_order(void)
{
    static const char *const keys[] = {
        "created_at",   "updated_at",  "deleted",         "id",     "uuid", "name",
        "service_type", "description", "recovery_method", "enabled"};
    Fixture fixture;

    setup(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(keys); j++) {
            for (int direction = 0; direction < 4; direction++) {
                MskSort sorts[] = {{keys[i], (direction & 1) != 0}, {keys[j], direction > 1}};

                check_walk(fixture.store, sorts, 2, 2);
            }
        }
        check_walk(fixture.store, &(MskSort){keys[i], true}, 1, 1);
    }
    fixture_clear(&fixture);
}

static void
test_limits_and_markers_have_their_edges(void)
{
    Fixture fixture;
    g_autoptr(GPtrArray) list = NULL;
    MskPage none = {.limit = 0};
    MskPage lost = {.limit = -1, .marker = 4711};

    setup(&fixture);
    ASSERT_DONE(msk_store_segment_list(fixture.store, NULL, &none, &list, error));
    g_assert_cmpuint(list->len, ==, 0);
    g_clear_pointer(&list, g_ptr_array_unref);
    ASSERT_RESULT(msk_store_segment_list(fixture.store, NULL, &lost, &list, error),
                  MSK_STORE_NOT_FOUND);
    g_assert_null(list);
    fixture_clear(&fixture);
}

static void
test_sort_keys_are_the_columns(void)
{
    static const struct {
        MskStoreTable table;
        const char *key;
        bool known;
    } rows[] = {
        {MSK_STORE_SEGMENTS, "name", true},
        {MSK_STORE_SEGMENTS, "Name", false},
        {MSK_STORE_SEGMENTS, "name; DROP TABLE hosts", false},
        {MSK_STORE_SEGMENTS, "", false},
        {MSK_STORE_HOSTS, "failover_segment_id", true},
        {MSK_STORE_HOSTS, "failover_segment", false},
        {MSK_STORE_NOTIFICATIONS, "generated_time", true},
        {MSK_STORE_NOTIFICATIONS, "uuid", false},
        {MSK_STORE_VMOVES, "end_time", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(msk_store_sort_key_known(rows[i].table, rows[i].key), ==, rows[i].known);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/list_query/lists_are_sorted", test_lists_are_sorted);
    g_test_add_func("/list_query/pages_yield_each_row_once_in_every_order",
                    test_pages_yield_each_row_once_in_every_order);
    g_test_add_func("/list_query/limits_and_markers_have_their_edges",
                    test_limits_and_markers_have_their_edges);
    g_test_add_func("/list_query/sort_keys_are_the_columns", test_sort_keys_are_the_columns);
    return g_test_run();
}
