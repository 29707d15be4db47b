/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy.h"

#include "base/error.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILES  256 /* of policy.d */
#define RULE_ADMIN "context_is_admin"
#define NAME_YAML  "policy.yaml"
#define NAME_JSON  "policy.json"
#define REFRESH_US INT64_C(1000000)

static const char *const old_file[] = {"DEFAULT.policy_file", NULL};
static const char *const old_default_rule[] = {"DEFAULT.policy_default_rule", NULL};
static const char *const old_dirs[] = {"DEFAULT.policy_dirs", NULL};

#define POLICY(name_, type_, initial_)                                                             \
    .group = "oslo_policy", .name = (name_), .type = (type_), .initial = (initial_)

const MskOption msk_policy_options[] = {
    {POLICY("policy_file", MSK_OPTION_STRING, NAME_YAML), .deprecated = old_file,
     .help =
         "The file with rules that differ from the defaults. A relative path is looked up in "
         "the --config-dir directories, beside the configuration files, and in ~/.masakari, ~, "
         "/etc/masakari and /etc. Where this is not set and there is no policy.yaml, policy.json "
         "is taken. Without a file the defaults are in force."},
    {POLICY("policy_dirs", MSK_OPTION_MULTI, "policy.d"), .deprecated = old_dirs,
     .help = "Directories of more policy files, read after policy_file in the order of their "
             "names; looked up as policy_file is. One that is not there is ignored."},
    {POLICY("policy_default_rule", MSK_OPTION_STRING, "default"), .deprecated = old_default_rule,
     .help = "The rule that stands in where a rule refers to one that is not defined. If it is "
             "not defined either, such a rule refuses."},
    {POLICY("enforce_scope", MSK_OPTION_BOOL, "false"),
     .help = "Refuses a token whose scope (system, domain or project) is not one of the rule's "
             "scope types. No rule of Masakari has scope types."},
    {POLICY("enforce_new_defaults", MSK_OPTION_BOOL, "false"),
     .help = "Stops allowing what only the former, deprecated default of a rule allows. No rule "
             "of Masakari has one."},
};
const size_t msk_n_policy_options = G_N_ELEMENTS(msk_policy_options);

/* What there is to read. */
typedef struct {
    char *main;         /* (nullable) the policy file */
    char *no_directory; /* (nullable) a policy_dirs entry that is something else */
    GPtrArray *paths;   /* all files in their order */
    GString *state;     /* changes when one of them does */
} Files;

/*
 * Readers take the set that @current names and count themselves in; a writer fills the other
 * place, once nobody is left in it, and then switches. A reader that sees the switch while it
 * counts itself in tries again.
 */
struct MskPolicy {
    MskPolicySettings settings;
    char *default_rule;
    char *file;
    char **search_dirs;
    char **dirs;
    MskPolicySet *sets[2];
    atomic_uint readers[2];
    atomic_uint current;
    _Atomic int64_t next_look_mono_us;
    GMutex lock; /* of writers, and of what follows */
    char *main;
    char *state;
};

MskPolicySettings
msk_policy_settings(const MskConfig *config, const char *const *search_dirs,
                    const MskPolicyDefault *defaults, size_t n_defaults)
{
    static const char group[] = "oslo_policy";

    return (MskPolicySettings){
        .rules =
            {
                .defaults = defaults,
                .n_defaults = n_defaults,
                .default_rule = msk_config_string(config, group, "policy_default_rule"),
                .enforce_scope = msk_config_bool(config, group, "enforce_scope"),
                .enforce_new_defaults = msk_config_bool(config, group, "enforce_new_defaults"),
            },
        .search_dirs = search_dirs,
        .file = msk_config_string(config, group, "policy_file"),
        .file_is_default = !msk_config_is_given(config, group, "policy_file"),
        .dirs = msk_config_list(config, group, "policy_dirs"),
        .refresh_interval_us = REFRESH_US,
    };
}

