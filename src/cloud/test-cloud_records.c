/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cloud_records.h"

static void
test_migration_states(void)
{
    static const struct {
        const char *status;
        MskMigrationState state;
    } cases[] = {
        {"accepted", MSK_MIGRATION_UNDER_WAY}, {"pre-migrating", MSK_MIGRATION_UNDER_WAY},
        {"done", MSK_MIGRATION_DONE},          {"completed", MSK_MIGRATION_DONE},
        {"error", MSK_MIGRATION_FAILED},       {"failed", MSK_MIGRATION_FAILED},
        {"cancelled", MSK_MIGRATION_FAILED},   {"a word of tomorrow", MSK_MIGRATION_UNDER_WAY},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].status);
        g_assert_cmpint(msk_migration_state(cases[i].status), ==, cases[i].state);
    }
}

static void
test_hosts_of_an_aggregate(void)
{
    MskAggregate *aggregate = g_new0(MskAggregate, 1);

    aggregate->hosts = g_ptr_array_new_with_free_func(g_free);
    g_assert_false(msk_aggregate_has_host(aggregate, "cmp1"));
    g_ptr_array_add(aggregate->hosts, g_strdup("cmp1"));
    g_assert_true(msk_aggregate_has_host(aggregate, "cmp1"));
    g_assert_false(msk_aggregate_has_host(aggregate, "CMP1"));
    msk_aggregate_free(aggregate);
    msk_aggregate_free(NULL);
    msk_migration_free(NULL);
    msk_compute_service_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cloud_records/migration_states", test_migration_states);
    g_test_add_func("/cloud_records/hosts_of_an_aggregate", test_hosts_of_an_aggregate);
    return g_test_run();
}
