/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shared_looks.h"

#include "engine/engine_clock.h"

typedef struct {
    MskSharedOfferFunc offer;
    void *owner;
} Owner;

typedef struct {
    MskSharedListFunc answer;
    void *data;
    GDestroyNotify free_data;
} Asker;

/* One list, and all who asked for it. */
typedef struct {
    int64_t since_us;
    char *request_id;
    GArray *askers;
    MskComputeCall call;
    int64_t asked_us;
    GPtrArray *servers; /* (nullable) */
    GError *error;
} Round;

struct MskSharedLooks {
    MskCallPool *pool;
    GArray *owners;
    Round *round; /* (nullable) while it is offered */
};

static void
clear_asker(void *data)
{
    Asker *asker = data;

    asker->free_data(asker->data);
}

static void
free_round(void *data)
{
    Round *round = data;

    g_array_unref(round->askers);
    g_free(round->request_id);
    g_clear_pointer(&round->servers, g_ptr_array_unref);
    g_clear_error(&round->error);
    g_free(round);
}

static void
run_round(MskCompute *compute, void *data)
{
    Round *round = data;

    round->call.request_id = round->request_id;
    round->asked_us = msk_engine_now_us();
    round->servers =
        msk_compute_list_changed_servers(compute, &round->call, round->since_us, &round->error);
}

static void
end_round(void *data)
{
    const Round *round = data;
    MskSharedList list = {.servers = round->servers,
                          .asked_us = round->asked_us,
                          .error = round->error,
                          .retry_after_us = (int64_t) round->call.retry_after_s * G_USEC_PER_SEC};

    for (unsigned i = 0; i < round->askers->len; i++) {
        const Asker *asker = &g_array_index(round->askers, Asker, i);

        asker->answer(&list, asker->data);
    }
}

MskSharedLooks *
msk_shared_looks_new(MskCallPool *pool)
{
    MskSharedLooks *self = g_new0(MskSharedLooks, 1);

    self->pool = pool;
    self->owners = g_array_new(FALSE, FALSE, sizeof(Owner));
    return self;
}

void
msk_shared_looks_free(MskSharedLooks *self)
{
    if (self != NULL) {
        g_array_unref(self->owners);
        g_free(self);
    }
}

void
msk_shared_looks_add(MskSharedLooks *self, MskSharedOfferFunc offer, void *owner)
{
    Owner one = {.offer = offer, .owner = owner};

    g_array_append_val(self->owners, one);
}

void
msk_shared_looks_remove(MskSharedLooks *self, const void *owner)
{
    g_assert(self->round == NULL);
    for (unsigned i = self->owners->len; i > 0; i--) {
        if (g_array_index(self->owners, Owner, i - 1).owner == owner) {
            g_array_remove_index(self->owners, i - 1);
        }
    }
}

static Round *
new_round(int64_t since_us, const char *request_id)
{
    Round *round = g_new0(Round, 1);

    round->since_us = since_us;
    round->request_id = g_strdup(request_id);
    round->askers = g_array_new(FALSE, FALSE, sizeof(Asker));
    g_array_set_clear_func(round->askers, clear_asker);
    return round;
}

/* Who takes it asks, and joins the round that is open. */
static void
offer_round(MskSharedLooks *self)
{
    for (unsigned i = 0; i < self->owners->len; i++) {
        const Owner *one = &g_array_index(self->owners, Owner, i);

        one->offer(one->owner);
    }
}

void
msk_shared_looks_ask(MskSharedLooks *self, int64_t since_us, const char *request_id,
                     MskSharedListFunc answer, void *data, GDestroyNotify free_data)
{
    static const MskPoolJob job = {run_round, end_round, free_round};
    Asker asker = {.answer = answer, .data = data, .free_data = free_data};
    bool first = self->round == NULL;

    if (first) {
        self->round = new_round(since_us, request_id);
    }
    g_array_append_val(self->round->askers, asker);
    self->round->since_us = MIN(self->round->since_us, since_us);
    if (first) {
        offer_round(self);
        msk_call_pool_run(self->pool, &job, g_steal_pointer(&self->round));
    }
}
