/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config.h"

#include "base/error.h"

static const char *const colours[] = {"red", "green", NULL};
static const char *const old_names[] = {"DEFAULT.old_limit", "past.limit", NULL};
static const char *const old_hooks[] = {"DEFAULT.hook", NULL};

static const MskOption table[] = {
    {.group = "DEFAULT", .name = "name", .initial = "plain"},
    {.group = "DEFAULT", .name = "host", .type = MSK_OPTION_HOST, .initial = MSK_OPTION_HOST_NAME},
    {.group = "DEFAULT",
     .name = "debug",
     .type = MSK_OPTION_BOOL,
     .initial = "false",
     .is_mutable = true},
    {.group = "DEFAULT", .name = "colour", .initial = "red", .choices = colours},
    {.group = "a",
     .name = "limit",
     .type = MSK_OPTION_INT,
     .initial = "5",
     .unit = "seconds",
     .min = 1,
     .max = INT64_MAX,
     .has_bounds = true,
     .deprecated = old_names},
    {.group = "a", .name = "maybe", .type = MSK_OPTION_INT},
    {.group = "a", .name = "ratio", .type = MSK_OPTION_FLOAT, .initial = "1.5"},
    {.group = "a", .name = "port", .type = MSK_OPTION_PORT, .initial = "80"},
    {.group = "a", .name = "items", .type = MSK_OPTION_LIST, .initial = "x,y", .is_mutable = true},
    {.group = "a", .name = "pairs", .type = MSK_OPTION_DICT},
    {.group = "a", .name = "hooks", .type = MSK_OPTION_MULTI, .deprecated = old_hooks},
    {.group = "a", .name = "flow", .type = MSK_OPTION_FLOW, .initial = "main: ['one', 'two']"},
    {.group = "a", .name = "key", .secret = true},
    {.group = "a", .name = "path", .initial = "$name/${a.limit}/$$x"},
};

typedef struct {
    char *dir;
    char *path;
    MskConfigSchema *schema;
} Fixture;

static void
set_up(Fixture *fixture, const void *data)
{
    (void) data;
    fixture->dir = g_dir_make_tmp("config-XXXXXX", NULL);
    g_assert_nonnull(fixture->dir);
    fixture->path = g_build_filename(fixture->dir, "a.conf", NULL);
    fixture->schema = msk_config_schema_new();
    msk_config_schema_add(fixture->schema, table, G_N_ELEMENTS(table));
}

static void
tear_down(Fixture *fixture, const void *data)
{
    g_autoptr(GDir) dir = g_dir_open(fixture->dir, 0, NULL);
    const char *name;

    (void) data;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(fixture->dir, name, NULL);

        g_assert_cmpint(unlink(path), ==, 0);
    }
    g_assert_cmpint(rmdir(fixture->dir), ==, 0);
    g_free(fixture->dir);
    g_free(fixture->path);
    msk_config_schema_free(fixture->schema);
}

