/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config_source.h"

#include "base/error.h"
#include "oslo/config_file.h"

#define DIR_MAX_FILES 1000u

typedef struct {
    char *path;
    GPtrArray *entries;  /* of MskConfigEntry */
    GHashTable *by_name; /* "group.key" to GPtrArray of the entries' MskConfigEntry, in order */
} File;

struct MskConfigFiles {
    GPtrArray *files; /* of File; later ones win */
};

static void
free_file(void *item)
{
    File *file = item;

    g_free(file->path);
    g_hash_table_unref(file->by_name);
    g_ptr_array_unref(file->entries);
    g_free(file);
}

void
msk_config_given_clear(MskConfigGiven *given)
{
    g_strfreev(given->texts);
    g_free(given->where);
    g_free(given->old_name);
    *given = (MskConfigGiven){0};
}

static bool
add_file(MskConfigFiles *self, const char *path, GError **error)
{
    GPtrArray *entries = msk_config_file_read(path, error);
    File *file;

    if (entries == NULL) {
        return false;
    }
    file = g_new0(File, 1);
    file->path = g_strdup(path);
    file->entries = entries;
    file->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
    for (unsigned i = 0; i < entries->len; i++) {
        MskConfigEntry *entry = g_ptr_array_index(entries, i);
        char *name = g_strdup_printf("%s.%s", entry->group, entry->key);
        GPtrArray *same = g_hash_table_lookup(file->by_name, name);

        if (same == NULL) {
            same = g_ptr_array_new();
            g_hash_table_insert(file->by_name, name, same);
        } else {
            g_free(name);
        }
        g_ptr_array_add(same, entry);
    }
    g_ptr_array_add(self->files, file);
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static bool
add_dir(MskConfigFiles *self, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (dir == NULL) {
        MskErrorCode code = g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES)
                                ? MSK_ERROR_DENIED
                                : MSK_ERROR_NOT_FOUND;

        g_set_error(error, MSK_ERROR, (int) code, "cannot read configuration directory: %s",
                    cause->message);
        return false;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (name[0] != '.' && g_str_has_suffix(name, ".conf")) {
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
        }
    }
    if (names->len > DIR_MAX_FILES) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "configuration directory %s has more than %u *.conf files", path,
                    DIR_MAX_FILES);
        return false;
    }
    g_ptr_array_sort(names, compare_names);
    for (unsigned i = 0; i < names->len; i++) {
        if (!add_file(self, g_ptr_array_index(names, i), error)) {
            return false;
        }
    }
    return true;
}

