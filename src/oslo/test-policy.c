/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <stdatomic.h>

static const MskPolicyDefault defaults[] = {
    {.name = "context_is_admin", .check = "role:admin and user_id:%(user_id)s"},
    {.name = "svc:list", .check = "is_admin:True"},
};

static const char *const dirs[] = {"policy.d", NULL};

/* A directory with policy files, and what looks there. */
typedef struct {
    char *root;
    char *other;
    const char *search[3];
    MskPolicySettings settings;
} Fixture;

static void
set_up(Fixture *fixture, const void *data)
{
    (void) data; /* GTest's signature */
    fixture->root = g_dir_make_tmp("msk-policy-XXXXXX", NULL);
    fixture->other = g_build_filename(fixture->root, "other", NULL);
    g_assert_cmpint(g_mkdir(fixture->other, 0700), ==, 0);
    fixture->search[0] = fixture->root;
    fixture->search[1] = fixture->other;
    fixture->settings = (MskPolicySettings){
        .rules = {.defaults = defaults,
                  .n_defaults = G_N_ELEMENTS(defaults),
                  .default_rule = "default"},
        .search_dirs = fixture->search,
        .file = "policy.yaml",
        .file_is_default = true,
        .dirs = dirs,
    };
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_tree(below);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void
tear_down(Fixture *fixture, const void *data)
{
    (void) data; /* GTest's signature */
    remove_tree(fixture->root);
    g_free(fixture->other);
    g_free(fixture->root);
}

static void
write_file(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->root, name, NULL);

    g_assert_cmpint(g_remove(path), ==, 0);
}

static bool
may_list(MskPolicy *policy, const char *role)
{
    const char *roles[] = {role, NULL};
    const MskPolicyCredentials credentials = {.roles = roles};
    static const MskPolicyTarget nothing = {0};

    return msk_policy_check(policy, "svc:list", &credentials, &nothing);
}

/* Returns: a role that may list, of "a" to "d", or "-". */
static const char *
who_may_list(MskPolicy *policy)
{
    static const char *const roles[] = {"a", "b", "c", "d"};

    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
        if (may_list(policy, roles[i])) {
            return roles[i];
        }
    }
    return "-";
}

