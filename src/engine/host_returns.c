/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host_returns.h"

#include "base/error.h"
#include "engine/engine_clock.h"
#include "engine/engine_events.h"
#include "engine/engine_metrics.h"
#include "model/recovery/host_return.h"

#define LOG_NAME "masakari.engine.manager"
#include "base/log.h"

#define BINARY          "nova-compute"
#define SOON_MS         200u /* after something was changed */
#define MIN_POLL_MS     500u
#define MAX_POLL_MS     5000u
#define LOOKS           20 /* while a host has to live */
#define MIN_BEAT_AGE_US (30 * (int64_t) G_USEC_PER_SEC)
#define STALE_US        INT64_C(5000000) /* no order goes out on an older look */

/* One host, found by the notification of its failure. */
typedef struct {
    char *host;
    MskHostReturn state;
    MskReturnFacts facts;
    int64_t looked_us; /* on msk_engine_now_us() */
    bool listed;
    bool busy; /* a job of it is on its way */
} Host;

struct MskHostReturns {
    MskHostReturnsContext context;
    GHashTable *hosts; /* notification uuid to Host */
    unsigned timer;
    bool listing;
    bool stopped;
};

static void list_after(MskHostReturns *self, unsigned delay_ms);

static void
free_host(void *data)
{
    Host *host = data;

    g_free(host->host);
    msk_host_return_clear(&host->state);
    g_free(host);
}

static unsigned
poll_ms(const MskHostReturns *self)
{
    int64_t wanted_ms = self->context.settings->return_after_us / 1000 / LOOKS;

    return (unsigned) CLAMP(wanted_ms, MIN_POLL_MS, MAX_POLL_MS);
}

static MskReturnOrder
order_of(const MskHostReturns *self, const Host *host)
{
    const MskEngineSettings *settings = self->context.settings;

    return (MskReturnOrder){.host = host->host,
                            .after_us = settings->return_after_us,
                            .window_us = settings->return_window_us,
                            .max_failures = settings->return_max_failures,
                            .beat_age_us = MAX(2 * settings->heartbeat_age_us, MIN_BEAT_AGE_US)};
}

static void react(MskHostReturns *self, const char *uuid, Host *host, MskReturnEvent *event);

/* The answer to a job of a host. Returns: (nullable) the host, unless it is not of interest. */
static Host *
answered(MskHostReturns *self, const char *uuid)
{
    Host *host = g_hash_table_lookup(self->hosts, uuid);

    host->busy = false;
    if (!host->listed || self->stopped) {
        g_hash_table_remove(self->hosts, uuid);
        return NULL;
    }
    return host;
}

/* ---- the database ------------------------------------------------------------------------ */

typedef struct {
    MskHostReturns *owner;
    char *engine_uuid;
    char *notification_uuid;
    char *host;
    MskReturnMark mark;
    bool wants_row; /* listeners want to know of it */
    MskHost *row;   /* (nullable) the host, once it is off maintenance */
} Mark;

static void
free_mark(void *data)
{
    Mark *job = data;

    g_free(job->engine_uuid);
    g_free(job->notification_uuid);
    g_free(job->host);
    msk_host_free(job->row);
    g_free(job);
}

static MskStoreResult
run_mark(MskStore *store, void *data, GError **error)
{
    Mark *job = data;
    MskStoreResult result =
        msk_store_return_mark(store, job->engine_uuid, job->notification_uuid, job->mark, error);

    if (result == MSK_STORE_DONE && job->wants_row &&
        msk_store_host_get_by_name(store, job->host, &job->row, NULL) != MSK_STORE_DONE) {
        g_clear_pointer(&job->row, msk_host_free);
    }
    return result;
}

