/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/cloud_records.h"

void
msk_compute_service_free(MskComputeService *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->id);
    g_free(self->host);
    g_free(self->binary);
    g_free(self->disabled_reason);
    g_free(self);
}

void
msk_migration_free(MskMigration *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->uuid);
    g_free(self->instance_uuid);
    g_free(self->source_host);
    g_free(self->dest_host);
    g_free(self->status);
    g_free(self);
}

MskMigrationState
msk_migration_state(const char *status)
{
    static const struct {
        const char *status;
        MskMigrationState state;
    } words[] = {
        {"done", MSK_MIGRATION_DONE},        {"completed", MSK_MIGRATION_DONE},
        {"error", MSK_MIGRATION_FAILED},     {"failed", MSK_MIGRATION_FAILED},
        {"cancelled", MSK_MIGRATION_FAILED},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_strcmp0(status, words[i].status) == 0) {
            return words[i].state;
        }
    }
    return MSK_MIGRATION_UNDER_WAY;
}

void
msk_aggregate_free(MskAggregate *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->name);
    g_ptr_array_unref(self->hosts);
    g_free(self);
}

bool
msk_aggregate_has_host(const MskAggregate *self, const char *host)
{
    return g_ptr_array_find_with_equal_func(self->hosts, host, g_str_equal, NULL);
}
