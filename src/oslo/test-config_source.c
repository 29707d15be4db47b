/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_source.h"

#include "base/error.h"

static const char *const old_names[] = {"DEFAULT.old", NULL};
static const MskOption limit = {
    .group = "a", .name = "limit", .initial = "9", .deprecated = old_names};
static const MskOption hooks = {.group = "a",
                                .name = "hooks",
                                .type = MSK_OPTION_MULTI,
                                .initial = "x\ny",
                                .deprecated = old_names};
static const MskOption bare = {.group = "a", .name = "bare"};

/* Two files, the second one newer; '#' stands between the values found. */
static const struct {
    const char *first;
    const char *second;
    const MskOption *option;
    const char *texts; /* NULL: not found */
    const char *where; /* the end of it */
    bool is_old;
} cases[] = {
    {"", "", &limit, "9", "default", false},
    {"", "", &hooks, "x#y", "default", false},
    {"", "", &bare, NULL, NULL, false},
    {"[a]\nlimit=1\nlimit=2\n", "", &limit, "2", "1.ini:3", false},
    {"[a]\nlimit=1\n", "[a]\nlimit=2\n", &limit, "2", "2.ini:2", false},
    {"[a]\nlimit=1\n", "[DEFAULT]\nold=2\n", &limit, "2", "2.ini:2", true},
    {"[DEFAULT]\nold=2\n[a]\nlimit=1\n", "", &limit, "1", "1.ini:4", false},
    {"[a]\nhooks=1\nhooks=2\n", "[a]\nhooks=3\n", &hooks, "1#2#3", "2.ini:2", false},
    {"[a]\nhooks=1\n[DEFAULT]\nold=0\n", "", &hooks, "0#1", "1.ini:2", true},
    {"[A]\nlimit=1\n", "", &limit, "1", "1.ini:2", false},
    {"[a]\nLimit=1\n", "", &limit, "9", "default", false},
    {"[a]\nbare=\n", "", &bare, "", "1.ini:2", false},
};

typedef struct {
    char *dir;
    char *paths[3];
} Fixture;

static void
set_up(Fixture *fixture, const void *data)
{
    (void) data;
    fixture->dir = g_dir_make_tmp("source-XXXXXX", NULL);
    fixture->paths[0] = g_build_filename(fixture->dir, "1.ini", NULL);
    fixture->paths[1] = g_build_filename(fixture->dir, "2.ini", NULL);
}

static void
tear_down(Fixture *fixture, const void *data)
{
    (void) data;
    for (size_t i = 0; fixture->paths[i] != NULL; i++) {
        (void) unlink(fixture->paths[i]); /* a test may have removed it */
        g_free(fixture->paths[i]);
    }
    g_assert_cmpint(rmdir(fixture->dir), ==, 0);
    g_free(fixture->dir);
}

static MskConfigFiles *
read_files(const Fixture *fixture, const char *first, const char *second)
{
    const char *paths[] = {fixture->paths[0], fixture->paths[1], NULL};
    g_autoptr(GError) error = NULL;
    MskConfigFiles *files;

    g_assert_true(g_file_set_contents(paths[0], first, -1, NULL));
    g_assert_true(g_file_set_contents(paths[1], second, -1, NULL));
    files = msk_config_files_read(paths, NULL, &error);
    g_assert_no_error(error);
    return files;
}

static void
test_find(Fixture *fixture, const void *data)
{
    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MskConfigFiles) files = read_files(fixture, cases[i].first, cases[i].second);
        MskConfigSources sources = {0};
        g_auto(MskConfigGiven) given = {0};
        g_autofree char *texts = NULL;

        g_test_message("case %zu", i);
        g_assert_cmpint(msk_config_find(files, &sources, cases[i].option, &given), ==,
                        cases[i].texts != NULL);
        if (cases[i].texts == NULL) {
            continue;
        }
        texts = g_strjoinv("#", given.texts);
        g_assert_cmpstr(texts, ==, cases[i].texts);
        g_assert_true(g_str_has_suffix(given.where, cases[i].where));
        g_assert_cmpint(given.old_name != NULL, ==, cases[i].is_old);
        g_assert_cmpint(given.is_default, ==, strcmp(cases[i].where, "default") == 0);
    }
}