static void
test_where_files_are_found(Fixture *fixture, const void *data)
{
    static const struct {
        const char *files[3]; /* relative name; who may list is the first character of the base */
        const char *file;
        const char *who;
        bool is_named;
    } cases[] = {
        {{NULL}, "policy.yaml", "-", false},
        {{"policy.yaml=a"}, "policy.yaml", "a", false},
        {{"other/policy.yaml=b"}, "policy.yaml", "b", false},
        {{"policy.yaml=a", "other/policy.yaml=b"}, "policy.yaml", "a", false},
        {{"policy.json=a"}, "policy.yaml", "a", false},
        {{"policy.json=a", "other/policy.yaml=b"}, "policy.yaml", "b", false},
        {{"policy.json=a", "policy.yaml=b"}, "policy.json", "a", true},
        {{"policy.json=a"}, "policy.yaml", "-", true},
        {{"policy.json=a"}, "own.yaml", "-", true},
        {{"policy.yaml=a", "own.yaml=b"}, "own.yaml", "b", true},
        {{"policy.yaml=a"}, "own.yaml", "-", true},
        {{"policy.yaml=a", "policy.d/x=b"}, "policy.yaml", "b", false},
        {{"policy.d/x=b"}, "policy.yaml", "b", false},
        {{"policy.d/10=c", "policy.d/9=d"}, "policy.yaml", "d", false},
        {{"policy.yaml=a", "policy.d/.hidden=b"}, "policy.yaml", "a", false},
        {{"policy.yaml=a", "policy.d/sub/x=b"}, "policy.yaml", "a", false},
    };

    (void) data; /* GTest's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicy) policy = NULL;

        for (size_t j = 0; j < 3 && cases[i].files[j] != NULL; j++) {
            g_auto(GStrv) parts = g_strsplit(cases[i].files[j], "=", 2);
            g_autofree char *rule = g_strdup_printf("{\"svc:list\": \"role:%s\"}", parts[1]);

            write_file(fixture, parts[0], rule);
        }
        fixture->settings.file = cases[i].file;
        fixture->settings.file_is_default = !cases[i].is_named;
        policy = msk_policy_new(&fixture->settings, &error);
        g_test_message("case %zu", i);
        g_assert_no_error(error);
        g_assert_cmpstr(who_may_list(policy), ==, cases[i].who);
        remove_tree(fixture->root);
        g_assert_cmpint(g_mkdir_with_parents(fixture->other, 0700), ==, 0);
    }
}

static void
test_an_absolute_name(Fixture *fixture, const void *data)
{
    g_autofree char *path = g_build_filename(fixture->other, "mine", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicySet) set = NULL;

    (void) data; /* GTest's signature */
    write_file(fixture, "other/mine", "svc:list: role:a");
    fixture->search[0] = NULL;
    fixture->settings.file = path;
    fixture->settings.file_is_default = false;
    set = msk_policy_load(&fixture->settings, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(msk_policy_set_rule(set, 0).name, ==, "svc:list");
    g_assert_nonnull(strstr(msk_policy_set_rule(set, 0).where, path));
}

static void
test_bad_files_stop_the_start(Fixture *fixture, const void *data)
{
    g_autoptr(GError) error = NULL;

    (void) data; /* GTest's signature */
    write_file(fixture, "policy.yaml", "a: role:a\nb: nonsense\n");
    g_assert_null(msk_policy_new(&fixture->settings, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "policy.yaml:2: rule \"b\""));
    g_clear_error(&error);
    write_file(fixture, "policy.yaml", "a: role:a\n");
    write_file(fixture, "policy.d", "a: role:a\n");
    g_assert_null(msk_policy_new(&fixture->settings, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "policy_dirs"));
    remove_file(fixture, "policy.d");
}

static void
test_is_admin(Fixture *fixture, const void *data)
{
    static const char *const admin[] = {"Admin", NULL};
    static const char *const member[] = {"member", NULL};
    g_autoptr(MskPolicy) policy = msk_policy_new(&fixture->settings, NULL);

    (void) data; /* GTest's signature */
    g_assert_true(msk_policy_is_admin(policy, &(MskPolicyCredentials){.roles = admin}));
    g_assert_false(msk_policy_is_admin(policy, &(MskPolicyCredentials){.roles = member}));
    /* What the caller thinks already does not count. */
    g_assert_false(msk_policy_is_admin(
        policy, &(MskPolicyCredentials){.roles = member, .is_admin = MSK_POLICY_ADMIN_YES}));
}

/* One step in the life of the files: what is done, and what follows. */
typedef struct {
    const char *name;
    const char *text; /* NULL: removed */
    MskPolicyRefresh result;
    const char *who;
} Step;

static void
play(const Fixture *fixture, MskPolicy *policy, const Step *steps, size_t n_steps)
{
    for (size_t i = 0; i < n_steps; i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("step %zu", i);
        if (steps[i].name != NULL && steps[i].text != NULL) {
            write_file(fixture, steps[i].name, steps[i].text);
        } else if (steps[i].name != NULL) {
            remove_file(fixture, steps[i].name);
        }
        g_assert_cmpint(msk_policy_refresh(policy, &error), ==, steps[i].result);
        g_assert_cmpint(error != NULL, ==, steps[i].result == MSK_POLICY_KEPT);
        g_assert_cmpstr(who_may_list(policy), ==, steps[i].who);
    }
}

static void
test_files_that_change(Fixture *fixture, const void *data)
{
    static const Step steps[] = {
        {NULL, NULL, MSK_POLICY_UNCHANGED, "-"},
        {"policy.yaml", "svc:list: role:a", MSK_POLICY_RELOADED, "a"},
        {NULL, NULL, MSK_POLICY_UNCHANGED, "a"},
        {"policy.yaml", "svc:list: role:b", MSK_POLICY_RELOADED, "b"},
        {"policy.yaml", "svc:list: nonsense", MSK_POLICY_KEPT, "b"},
        {NULL, NULL, MSK_POLICY_UNCHANGED, "b"},
        {"policy.yaml", "svc:list: rule:svc:list", MSK_POLICY_KEPT, "b"},
        {"policy.yaml", "svc:list: role:c", MSK_POLICY_RELOADED, "c"},
        {"policy.d/x", "svc:list: role:d", MSK_POLICY_RELOADED, "d"},
        {"policy.d/x", "svc:list: ", MSK_POLICY_KEPT, "d"},
        {"policy.d/x", NULL, MSK_POLICY_RELOADED, "c"},
        {"policy.yaml", NULL, MSK_POLICY_KEPT, "c"},
        {NULL, NULL, MSK_POLICY_UNCHANGED, "c"},
        {"policy.yaml", "svc:list: role:a", MSK_POLICY_RELOADED, "a"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(MskPolicy) policy = msk_policy_new(&fixture->settings, &error);

    (void) data; /* GTest's signature */
    g_assert_no_error(error);
    play(fixture, policy, steps, G_N_ELEMENTS(steps));
    remove_file(fixture, "policy.yaml");
    g_assert_true(msk_policy_reload(policy, &error));
    g_assert_cmpstr(who_may_list(policy), ==, "-");
    write_file(fixture, "policy.yaml", "nonsense");
    g_assert_false(msk_policy_reload(policy, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
}

static void
test_files_are_not_looked_at_too_often(Fixture *fixture, const void *data)
{
    g_autoptr(MskPolicy) policy = NULL;

    (void) data; /* GTest's signature */
    fixture->settings.refresh_interval_us = INT64_C(3600) * G_USEC_PER_SEC;
    policy = msk_policy_new(&fixture->settings, NULL);
    g_assert_cmpint(msk_policy_refresh(policy, NULL), ==, MSK_POLICY_UNCHANGED);
    write_file(fixture, "policy.yaml", "svc:list: role:a");
    g_assert_cmpint(msk_policy_refresh(policy, NULL), ==, MSK_POLICY_UNCHANGED);
    g_assert_cmpstr(who_may_list(policy), ==, "-");
    g_assert_true(msk_policy_reload(policy, NULL));
    g_assert_cmpstr(who_may_list(policy), ==, "a");
}

static void
test_warnings(Fixture *fixture, const void *data)
{
    g_autoptr(MskPolicy) policy = NULL;
    g_auto(GStrv) warnings = NULL;

    (void) data; /* GTest's signature */
    write_file(fixture, "policy.d/x", "svc:typo: role:a");
    fixture->settings.file = "own.yaml";
    fixture->settings.file_is_default = false;
    policy = msk_policy_new(&fixture->settings, NULL);
    warnings = msk_policy_warnings(policy);
    g_assert_cmpint(g_strv_length(warnings), ==, 2);
    g_assert_nonnull(strstr(warnings[0], "own.yaml was not found"));
    g_assert_nonnull(strstr(warnings[1], "svc:typo"));
}

static void
test_settings_come_from_the_configuration(void)
{
    static const char *const overrides[] = {"oslo_policy.policy_file=p",
                                            "oslo_policy.policy_dirs=q",
                                            "oslo_policy.enforce_scope=true", NULL};
    static const char *const nowhere[] = {NULL};
    const MskConfigSources sources = {.overrides = overrides};
    g_autoptr(MskConfigSchema) schema = msk_config_schema_new();
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GError) error = NULL;
    MskPolicySettings settings;

    msk_config_schema_add(schema, msk_policy_options, msk_n_policy_options);
    config = msk_config_load(schema, &sources, &error);
    g_assert_no_error(error);
    settings = msk_policy_settings(config, nowhere, defaults, G_N_ELEMENTS(defaults));
    g_assert_cmpstr(settings.file, ==, "p");
    g_assert_false(settings.file_is_default);
    g_assert_cmpstr(settings.dirs[0], ==, "q");
    g_assert_cmpstr(settings.rules.default_rule, ==, "default");
    g_assert_true(settings.rules.enforce_scope);
    g_assert_false(settings.rules.enforce_new_defaults);
    g_assert_cmpint(settings.refresh_interval_us, ==, G_USEC_PER_SEC);
}

typedef struct {
    MskPolicy *policy;
    atomic_bool stop;
    atomic_uint n_wrong;
} Race;

static void *
check_all_the_time(void *data)
{
    Race *race = data;

    while (!atomic_load(&race->stop)) {
        /* Every set allows both or neither: a torn one shows. */
        if (!may_list(race->policy, "a") || may_list(race->policy, "x")) {
            atomic_fetch_add(&race->n_wrong, 1);
        }
        (void) msk_policy_refresh(race->policy, NULL); /* who reloads does not matter here */
    }
    return NULL;
}

static void
test_checks_while_rules_are_exchanged(Fixture *fixture, const void *data)
{
    GThread *threads[3];
    Race race = {0};

    (void) data; /* GTest's signature */
    write_file(fixture, "policy.yaml", "svc:list: role:a");
    race.policy = msk_policy_new(&fixture->settings, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("check", check_all_the_time, &race);
    }
    for (unsigned i = 0; i < 300; i++) {
        g_assert_true(msk_policy_reload(race.policy, NULL));
    }
    atomic_store(&race.stop, true);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(atomic_load(&race.n_wrong), ==, 0);
    msk_policy_free(race.policy);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *fixture, const void *data);
    } tests[] = {
        {"/policy/where_files_are_found", test_where_files_are_found},
        {"/policy/an_absolute_name", test_an_absolute_name},
        {"/policy/bad_files_stop_the_start", test_bad_files_stop_the_start},
        {"/policy/is_admin", test_is_admin},
        {"/policy/files_that_change", test_files_that_change},
        {"/policy/files_are_not_looked_at_too_often", test_files_are_not_looked_at_too_often},
        {"/policy/warnings", test_warnings},
        {"/policy/checks_while_rules_are_exchanged", test_checks_while_rules_are_exchanged},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    g_test_add_func("/policy/settings_come_from_the_configuration",
                    test_settings_come_from_the_configuration);
    return g_test_run();
}