static void
clear_files(Files *files)
{
    g_free(files->main);
    g_free(files->no_directory);
    g_ptr_array_unref(files->paths);
    g_string_free(files->state, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Files, clear_files)

/* Returns: (transfer full) (nullable) where @name is. */
static char *
find_path(const MskPolicySettings *settings, const char *name)
{
    if (name == NULL || *name == '\0') {
        return NULL;
    }
    if (g_path_is_absolute(name)) {
        return g_file_test(name, G_FILE_TEST_EXISTS) ? g_strdup(name) : NULL;
    }
    for (size_t i = 0; settings->search_dirs[i] != NULL; i++) {
        g_autofree char *path = g_build_filename(settings->search_dirs[i], name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

static void
note_state(Files *files, const char *path)
{
    struct stat status = {0};

    g_string_append(files->state, path);
    if (stat(path, &status) == 0) {
        g_string_append_printf(files->state, " %ju %ju %jd %jd.%ld\n", (uintmax_t) status.st_dev,
                               (uintmax_t) status.st_ino, (intmax_t) status.st_size,
                               (intmax_t) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    } else {
        g_string_append(files->state, " gone\n");
    }
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
add_directory(Files *files, const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (dir == NULL) {
        g_free(files->no_directory);
        files->no_directory = g_strdup(path);
        return;
    }
    while ((name = g_dir_read_name(dir)) != NULL && names->len <= MAX_FILES) {
        if (name[0] != '.') {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, g_ptr_array_index(names, i), NULL);

        if (!g_file_test(file, G_FILE_TEST_IS_DIR)) {
            note_state(files, file);
            g_ptr_array_add(files->paths, g_steal_pointer(&file));
        }
    }
}

static void
look(const MskPolicySettings *settings, Files *ret)
{
    *ret = (Files){
        .main = find_path(settings, settings->file),
        .paths = g_ptr_array_new_with_free_func(g_free),
        .state = g_string_new(NULL),
    };
    if (ret->main == NULL && settings->file_is_default) {
        ret->main = find_path(settings, NAME_JSON);
    }
    if (ret->main != NULL) {
        note_state(ret, ret->main);
        g_ptr_array_add(ret->paths, g_strdup(ret->main));
    }
    for (size_t i = 0; settings->dirs[i] != NULL; i++) {
        g_autofree char *path = find_path(settings, settings->dirs[i]);

        if (path != NULL) {
            add_directory(ret, path);
        }
    }
}

static MskPolicySet *
load(const MskPolicySettings *settings, const Files *files, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GPtrArray) keep = g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);

    if (files->no_directory != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[oslo_policy] policy_dirs: %s is not a directory that can be read",
                    files->no_directory);
        return NULL;
    }
    if (files->paths->len > MAX_FILES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "[oslo_policy] policy_dirs: more than %d policy files", MAX_FILES);
        return NULL;
    }
    for (guint i = 0; i < files->paths->len; i++) {
        GPtrArray *rules = msk_policy_file_read(g_ptr_array_index(files->paths, i), error);

        if (rules == NULL) {
            return NULL;
        }
        g_ptr_array_add(keep, rules);
        g_ptr_array_extend(all, rules, NULL, NULL);
    }
    return msk_policy_set_new(&settings->rules, all, error);
}

MskPolicySet *
msk_policy_load(const MskPolicySettings *settings, GError **error)
{
    g_auto(Files) files = {0};

    look(settings, &files);
    return load(settings, &files, error);
}

static char **
copy_list(const char *const *list)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (size_t i = 0; list[i] != NULL; i++) {
        g_strv_builder_add(builder, list[i]);
    }
    return g_strv_builder_end(builder);
}

/* Const strings cannot be freed: the copies are kept beside the settings that borrow them. */
static void
copy_settings(MskPolicy *self, const MskPolicySettings *from)
{
    self->default_rule = g_strdup(from->rules.default_rule);
    self->file = g_strdup(from->file);
    self->search_dirs = copy_list(from->search_dirs);
    self->dirs = copy_list(from->dirs);
    self->settings = *from;
    self->settings.rules.default_rule = self->default_rule;
    self->settings.file = self->file;
    self->settings.search_dirs = (const char *const *) self->search_dirs;
    self->settings.dirs = (const char *const *) self->dirs;
}

MskPolicy *
msk_policy_new(const MskPolicySettings *settings, GError **error)
{
    g_autoptr(MskPolicy) self = g_new0(MskPolicy, 1);

    g_mutex_init(&self->lock);
    copy_settings(self, settings);
    return msk_policy_reload(self, error) ? g_steal_pointer(&self) : NULL;
}

void
msk_policy_free(MskPolicy *self)
{
    if (self != NULL) {
        msk_policy_set_free(self->sets[0]);
        msk_policy_set_free(self->sets[1]);
        g_free(self->default_rule);
        g_free(self->file);
        g_strfreev(self->search_dirs);
        g_strfreev(self->dirs);
        g_free(self->main);
        g_free(self->state);
        g_mutex_clear(&self->lock);
        g_free(self);
    }
}

static unsigned
enter(MskPolicy *self)
{
    for (;;) {
        unsigned place = atomic_load(&self->current);

        atomic_fetch_add(&self->readers[place], 1);
        if (atomic_load(&self->current) == place) {
            return place;
        }
        atomic_fetch_sub(&self->readers[place], 1);
    }
}

static void
leave(MskPolicy *self, unsigned place)
{
    atomic_fetch_sub(&self->readers[place], 1);
}

bool
msk_policy_check(MskPolicy *self, const char *rule, const MskPolicyCredentials *credentials,
                 const MskPolicyTarget *target)
{
    unsigned place = enter(self);
    bool allowed = msk_policy_set_check(self->sets[place], rule, credentials, target);

    leave(self, place);
    return allowed;
}

bool
msk_policy_is_admin(MskPolicy *self, const MskPolicyCredentials *credentials)
{
    MskPolicyAttribute attributes[MSK_POLICY_N_CREDENTIALS];
    MskPolicyCredentials unknown = *credentials;
    MskPolicyTarget target;

    unknown.is_admin = MSK_POLICY_ADMIN_UNKNOWN;
    target = msk_policy_credentials_target(&unknown, attributes);
    return msk_policy_check(self, RULE_ADMIN, &unknown, &target);
}

/* Holds the lock. Takes what the files say, or leaves all but the state as it was. */
static bool
take(MskPolicy *self, Files *files, GError **error)
{
    MskPolicySet *set = load(&self->settings, files, error);
    unsigned other = 1 - atomic_load(&self->current);

    g_free(self->state);
    self->state = g_strdup(files->state->str);
    if (set == NULL) {
        return false;
    }
    /* Readers came here before the last switch; a check takes microseconds. */
    while (atomic_load(&self->readers[other]) > 0) {
        g_thread_yield();
    }
    msk_policy_set_free(self->sets[other]);
    self->sets[other] = set;
    atomic_store(&self->current, other);
    g_free(self->main);
    self->main = g_strdup(files->main);
    return true;
}

static MskPolicyRefresh
refresh(MskPolicy *self, GError **error)
{
    g_auto(Files) files = {0};

    look(&self->settings, &files);
    if (strcmp(files.state->str, self->state) == 0) {
        return MSK_POLICY_UNCHANGED;
    }
    if (self->main != NULL && files.main == NULL) {
        g_free(self->state);
        self->state = g_strdup(files.state->str);
        g_set_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND,
                    "the policy file %s has vanished: its rules stay in force; restore it, or "
                    "send SIGHUP to go back to the defaults",
                    self->main);
        return MSK_POLICY_KEPT;
    }
    return take(self, &files, error) ? MSK_POLICY_RELOADED : MSK_POLICY_KEPT;
}