static void
test_environment_and_arguments(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfigFiles) files = read_files(fixture, "[a]\nlimit=1\n", "");
    const char *overrides[] = {"a.limit=3", "a.limit=4", "a.limits=5", "a.limit5", "b", NULL};
    MskConfigSources sources = {0};
    g_auto(MskConfigGiven) given = {0};

    (void) data;
    g_setenv("OS_A__LIMIT", "2", TRUE);
    g_assert_true(msk_config_find(files, &sources, &limit, &given));
    g_assert_cmpstr(given.texts[0], ==, "1");
    msk_config_given_clear(&given);
    sources.use_environment = true;
    g_assert_true(msk_config_find(files, &sources, &limit, &given));
    g_assert_cmpstr(given.texts[0], ==, "2");
    g_assert_cmpstr(given.where, ==, "environment variable OS_A__LIMIT");
    msk_config_given_clear(&given);
    sources.overrides = overrides;
    g_assert_true(msk_config_find(files, &sources, &limit, &given));
    g_assert_cmpstr(given.texts[0], ==, "4");
    g_assert_cmpstr(given.where, ==, "command line");
    g_unsetenv("OS_A__LIMIT");
}

static void
write_below(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_below(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

    g_assert_cmpint(unlink(path), ==, 0);
}

/* Of a directory count the *.conf files, in the order of their names, and after the files. */
static void
test_directories(Fixture *fixture, const void *data)
{
    static const char *const names[] = {"b.conf", "a.conf", "c.conf", ".d.conf", "e.txt"};
    const char *files[] = {fixture->paths[0], NULL};
    const char *dirs[] = {fixture->dir, NULL};
    MskConfigSources sources = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfigFiles) read = NULL;
    g_auto(MskConfigGiven) given = {0};
    g_autofree char *texts = NULL;

    (void) data;
    g_assert_true(g_file_set_contents(files[0], "[a]\nhooks=file\n", -1, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = g_strdup_printf("[a]\nhooks=%s\n", names[i]);

        write_below(fixture, names[i], text);
    }
    read = msk_config_files_read(files, dirs, &error);
    g_assert_no_error(error);
    g_assert_true(msk_config_find(read, &sources, &hooks, &given));
    texts = g_strjoinv(" ", given.texts);
    g_assert_cmpstr(texts, ==, "file a.conf b.conf c.conf");
    write_below(fixture, "b.conf", "no option\n");
    g_assert_null(msk_config_files_read(files, dirs, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "/b.conf:1: "));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        remove_below(fixture, names[i]);
    }
}

static void
test_a_directory_has_a_limit(Fixture *fixture, const void *data)
{
    enum { MOST = 1000 };
    const char *dirs[] = {fixture->dir, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfigFiles) read = NULL;

    (void) data;
    for (int i = 0; i <= MOST; i++) {
        g_autofree char *name = g_strdup_printf("%d.conf", i);

        if (i == MOST) {
            read = msk_config_files_read(NULL, dirs, &error);
            g_assert_no_error(error);
        }
        write_below(fixture, name, "");
    }
    g_assert_null(msk_config_files_read(NULL, dirs, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "more than 1000 *.conf files"));
    for (int i = 0; i <= MOST; i++) {
        g_autofree char *name = g_strdup_printf("%d.conf", i);

        remove_below(fixture, name);
    }
}

static void
test_unknown(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfigFiles) files =
        read_files(fixture, "[a]\nlimit=1\n\nother=2\n", "[b]\nlimit=1\n");
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    g_auto(GStrv) unknown = NULL;
    char name[] = "a.limit";

    (void) data;
    g_hash_table_add(known, name);
    unknown = msk_config_files_unknown(files, known);
    g_assert_true(g_str_has_suffix(unknown[0], "1.ini:4: [a] other"));
    g_assert_true(g_str_has_suffix(unknown[1], "2.ini:2: [b] limit"));
    g_assert_null(unknown[2]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/config_source/find", Fixture, NULL, set_up, test_find, tear_down);
    g_test_add("/config_source/environment_and_arguments", Fixture, NULL, set_up,
               test_environment_and_arguments, tear_down);
    g_test_add("/config_source/directories", Fixture, NULL, set_up, test_directories, tear_down);
    g_test_add("/config_source/a_directory_has_a_limit", Fixture, NULL, set_up,
               test_a_directory_has_a_limit, tear_down);
    g_test_add("/config_source/unknown", Fixture, NULL, set_up, test_unknown, tear_down);
    return g_test_run();
}
