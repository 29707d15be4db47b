/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/server.h"

static void
test_bool_from_string(void)
{
    static const struct {
        const char *text;
        bool value;
    } cases[] = {
        {"1", true},        {"t", true},   {"True", true},   {"ON", true},  {" yes\n", true},
        {"y", true},        {"0", false},  {"false", false}, {"no", false}, {"", false},
        {"enabled", false}, {"11", false}, {"tru", false},   {NULL, false}, {"y e s", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("'%s'", cases[i].text);
        g_assert_cmpint(msk_bool_from_string(cases[i].text), ==, cases[i].value);
    }
}

static void
test_state_names(void)
{
    static const char *const names[] = {"active",    "stopped", "paused", "rescued",
                                        "suspended", "resized", "error",  "building",
                                        "shelved",   "deleted", "other"};

    for (size_t i = 0; i < MSK_N_VM_STATES; i++) {
        g_assert_cmpstr(msk_vm_state_name((MskVmState) i), ==, names[i]);
        g_assert_cmpint(msk_vm_state_from_name(names[i]), ==, i);
    }
    g_assert_cmpint(msk_vm_state_from_name("shelved_offloaded"), ==, MSK_VM_SHELVED);
    g_assert_cmpint(msk_vm_state_from_name("soft-delete"), ==, MSK_VM_DELETED);
    g_assert_cmpint(msk_vm_state_from_name("a word of tomorrow"), ==, MSK_VM_OTHER);
    g_assert_cmpint(msk_vm_state_from_name(NULL), ==, MSK_VM_OTHER);
}

static void
test_new_is_empty(void)
{
    g_autoptr(MskServer) server = msk_server_new("u");

    g_assert_cmpstr(server->uuid, ==, "u");
    g_assert_cmpuint(g_hash_table_size(server->metadata), ==, 0);
    g_assert_null(server->task_state);
    msk_server_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/bool_from_string", test_bool_from_string);
    g_test_add_func("/server/state_names", test_state_names);
    g_test_add_func("/server/new_is_empty", test_new_is_empty);
    return g_test_run();
}
