/* SPDX-License-Identifier: Apache-2.0 */
#include "store/test_fixture.h"

#define MISSING "00000000-0000-4000-8000-000000000000"

static void
test_a_created_segment_reads_back(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) made = make_segment(fixture.store, "one");
    g_autoptr(MskSegment) read = NULL;
    g_autofree char *upper = g_ascii_strup(made->uuid, -1);

    g_assert_cmpint(made->meta.id, ==, 1);
    g_assert_cmpint(made->meta.created_at_us % G_USEC_PER_SEC, ==, 0);
    g_assert_cmpint(made->meta.created_at_us, >, g_get_real_time() - INT64_C(60) * G_USEC_PER_SEC);
    g_assert_cmpint(made->meta.updated_at_us, ==, 0);
    g_assert_cmpint(made->meta.deleted, ==, 0);
    ASSERT_DONE(msk_store_segment_get(fixture.store, upper, &read, error));
    g_assert_cmpstr(read->uuid, ==, made->uuid);
    g_assert_cmpstr(read->name, ==, "one");
    g_assert_cmpstr(read->recovery_method, ==, "auto");
    g_assert_null(read->description);
    g_assert_true(read->enabled);
    g_clear_pointer(&read, msk_segment_free);
    ASSERT_RESULT(msk_store_segment_get(fixture.store, MISSING, &read, error), MSK_STORE_NOT_FOUND);
    g_assert_null(read);
    fixture_clear(&fixture);
}

static void
test_a_name_is_taken_without_case_and_accents(void)
{
    static const struct {
        const char *name;
        MskStoreResult wanted;
    } rows[] = {
        {"RESUME", MSK_STORE_NAME_TAKEN},  {"Résumé", MSK_STORE_NAME_TAKEN},
        {"résume ", MSK_STORE_NAME_TAKEN}, {"resumed", MSK_STORE_DONE},
        {"resum", MSK_STORE_DONE},
    };
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) first = make_segment(fixture.store, "resume");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(MskSegment) other = msk_segment_copy(first);

        g_test_message("%s", rows[i].name);
        g_clear_pointer(&other->uuid, g_free);
        g_free(other->name);
        other->name = g_strdup(rows[i].name);
        ASSERT_RESULT(msk_store_segment_create(fixture.store, other, error), rows[i].wanted);
    }
    /* A deleted segment's name is free again. */
    ASSERT_DONE(msk_store_segment_delete(fixture.store, first->uuid, error));
    g_autoptr(MskSegment) again = make_segment(fixture.store, "Resume");

    fixture_clear(&fixture);
}

static void
test_an_update_writes_what_is_named_and_moves_updated_at_only_for_a_change(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) other = make_segment(fixture.store, "other");
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "one");

    ASSERT_DONE(msk_store_segment_update(fixture.store, segment, MSK_SEGMENT_NAME, error));
    g_assert_cmpint(segment->meta.updated_at_us, ==, 0);

    g_free(segment->name);
    segment->name = g_strdup("two");
    g_free(segment->recovery_method);
    segment->recovery_method = g_strdup("rh_priority");
    segment->description = g_strdup("words");
    ASSERT_DONE(msk_store_segment_update(fixture.store, segment,
                                         MSK_SEGMENT_NAME | MSK_SEGMENT_DESCRIPTION, error));
    g_assert_cmpstr(segment->name, ==, "two");
    g_assert_cmpstr(segment->description, ==, "words");
    g_assert_cmpstr(segment->recovery_method, ==, "auto");
    g_assert_cmpint(segment->meta.updated_at_us, >=, segment->meta.created_at_us);

    g_free(segment->name);
    segment->name = g_strdup("OTHER");
    ASSERT_RESULT(msk_store_segment_update(fixture.store, segment, MSK_SEGMENT_NAME, error),
                  MSK_STORE_NAME_TAKEN);
    g_assert_cmpstr(segment->name, ==, "OTHER");
    g_free(segment->name);
    segment->name = g_strdup("TWO"); /* its own name in capitals is its own */
    segment->enabled = false;
    ASSERT_DONE(msk_store_segment_update(fixture.store, segment,
                                         MSK_SEGMENT_NAME | MSK_SEGMENT_ENABLED |
                                             MSK_SEGMENT_RECOVERY_METHOD | MSK_SEGMENT_SERVICE_TYPE,
                                         error));
    g_assert_cmpstr(segment->name, ==, "TWO");
    g_assert_false(segment->enabled);

    g_free(segment->uuid);
    segment->uuid = g_strdup(MISSING);
    ASSERT_RESULT(msk_store_segment_update(fixture.store, segment, MSK_SEGMENT_NAME, error),
                  MSK_STORE_NOT_FOUND);
    fixture_clear(&fixture);
}

