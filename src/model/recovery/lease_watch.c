/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recovery/lease_watch.h"

typedef struct {
    int64_t stamp;
    int64_t since_us; /* since when it is known not to have changed */
} Watched;

struct MskLeaseWatch {
    int64_t lease_us;
    int64_t looked_us; /* when the last look was answered */
    GHashTable *all;   /* uuid to Watched */
};

MskLease *
msk_lease_new(const char *uuid, int64_t stamp)
{
    MskLease *self = g_new0(MskLease, 1);

    self->uuid = g_strdup(uuid);
    self->stamp = stamp;
    return self;
}

void
msk_lease_free(MskLease *self)
{
    if (self != NULL) {
        g_free(self->uuid);
        g_free(self);
    }
}

static void
free_lease(void *data)
{
    msk_lease_free(data);
}

static GHashTable *
new_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

MskLeaseWatch *
msk_lease_watch_new(int64_t lease_us)
{
    MskLeaseWatch *self = g_new0(MskLeaseWatch, 1);

    self->lease_us = lease_us;
    self->all = new_table();
    return self;
}

void
msk_lease_watch_free(MskLeaseWatch *self)
{
    if (self != NULL) {
        g_hash_table_unref(self->all);
        g_free(self);
    }
}

GPtrArray *
msk_lease_watch_look(MskLeaseWatch *self, int64_t asked_us, int64_t answered_us,
                     const GPtrArray *leases)
{
    GPtrArray *expired = g_ptr_array_new_with_free_func(free_lease);
    bool blind = asked_us - self->looked_us > self->lease_us;
    GHashTable *before = self->all;

    self->all = new_table();
    self->looked_us = answered_us;
    for (unsigned i = 0; i < leases->len; i++) {
        const MskLease *lease = g_ptr_array_index(leases, i);
        const Watched *known = g_hash_table_lookup(before, lease->uuid);
        bool same = !blind && known != NULL && known->stamp == lease->stamp;
        Watched *now = g_new0(Watched, 1);

        *now = (Watched){.stamp = lease->stamp, .since_us = same ? known->since_us : answered_us};
        g_hash_table_insert(self->all, g_strdup(lease->uuid), now);
        if (same && asked_us - known->since_us > self->lease_us) {
            g_ptr_array_add(expired, msk_lease_new(lease->uuid, lease->stamp));
        }
    }
    g_hash_table_unref(before);
    return expired;
}