static char *
write_file(const Fixture *fixture, const char *name, const char *text)
{
    char *path = g_build_filename(fixture->dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static MskConfig *
load(const Fixture *fixture, const char *text, GError **error)
{
    g_autofree char *path = write_file(fixture, "a.conf", text);
    const char *files[] = {path, NULL};
    MskConfigSources sources = {.files = files};

    return msk_config_load(fixture->schema, &sources, error);
}

static MskConfig *
load_good(const Fixture *fixture, const char *text)
{
    g_autoptr(GError) error = NULL;
    MskConfig *config = load(fixture, text, &error);

    g_assert_no_error(error);
    return config;
}

static void
test_defaults(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) config = load_good(fixture, "");

    (void) data;
    g_assert_cmpstr(msk_config_string(config, "DEFAULT", "name"), ==, "plain");
    g_assert_cmpstr(msk_config_string(config, "DEFAULT", "host"), ==, g_get_host_name());
    g_assert_false(msk_config_bool(config, "DEFAULT", "debug"));
    g_assert_cmpint(msk_config_int(config, "a", "limit"), ==, 5);
    g_assert_cmpint(msk_config_int(config, "a", "port"), ==, 80);
    g_assert_cmpfloat(msk_config_float(config, "a", "ratio"), ==, 1.5);
    g_assert_false(msk_config_is_set(config, "a", "maybe"));
    g_assert_cmpstr(msk_config_list(config, "a", "items")[1], ==, "y");
    g_assert_cmpuint(g_hash_table_size(msk_config_dict(config, "a", "pairs")), ==, 0);
    g_assert_null(msk_config_list(config, "a", "hooks")[0]);
    g_assert_cmpstr(msk_config_flow(config, "a", "flow", "main")[1], ==, "two");
    g_assert_null(msk_config_flow(config, "a", "flow", "pre")[0]);
    g_assert_null(msk_config_string(config, "a", "key"));
    g_assert_cmpstr(msk_config_string(config, "a", "path"), ==, "plain/5/$x");
}

static void
test_every_type_is_read(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) config = load_good(
        fixture,
        "[DEFAULT]\ndebug = YES\nname: 'in quotes '\n[A]\nlimit=1_000\nmaybe =\nratio=-2e3\n"
        "items = p ,q,,r,\npairs = k:v, n : w:x\nhooks = one\nhooks = two\n"
        "flow = {'pre': [\"z\"], post: []}\nhost=ignored\n");

    (void) data;
    g_assert_true(msk_config_bool(config, "DEFAULT", "debug"));
    g_assert_cmpstr(msk_config_string(config, "DEFAULT", "name"), ==, "in quotes ");
    g_assert_cmpint(msk_config_int(config, "a", "limit"), ==, 1000);
    g_assert_false(msk_config_is_set(config, "a", "maybe"));
    g_assert_cmpfloat(msk_config_float(config, "a", "ratio"), ==, -2000);
    g_assert_cmpstr(msk_config_list(config, "a", "items")[2], ==, "");
    g_assert_cmpstr(msk_config_list(config, "a", "items")[3], ==, "r");
    g_assert_null(msk_config_list(config, "a", "items")[4]);
    g_assert_cmpstr(g_hash_table_lookup(msk_config_dict(config, "a", "pairs"), "n"), ==, "w:x");
    g_assert_cmpstr(msk_config_list(config, "a", "hooks")[1], ==, "two");
    g_assert_cmpstr(msk_config_flow(config, "a", "flow", "pre")[0], ==, "z");
    g_assert_null(msk_config_unknown(config)[1]);
    g_assert_true(g_str_has_suffix(msk_config_unknown(config)[0], "a.conf:13: [a] host"));
}

static void
test_bad_values_name_everything(Fixture *fixture, const void *data)
{
    static const struct {
        const char *text;
        const char *message; /* behind the directory */
    } cases[] = {
        {"[a]\n\nlimit = abc\n",
         "a.conf:3: [a] limit = abc: must be a whole number of at least 1 in seconds"},
        {"[a]\nlimit = 0\n", "a.conf:2: [a] limit = 0: must be a whole number of at least 1 in"},
        {"[a]\nlimit =\n", "a.conf:2: [a] limit = : must be a whole number"},
        {"[a]\nport = 65536\n",
         "a.conf:2: [a] port = 65536: must be a port number from 0 to 65535"},
        {"[DEFAULT]\ncolour = blue\n",
         "a.conf:2: [DEFAULT] colour = blue: must be one of: red, green"},
        {"[DEFAULT]\ndebug = maybe\n", "[DEFAULT] debug = maybe: must be true or false"},
        {"[DEFAULT]\nhost = a_b\n", "[DEFAULT] host = a_b: must be an IP address or a host name"},
        {"[a]\nratio = nan\n", "[a] ratio = nan: must be a number"},
        {"[a]\npairs = x\n", "[a] pairs = x: must be NAME:VALUE pairs"},
        {"[a]\nflow = main\n", "[a] flow = main: must be {'pre'"},
        {"[a]\nkey = $nothing-secret\n", "[a] key = '***': '$nothing' names no option"},
        {"[DEFAULT]\nname = $name\n", "[DEFAULT] name = $name: '$name' leads back to this option"},
        {"[DEFAULT]\nname = ${a.path}\n[a]\npath = $name\n", "leads back to this option"},
        {"[past]\nlimit = x\n", "a.conf:2: [a] limit = x: must be"},
        {"[a]\nitems = ${a.colour}\n", "'$a.colour' names no option"},
        {"[a]\nratio = a\x1b\n  b\n", "[a] ratio = a\\x1b\\nb: must be"},
    };

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskConfig) config = load(fixture, cases[i].text, &error);

        g_assert_null(config);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void
