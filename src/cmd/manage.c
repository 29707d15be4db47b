/* SPDX-License-Identifier: Apache-2.0 */

/*
 * masakari-manage: keeps the database's schema; shows and checks policy rules.
 * Source: upstream masakari/cmd/manage.py.
 */

#include "base/error.h"
#include "cmd/manage_policy.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "store/store_options.h"

#include <stdio.h>

static bool
db_sync(MskProgram *program, const char *version, GError **error)
{
    g_autoptr(MskConfig) config = msk_program_config(program);
    MskStoreOptions options = msk_store_options(config);

    return msk_store_sync(&options, version, error);
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
    g_autoptr(GString) given = g_string_new(NULL);
    size_t count = 0;

    for (; arguments[count] != NULL; count++) {
        g_string_append_printf(given, "%s%s", count > 0 ? " " : "", arguments[count]);
    }
    for (size_t i = 0; count >= 2 && count <= 3 && i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(arguments[0], commands[i].category) &&
            g_str_equal(arguments[1], commands[i].action)) {
            return commands[i].run(program, arguments[2], error);
        }
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "'%s' is no command; see masakari-manage --help", given->str);
    return false;
}

static const MskProgramSpec spec = {
    .name = "masakari-manage",
    .project = "masakari",
    .summary = "Keeps the database of Masakari and shows its policy",
    .add_options = msk_options_masakari,
    .usage = "db sync [version] | db version | policy COMMAND\n\n"
             "Commands:\n"
             "  db sync [version]   create the tables, or bring them up to date (to an alembic\n"
             "                      revision of the Python service, if given)\n"
             "  db version          print the alembic revision of the tables, or None\n"
             "  policy sample       print a policy.yaml with all rules, commented out\n"
             "  policy show         print the rules in force, as a policy.yaml\n"
             "  policy validate     look for mistakes in the policy files\n"
             "  policy reference    print all rules as a table for the documentation",
    .run = run,
};

int
main(int argc, char **argv)
{
    return msk_program_main(&spec, argc, argv);
}
