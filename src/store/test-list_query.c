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

/* Rows whose order is not that of their ids, and the ids newest first. */
static const struct {
    const char *created_at;
    int deleted;
} moments[] = {
    {"2026-01-02 00:00:00", 0}, {NULL, 0}, {"2026-01-01 00:00:00", 0}, {"2026-01-03 00:00:00", 0},
    {"2026-01-01 00:00:00", 0}, {NULL, 0}, {"2026-01-02 00:00:00", 7}, {"2026-01-02 00:00:00", 0},
    {"2025-12-31 00:00:00", 0}, {NULL, 6}, {"2026-01-03 00:00:00", 0}, {"2025-12-31 00:00:00", 0},
};
static const int64_t newest_first[] = {11, 4, 8, 1, 5, 3, 12, 9, 6, 2};

static void
fill_notifications(const Fixture *fixture)
{
    g_autoptr(MskDb) db = fixture_db(fixture, MSK_DB_USE);
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        g_autofree char *uuid = g_uuid_string_random();
        bool added = msk_db_run(
            db,
            "INSERT INTO notifications (id, created_at, deleted, notification_uuid, "
            "generated_time, source_host_uuid, type, payload, status) VALUES (?, ?, ?, ?, "
            "'2026-01-01 00:00:00', 'host', 'VM', '{}', 'new')",
            MSK_DB_ARGS(MSK_DB_I((int64_t) i + 1), MSK_DB_T(moments[i].created_at),
                        MSK_DB_I(moments[i].deleted), MSK_DB_T(uuid)),
            NULL, &error);

        g_assert_no_error(error);
        g_assert_true(added);
    }
}

/* Reads all by pages of @limit, and compares with newest_first or its reverse. */
static void
walk_notifications(const Fixture *fixture, const MskNotificationFilter *filter, bool descending,
                   int64_t limit)
{
    const MskSort sort = {"created_at", descending};
    MskPage page = {.sorts = &sort, .n_sorts = 1, .limit = limit};
    unsigned n_seen = 0;

    for (;;) {
        g_autoptr(GPtrArray) list = NULL;

        ASSERT_DONE(msk_store_notification_list(fixture->store, filter, &page, &list, error));
        if (list->len == 0) {
            break;
        }
        for (unsigned i = 0; i < list->len; i++) {
            const MskNotification *found = g_ptr_array_index(list, i);
            size_t last = G_N_ELEMENTS(newest_first) - 1;

            g_assert_cmpuint(n_seen, <=, last);
            g_assert_cmpint(found->meta.id, ==, newest_first[descending ? n_seen : last - n_seen]);
            page.marker = found->meta.id;
            n_seen++;
        }
    }
    g_assert_cmpuint(n_seen, ==, G_N_ELEMENTS(newest_first));
}

static void
test_pages_of_notifications_follow_their_times(void)
{
    const MskNotificationFilter vms = {.type = "VM"};
    Fixture fixture;

    fixture_init(&fixture);
    fill_notifications(&fixture);
    for (int64_t limit = 1; limit <= (int64_t) G_N_ELEMENTS(newest_first) + 1; limit++) {
        for (int descending = 0; descending <= 1; descending++) {
            walk_notifications(&fixture, NULL, descending != 0, limit);
            walk_notifications(&fixture, &vms, descending != 0, limit);
        }
    }
    fixture_clear(&fixture);
}