test_later_sources_win(Fixture *fixture, const void *data)
{
    g_autofree char *first =
        write_file(fixture, "1.ini", "[a]\nlimit=1\nhooks=a\n[DEFAULT]\nhook=0\n");
    g_autofree char *second =
        write_file(fixture, "2.ini", "[DEFAULT]\nold_limit=2\nhook=b\nname=f\n");
    g_free(write_file(fixture, "z.conf", "[a]\nport=2\nhooks=c\nhooks=d\n"));
    g_free(write_file(fixture, "b.conf", "[a]\nport=1\nratio=7\n"));
    g_free(write_file(fixture, ".h.conf", "[a]\nport=3\n"));
    const char *files[] = {first, second, NULL};
    const char *dirs[] = {fixture->dir, NULL};
    const char *overrides[] = {"DEFAULT.debug=true", "DEFAULT.debug=false", NULL};
    MskConfigSources sources = {
        .files = files, .dirs = dirs, .overrides = overrides, .use_environment = true};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GString) hooks = g_string_new(NULL);

    (void) data;
    g_setenv("OS_DEFAULT__NAME", "from $host", TRUE);
    g_setenv("OS_DEFAULT__DEBUG", "1", TRUE);
    config = msk_config_load(fixture->schema, &sources, &error);
    g_unsetenv("OS_DEFAULT__NAME");
    g_unsetenv("OS_DEFAULT__DEBUG");
    g_assert_no_error(error);
    g_assert_cmpint(msk_config_int(config, "a", "limit"), ==, 2);
    g_assert_cmpint(msk_config_int(config, "a", "port"), ==, 2);
    g_assert_cmpfloat(msk_config_float(config, "a", "ratio"), ==, 7);
    g_assert_true(g_str_has_prefix(msk_config_string(config, "DEFAULT", "name"), "from "));
    g_assert_false(msk_config_bool(config, "DEFAULT", "debug"));
    for (const char *const *hook = msk_config_list(config, "a", "hooks"); *hook != NULL; hook++) {
        g_string_append(hooks->str[0] != 0 ? g_string_append_c(hooks, ',') : hooks, *hook);
    }
    g_assert_cmpstr(hooks->str, ==, "0,a,b,c,d");
    g_assert_nonnull(strstr(msk_config_deprecated(config)[0], "2.ini:3: [DEFAULT] hook is an old"));
    g_assert_nonnull(strstr(msk_config_deprecated(config)[1], "2.ini:2: [DEFAULT] old_limit is"));
    g_assert_null(msk_config_deprecated(config)[2]);
}

static void
collect(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    g_string_append_printf(data, "%s:%s>%s;", option->name, old_text, new_text);
}

static void
test_reload_takes_mutable_options(Fixture *fixture, const void *data)
{
    g_autoptr(MskConfig) running = load_good(fixture, "[DEFAULT]\nname=old\n[a]\nkey=k\nmaybe=1\n");
    g_autoptr(MskConfig) fresh = load_good(fixture, "[DEFAULT]\nname=new\ndebug=1\n[a]\nkey=l\n");
    g_autoptr(MskConfig) merged = msk_config_merge(running, fresh);
    g_autoptr(GString) changes = g_string_new(NULL);

    (void) data;
    g_assert_cmpstr(msk_config_string(merged, "DEFAULT", "name"), ==, "old");
    g_assert_cmpint(msk_config_int(merged, "a", "maybe"), ==, 1);
    g_assert_true(msk_config_bool(merged, "DEFAULT", "debug"));
    msk_config_compare(running, fresh, collect, changes);
    g_assert_cmpstr(changes->str, ==,
                    "debug:false>1;name:old>new;key:***>***;maybe:1><unset>;"
                    "path:old/5/$x>new/5/$x;");
}

