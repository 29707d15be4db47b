/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/config.h"

#include "base/error.h"
#include "oslo/config_source.h"
#include "oslo/config_template.h"
#include "oslo/config_value.h"
#include "oslo/log_mask.h"

#define SHOWN_MAX_CHARS 200

struct MskConfigSchema {
    GArray *options;   /* of const MskOption * */
    GHashTable *index; /* "group.name" to position + 1 */
    bool frozen;       /* configurations refer to the positions */
};

struct MskConfig {
    gatomicrefcount refs;
    GArray *options;
    GHashTable *index;
    MskConfigValue **values; /* one for each option, shared between snapshots */
    char **unknown;
    char **deprecated;
};

typedef enum { UNRESOLVED, RESOLVING, RESOLVED } State;

typedef struct {
    const MskConfigFiles *files;
    const MskConfigSources *sources;
    MskConfig *config;
    State *states; /* one for each option */
    GPtrArray *deprecated;
} Loader;

/* What a $name inside the value of @option may see. */
typedef struct {
    Loader *loader;
    const MskOption *option;
    const MskConfigGiven *given;
    bool failed; /* the error is complete, not for this option's message */
} LookupContext;

static const MskOption *
option_at(const GArray *options, size_t position)
{
    return g_array_index(options, const MskOption *, position);
}

static bool resolve(Loader *loader, size_t position, GError **error);

MskConfigSchema *
msk_config_schema_new(void)
{
    MskConfigSchema *self = g_new0(MskConfigSchema, 1);

    self->options = g_array_new(FALSE, FALSE, sizeof(const MskOption *));
    self->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

void
msk_config_schema_free(MskConfigSchema *self)
{
    if (self != NULL) {
        g_array_unref(self->options);
        g_hash_table_unref(self->index);
        g_free(self);
    }
}

static char *
full_name(const MskOption *option)
{
    return g_strdup_printf("%s.%s", option->group, option->name);
}

static void
add_option(MskConfigSchema *self, const MskOption *option)
{
    g_autofree char *name = full_name(option);
    size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(self->index, name));
    const MskOption *present;

    for (size_t i = 0; option->deprecated != NULL && option->deprecated[i] != NULL; i++) {
        /* Groups are compared in lower case, see msk_config_group_name. */
        g_assert(strcspn(option->deprecated[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ.") > 0 ||
                 g_str_has_prefix(option->deprecated[i], "DEFAULT."));
    }
    if (position == 0) {
        g_array_append_val(self->options, option);
        g_hash_table_insert(self->index, g_steal_pointer(&name),
                            GSIZE_TO_POINTER((size_t) self->options->len));
        return;
    }
    present = option_at(self->options, position - 1);
    g_assert(present == option || present->accepted_only || option->accepted_only);
    if (present->accepted_only && !option->accepted_only) {
        g_array_index(self->options, const MskOption *, position - 1) = option;
    }
}

void
msk_config_schema_add(MskConfigSchema *self, const MskOption *options, size_t n_options)
{
    g_assert(!self->frozen);
    for (size_t i = 0; i < n_options; i++) {
        add_option(self, &options[i]);
    }
}

static int
compare_options(const void *a, const void *b)
{
    const MskOption *left = *(const MskOption *const *) a;
    const MskOption *right = *(const MskOption *const *) b;
    int by_group = strcmp(left->group, right->group);

    /* 'D' sorts before the lower-case groups already. */
    return by_group != 0 ? by_group : strcmp(left->name, right->name);
}

const MskOption *const *
msk_config_schema_options(MskConfigSchema *self, size_t *ret_n)
{
    if (!self->frozen) {
        g_array_sort(self->options, compare_options);
        for (unsigned i = 0; i < self->options->len; i++) {
            g_hash_table_replace(self->index, full_name(option_at(self->options, i)),
                                 GSIZE_TO_POINTER((size_t) i + 1));
        }
        self->frozen = true;
    }
    *ret_n = self->options->len;
    return &g_array_index(self->options, const MskOption *, 0);
}

static void
clear_value(void *value)
{
    msk_config_value_clear(value);
}

static void
release_value(MskConfigValue *value)
{
    if (value != NULL) {
        g_atomic_rc_box_release_full(value, clear_value);
    }
}

static MskConfig *
new_config(GArray *options, GHashTable *index)
{
    MskConfig *self = g_new0(MskConfig, 1);

    g_atomic_ref_count_init(&self->refs);
    self->options = g_array_ref(options);
    self->index = g_hash_table_ref(index);
    self->values = g_new0(MskConfigValue *, options->len);
    return self;
}

MskConfig *
msk_config_ref(MskConfig *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void
msk_config_unref(MskConfig *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->refs)) {
        return;
    }
    for (unsigned i = 0; i < self->options->len; i++) {
        release_value(self->values[i]);
    }
    g_free(self->values);
    g_array_unref(self->options);
    g_hash_table_unref(self->index);
    g_strfreev(self->unknown);
    g_strfreev(self->deprecated);
    g_free(self);
}

/* For people: a secret hidden, control characters visible, not longer than a line or two. */
static char *
show(const MskOption *option, const char *text)
{
    g_autofree char *escaped = NULL;

    if (option->secret) {
        return g_strdup("***");
    }
    escaped = msk_escape_controls(text);
    if (g_utf8_strlen(escaped, -1) > SHOWN_MAX_CHARS) {
        g_autofree char *start = g_utf8_substring(escaped, 0, SHOWN_MAX_CHARS);

        return g_strconcat(start, "...", NULL);
    }
    return g_steal_pointer(&escaped);
}

static void
set_value_error(GError **error, const MskOption *option, const MskConfigGiven *given,
                const char *reason)
{
    g_autofree char *text = g_strjoinv("\n", given->texts);
    g_autofree char *shown = show(option, text);
    const char *quote = option->secret ? "'" : ""; /* the log's own masking then sees its end */

    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s: [%s] %s = %s%s%s: %s", given->where,
                option->group, option->name, quote, shown, quote, reason);
}