static void
test_the_index_is_named_where_it_has_the_order(void)
{
    static const struct {
        MskStoreTable table;
        MskSort sorts[2];
        size_t n_sorts;
        int64_t limit;
        const char *type; /* (nullable) a filter */
        bool by_index;
    } rows[] = {
        {MSK_STORE_NOTIFICATIONS, {{NULL, false}}, 0, 100, NULL, true},
        {MSK_STORE_NOTIFICATIONS, {{"created_at", false}}, 1, 100, NULL, true},
        {MSK_STORE_NOTIFICATIONS, {{"created_at", true}, {"id", true}}, 2, 100, NULL, true},
        {MSK_STORE_NOTIFICATIONS, {{"created_at", true}, {"id", false}}, 2, 100, NULL, false},
        {MSK_STORE_NOTIFICATIONS, {{"id", true}, {"created_at", true}}, 2, 100, NULL, false},
        {MSK_STORE_NOTIFICATIONS, {{"status", true}}, 1, 100, NULL, false},
        {MSK_STORE_NOTIFICATIONS, {{NULL, false}}, 0, 100, "VM", false},
        {MSK_STORE_NOTIFICATIONS, {{NULL, false}}, 0, -1, NULL, false},
        {MSK_STORE_SEGMENTS, {{NULL, false}}, 0, 100, NULL, false},
    };
    MskDb db = {.driver = &msk_mariadb_driver};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (int64_t marker = 0; marker <= 1; marker++) {
            const MskPage page = {.sorts = rows[i].sorts,
                                  .n_sorts = rows[i].n_sorts,
                                  .limit = rows[i].limit,
                                  .marker = marker};
            g_auto(MskListQuery) query;

            msk_list_query_init(&query, msk_store_table(rows[i].table));
            msk_list_query_where_text(&query, &db, "type", rows[i].type);
            msk_list_query_page(&query, &db, &page);
            g_test_message("%s", query.sql->str);
            g_assert_cmpint(strstr(query.sql->str, " FORCE INDEX (masakari_c_notifications_"
                                                   "created_idx) ") != NULL,
                            ==, rows[i].by_index);
        }
    }
}

/* ---- sinks ------------------------------------------------------------------------------- */

typedef struct {
    char *(*describe)(const void *record);
    const GPtrArray *listed;
    unsigned n_begins;
    unsigned n_rows;
} Shown;

static char *
describe_meta(const MskRowMeta *meta)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                           " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                           meta->id, meta->created_at_us, meta->updated_at_us, meta->deleted_at_us,
                           (int64_t) meta->deleted);
}

#define TEXT(text) ((text) != NULL ? (text) : "NULL")

static char *
describe_segment(const void *record)
{
    const MskSegment *of = record;
    g_autofree char *meta = describe_meta(&of->meta);

    return g_strdup_printf("%s %s %s %s %s %s %d", meta, of->uuid, of->name, of->service_type,
                           TEXT(of->description), of->recovery_method, of->enabled);
}

static char *
describe_host(const void *record)
{
    const MskHost *of = record;
    g_autofree char *meta = describe_meta(&of->meta);
    g_autofree char *segment = describe_segment(of->segment);

    return g_strdup_printf("%s %s %s %s %s %s %d %d %s", meta, of->uuid, of->name, of->type,
                           of->control_attributes, of->failover_segment_id, of->reserved,
                           of->on_maintenance, segment);
}

static char *
describe_notification(const void *record)
{
    const MskNotification *of = record;
    g_autofree char *meta = describe_meta(&of->meta);

    return g_strdup_printf("%s %s %" G_GINT64_FORMAT " %s %s %s %d %s %s", meta, of->uuid,
                           of->generated_time_us, of->source_host_uuid, of->type, of->payload,
                           (int) of->status, TEXT(of->failover_segment_uuid), TEXT(of->message));
}

static char *
describe_vmove(const void *record)
{
    const MskVmove *of = record;
    g_autofree char *meta = describe_meta(&of->meta);

    return g_strdup_printf(
        "%s %s %s %s %s %s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s %s %s", meta, of->uuid,
        of->notification_uuid, of->instance_uuid, of->instance_name, TEXT(of->source_host),
        TEXT(of->dest_host), of->start_time_us, of->end_time_us, TEXT(of->type), TEXT(of->status),
        TEXT(of->message));
}

static void
begin_shown(void *data)
{
    ((Shown *) data)->n_begins++;
}

static void
compare_shown(const void *record, void *data)
{
    Shown *self = data;

    g_assert_cmpuint(self->n_rows, <, self->listed->len);
    g_autofree char *shown = self->describe(record);
    g_autofree char *listed = self->describe(g_ptr_array_index(self->listed, self->n_rows));

    g_assert_cmpstr(shown, ==, listed);
    self->n_rows++;
}