static void
find_name(const MskOption *option, const char *old_text, const char *new_text, void *data)
{
    if (strcmp(option->name, "name") == 0) {
        g_string_printf(data, "%s|%s", old_text, new_text);
    }
}

static void
test_long_values_are_shown_in_part(Fixture *fixture, const void *data)
{
    g_autoptr(GString) text = g_string_new("[DEFAULT]\nname = ");
    g_autofree char *start = g_strnfill(200, 'x');
    g_autofree char *expected = g_strdup_printf("%s...|%s...", start, start);
    g_autoptr(GString) shown = g_string_new(NULL);
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(MskConfig) same = NULL;

    (void) data;
    g_string_append_printf(text, "%sx\n[a]\nitems = ${ratio}\n", start);
    config = load_good(fixture, text->str);
    same = msk_config_ref(config);
    msk_config_each(same, find_name, shown);
    g_assert_cmpstr(shown->str, ==, expected);
    g_assert_cmpstr(msk_config_list(same, "a", "items")[0], ==, "1.5");
}

static void
test_unreadable_sources(Fixture *fixture, const void *data)
{
    const char *files[] = {"/nonexistent/a.conf", NULL};
    const char *dirs[] = {"/nonexistent", NULL};
    const char *as_file[] = {fixture->dir, NULL};
    const struct {
        MskConfigSources sources;
        MskErrorCode code;
        const char *message;
    } cases[] = {
        {{.files = files}, MSK_ERROR_NOT_FOUND, "/nonexistent/a.conf"},
        {{.dirs = dirs}, MSK_ERROR_NOT_FOUND, "/nonexistent"},
        {{.files = as_file}, MSK_ERROR_INVALID, "is a directory"},
    };

    (void) data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_config_load(fixture->schema, &cases[i].sources, &error));
        g_assert_error(error, MSK_ERROR, (int) cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].message));
    }
}

static void
test_a_real_row_replaces_an_accepted_one(void)
{
    static const MskOption accepted[] = {
        {.group = "g", .name = "x", .initial = "1", .accepted_only = true},
        {.group = "g", .name = "y", .initial = "2", .accepted_only = true},
    };
    static const MskOption real[] = {{.group = "g", .name = "x", .initial = "3"}};
    const char *given[] = {"g.x=3", "g.y=5", NULL};
    MskConfigSources sources = {0};

    for (int real_first = 0; real_first < 2; real_first++) {
        g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
        g_autoptr(MskConfig) config = NULL;
        g_autofree char *without_effect = NULL;

        if (real_first) {
            sources.overrides = given;
            msk_config_schema_add(schema, real, 1);
        }
        msk_config_schema_add(schema, accepted, 2);
        msk_config_schema_add(schema, real, 1);
        config = msk_config_load(schema, &sources, NULL);
        g_assert_cmpstr(msk_config_string(config, "g", "x"), ==, "3");
        g_assert_cmpstr(msk_config_string(config, "g", "y"), ==, real_first ? "5" : "2");
        without_effect = msk_config_without_effect(config);
        g_assert_cmpstr(without_effect, ==, real_first ? "[g] y" : "");
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *, const void *);
    } tests[] = {
        {"/config/defaults", test_defaults},
        {"/config/every_type_is_read", test_every_type_is_read},
        {"/config/bad_values_name_everything", test_bad_values_name_everything},
        {"/config/later_sources_win", test_later_sources_win},
        {"/config/reload_takes_mutable_options", test_reload_takes_mutable_options},
        {"/config/long_values_are_shown_in_part", test_long_values_are_shown_in_part},
        {"/config/unreadable_sources", test_unreadable_sources},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
    g_test_add_func("/config/a_real_row_replaces_an_accepted_one",
                    test_a_real_row_replaces_an_accepted_one);
    return g_test_run();
}