/* Where "name" or "group.name" inside a value of @option leads: its own group, then DEFAULT. */
static size_t
find_reference(const MskConfig *config, const MskOption *option, const char *name)
{
    g_autofree char *own = g_strdup_printf("%s.%s", option->group, name);
    g_autofree char *common = g_strdup_printf("DEFAULT.%s", name);
    const void *found = NULL;

    if (strchr(name, '.') != NULL) {
        return GPOINTER_TO_SIZE(g_hash_table_lookup(config->index, name));
    }
    found = g_hash_table_lookup(config->index, own);
    if (found == NULL) {
        found = g_hash_table_lookup(config->index, common);
    }
    return GPOINTER_TO_SIZE(found);
}

static char *
look_up(const char *name, void *data, GError **error)
{
    LookupContext *context = data;
    MskConfig *config = context->loader->config;
    size_t position = find_reference(config, context->option, name);

    context->failed = true;
    if (position == 0) {
        g_autofree char *reason =
            g_strdup_printf("'$%s' names no option; write '$$' for a dollar sign", name);

        set_value_error(error, context->option, context->given, reason);
        return NULL;
    }
    position--;
    if (context->loader->states[position] == RESOLVING) {
        g_autofree char *reason = g_strdup_printf("'$%s' leads back to this option", name);

        set_value_error(error, context->option, context->given, reason);
        return NULL;
    }
    if (!resolve(context->loader, position, error)) {
        return NULL;
    }
    context->failed = false;
    return msk_config_value_render(config->values[position]);
}