static void
on_marked(MskStoreResult result, const GError *error, void *data)
{
    const Mark *job = data;
    MskHostReturns *self = job->owner;
    Host *host = answered(self, job->notification_uuid);

    (void) error; /* was logged by the queue */
    if (job->row != NULL) {
        msk_engine_tell_host(self->context.events, job->row);
    }
    if (host == NULL || result == MSK_STORE_FAILED) {
        return; /* the next round begins with how things stand */
    }
    if (result != MSK_STORE_DONE) {
        log_info("Host '%s' is not taken back any more: it failed again, or another engine has "
                 "begun it",
                 host->host);
        g_hash_table_remove(self->hosts, job->notification_uuid);
        return;
    }
    if (job->mark == MSK_RETURN_MARK_ENDED) {
        log_info("Host '%s' is taken back", host->host);
        msk_engine_count_return();
        g_hash_table_remove(self->hosts, job->notification_uuid);
        return;
    }
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_DONE};

    react(self, job->notification_uuid, host, &event);
}

static void
push_mark(MskHostReturns *self, const char *uuid, Host *host, MskReturnMark mark)
{
    static const MskStoreJob kind = {run_mark, on_marked, free_mark};
    const char *engine_uuid = self->context.engine_uuid(self->context.data);

    if (engine_uuid != NULL) {
        Mark *job = g_new0(Mark, 1);

        *job = (Mark){.owner = self,
                      .engine_uuid = g_strdup(engine_uuid),
                      .notification_uuid = g_strdup(uuid),
                      .host = g_strdup(host->host),
                      .mark = mark,
                      .wants_row = mark == MSK_RETURN_MARK_IN_SERVICE &&
                                   msk_event_notifier_wanted(self->context.events)};
        host->busy = true;
        msk_store_queue_push(self->context.queue, &kind, job);
    }
}

/* ---- the cloud --------------------------------------------------------------------------- */

typedef struct {
    MskHostReturns *owner;
    char *notification_uuid;
    char *host;
    char *reason; /* that its service is disabled with */
    char *request_id;
    MskReturnActKind act; /* WAIT for a look */
    int64_t until_us;     /* 0, or when an order must be on its way, on msk_engine_now_us() */
    MskReturnFacts facts; /* what a look has seen */
    GError *error;
} Call;

static void
free_call(void *data)
{
    Call *self = data;

    g_free(self->notification_uuid);
    g_free(self->host);
    g_free(self->reason);
    g_free(self->request_id);
    g_clear_error(&self->error);
    g_free(self);
}

static void
see(Call *self, const MskComputeService *service)
{
    self->facts.up = service->up;
    self->facts.enabled = service->enabled;
    self->facts.ours = g_strcmp0(service->disabled_reason, self->reason) == 0;
    self->facts.forced_down = service->forced_down;
    self->facts.beat_us = service->updated_us;
    self->facts.age_us = service->answered_us > 0 && service->updated_us > 0
                             ? MAX(service->answered_us - service->updated_us, 0)
                             : -1;
}

/* Nova would let forced-down be lifted while evacuations are under way. */
static bool
evacuations_are_over(Call *self, MskCompute *compute, MskComputeCall *call)
{
    g_autoptr(GPtrArray) migrations =
        msk_compute_list_migrations(compute, call, self->host, 0, &self->error);

    for (unsigned i = 0; migrations != NULL && i < migrations->len; i++) {
        const MskMigration *migration = g_ptr_array_index(migrations, i);

        if (migration->state == MSK_MIGRATION_UNDER_WAY) {
            g_set_error(&self->error, MSK_ERROR, MSK_ERROR_CONFLICT,
                        "instance %s is being evacuated from it", migration->instance_uuid);
            return false;
        }
    }
    return migrations != NULL;
}

