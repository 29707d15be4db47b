/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/error.h"

#include <glib/gstdio.h>

static char *directory;

static char *
make_file(const char *name, const char *content, size_t length)
{
    char *path = g_build_filename(directory, name, NULL);

    g_assert_true(g_file_set_contents(path, content, (gssize) length, NULL));
    return path;
}

static void
test_a_file_is_read_whole(void)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 100000};

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *bytes = g_malloc0(lengths[i] + 1);
        g_autofree char *path = NULL;
        g_autofree char *content = NULL;
        g_autoptr(GError) error = NULL;
        size_t length = 7;

        for (size_t j = 0; j < lengths[i]; j++) {
            bytes[j] = (char) (j % 251);
        }
        path = make_file("whole", bytes, lengths[i]);
        content = msk_file_read(path, 100000, &length, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(content, length, bytes, lengths[i]);
        g_assert_true(content[length] == '\0');
    }
}

static void
test_what_cannot_be_read_is_refused(void)
{
    g_autofree char *large = make_file("large", "12345678", 8);
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_autofree char *below = g_build_filename(large, "below", NULL);
    const struct {
        const char *path;
        MskErrorCode code;
    } cases[] = {
        {large, MSK_ERROR_INVALID},
        {directory, MSK_ERROR_INVALID},
        {missing, MSK_ERROR_NOT_FOUND},
        {below, MSK_ERROR_NOT_FOUND},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_file_read(cases[i].path, 7, NULL, &error));
        g_assert_error(error, MSK_ERROR, (int) cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].path));
    }
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("msk-file-XXXXXX", NULL);
    g_test_add_func("/file/a_file_is_read_whole", test_a_file_is_read_whole);
    g_test_add_func("/file/what_cannot_be_read_is_refused", test_what_cannot_be_read_is_refused);
    status = g_test_run();
    for (size_t i = 0; i < 2; i++) {
        g_autofree char *path = g_build_filename(directory, i == 0 ? "whole" : "large", NULL);

        (void) g_unlink(path); /* a test that was left out made none */
    }
    g_assert_cmpint(g_rmdir(directory), ==, 0);
    g_free(directory);
    return status;
}