static bool
expand_texts(Loader *loader, const MskOption *option, MskConfigGiven *given, char **ret,
             GError **error)
{
    LookupContext context = {.loader = loader, .option = option, .given = given};

    for (size_t i = 0; given->texts[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;

        ret[i] = msk_config_expand(given->texts[i], look_up, &context, &cause);
        if (ret[i] != NULL) {
            continue;
        }
        if (context.failed) {
            g_propagate_error(error, g_steal_pointer(&cause));
        } else {
            set_value_error(error, option, given, cause->message);
        }
        return false;
    }
    return true;
}

static bool
parse_given(Loader *loader, const MskOption *option, MskConfigGiven *given, MskConfigValue *value,
            GError **error)
{
    g_auto(GStrv) texts = g_new0(char *, g_strv_length(given->texts) + 1);
    g_autofree char *allowed = NULL;

    if (given->is_default && strcmp(given->texts[0], MSK_OPTION_HOST_NAME) == 0) {
        value->string = g_strdup(g_get_host_name());
        value->text = g_strdup(value->string);
        value->is_set = true;
        return true;
    }
    if (!expand_texts(loader, option, given, texts, error)) {
        return false;
    }
    if (!msk_config_value_parse(option, texts, value, &allowed)) {
        g_autofree char *reason = g_strdup_printf("must be %s", allowed);

        set_value_error(error, option, given, reason);
        return false;
    }
    return true;
}

static bool
resolve(Loader *loader, size_t position, GError **error)
{
    const MskOption *option = option_at(loader->config->options, position);
    MskConfigValue *value = loader->config->values[position];
    g_auto(MskConfigGiven) given = {0};

    if (loader->states[position] == RESOLVED) {
        return true;
    }
    loader->states[position] = RESOLVING;
    value = g_atomic_rc_box_new0(MskConfigValue);
    value->option = option;
    loader->config->values[position] = value;
    if (msk_config_find(loader->files, loader->sources, option, &given)) {
        if (!parse_given(loader, option, &given, value, error)) {
            return false;
        }
        value->is_given = !given.is_default;
        if (given.old_name != NULL) {
            g_ptr_array_add(loader->deprecated,
                            g_strdup_printf("%s is an old name; write [%s] %s", given.old_name,
                                            option->group, option->name));
        }
    }
    if (!value->is_set && option->type == MSK_OPTION_DICT) {
        value->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    loader->states[position] = RESOLVED;
    return true;
}

static GHashTable *
known_names(const MskConfig *config)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < config->options->len; i++) {
        const MskOption *option = option_at(config->options, i);

        g_hash_table_add(known, full_name(option));
        for (size_t j = 0; option->deprecated != NULL && option->deprecated[j] != NULL; j++) {
            g_hash_table_add(known, g_strdup(option->deprecated[j]));
        }
    }
    return known;
}

MskConfig *
msk_config_load(MskConfigSchema *schema, const MskConfigSources *sources, GError **error)
{
    g_autoptr(MskConfigFiles) files = msk_config_files_read(sources->files, sources->dirs, error);
    g_autoptr(MskConfig) config = NULL;
    g_autoptr(GHashTable) known = NULL;
    g_autoptr(GPtrArray) deprecated = g_ptr_array_new_with_free_func(g_free);
    g_autofree State *states = NULL;
    Loader loader;
    size_t n_options;

    if (files == NULL) {
        return NULL;
    }
    (void) msk_config_schema_options(schema, &n_options); /* sorts and freezes it */
    config = new_config(schema->options, schema->index);
    states = g_new0(State, n_options);
    loader = (Loader){.files = files,
                      .sources = sources,
                      .config = config,
                      .states = states,
                      .deprecated = deprecated};
    for (size_t i = 0; i < n_options; i++) {
        if (!resolve(&loader, i, error)) {
            return NULL;
        }
    }
    known = known_names(config);
    config->unknown = msk_config_files_unknown(files, known);
    g_ptr_array_add(deprecated, NULL);
    config->deprecated = (char **) g_ptr_array_free(g_steal_pointer(&deprecated), FALSE);
    return g_steal_pointer(&config);
}

MskConfig *
msk_config_merge(const MskConfig *running, const MskConfig *fresh)
{
    MskConfig *self = new_config(fresh->options, fresh->index);

    g_assert(running->options == fresh->options);
    for (unsigned i = 0; i < self->options->len; i++) {
        const MskOption *option = option_at(self->options, i);
        const MskConfig *from = option->is_mutable ? fresh : running;

        self->values[i] = g_atomic_rc_box_acquire(from->values[i]);
    }
    self->unknown = g_strdupv(fresh->unknown);
    self->deprecated = g_strdupv(fresh->deprecated);
    return self;
}

static char *
show_value(const MskConfigValue *value)
{
    return value->is_set ? show(value->option, value->text) : g_strdup("<unset>");
}