static bool
make_call(Call *self, MskCompute *compute)
{
    MskComputeCall call = {.request_id = self->request_id};
    MskServiceChange change = {0};
    g_autoptr(MskComputeService) service =
        msk_compute_get_service(compute, &call, self->host, BINARY, &self->error);

    if (service == NULL) {
        return false;
    }
    if (self->act == MSK_RETURN_ACT_WAIT) {
        see(self, service);
        return true;
    }
    if (self->act == MSK_RETURN_ACT_LIFT) {
        if (!evacuations_are_over(self, compute, &call)) {
            return false;
        }
        change.forced_down = MSK_CHANGE_TO_FALSE;
    } else {
        change.enabled = MSK_CHANGE_TO_TRUE;
    }
    if (msk_engine_now_us() >= self->until_us) {
        g_set_error(&self->error, MSK_ERROR, MSK_ERROR_UNAVAILABLE,
                    "the order came too late and was not given"); /* the lease may be over */
        return false;
    }
    return msk_compute_set_service(compute, &call, service, &change, &self->error);
}

static void
run_call(MskCompute *compute, void *data)
{
    Call *self = data;

    (void) make_call(self, compute); /* or its error is set */
}

static void
end_call(void *data)
{
    Call *call = data;
    MskHostReturns *self = call->owner;
    Host *host = answered(self, call->notification_uuid);
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_DONE};

    if (host == NULL) {
        return;
    }
    if (call->error != NULL) {
        event.kind = MSK_RETURN_EVENT_FAILED;
        event.message = call->error->message;
    } else if (call->act == MSK_RETURN_ACT_WAIT) {
        host->looked_us = msk_engine_now_us();
        event.kind = MSK_RETURN_EVENT_LOOKED;
        event.facts = call->facts; /* with what the list has said */
    }
    react(self, call->notification_uuid, host, &event);
}

static void
push_call(MskHostReturns *self, const char *uuid, Host *host, MskReturnActKind act,
          int64_t until_us)
{
    static const MskPoolJob job = {run_call, end_call, free_call};
    Call *call = g_new0(Call, 1);

    *call = (Call){.owner = self,
                   .notification_uuid = g_strdup(uuid),
                   .host = g_strdup(host->host),
                   .reason = g_strdup(self->context.settings->host_disable_reason),
                   .request_id = g_strconcat("req-", uuid, NULL),
                   .act = act,
                   .until_us = until_us,
                   .facts = host->facts};
    host->busy = true;
    msk_call_pool_run(self->context.pool, &job, call);
}

static void
order(MskHostReturns *self, const char *uuid, Host *host, MskReturnActKind act)
{
    int64_t until_us = 0;

    if (self->context.settings->auto_return &&
        self->context.may_act(self->context.data, &until_us)) {
        push_call(self, uuid, host, act, MIN(until_us, host->looked_us + STALE_US));
    } /* else the next round looks again */
}

/* ---- steps ------------------------------------------------------------------------------- */

static void
react(MskHostReturns *self, const char *uuid, Host *host, MskReturnEvent *event)
{
    MskReturnOrder asked = order_of(self, host);

    event->now_us = g_get_monotonic_time();
    g_auto(MskReturnStep) step = msk_host_return_step(&host->state, &asked, event);

    if (step.note != NULL) {
        MSK_LOG_AT(step.warning ? MSK_LOG_WARNING : MSK_LOG_INFO, "%s", step.note);
    }
    switch (step.act) {
    case MSK_RETURN_ACT_WAIT:
        if (event->kind == MSK_RETURN_EVENT_DONE) {
            list_after(self, SOON_MS);
        }
        return;
    case MSK_RETURN_ACT_TAKE:
        push_mark(self, uuid, host, MSK_RETURN_MARK_BEGUN);
        return;
    case MSK_RETURN_ACT_CLEAR:
        push_mark(self, uuid, host, MSK_RETURN_MARK_IN_SERVICE);
        return;
    case MSK_RETURN_ACT_END:
        push_mark(self, uuid, host, MSK_RETURN_MARK_ENDED);
        return;
    case MSK_RETURN_ACT_LIFT:
    case MSK_RETURN_ACT_ENABLE:
        order(self, uuid, host, step.act);
        return;
    }
    g_assert_not_reached();
}

/* ---- rounds ------------------------------------------------------------------------------ */

typedef struct {
    MskHostReturns *owner;
    char *engine_uuid;
    int64_t since_us;
    GPtrArray *hosts; /* (nullable) (element-type MskHostBack) */
} List;

