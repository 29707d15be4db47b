/* SPDX-License-Identifier: Apache-2.0 */

/*
 * replay_main: runs the inputs of a corpus through a fuzz target, as part of every test run. It is
 * the main of a target where libFuzzer's is not linked, so a crash that was found once stays found.
 *
 * Arguments: files, or folders of files. Prints TAP, a line for each input.
 */

#include "fuzz.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>

static bool
replay_file(const char *path)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    size_t size = 0;

    if (!g_file_get_contents(path, &data, &size, &error)) {
        g_printerr("%s\n", error->message);
        return false;
    }
    /* A copy of the exact size: the terminator that GLib adds would hide a read past the end. */
    g_autofree uint8_t *exact = g_memdup2(data, MAX(size, 1));

    (void) LLVMFuzzerTestOneInput(size == 0 ? NULL : exact, size);
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return g_strcmp0(*(char *const *) a, *(char *const *) b);
}

/* Returns: (transfer full) the paths of the inputs, in the order of their names. */
static GPtrArray *
inputs_of(const char *path)
{
    GPtrArray *inputs = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    if (folder == NULL) {
        g_ptr_array_add(inputs, g_strdup(path));
        return inputs;
    }
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_ptr_array_add(inputs, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(inputs, compare_names);
    return inputs;
}

int
main(int argc, char **argv)
{
    unsigned count = 0;
    bool all_read = true;

    for (int i = 1; i < argc; i++) {
        g_autoptr(GPtrArray) inputs = inputs_of(argv[i]);

        for (unsigned j = 0; j < inputs->len; j++) {
            const char *input = g_ptr_array_index(inputs, j);
            g_autofree char *name = g_path_get_basename(input);
            bool read = replay_file(input);

            all_read = all_read && read;
            g_print("%s %u %s\n", read ? "ok" : "not ok", ++count, name);
        }
    }
    g_print("1..%u\n", count);
    if (count == 0) {
        g_printerr("the corpus is empty: give it at least one input\n");
        return EXIT_FAILURE;
    }
    return all_read ? EXIT_SUCCESS : EXIT_FAILURE;
}
