/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.manage"

/*
 * masakari-manage: keeps the database's schema; shows and checks policy rules.
 * Source: upstream masakari/cmd/manage.py.
 */

#include "base/error.h"
#include "base/log.h"
#include "cmd/manage_policy.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "store/store_options.h"

#include <inttypes.h>
#include <stdio.h>

enum { DEFAULT_AGE_DAYS = 30, DAY_S = 86400 };

/* The connection string is no argument: it must not look like one that cannot be used, nor like a
 * configuration file that is not there. */
static bool
from_store(bool ok, GError **error)
{
    if (!ok && error != NULL &&
        (g_error_matches(*error, MSK_ERROR, MSK_ERROR_INVALID) ||
         g_error_matches(*error, MSK_ERROR, MSK_ERROR_NOT_FOUND))) {
        (*error)->code = MSK_ERROR_CONFLICT;
    }
    return ok;
}

static bool
db_sync(MskProgram *program, const char *version, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    MskStoreOptions options = msk_store_options(config);

    return from_store(msk_store_sync(&options, version, error), error);
}

static bool
db_version(MskProgram *program, const char *argument, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    MskStoreOptions options = msk_store_options(config);
    g_autofree char *version = NULL;

    if (argument != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "db version takes no argument, not '%s'",
                    argument);
        return false;
    }
    if (!from_store(msk_store_version(&options, &version, error), error)) {
        return false;
    }
    (void) printf("%s\n", version != NULL ? version : "None"); /* flushed and checked below */
    if (fflush(stdout) != 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "cannot write the version to standard output");
        return false;
    }
    return true;
}

/* "--age_in_days N --max_rows N" */
static bool
read_purge_arguments(const char *const *arguments, int64_t *ret_age_days, int64_t *ret_max_rows,
                     GError **error)
{
    const GOptionEntry entries[] = {
        {"age_in_days", 0, 0, G_OPTION_ARG_INT64, ret_age_days, NULL, NULL},
        {"max_rows", 0, 0, G_OPTION_ARG_INT64, ret_max_rows, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(GStrv) copy = g_strdupv((char **) (uintptr_t) arguments); /* only read from */
    g_autoptr(GError) cause = NULL;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse_strv(context, &copy, &cause)) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "db purge: %s; see --help",
                    cause->message);
        return false;
    }
    if (copy[0] != NULL && copy[1] != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "db purge: unexpected argument '%s'; see --help", copy[1]);
        return false;
    }
    return true;
}

static bool
check_purge(int64_t age_days, int64_t max_rows, GError **error)
{
    const char *wrong = NULL;

    if (max_rows < -1 || max_rows > INT32_MAX) {
        wrong = "max_rows has to be from 1 to 2147483647, or -1 for all";
    } else if (max_rows == 0) {
        wrong = "max_rows has to be greater than 0, or -1 for all";
    } else if (age_days < 0) {
        wrong = "age_in_days has to be 0 or more";
    } else if (age_days >= g_get_real_time() / G_USEC_PER_SEC / DAY_S) {
        wrong = "age_in_days has to be less than the days since 1970";
    }
    if (wrong != NULL) {
        /* The Python tool ends with 1 here: it is out of range, not unreadable. */
        g_set_error(error, MSK_ERROR, MSK_ERROR_CONFLICT, "db purge: %s", wrong);
    }
    return wrong == NULL;
}

static bool
db_purge(MskProgram *program, const char *const *arguments, GError **error)
{
    int64_t age_days = DEFAULT_AGE_DAYS;
    int64_t max_rows = -1;
    int64_t removed[MSK_PURGED_TABLES] = {0};
    int64_t total = 0;

    if (!read_purge_arguments(arguments, &age_days, &max_rows, error) ||
        !check_purge(age_days, max_rows, error)) {
        return false;
    }
    g_autoptr(MskConfig) config = msk_program_config(program);
    MskStoreOptions options = msk_store_options(config);
    g_autoptr(MskStore) store = msk_store_open(&options, error);

    if (!from_store(store != NULL, error)) {
        return false;
    }
    bool ok = msk_store_purge(store, age_days * DAY_S, max_rows, removed, error);

    for (size_t i = 0; i < MSK_PURGED_TABLES; i++) {
        total += removed[i];
        log_info("%" PRId64 " rows older than %" PRId64 " days removed from %s", removed[i],
                 age_days, msk_store_purged_table(i));
    }
    log_info("%" PRId64 " rows removed", total);
    return ok;
}

static const struct {
    const char *category;
    const char *action;
    bool (*run)(MskProgram *program, const char *argument, GError **error);
} commands[] = {
    {"db", "sync", db_sync},
    {"db", "version", db_version},
    {"policy", "sample", msk_manage_policy_sample},
    {"policy", "show", msk_manage_policy_show},
    {"policy", "validate", msk_manage_policy_validate},
    {"policy", "reference", msk_manage_policy_reference},
};

static bool
run(MskProgram *program, const char *const *arguments, GError **error)
{
    g_autofree char *given = g_strjoinv(" ", (char **) (uintptr_t) arguments); /* only read from */
    size_t count = 0;

    while (arguments[count] != NULL) {
        count++;
    }
    if (count >= 2 && g_str_equal(arguments[0], "db") && g_str_equal(arguments[1], "purge")) {
        return db_purge(program, arguments + 1, error);
    }
    for (size_t i = 0; count >= 2 && count <= 3 && i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(arguments[0], commands[i].category) &&
            g_str_equal(arguments[1], commands[i].action)) {
            return commands[i].run(program, arguments[2], error);
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "'%s' is no command; see masakari-manage --help", given);
    return false;
}

/* As the Python tool ends, for scripts that look. */
static int
status(const GError *error)
{
    return g_error_matches(error, MSK_ERROR, MSK_ERROR_INVALID) ||
                   g_error_matches(error, MSK_ERROR, MSK_ERROR_NOT_FOUND)
               ? 2
               : 1;
}

static const MskProgramSpec spec = {
    .name = "masakari-manage",
    .project = "masakari",
    .summary = "Keeps the database of Masakari and shows its policy",
    .add_options = msk_options_masakari,
    .usage = "db sync [version] | db version | db purge [OPTION...] | policy COMMAND\n\n"
             "Commands:\n"
             "  db sync [version]   create the tables, or bring them up to date (to an alembic\n"
             "                      revision of the Python service, if given)\n"
             "  db version          print the alembic revision of the tables, or None\n"
             "  db purge [--age_in_days N] [--max_rows N]\n"
             "                      remove for good what was deleted, and notifications that\n"
             "                      ended, more than N days ago (30); at most N rows (-1: all)\n"
             "  policy sample       print a policy.yaml with all rules, commented out\n"
             "  policy show         print the rules in force, as a policy.yaml\n"
             "  policy validate     look for mistakes in the policy files\n"
             "  policy reference    print all rules as a table for the documentation",
    .run = run,
    .status = status,
};

int
main(int argc, char **argv)
{
    return msk_program_main(&spec, argc, argv);
}
