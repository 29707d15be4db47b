/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_template.h"

#include "base/error.h"

static const MskPolicyAttribute attributes[] = {
    {"project_id", "p1"}, {"target.user.id", "u1"}, {"nothing", NULL},
    {"empty", ""},        {"a(b)c", "odd"},         {"", "no name"},
};
static const MskPolicyTarget target = {attributes, G_N_ELEMENTS(attributes)};

/* Taken from Python: text % target. */
static void
test_expand(void)
{
    static const struct {
        const char *text;
        const char *expanded; /* NULL: a key is missing */
    } cases[] = {
        {"", ""},
        {"admin", "admin"},
        {"%(project_id)s", "p1"},
        {"%(target.user.id)s", "u1"},
        {"%(nothing)s", "None"},
        {"%(empty)s", ""},
        {"%(a(b)c)s", "odd"},
        {"%()s", "no name"},
        {"a-%(project_id)s-%(empty)s%(nothing)s", "a-p1-None"},
        {"100%%", "100%"},
        {"%%(project_id)s", "%(project_id)s"},
        {"%(missing)s", NULL},
        {"%(project_id)s%(missing)s", NULL},
        {"%(target)s", NULL},
        {"%(PROJECT_ID)s", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskPolicyTemplate) template = msk_policy_template_new(cases[i].text, &error);
        g_autofree char *storage = NULL;

        g_assert_no_error(error);
        g_assert_cmpstr(msk_policy_template_expand(template, &target, &storage), ==,
                        cases[i].expanded);
    }
}

static void
test_other_formats_are_refused(void)
{
    static const char *const cases[] = {
        "%",     "100%",   "%s",  "%d",      "%(a)",   "%(a)d",
        "%(a)r", "%(a)5s", "%(a", "%(a(b)s", "% (a)s", "%%%",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_policy_template_new(cases[i], &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "%(name)s"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_template/expand", test_expand);
    g_test_add_func("/policy_template/other_formats_are_refused", test_other_formats_are_refused);
    return g_test_run();
}