MskPolicyRefresh
msk_policy_refresh(MskPolicy *self, GError **error)
{
    int64_t now_mono_us = g_get_monotonic_time();
    MskPolicyRefresh result = MSK_POLICY_UNCHANGED;

    if (now_mono_us < atomic_load(&self->next_look_mono_us) || !g_mutex_trylock(&self->lock)) {
        return MSK_POLICY_UNCHANGED;
    }
    if (now_mono_us >= atomic_load(&self->next_look_mono_us)) {
        result = refresh(self, error);
        atomic_store(&self->next_look_mono_us,
                     g_get_monotonic_time() + self->settings.refresh_interval_us);
    }
    g_mutex_unlock(&self->lock);
    return result;
}

bool
msk_policy_reload(MskPolicy *self, GError **error)
{
    g_auto(Files) files = {0};
    bool ok;

    g_mutex_lock(&self->lock);
    look(&self->settings, &files);
    ok = take(self, &files, error);
    g_mutex_unlock(&self->lock);
    return ok;
}

char **
msk_policy_warnings(MskPolicy *self)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const char *const *sentences;
    unsigned place;

    g_mutex_lock(&self->lock);
    if (self->main == NULL && self->settings.file != NULL && !self->settings.file_is_default) {
        g_autofree char *sentence = g_strdup_printf(
            "[oslo_policy] policy_file: %s was not found: the defaults are in force",
            self->settings.file);

        g_strv_builder_add(builder, sentence);
    }
    g_mutex_unlock(&self->lock);
    place = enter(self);
    sentences = msk_policy_set_warnings(self->sets[place]);
    for (size_t i = 0; sentences[i] != NULL; i++) {
        g_strv_builder_add(builder, sentences[i]);
    }
    leave(self, place);
    return g_strv_builder_end(builder);
}
