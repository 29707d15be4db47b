/* SPDX-License-Identifier: Apache-2.0 */
#include "io/fence_file.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

typedef struct {
    char *directory;
    char *path;
} Fixture;

static void
setup(Fixture *self, const char *text, int mode)
{
    g_autoptr(GError) error = NULL;

    self->directory = g_dir_make_tmp("msk-fence-XXXXXX", &error);
    g_assert_no_error(error);
    self->path = g_build_filename(self->directory, "fencing.conf", NULL);
    g_assert_true(g_file_set_contents(self->path, text, -1, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(self->path, mode), ==, 0);
}

static void
clear(Fixture *self)
{
    g_assert_cmpint(g_unlink(self->path), ==, 0);
    g_assert_cmpint(g_rmdir(self->directory), ==, 0);
    g_free(self->path);
    g_free(self->directory);
}

static void
test_a_file_that_others_may_read_is_refused(void)
{
    static const int modes[] = {0640, 0604, 0620, 0601, 0777};

    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autoptr(MskFencePlan) plan = NULL;
        g_autoptr(GError) error = NULL;
        Fixture fixture;

        setup(&fixture, "[h1]\nagent = fence_a\n", modes[i]);
        g_assert_false(msk_fence_file_load(fixture.path, "h1", NULL, &plan, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_DENIED);
        g_assert_nonnull(strstr(error->message, "then chmod 600"));
        clear(&fixture);
    }
}

static void
test_the_file_goes_before_the_attributes(void)
{
    static const char attributes[] = "{\"fencing\": [{\"agent\": \"fence_b\"}]}";
    g_autoptr(MskFencePlan) of_file = NULL;
    g_autoptr(MskFencePlan) of_attributes = NULL;
    g_autoptr(MskFencePlan) none = NULL;
    g_autoptr(GError) error = NULL;
    Fixture fixture;

    setup(&fixture, "[h1]\nagent = fence_a\n", 0600);
    g_assert_true(msk_fence_file_load(fixture.path, "h1", attributes, &of_file, &error));
    g_assert_true(msk_fence_file_load(fixture.path, "h2", attributes, &of_attributes, &error));
    g_assert_true(msk_fence_file_load(fixture.path, "h2", "SSH", &none, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(((MskFenceDevice *) of_file->devices->pdata[0])->agent, ==, "fence_a");
    g_assert_cmpstr(((MskFenceDevice *) of_attributes->devices->pdata[0])->agent, ==, "fence_b");
    g_assert_null(none);
    clear(&fixture);
}

static void
test_what_is_wrong_is_named(void)
{
    g_autoptr(MskFencePlan) plan = NULL;
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) bad = NULL;
    Fixture fixture;

    setup(&fixture, "[h2]\nip = 1\n", 0600);
    g_assert_false(msk_fence_file_load(fixture.path, "h1", NULL, &plan, &bad));
    g_assert_error(bad, MSK_ERROR, MSK_ERROR_INVALID);
    g_assert_nonnull(strstr(bad->message, "fencing.conf: section [h2]: agent is missing"));
    g_assert_false(msk_fence_file_load("/nonexistent/fencing.conf", NULL, NULL, &plan, &missing));
    g_assert_error(missing, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fence_file/mode", test_a_file_that_others_may_read_is_refused);
    g_test_add_func("/fence_file/order", test_the_file_goes_before_the_attributes);
    g_test_add_func("/fence_file/wrong", test_what_is_wrong_is_named);
    return g_test_run();
}