MskConfigFiles *
msk_config_files_read(const char *const *files, const char *const *dirs, GError **error)
{
    g_autoptr(MskConfigFiles) self = g_new0(MskConfigFiles, 1);

    self->files = g_ptr_array_new_with_free_func(free_file);
    for (size_t i = 0; files != NULL && files[i] != NULL; i++) {
        if (!add_file(self, files[i], error)) {
            return NULL;
        }
    }
    for (size_t i = 0; dirs != NULL && dirs[i] != NULL; i++) {
        if (!add_dir(self, dirs[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

void
msk_config_files_free(MskConfigFiles *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->files);
        g_free(self);
    }
}

static char **
one_text(const char *text)
{
    char **texts = g_new0(char *, 2);

    texts[0] = g_strdup(text);
    return texts;
}

static bool
find_override(const MskConfigSources *sources, const char *name, MskConfigGiven *ret)
{
    size_t length = strlen(name);
    bool found = false;

    for (size_t i = 0; sources->overrides != NULL && sources->overrides[i] != NULL; i++) {
        const char *override = sources->overrides[i];

        if (strncmp(override, name, length) == 0 && override[length] == '=') {
            g_strfreev(ret->texts);
            ret->texts = one_text(override + length + 1);
            found = true;
        }
    }
    if (found) {
        ret->where = g_strdup("command line");
    }
    return found;
}

static bool
find_environment(const MskOption *option, MskConfigGiven *ret)
{
    g_autofree char *mixed = g_strdup_printf("OS_%s__%s", option->group, option->name);
    g_autofree char *variable = g_ascii_strup(mixed, -1);
    const char *text = g_getenv(variable);

    if (text == NULL) {
        return false;
    }
    ret->texts = one_text(text);
    ret->where = g_strdup_printf("environment variable %s", variable);
    return true;
}

/* The entries of one name in one file, before those found in newer files. */
static void
take_entries(const File *file, const GPtrArray *entries, const MskOption *option, bool is_old,
             GPtrArray *texts, MskConfigGiven *ret)
{
    const MskConfigEntry *last = g_ptr_array_index(entries, entries->len - 1);

    if (ret->where == NULL) {
        ret->where = g_strdup_printf("%s:%u", file->path, last->line);
    }
    if (is_old && ret->old_name == NULL) {
        ret->old_name =
            g_strdup_printf("%s:%u: [%s] %s", file->path, last->line, last->group, last->key);
    }
    if (option->type != MSK_OPTION_MULTI) {
        g_ptr_array_add(texts, g_strdup(last->value));
        return;
    }
    for (unsigned i = 0; i < entries->len; i++) {
        const MskConfigEntry *entry = g_ptr_array_index(entries, i);

        g_ptr_array_insert(texts, (int) i, g_strdup(entry->value));
    }
}

static bool
find_in_file(const File *file, const MskOption *option, const char *name, GPtrArray *texts,
             MskConfigGiven *ret)
{
    const GPtrArray *entries = g_hash_table_lookup(file->by_name, name);
    bool multi = option->type == MSK_OPTION_MULTI;

    if (entries != NULL) {
        take_entries(file, entries, option, false, texts, ret);
    }
    for (size_t i = 0; option->deprecated != NULL && option->deprecated[i] != NULL; i++) {
        if (texts->len > 0 && !multi) {
            break;
        }
        entries = g_hash_table_lookup(file->by_name, option->deprecated[i]);
        if (entries != NULL) {
            take_entries(file, entries, option, true, texts, ret);
        }
    }
    return texts->len > 0 && !multi;
}

static bool
find_in_files(const MskConfigFiles *files, const MskOption *option, const char *name,
              MskConfigGiven *ret)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = files->files->len; i > 0; i--) {
        if (find_in_file(g_ptr_array_index(files->files, i - 1), option, name, texts, ret)) {
            break;
        }
    }
    if (texts->len == 0) {
        return false;
    }
    g_ptr_array_add(texts, NULL);
    ret->texts = (char **) g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return true;
}

static bool
find_default(const MskOption *option, MskConfigGiven *ret)
{
    if (option->initial == NULL) {
        return false;
    }
    ret->texts = option->type == MSK_OPTION_MULTI ? g_strsplit(option->initial, "\n", -1)
                                                  : one_text(option->initial);
    ret->where = g_strdup("default");
    ret->is_default = true;
    return true;
}

bool
msk_config_find(const MskConfigFiles *files, const MskConfigSources *sources,
                const MskOption *option, MskConfigGiven *ret)
{
    g_autofree char *name = g_strdup_printf("%s.%s", option->group, option->name);

    return find_override(sources, name, ret) ||
           (sources->use_environment && find_environment(option, ret)) ||
           find_in_files(files, option, name, ret) || find_default(option, ret);
}

char **
msk_config_files_unknown(const MskConfigFiles *files, GHashTable *known)
{
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < files->files->len; i++) {
        const File *file = g_ptr_array_index(files->files, i);

        for (unsigned j = 0; j < file->entries->len; j++) {
            const MskConfigEntry *entry = g_ptr_array_index(file->entries, j);
            g_autofree char *name = g_strdup_printf("%s.%s", entry->group, entry->key);

            if (!g_hash_table_contains(known, name)) {
                g_ptr_array_add(unknown, g_strdup_printf("%s:%u: [%s] %s", file->path, entry->line,
                                                         entry->group, entry->key));
            }
        }
    }
    g_ptr_array_add(unknown, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&unknown), FALSE);
}
