/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/life_memory.h"

#include "base/error.h"

#define UUID "b2727d37-0a87-4208-8c8c-31c55917558b"
#define ENTRY                                                                                      \
    "{\"uuid\": \"" UUID "\", \"name\": \"vm\", \"pid\": 12, \"start_time\": 34, \"since\": "      \
    "\"2026-11-23T07:08:49.733897\", \"ended\": false, \"ordered\": false, \"reported\": false}"
#define MEMORY "{\"version\": 1, \"boot_id\": \"b\", \"domains\": [" ENTRY "]}"

static void
test_there_and_back(void)
{
    g_autoptr(GArray) records = msk_life_records_new();
    g_autoptr(GArray) read = NULL;
    g_autofree char *text = NULL;
    g_autofree char *again = NULL;
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 8; i++) {
        MskLifeRecord record = {
            .uuid = UUID,
            .name = g_strdup_printf("vm \"%u\" \n", i),
            .process = {.pid = (pid_t) i, .start_time = 1000 + i},
            .since_us = 1795417729733897 + i,
            .life = {.phase = (i & 1) != 0 ? MSK_LIFE_ENDED : MSK_LIFE_RUNNING,
                     .ordered = (i & 2) != 0,
                     .reported = (i & 4) != 0},
        };

        g_array_append_val(records, record);
    }
    text = msk_life_memory_to_text(records, "boot");
    read = msk_life_memory_from_text(text, strlen(text), "boot", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, 8);
    for (unsigned i = 0; i < read->len; i++) {
        const MskLifeRecord *left = &g_array_index(records, MskLifeRecord, i);
        const MskLifeRecord *right = &g_array_index(read, MskLifeRecord, i);

        g_assert_cmpstr(right->uuid, ==, left->uuid);
        g_assert_cmpstr(right->name, ==, left->name);
        g_assert_cmpint(right->process.pid, ==, left->process.pid);
        g_assert_cmpuint(right->process.start_time, ==, left->process.start_time);
        g_assert_cmpint(right->since_us, ==, left->since_us);
        g_assert_cmpint(right->life.phase, ==, left->life.phase);
        g_assert_cmpint(right->life.ordered, ==, left->life.ordered);
        g_assert_cmpint(right->life.reported, ==, left->life.reported);
    }
    again = msk_life_memory_to_text(read, "boot");
    g_assert_cmpstr(again, ==, text);
}

static void
test_another_boot(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) same = msk_life_memory_from_text(MEMORY, strlen(MEMORY), "b", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(same->len, ==, 1);
    g_assert_null(msk_life_memory_from_text(MEMORY, strlen(MEMORY), "c", &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
}

static const struct {
    const char *from;
    const char *to;
} damages[] = {
    {"\"version\": 1", "\"version\": 0"},
    {UUID, "not-a-uuid"},
    {UUID, UUID "0"},
    {"\"pid\": 12", "\"pid\": -1"},
    {"\"pid\": 12", "\"pid\": \"12\""},
    {"\"start_time\": 34", "\"start_time\": -1"},
    {"07:08:49.733897", "morning"},
    {"[" ENTRY "]", "{}"},
    {"[" ENTRY "]", "[5]"},
    {"\"ended\": false", "\"ended\": 0"},
    {", \"reported\": false", ""},
    {"}]}", "}]"},
};

static void
test_damaged(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_auto(GStrv) parts = g_strsplit(MEMORY, damages[i].from, 2);
        g_autofree char *text = g_strjoinv(damages[i].to, parts);
        g_autoptr(GError) error = NULL;

        g_test_message("row %zu", i);
        g_assert_cmpuint(g_strv_length(parts), ==, 2);
        g_assert_null(msk_life_memory_from_text(text, strlen(text), "b", &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/life_memory/there_and_back", test_there_and_back);
    g_test_add_func("/life_memory/another_boot", test_another_boot);
    g_test_add_func("/life_memory/damaged", test_damaged);
    return g_test_run();
}