static void
test_a_segment_in_use_stays_as_it_is(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "one");
    g_autoptr(MskSegment) empty = make_segment(fixture.store, "empty");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");

    g_assert_cmpint(post_vm(fixture.store, "h1", "vm", g_get_real_time(), NULL), ==,
                    MSK_STORE_DONE);
    segment->enabled = false;
    ASSERT_RESULT(msk_store_segment_update(fixture.store, segment, MSK_SEGMENT_ENABLED, error),
                  MSK_STORE_IN_USE);
    ASSERT_RESULT(msk_store_segment_delete(fixture.store, segment->uuid, error), MSK_STORE_IN_USE);
    ASSERT_DONE(msk_store_segment_delete(fixture.store, empty->uuid, error));
    ASSERT_RESULT(msk_store_segment_delete(fixture.store, empty->uuid, error), MSK_STORE_NOT_FOUND);
    fixture_clear(&fixture);
}

static void
test_hosts_go_with_their_segment(void)
{
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) segment = make_segment(fixture.store, "one");
    g_autoptr(MskHost) host = make_host(fixture.store, segment->uuid, "h1");
    MskHost *read = NULL;

    ASSERT_DONE(msk_store_segment_delete(fixture.store, segment->uuid, error));
    ASSERT_RESULT(msk_store_host_get(fixture.store, NULL, host->uuid, &read, error),
                  MSK_STORE_NOT_FOUND);
    fixture_clear(&fixture);
}

static void
test_lists_are_filtered(void)
{
    static const struct {
        MskSegmentFilter filter;
        const char *names;
    } rows[] = {
        {{.enabled = -1}, "c b a"},
        {{.enabled = 1}, "b a"},
        {{.enabled = 0}, "c"},
        {{.recovery_method = "AUTO", .enabled = -1}, "b a"},
        {{.recovery_method = "rh_priority", .enabled = -1}, "c"},
        {{.service_type = "compute", .enabled = -1}, "c b a"},
        {{.service_type = "other", .enabled = -1}, ""},
        {{.recovery_method = "auto", .enabled = 0}, ""},
    };
    Fixture fixture;

    fixture_init(&fixture);
    g_autoptr(MskSegment) a = make_segment(fixture.store, "a");
    g_autoptr(MskSegment) b = make_segment(fixture.store, "b");
    g_autoptr(MskSegment) c = make_segment(fixture.store, "c");

    c->enabled = false;
    g_free(c->recovery_method);
    c->recovery_method = g_strdup("rh_priority");
    ASSERT_DONE(msk_store_segment_update(fixture.store, c,
                                         MSK_SEGMENT_ENABLED | MSK_SEGMENT_RECOVERY_METHOD, error));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) list = NULL;
        g_autoptr(GString) names = g_string_new(NULL);

        ASSERT_DONE(msk_store_segment_list(fixture.store, &rows[i].filter, NULL, &list, error));
        for (unsigned k = 0; k < list->len; k++) {
            const MskSegment *segment = g_ptr_array_index(list, k);

            g_string_append_printf(names, "%s%s", k > 0 ? " " : "", segment->name);
        }
        g_assert_cmpstr(names->str, ==, rows[i].names);
    }
    fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/segment_rows/a_created_segment_reads_back",
                    test_a_created_segment_reads_back);
    g_test_add_func("/segment_rows/a_name_is_taken_without_case_and_accents",
                    test_a_name_is_taken_without_case_and_accents);
    g_test_add_func("/segment_rows/an_update_writes_what_is_named",
                    test_an_update_writes_what_is_named_and_moves_updated_at_only_for_a_change);
    g_test_add_func("/segment_rows/a_segment_in_use_stays_as_it_is",
                    test_a_segment_in_use_stays_as_it_is);
    g_test_add_func("/segment_rows/hosts_go_with_their_segment", test_hosts_go_with_their_segment);
    g_test_add_func("/segment_rows/lists_are_filtered", test_lists_are_filtered);
    return g_test_run();
}