static void
free_list(void *data)
{
    List *job = data;

    g_free(job->engine_uuid);
    g_clear_pointer(&job->hosts, g_ptr_array_unref);
    g_free(job);
}

static MskStoreResult
run_list(MskStore *store, void *data, GError **error)
{
    List *job = data;

    return msk_store_returns_list(store, job->engine_uuid, job->since_us, &job->hosts, error);
}

static gboolean
forget_unlisted(void *key, void *value, void *data)
{
    const Host *host = value;

    (void) key;
    (void) data;
    return !host->listed && !host->busy;
}

static void
take_list(MskHostReturns *self, const GPtrArray *listed)
{
    GHashTableIter iter;
    void *value = NULL;

    g_hash_table_iter_init(&iter, self->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ((Host *) value)->listed = false;
    }
    for (unsigned i = 0; listed != NULL && i < listed->len; i++) {
        const MskHostBack *back = g_ptr_array_index(listed, i);
        Host *host = g_hash_table_lookup(self->hosts, back->notification_uuid);

        if (host == NULL) {
            host = g_new0(Host, 1);
            host->host = g_strdup(back->host);
            g_hash_table_insert(self->hosts, g_strdup(back->notification_uuid), host);
        }
        host->listed = true;
        if (!host->busy) {
            host->facts = (MskReturnFacts){.on_maintenance = back->on_maintenance,
                                           .taken = back->taken,
                                           .n_failures = back->n_failures};
            push_call(self, back->notification_uuid, host, MSK_RETURN_ACT_WAIT, 0);
        }
    }
    g_hash_table_foreach_remove(self->hosts, forget_unlisted, NULL);
}

static void
on_listed(MskStoreResult result, const GError *error, void *data)
{
    const List *job = data;
    MskHostReturns *self = job->owner;

    (void) error; /* was logged by the queue */
    self->listing = false;
    if (result == MSK_STORE_DONE && !self->stopped) {
        /* It may have been turned off meanwhile. */
        take_list(self, self->context.settings->auto_return ? job->hosts : NULL);
    }
    list_after(self, poll_ms(self));
}

static gboolean
on_timer(void *data)
{
    static const MskStoreJob kind = {run_list, on_listed, free_list};
    MskHostReturns *self = data;
    const char *engine_uuid = self->context.engine_uuid(self->context.data);

    self->timer = 0;
    if (!self->context.settings->auto_return || engine_uuid == NULL) {
        take_list(self, NULL);
        list_after(self, MAX_POLL_MS);
        return G_SOURCE_REMOVE;
    }
    List *job = g_new0(List, 1);

    *job = (List){.owner = self,
                  .engine_uuid = g_strdup(engine_uuid),
                  .since_us = g_get_real_time() - self->context.settings->return_window_us};
    self->listing = true;
    msk_store_queue_push(self->context.queue, &kind, job);
    return G_SOURCE_REMOVE;
}

/* One round at a time. */
static void
list_after(MskHostReturns *self, unsigned delay_ms)
{
    if (self->stopped || self->listing) {
        return;
    }
    if (self->timer != 0) {
        g_source_remove(self->timer);
    }
    self->timer = g_timeout_add(delay_ms, on_timer, self);
}

MskHostReturns *
msk_host_returns_new(const MskHostReturnsContext *context)
{
    MskHostReturns *self = g_new0(MskHostReturns, 1);

    self->context = *context;
    self->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_host);
    self->stopped = !msk_call_pool_is_cloud(context->pool); /* there is nothing to lift */
    list_after(self, poll_ms(self));
    return self;
}

void
msk_host_returns_stop(MskHostReturns *self)
{
    self->stopped = true;
    if (self->timer != 0) {
        g_source_remove(self->timer);
        self->timer = 0;
    }
}

void
msk_host_returns_free(MskHostReturns *self)
{
    if (self != NULL) {
        msk_host_returns_stop(self);
        g_hash_table_unref(self->hosts);
        g_free(self);
    }
}
