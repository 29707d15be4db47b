/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * config: configuration files and options as oslo.config reads them.
 *
 * An option is one row of an MskOption table, next to the module that uses it. From the tables come
 * the parser, the checks, --help, the sample file and docs/user/configuration. A program registers
 * its tables in an MskConfigSchema, loads an MskConfig from it, and passes that down. An MskConfig
 * is an immutable snapshot: a reload makes a new one.
 *
 * Threads: a loaded MskConfig may be read by any thread; reference counts are atomic.
 * Source: oslo.config 9 (cfg.py, iniparser.py, types.py); ../contract in the tests.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MSK_OPTION_STRING,
    MSK_OPTION_BOOL, /* 1/true/yes/on, 0/false/no/off, any case */
    MSK_OPTION_INT,
    MSK_OPTION_FLOAT,
    MSK_OPTION_PORT,  /* 0..65535 */
    MSK_OPTION_LIST,  /* a,b,c; with bounds a list of whole numbers */
    MSK_OPTION_DICT,  /* key:value,key:value */
    MSK_OPTION_FLOW,  /* pre: ['a'], main: [], post: []; see config_flow.h */
    MSK_OPTION_MULTI, /* repeated keys, every value kept */
    MSK_OPTION_HOST,  /* a host name or address */
    MSK_OPTION_URI,
} MskOptionType;

typedef struct {
    const char *group; /* "DEFAULT" or another section */
    const char *name;  /* with underscores */
    MskOptionType type;
    /* (nullable) the default as it would be written in a file; NULL is unset. The lines of a MULTI
     * are its values; MSK_OPTION_HOST_NAME is the name of this machine. */
    const char *initial;
    const char *help; /* one or more sentences; part of the sample file and the reference page */
    const char *unit; /* (nullable) such as "seconds" */
    const char *const *choices;    /* (nullable) NULL-terminated allowed values of a string */
    const char *const *deprecated; /* (nullable) NULL-terminated "group.name" that mean the same */
    int64_t min;                   /* bounds of numbers, when has_bounds */
    int64_t max;
    bool has_bounds;
    bool is_mutable;    /* takes effect on SIGHUP without a restart */
    bool ignore_case;   /* choices mean the same in any case */
    bool secret;        /* never shown: "***" */
    bool own;           /* not an option of the Python services; docs say so */
    bool accepted_only; /* read and checked for compatibility, has no effect; help says why */
} MskOption;

#define MSK_OPTION_HOST_NAME "<HOSTNAME>"

typedef struct MskConfigSchema MskConfigSchema;
typedef struct MskConfig MskConfig;

MskConfigSchema *msk_config_schema_new(void);
/** msk_config_schema_free: @self: (nullable) */
void msk_config_schema_free(MskConfigSchema *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskConfigSchema, msk_config_schema_free)

/**
 * msk_config_schema_add:
 * @options: (static) the table; a row that is there already (same group and name) must be the same
 * row. A row that is accepted_only gives way to one that is not. Not after the first load.
 */
void msk_config_schema_add(MskConfigSchema *self, const MskOption *options, size_t n_options);

/** msk_config_schema_options: Returns: (owned by @self) the rows, by group and name, DEFAULT first;
 * @ret_n of them. */
const MskOption *const *msk_config_schema_options(MskConfigSchema *self, size_t *ret_n);

/* Where a configuration comes from. Later files win; a directory's *.conf files come in order of
 * their names, after the files; then the environment (OS_GROUP__OPTION); then @overrides. */
typedef struct {
    const char *const *files; /* (nullable) NULL-terminated paths; a missing one is an error */
    const char *const *dirs;  /* (nullable) NULL-terminated paths; a missing one is an error */
    const char *const
        *overrides; /* (nullable) NULL-terminated "group.name=value", from arguments */
    bool use_environment;
} MskConfigSources;

/**
 * msk_config_load:
 * @error: %MSK_ERROR_INVALID with "file:line: [group] option = value: what is allowed" for a bad
 *   file or value; %MSK_ERROR_NOT_FOUND, %MSK_ERROR_DENIED or %MSK_ERROR_UNAVAILABLE for a file
 *   that cannot be read.
 *
 * Blocks (reads files). Options that no table knows are kept out, see msk_config_unknown.
 * Returns: (transfer full) the snapshot, or NULL.
 */
MskConfig *msk_config_load(MskConfigSchema *schema, const MskConfigSources *sources,
                           GError **error);

MskConfig *msk_config_ref(MskConfig *self);
/** msk_config_unref: @self: (nullable) */
void msk_config_unref(MskConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskConfig, msk_config_unref)

/**
 * msk_config_merge: what a running program may take over from a new configuration.
 *
 * Returns: (transfer full) the mutable options of @fresh and all others of @running; both are of
 * the same schema.
 */
MskConfig *msk_config_merge(const MskConfig *running, const MskConfig *fresh);

/** MskConfigVisit: @old_text, @new_text: "***" for secrets, "<unset>" for no value. */
typedef void (*MskConfigVisit)(const MskOption *option, const char *old_text, const char *new_text,
                               void *data);

/** msk_config_compare: calls @visit for every option that differs; both are of one schema. */
void msk_config_compare(const MskConfig *old_config, const MskConfig *new_config,
                        MskConfigVisit visit, void *data);

/** msk_config_each: calls @visit for every option, with the same text twice. */
void msk_config_each(const MskConfig *self, MskConfigVisit visit, void *data);

/** msk_config_unknown: Returns: (owned by @self) "path:line: [group] name" that no table knows. */
const char *const *msk_config_unknown(const MskConfig *self);

/** msk_config_without_effect: Returns: (transfer full) "[group] name, ..." of the options that were
 * given and are accepted_only; "" for none. */
char *msk_config_without_effect(const MskConfig *self);

/** msk_config_deprecated: Returns: (owned by @self) one sentence for each old name in use. */
const char *const *msk_config_deprecated(const MskConfig *self);

/*
 * Reading. An option that is in no registered table, or of another type, is a bug of ours: the
 * functions assert. Strings are borrowed from @self.
 */
/** msk_config_string: for STRING, HOST, URI. Returns: (nullable) NULL when unset. */
const char *msk_config_string(const MskConfig *self, const char *group, const char *name);
bool msk_config_bool(const MskConfig *self, const char *group, const char *name);
/** msk_config_int: for INT and PORT; an unset option must not be read (see msk_config_is_set). */
int64_t msk_config_int(const MskConfig *self, const char *group, const char *name);
double msk_config_float(const MskConfig *self, const char *group, const char *name);
/** msk_config_list: for LIST and MULTI. Returns: NULL-terminated, never NULL. */
const char *const *msk_config_list(const MskConfig *self, const char *group, const char *name);
/** msk_config_dict: for DICT. Returns: char * to char *, never NULL. */
GHashTable *msk_config_dict(const MskConfig *self, const char *group, const char *name);
/** msk_config_flow: for FLOW. @stage: "pre", "main" or "post". Returns: task names, never NULL. */
const char *const *msk_config_flow(const MskConfig *self, const char *group, const char *name,
                                   const char *stage);
/** msk_config_is_set: whether it has a value, given or default. */
bool msk_config_is_set(const MskConfig *self, const char *group, const char *name);
/** msk_config_is_given: whether it was written somewhere, be it with the default's value. */
bool msk_config_is_given(const MskConfig *self, const char *group, const char *name);
