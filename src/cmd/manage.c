/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-manage: keeps the database's schema.
 * Source: upstream masakari/cmd/manage.py.
 */

#include "base/error.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "store/store_options.h"

#include <stdio.h>

static bool
db_sync(MskConfig *config, const char *version, GError **error)
{
    MskStoreOptions options = msk_store_options(config);

    return msk_store_sync(&options, version, error);
}

static bool
db_version(MskConfig *config, const char *argument, GError **error)
{
    MskStoreOptions options = msk_store_options(config);
    g_autofree char *version = NULL;

    if (argument != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "db version takes no argument, not '%s'",
                    argument);
        return false;
    }
    if (!msk_store_version(&options, &version, error)) {
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

static const struct {
    const char *category;
    const char *action;
    bool (*run)(MskConfig *config, const char *argument, GError **error);
} commands[] = {
    {"db", "sync", db_sync},
    {"db", "version", db_version},
};

static bool
run(MskProgram *program, const char *const *arguments, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    g_autoptr(GString) given = g_string_new(NULL);
    size_t count = 0;

    for (; arguments[count] != NULL; count++) {
        g_string_append_printf(given, "%s%s", count > 0 ? " " : "", arguments[count]);
    }
    for (size_t i = 0; count >= 2 && count <= 3 && i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(arguments[0], commands[i].category) &&
            g_str_equal(arguments[1], commands[i].action)) {
            return commands[i].run(config, arguments[2], error);
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "'%s' is no command; use 'db sync [version]' or 'db version'", given->str);
    return false;
}

static const MskProgramSpec spec = {
    .name = "masakari-manage",
    .project = "masakari",
    .summary = "Keeps the database of Masakari",
    .add_options = msk_options_masakari,
    .usage = "db sync [version] | db version\n\n"
             "Commands:\n"
             "  db sync [version]   create the tables, or bring them up to date (to an alembic\n"
             "                      revision of the Python service, if given)\n"
             "  db version          print the alembic revision of the tables, or None",
    .run = run,
};

int
main(int argc, char **argv)
{
    return msk_program_main(&spec, argc, argv);
}
