/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/policy_sample.h"

static const MskPolicyDeprecated old = {"old:show", "role:former", "A clearer name.", "2026.1"};
static const MskPolicyDefault defaults[] = {
    {.name = "admin", .check = "role:admin", .description = "Who is one."},
    {.name = "svc:show",
     .check = "'a':%(b)s",
     .description = "A sentence that is so long that it has to go on in a second line of the file.",
     .operations = {{"GET", "/svc/{id}"}, {"HEAD", "/svc/{id}"}},
     .scopes = {"system", "project"},
     .deprecated = &old},
};

static void
test_sample(void)
{
    g_autofree char *sample = msk_policy_sample(defaults, G_N_ELEMENTS(defaults));

    g_assert_cmpstr(sample, ==,
                    "# SPDX-License-Identifier: Apache-2.0\n"
                    "# Every policy rule with its default. Take the # away from a rule to change "
                    "it.\n"
                    "\n"
                    "# Who is one.\n"
                    "#\"admin\": \"role:admin\"\n"
                    "\n"
                    "# A sentence that is so long that it has to go on in a second line of\n"
                    "# the file.\n"
                    "# GET  /svc/{id}\n"
                    "# HEAD  /svc/{id}\n"
                    "# Intended scope(s): system, project\n"
                    "#\"svc:show\": \"'a':%(b)s\"\n"
                    "\n"
                    "# DEPRECATED\n"
                    "# Until 2026.1 it was \"old:show\": \"role:former\". A clearer name.\n"
                    "\n");
}

static void
test_what_is_in_force_can_be_read_again(void)
{
    static const char yaml[] = "own: [[role:x, role:y], role:z]\n"
                               "admin: '\"a\":a or role:\\'\n";
    static const char in_force[] = "\"own\": [[\"role:x\", \"role:y\"], \"role:z\"]\n"
                                   "\"admin\": \"\\\"a\\\":a or role:\\\\\"\n"
                                   "\"svc:show\": \"'a':%(b)s\"\n";
    const MskPolicySetOptions options = {.defaults = defaults,
                                         .n_defaults = G_N_ELEMENTS(defaults)};
    const char *text = yaml;

    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) rules = msk_policy_file_parse("f", text, strlen(text), &error);
        g_autoptr(MskPolicySet) set = NULL;
        g_autofree char *out = NULL;

        g_assert_no_error(error);
        set = msk_policy_set_new(&options, rules, &error);
        g_assert_no_error(error);
        out = msk_policy_in_force(set);
        g_assert_cmpstr(out, ==, in_force);
        text = in_force;
    }
}

static void
test_reference(void)
{
    g_autofree char *page = msk_policy_reference(defaults, G_N_ELEMENTS(defaults));

    g_assert_nonnull(strstr(page, "| `admin` | `role:admin` |  | Who is one. |\n"));
    g_assert_nonnull(strstr(page, "| `GET /svc/{id}`, `HEAD /svc/{id}` | A sentence"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy_sample/sample", test_sample);
    g_test_add_func("/policy_sample/what_is_in_force_can_be_read_again",
                    test_what_is_in_force_can_be_read_again);
    g_test_add_func("/policy_sample/reference", test_reference);
    return g_test_run();
}