void
msk_config_compare(const MskConfig *old_config, const MskConfig *new_config, MskConfigVisit visit,
                   void *data)
{
    g_assert(old_config->options == new_config->options);
    for (unsigned i = 0; i < old_config->options->len; i++) {
        const MskConfigValue *before = old_config->values[i];
        const MskConfigValue *after = new_config->values[i];

        if (before->is_set != after->is_set || g_strcmp0(before->text, after->text) != 0) {
            g_autofree char *old_text = show_value(before);
            g_autofree char *new_text = show_value(after);

            visit(before->option, old_text, new_text, data);
        }
    }
}

void
msk_config_each(const MskConfig *self, MskConfigVisit visit, void *data)
{
    for (unsigned i = 0; i < self->options->len; i++) {
        g_autofree char *text = show_value(self->values[i]);

        visit(self->values[i]->option, text, text, data);
    }
}

char *
msk_config_without_effect(const MskConfig *self)
{
    GString *names = g_string_new(NULL);

    for (unsigned i = 0; i < self->options->len; i++) {
        const MskOption *option = option_at(self->options, i);

        if (option->accepted_only && self->values[i]->is_given) {
            g_string_append_printf(names, "%s[%s] %s", names->len > 0 ? ", " : "", option->group,
                                   option->name);
        }
    }
    return g_string_free(names, FALSE);
}

const char *const *
msk_config_unknown(const MskConfig *self)
{
    return (const char *const *) self->unknown;
}

const char *const *
msk_config_deprecated(const MskConfig *self)
{
    return (const char *const *) self->deprecated;
}

/* @types: bit set of 1 << MskOptionType that the caller can read. */
static const MskConfigValue *
get(const MskConfig *self, const char *group, const char *name, unsigned types)
{
    g_autofree char *full = g_strdup_printf("%s.%s", group, name);
    size_t position = GPOINTER_TO_SIZE(g_hash_table_lookup(self->index, full));
    const MskConfigValue *value;

    if (position == 0) {
        g_error("option [%s] %s is in no registered table", group, name);
    }
    value = self->values[position - 1];
    g_assert((types & (1u << value->option->type)) != 0);
    return value;
}

const char *
msk_config_string(const MskConfig *self, const char *group, const char *name)
{
    const unsigned types = 1u << MSK_OPTION_STRING | 1u << MSK_OPTION_HOST | 1u << MSK_OPTION_URI;
    const MskConfigValue *value = get(self, group, name, types);

    return value->is_set ? value->string : NULL;
}

bool
msk_config_bool(const MskConfig *self, const char *group, const char *name)
{
    const MskConfigValue *value = get(self, group, name, 1u << MSK_OPTION_BOOL);

    return value->is_set && value->boolean;
}

int64_t
msk_config_int(const MskConfig *self, const char *group, const char *name)
{
    const MskConfigValue *value =
        get(self, group, name, 1u << MSK_OPTION_INT | 1u << MSK_OPTION_PORT);

    g_assert(value->is_set);
    return value->integer;
}

double
msk_config_float(const MskConfig *self, const char *group, const char *name)
{
    const MskConfigValue *value = get(self, group, name, 1u << MSK_OPTION_FLOAT);

    g_assert(value->is_set);
    return value->real;
}

static const char *const *
list_or_empty(char *const *list)
{
    static const char *const empty[] = {NULL};

    return list != NULL ? (const char *const *) list : empty;
}

const char *const *
msk_config_list(const MskConfig *self, const char *group, const char *name)
{
    const MskConfigValue *value =
        get(self, group, name, 1u << MSK_OPTION_LIST | 1u << MSK_OPTION_MULTI);

    return list_or_empty(value->is_set ? value->list : NULL);
}

GHashTable *
msk_config_dict(const MskConfig *self, const char *group, const char *name)
{
    return get(self, group, name, 1u << MSK_OPTION_DICT)->table;
}

const char *const *
msk_config_flow(const MskConfig *self, const char *group, const char *name, const char *stage)
{
    const MskConfigValue *value = get(self, group, name, 1u << MSK_OPTION_FLOW);

    return list_or_empty(value->is_set ? g_hash_table_lookup(value->table, stage) : NULL);
}

bool
msk_config_is_set(const MskConfig *self, const char *group, const char *name)
{
    return get(self, group, name, ~0u)->is_set;
}

bool
msk_config_is_given(const MskConfig *self, const char *group, const char *name)
{
    return get(self, group, name, ~0u)->is_given;
}
