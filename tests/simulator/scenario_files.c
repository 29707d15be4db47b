/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario_files.h"

#include <string.h>

void
scenario_files_add(const char *suite, const char *folder, const ScenarioTest *tests, size_t n_tests)
{
    g_autoptr(GError) error = NULL;
    GDir *dir = g_dir_open(folder, 0, &error);
    const char *file = NULL;
    unsigned n = 0;

    g_assert_no_error(error);
    while ((file = g_dir_read_name(dir)) != NULL) {
        if (!g_str_has_suffix(file, ".txt")) {
            continue;
        }
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(".txt"));

        for (size_t i = 0; i < n_tests; i++) {
            g_autofree char *path = g_strdup_printf("/%s/%s/%s", suite, name, tests[i].suffix);

            g_test_add_data_func_full(path, g_build_filename(folder, file, NULL), tests[i].test,
                                      g_free);
        }
        n++;
    }
    g_dir_close(dir);
    g_assert_cmpuint(n, >=, 10);
}

char *
scenario_files_read(const char *path, char **ret_name)
{
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    (void) g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    *ret_name = g_path_get_basename(path);
    return text;
}
