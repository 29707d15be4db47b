/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/fence_plan.h"

#include <string.h>

#include "base/error.h"

static const char file[] = "# all hosts\n"
                           "[h1 pdu]\nagent = fence_apc\nlevel = 2\nplug = 7\ntimeout = 5\n\n"
                           "[h1]\nagent=fence_ipmilan\nip=10.0.0.1\npassword = a=b [c] #d \n"
                           "[h10]\nagent = fence_virsh\n";

static const MskFenceDevice *
device(const MskFencePlan *plan, unsigned index)
{
    return g_ptr_array_index(plan->devices, index);
}

static void
test_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskFencePlan) plan = msk_fence_plan_from_file(file, strlen(file), "h1", &error);
    g_autoptr(MskFencePlan) other = msk_fence_plan_from_file(file, strlen(file), "h2", NULL);
    g_autoptr(MskFencePlan) empty = msk_fence_plan_from_file("", 0, "h2", NULL);

    g_assert_no_error(error);
    g_assert_cmpuint(plan->devices->len, ==, 2);
    g_assert_cmpstr(device(plan, 0)->agent, ==, "fence_ipmilan");
    g_assert_cmpstr(device(plan, 0)->input, ==, "ip=10.0.0.1\npassword=a=b [c] #d\n");
    g_assert_cmpuint(device(plan, 0)->timeout_s, ==, MSK_FENCE_TIMEOUT_S);
    g_assert_cmpuint(device(plan, 1)->level, ==, 2);
    g_assert_cmpuint(device(plan, 1)->timeout_s, ==, 5);
    g_assert_cmpstr(device(plan, 1)->input, ==, "plug=7\n");
    g_assert_cmpuint(other->devices->len, ==, 0);
    g_assert_cmpuint(empty->devices->len, ==, 0);
}

static void
test_attributes(void)
{
    static const char text[] =
        "{\"fencing\": [{\"agent\": \"fence_b\", \"level\": 2, \"ssl\": true}, "
        "{\"agent\": \"fence_a\", \"ipport\": 623, \"password\": \"geheim\"}], \"rack\": 7}";
    static const char *const others[] = {NULL, "", "SSH", "{", "[]", "{\"rack\": 7}", "{}{"};
    g_autoptr(GError) error = NULL;
    g_autoptr(MskFencePlan) plan = msk_fence_plan_from_attributes(text, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(plan->devices->len, ==, 2);
    g_assert_cmpstr(device(plan, 0)->agent, ==, "fence_a");
    g_assert_cmpstr(device(plan, 0)->input, ==, "ipport=623\npassword=geheim\n");
    g_assert_cmpstr(device(plan, 1)->input, ==, "ssl=1\n");
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(MskFencePlan) none = msk_fence_plan_from_attributes(others[i], &error);

        g_assert_no_error(error);
        g_assert_cmpuint(none->devices->len, ==, 0);
    }
}

static const struct {
    const char *text;
    const char *message;
} bad[] = {
    {"[h1]\nip = 1\n", "section [h1]: agent is missing"},
    {"[h1]\nagent = /bin/sh\n", "agent has to be the name of a fence agent"},
    {"[h1]\nagent = fence_../sh\n", "agent has to be the name of a fence agent"},
    {"[h1]\nagent = fence_a\naction = on\n", "action cannot be set"},
    {"[h1]\nagent = fence_a\nlevel = 0\n", "level has to be a whole number from 1 to 16"},
    {"[h1]\nagent = fence_a\ntimeout = geheim\n", "timeout has to be a whole number"},
    {"agent = geheim\n", "line 1 is neither"},
    {"[h1]\nagent = fence_a\ngeheim\n", "line 3 is neither"},
    {"[h1]\nagent = fence_a\nIP Geheim = geheim\n", "an option has a name"},
    {"[h2]\nip = 1\n", "section [h2]: agent is missing"},
    {"[h1]\n\xff", "no text in UTF-8"},
    {"{\"fencing\": {}}", "fencing has to be a list"},
    {"{\"fencing\": [\"geheim\"]}", "device 1: it has to be an object"},
    {"{\"fencing\": [{\"agent\": \"fence_a\"}, {}]}", "device 2: agent is missing"},
    {"{\"fencing\": [{\"agent\": \"fence_a\", \"x\": [1]}]}", "has to be a string"},
    {"{\"fencing\": [{\"agent\": \"fence_a\", \"x\": \"geheim\\naction=on\"}]}",
     "control character"},
};

static void
test_refusals_show_no_values(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *text = bad[i].text;
        g_autoptr(GError) error = NULL;
        MskFencePlan *plan = *text == '{'
                                 ? msk_fence_plan_from_attributes(text, &error)
                                 : msk_fence_plan_from_file(text, strlen(text), "h1", &error);

        g_assert_null(plan);
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, bad[i].message));
        g_assert_null(strstr(error->message, "geheim"));
    }
}

static void
test_words_of_agents_are_masked(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskFencePlan) plan = msk_fence_plan_from_file(file, strlen(file), "h1", &error);
    g_autofree char *line = msk_fence_plan_mask(device(plan, 0), "\nP a=b [c] #d\nx\xff\n", 17);
    g_autofree char *flood = g_strnfill(5000, 'x');
    g_autofree char *cut = msk_fence_plan_mask(device(plan, 0), flood, 5000);

    g_assert_no_error(error);
    g_assert_cmpstr(line, ==, "P *** x\xef\xbf\xbd");
    g_assert_cmpuint(strlen(cut), <, 500);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fence_plan/file", test_file);
    g_test_add_func("/fence_plan/attributes", test_attributes);
    g_test_add_func("/fence_plan/refusals", test_refusals_show_no_values);
    g_test_add_func("/fence_plan/mask", test_words_of_agents_are_masked);
    return g_test_run();
}