#define CHECK_SINK(list_call, describe_kind, wanted)                                               \
    do {                                                                                           \
        g_autoptr(GPtrArray) listed = NULL;                                                        \
        g_autoptr(GPtrArray) none = NULL;                                                          \
        Shown shown = {.describe = (describe_kind)};                                               \
        const MskRowSink sink = {begin_shown, compare_shown, &shown};                              \
        const MskPage to_sink = {.limit = -1, .sink = &sink};                                      \
        ASSERT_DONE(list_call(fixture.store, NULL, NULL, &listed, error));                         \
        shown.listed = listed;                                                                     \
        ASSERT_DONE(list_call(fixture.store, NULL, &to_sink, &none, error));                       \
        g_assert_cmpuint(none->len, ==, 0);                                                        \
        g_assert_cmpuint(shown.n_begins, ==, 1);                                                   \
        g_assert_cmpuint(shown.n_rows, ==, (wanted));                                              \
    } while (0)

static void
fill_vmoves(const Fixture *fixture)
{
    g_autoptr(MskDb) db = fixture_db(fixture, MSK_DB_USE);
    g_autoptr(GError) error = NULL;
    bool added = msk_db_run(
        db,
        "INSERT INTO vmoves (created_at, deleted, uuid, notification_uuid, instance_uuid, "
        "instance_name, source_host, start_time, type, status) VALUES ('2026-01-01 00:00:00', 0, "
        "'u1', 'n', 'i1', 'vm1', 's', '2026-01-01 00:00:01', 'evacuation', 'ongoing'), (NULL, 0, "
        "'u2', 'n', 'i2', 'vm2', NULL, NULL, NULL, NULL)",
        MSK_DB_NO_ARGS, NULL, &error);

    g_assert_no_error(error);
    g_assert_true(added);
}

static void
test_a_sink_is_shown_what_a_list_has(void)
{
    Fixture fixture;

    setup(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "of hosts");
    g_autoptr(MskHost) one = make_host(fixture.store, segment->uuid, "one");
    g_autoptr(MskHost) two = make_host(fixture.store, segment->uuid, "two");

    fill_notifications(&fixture);
    fill_vmoves(&fixture);
    CHECK_SINK(msk_store_segment_list, describe_segment, G_N_ELEMENTS(samples) + 1);
    CHECK_SINK(msk_store_host_list, describe_host, 2);
    CHECK_SINK(msk_store_notification_list, describe_notification, G_N_ELEMENTS(newest_first));
    CHECK_SINK(msk_store_vmove_list, describe_vmove, 2);
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

static void
test_an_index_that_is_missing_costs_time_alone(void)
{
    const MskPage page = {.limit = 10};
    Fixture fixture;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) failure = NULL;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "segment");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");
    g_autoptr(MskDb) db = fixture_db(&fixture, MSK_DB_USE);

    post_vm(fixture.store, "h1", "a", g_get_real_time(), NULL);
    if (fixture_driver()->by_index != NULL) {
        g_assert_true(fixture_driver()->script(
            db, "DROP INDEX masakari_c_notifications_created_idx ON notifications", &failure));
        g_assert_no_error(failure);
    }
    ASSERT_DONE(msk_store_notification_list(fixture.store, NULL, &page, &rows, error));
    g_assert_cmpuint(rows->len, ==, 1);
    g_clear_pointer(&db, msk_db_close);
    fixture_clear(&fixture);
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
    g_test_add_func("/list_query/pages_of_notifications_follow_their_times",
                    test_pages_of_notifications_follow_their_times);
    g_test_add_func("/list_query/the_index_is_named_where_it_has_the_order",
                    test_the_index_is_named_where_it_has_the_order);
    g_test_add_func("/list_query/an_index_that_is_missing_costs_time_alone",
                    test_an_index_that_is_missing_costs_time_alone);
    g_test_add_func("/list_query/a_sink_is_shown_what_a_list_has",
                    test_a_sink_is_shown_what_a_list_has);
    g_test_add_func("/list_query/sort_keys_are_the_columns", test_sort_keys_are_the_columns);
    return g_test_run();
}
